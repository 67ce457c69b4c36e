#version 330 core
layout(location = 0) in vec3 a_position;
uniform mat4 u_projection;
uniform mat4 u_pose;
invariant gl_Position;
void main()
{
    // The same expression as mesh.vert, so that the depths are equal.
    vec4 p = u_pose * vec4(a_position, 1.0);
    gl_Position = u_projection * p;
}

#version 330 core
// The head as it hides things: u_hull 1 with the hull of ears and hair side, 0 bare.
layout(location = 0) in vec3 a_position;
layout(location = 4) in float a_hull;
invariant gl_Position; // as in shadow.vert: shadows fall where this depth is
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform float u_hull;
void main()
{
    gl_Position = u_projection * (u_pose * vec4(a_position.x + u_hull * a_hull, a_position.yz, 1.0));
}

#version 330 core
// A vertex of a figure: its own space (metres) -> camera frame -> clip space.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
layout(location = 2) in vec2 a_uv;
layout(location = 3) in vec4 a_color;
uniform mat4 u_projection;
uniform mat4 u_pose;
out vec3 v_position;
out vec3 v_normal;
out vec2 v_uv;
out vec4 v_color;
void main()
{
    vec4 p = u_pose * vec4(a_position, 1.0);
    v_position = p.xyz;
    v_normal = mat3(u_pose) * a_normal;
    v_uv = a_uv;
    v_color = a_color;
    gl_Position = u_projection * p;
}

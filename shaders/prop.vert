#version 330 core
// A thing that is worn: millimetres from its anchor -> head frame -> camera -> clip space.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
layout(location = 2) in vec2 a_surface;
layout(location = 3) in vec4 a_color;
layout(location = 4) in vec2 a_uv;
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform vec4 u_place; // the anchor in the head frame, and the size
out vec3 v_position;
out vec3 v_normal;
out vec2 v_surface;
out vec4 v_color;
out vec2 v_uv;
void main()
{
    vec4 p = u_pose * vec4(u_place.xyz + a_position * u_place.w, 1.0);
    v_position = p.xyz;
    v_normal = mat3(u_pose) * a_normal;
    v_surface = a_surface;
    v_color = a_color;
    v_uv = a_uv;
    gl_Position = u_projection * p;
}

#version 330 core
// The 2D draw list (view/draw.h): screen pixels, origin top-left.
layout(location = 0) in vec2 a_position;
layout(location = 1) in vec2 a_uv;
layout(location = 2) in vec4 a_shape; // half size, corner radius, stroke
layout(location = 3) in float a_kind;
layout(location = 4) in vec4 a_color;
uniform vec2 u_screen; // px
out vec2 v_uv;
flat out vec4 v_shape;
flat out float v_kind;
flat out vec4 v_color;
void main()
{
    v_uv = a_uv;
    v_shape = a_shape;
    v_kind = a_kind;
    v_color = a_color;
    gl_Position = vec4(a_position.x / u_screen.x * 2.0 - 1.0, 1.0 - a_position.y / u_screen.y * 2.0,
                       0.0, 1.0);
}

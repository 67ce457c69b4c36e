#version 330 core
// The layer of what is worn, over the picture. Its colours are multiplied by alpha already.
uniform sampler2D u_layer; // row 0 is the picture's lowest
in vec2 v_uv;
out vec4 o_color;
void main()
{
    o_color = texture(u_layer, vec2(v_uv.x, 1.0 - v_uv.y));
}

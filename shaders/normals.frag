#version 330 core
// The surface's direction as a colour: x, y, z of the camera's frame as red, green, blue.
in vec3 v_normal;
out vec4 o_color;
void main()
{
    o_color = vec4(normalize(v_normal) * 0.5 + 0.5, 1.0);
}

#version 330 core
// The head into the depth buffer only: it hides what is behind it.
out vec4 o_color;
void main()
{
    o_color = vec4(0.0);
}

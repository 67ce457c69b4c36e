#version 330 core
// The whole viewport; u_mirror exchanges left and right.
uniform float u_mirror; // 0 or 1
out vec2 v_uv;
void main()
{
    vec2 p = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    v_uv = vec2(mix(p.x, 1.0 - p.x, u_mirror), 1.0 - p.y);
    gl_Position = vec4(p * 2.0 - 1.0, 0.0, 1.0);
}

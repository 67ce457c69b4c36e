#version 330 core
// A thing that is worn, lit already. The colour is multiplied by alpha.
uniform sampler2D u_texture; // white where there is none
uniform float u_cutoff;      // alpha below it is a hole, above it solid; < 0: alpha counts as it is
uniform float u_solid;       // 1: the texture's alpha does not count
in vec4 v_color;
in vec3 v_lit; // times the colour, added to it, share of what is behind that is covered
in vec2 v_uv;
out vec4 o_color;

void main()
{
    vec4 base = texture(u_texture, v_uv);
    base = v_color * vec4(base.rgb, max(base.a, u_solid));
    if (base.a < u_cutoff) {
        discard;
    }
    base.a = u_cutoff < 0.0 ? base.a : 1.0;
    float alpha = base.a > 0.99 ? 1.0 : base.a + (1.0 - base.a) * v_lit.z;
    o_color = vec4(min(base.rgb * v_lit.x + v_lit.y, 1.0) * alpha, alpha);
}

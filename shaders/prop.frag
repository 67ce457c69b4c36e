// A thing that is worn, lit at each pixel (prop_light.glsl comes before). The colour is multiplied by
// alpha.
uniform sampler2D u_texture; // white where there is none
uniform sampler2D u_surface; // green: roughness, blue: metalness; white where there is none
uniform float u_cutoff;      // alpha below it is a hole, above it solid; < 0: alpha counts as it is
uniform float u_solid;       // 1: the texture's alpha does not count
in vec3 v_position;
in vec3 v_normal;
in vec2 v_surface; // gloss, metalness
in vec4 v_color;
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
    vec3 e = normalize(-v_position), n = normalize(v_normal);
    n = dot(n, e) < 0.0 ? -n : n;
    vec4 surface = texture(u_surface, v_uv);
    vec3 l = lit(n, e, 1.0 - (1.0 - v_surface.x) * surface.g, v_surface.y * surface.b);
    float alpha = base.a > 0.99 ? 1.0 : base.a + (1.0 - base.a) * l.z;
    o_color = vec4(min(base.rgb * l.x + l.y, 1.0) * alpha, alpha);
}

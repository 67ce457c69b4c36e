#version 330 core
// A thing that is worn under the face's own light (spherical harmonics of order 2). The colour is
// multiplied by alpha.
uniform float u_light[9];
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

float light(vec3 n)
{
    return max(0.0, u_light[0] * 0.282095 + u_light[1] * 0.488603 * n.y + u_light[2] * 0.488603 * n.z +
                        u_light[3] * 0.488603 * n.x + u_light[4] * 1.092548 * n.x * n.y +
                        u_light[5] * 1.092548 * n.y * n.z + u_light[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) +
                        u_light[7] * 1.092548 * n.x * n.z + u_light[8] * 0.546274 * (n.x * n.x - n.y * n.y));
}

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
    // Where the face shows nothing of the light (backs, undersides) it must not go dark or glare.
    float l = clamp(light(n), 0.25, 1.7);
    vec4 surface = texture(u_surface, v_uv);
    float gloss = 1.0 - (1.0 - v_surface.x) * surface.g, metal = v_surface.y * surface.b;
    // Metal shows its surroundings in its own colour, the duller the more evenly; they are known as
    // far as the light is.
    vec3 seen = normalize(mix(n, reflect(-e, n), gloss));
    vec3 c = base.rgb * mix(l, clamp(light(seen), 0.15, 2.0), 0.8 * metal);
    vec3 from = normalize(vec3(u_light[3], u_light[1], u_light[2]) + vec3(0.0, 0.15, 0.35));
    float shine = pow(max(dot(n, normalize(from + e)), 0.0), 12.0 + 60.0 * gloss);
    float edge = pow(1.0 - max(dot(n, e), 0.0), 4.0);
    c += gloss * (0.55 * shine + 0.22 * edge) * light(from) * mix(vec3(1.0), base.rgb, metal);
    float alpha = base.a + (1.0 - base.a) * gloss * clamp(0.6 * shine + 0.5 * edge, 0.0, 1.0);
    alpha = base.a > 0.99 ? 1.0 : alpha;
    o_color = vec4(min(c, 1.0) * alpha, alpha);
}

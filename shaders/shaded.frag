#version 330 core
// Clay under three lights (key, sky, rim), the video showing through by 1 - u_alpha.
uniform sampler2D u_picture;
uniform float u_alpha;
uniform float u_opacity;
uniform vec3 u_paint; // of the clay
in vec3 v_position;
in vec3 v_normal;
in vec4 v_fixed;
in vec3 v_seen;
out vec4 o_color;

vec3 albedo(out float gloss)
{
    gloss = 0.10;
    if (v_fixed.z < 0.5 || v_fixed.z > 3.5) {
        return u_paint;
    }
    if (v_fixed.z < 1.5) { // eye: pupil, iris, white
        gloss = 0.55;
        vec3 white = vec3(0.93, 0.93, 0.92), iris = vec3(0.20, 0.42, 0.46), pupil = vec3(0.04);
        float d = v_fixed.w;
        vec3 c = mix(iris, white, smoothstep(5.6, 6.3, d));
        return mix(pupil, c, smoothstep(2.0, 2.5, d));
    }
    if (v_fixed.z < 2.5) {
        gloss = 0.08;
        return vec3(0.92, 0.90, 0.86);
    }
    return vec3(0.42, 0.22, 0.22);
}

void main()
{
    vec3 n = normalize(v_normal), e = normalize(-v_position);
    float gloss;
    vec3 base = albedo(gloss);
    vec3 key = normalize(vec3(-0.45, 0.65, 0.62));
    float diffuse = max(dot(n, key), 0.0);
    float sky = 0.5 + 0.5 * n.y;
    float rim = pow(1.0 - max(dot(n, e), 0.0), 3.0);
    float shine = pow(max(dot(n, normalize(key + e)), 0.0), 40.0);
    vec3 c = base * (vec3(0.16, 0.18, 0.21) + 0.20 * sky * vec3(0.85, 0.95, 1.0) +
                     0.72 * diffuse * vec3(1.0, 0.97, 0.92));
    c += gloss * shine + 0.18 * rim * vec3(0.45, 0.75, 0.85);
    float alpha = v_fixed.z < 0.5 || v_fixed.z > 3.5 ? u_alpha : min(1.0, u_alpha + 0.15);
    vec2 at = v_seen.xy / v_seen.z * 0.5 + 0.5;
    o_color = vec4(mix(texture(u_picture, vec2(at.x, 1.0 - at.y)).rgb, c, alpha * u_opacity), 1.0);
}

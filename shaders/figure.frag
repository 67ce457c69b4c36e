#version 330 core
// A figure's surface under a lamp from the upper left, a sky and a rim; or under a face's own light
// (spherical harmonics of order 2). Light is added in linear colours. The colour is multiplied by
// alpha.
uniform sampler2D u_texture; // white where there is none
uniform sampler2D u_bumps;   // normals in the texture's own axes
uniform sampler2D u_glows;   // what u_glow is multiplied by
uniform sampler2D u_shades;  // and u_shade
uniform vec4 u_color;
uniform vec3 u_glow;  // light of its own
uniform vec3 u_shade; // a toon's colour away from the light: below u_toon.x of the cosine to it
uniform vec2 u_toon;  // above u_toon.y all is lit; no toon: y <= x
uniform float u_gloss;
uniform float u_cutoff; // alpha below it is a hole, above it solid; < 0: alpha counts as it is
uniform float u_solid;  // 1: alpha does not count
uniform float u_flat;   // 1: drawn, not lit
uniform float u_bump;   // strength of u_bumps; 0: there are none
uniform float u_look;   // 0 textured, 1 clay, 2 what is behind lines, 3 lines
uniform float u_fine;   // strength of the lines: less where they are near to one another
uniform float u_face;   // 1: under the face's light
uniform float u_light[9];
in vec3 v_position;
in vec3 v_normal;
in vec2 v_uv;
in vec4 v_color;
out vec4 o_color;

float of_face(vec3 n)
{
    float l = u_light[0] * 0.282095 + u_light[1] * 0.488603 * n.y + u_light[2] * 0.488603 * n.z +
              u_light[3] * 0.488603 * n.x + u_light[4] * 1.092548 * n.x * n.y +
              u_light[5] * 1.092548 * n.y * n.z + u_light[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) +
              u_light[7] * 1.092548 * n.x * n.z + u_light[8] * 0.546274 * (n.x * n.x - n.y * n.y);
    return pow(clamp(l, 0.3, 1.6), 2.2); // what a face shows nothing of must not go dark or glare
}

// The texture's axes from how it lies on the screen (Mikkelsen 2010, "Bump Mapping Unparametrized
// Surfaces on the GPU").
vec3 bumped(vec3 n)
{
    vec3 dx = dFdx(v_position), dy = dFdy(v_position);
    vec2 ux = dFdx(v_uv), uy = dFdy(v_uv);
    vec3 a = cross(dy, n), b = cross(n, dx);
    vec3 t = a * ux.x + b * uy.x, s = a * ux.y + b * uy.y;
    float k = inversesqrt(max(max(dot(t, t), dot(s, s)), 1e-20));
    vec3 m = texture(u_bumps, v_uv).xyz * 2.0 - 1.0;
    return normalize(mat3(t * k, -s * k, n) * vec3(m.xy * u_bump, m.z));
}

void main()
{
    // Factors and the vertices' colours are linear, textures are not (glTF 2.0, 3.9.2).
    vec4 base = texture(u_texture, v_uv);
    base = vec4(pow(base.rgb, vec3(2.2)) * v_color.rgb * u_color.rgb, base.a * v_color.a * u_color.a);
    base.a = u_solid > 0.5 ? 1.0 : base.a;
    if (base.a < u_cutoff) {
        discard;
    }
    base.a = u_cutoff < 0.0 ? base.a : 1.0;
    if (u_look > 2.5) {
        float toward = abs(dot(normalize(v_normal), normalize(-v_position)));
        float a = u_fine * (0.35 + 0.65 * toward);
        o_color = vec4(vec3(0.36, 0.86, 0.80) * a, a);
        return;
    }
    vec3 e = normalize(-v_position), n = normalize(v_normal);
    n = u_bump != 0.0 ? bumped(n) : n;
    n = gl_FrontFacing ? n : -n;
    float gloss = u_gloss, flatly = u_flat;
    if (u_look > 0.5) {
        base = vec4(u_look > 1.5 ? vec3(0.018, 0.026, 0.036) : vec3(0.40, 0.36, 0.325), 1.0);
        gloss = 0.3;
        flatly = 0.0;
    }
    vec3 key = normalize(vec3(-0.42, 0.55, 0.72)), color = base.rgb, light;
    float toward = dot(n, key), sky = 0.5 + 0.5 * n.y;
    float rim = pow(1.0 - max(dot(n, e), 0.0), 4.0);
    if (u_face > 0.5) {
        light = vec3(of_face(n));
        key = normalize(vec3(u_light[3], u_light[1], u_light[2]) + vec3(0.0, 0.15, 0.35));
        toward = dot(n, key);
    } else {
        // The lamp reaches a little round the edge, as it does on skin.
        float lamp = max((toward + 0.25) / 1.25, 0.0);
        light = vec3(0.78, 0.76, 0.73) * lamp + mix(vec3(0.20, 0.18, 0.17), vec3(0.40, 0.43, 0.47), sky);
    }
    vec3 drawn = color; // what is not lit
    if (u_toon.y > u_toon.x) {
        float edge = max(u_toon.y - u_toon.x, 0.04);
        vec3 shade = u_shade * pow(texture(u_shades, v_uv).rgb, vec3(2.2)) * v_color.rgb;
        drawn = mix(shade, color, clamp((toward - u_toon.x) / edge, 0.0, 1.0));
    }
    vec3 c = mix(color * light, drawn, flatly);
    float power = 6.0 + 90.0 * gloss * gloss;
    float shine = pow(max(dot(n, normalize(key + e)), 0.0), power) * gloss;
    c += (1.0 - flatly) * (vec3(0.30) * shine * max(light.g, 0.2) + vec3(0.05, 0.055, 0.06) * rim * sky);
    c += u_look > 0.5 ? vec3(0.0) : u_glow * pow(texture(u_glows, v_uv).rgb, vec3(2.2));
    o_color = vec4(pow(clamp(c, 0.0, 1.0), vec3(1.0 / 2.2)) * base.a, base.a);
}

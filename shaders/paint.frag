#version 330 core
// Paint on the skin, in the model's UV: the left half is the face, u_full 1: the right one the head.
// Where the picture shows hair over the forehead or the temples, the paint is under it. The colour
// is multiplied by alpha.
uniform sampler2D u_paint;
uniform sampler2D u_picture;
uniform vec3 u_skin; // the cheeks' mean; black when unknown
uniform float u_full;
uniform float u_light[9];
in vec3 v_position;
in vec3 v_normal;
in vec4 v_fixed;
in vec3 v_seen;
in vec3 v_head;
in float v_hull;
in float v_jaw;
out vec4 o_color;

float light(vec3 n)
{
    return u_light[0] * 0.282095 + u_light[1] * 0.488603 * n.y + u_light[2] * 0.488603 * n.z +
           u_light[3] * 0.488603 * n.x + u_light[4] * 1.092548 * n.x * n.y +
           u_light[5] * 1.092548 * n.y * n.z + u_light[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) +
           u_light[7] * 1.092548 * n.x * n.z + u_light[8] * 0.546274 * (n.x * n.x - n.y * n.y);
}

// How far the picture here is from skin under the face's light: darker by half, or of another
// colour (thresholds found by eye on people of light and dark skin).
float unlike_skin(float lit)
{
    vec2 at = v_seen.xy / v_seen.z * 0.5 + 0.5;
    vec3 video = texture(u_picture, vec2(at.x, 1.0 - at.y)).rgb;
    float luma = dot(video, vec3(0.299, 0.587, 0.114)), skin = dot(u_skin, vec3(0.299, 0.587, 0.114));
    if (skin <= 0.0) {
        return 0.0;
    }
    float dark = 1.0 - smoothstep(0.42, 0.68, luma / (skin * clamp(lit, 0.45, 1.3)));
    vec3 tint = video / max(dot(video, vec3(1.0)), 0.02) - u_skin / dot(u_skin, vec3(1.0));
    return max(dark, smoothstep(0.07, 0.13, length(tint)) * smoothstep(0.04, 0.15, luma));
}

void main()
{
    vec2 at = v_fixed.xy;
    at.x = u_full > 0.5 ? at.x * 0.5 : at.x;
    vec4 c = texture(u_paint, vec2(at.x, 1.0 - at.y));
    vec3 n = normalize(v_normal), e = normalize(-v_position);
    float l = light(n);
    // A full mask is lacquer: seen from its highlights.
    vec3 from = normalize(vec3(u_light[3], u_light[1], u_light[2]) + vec3(0.0, 0.15, 0.35));
    float shine = u_full * pow(max(dot(n, normalize(from + e)), 0.0), 30.0);
    float a = u_full < 0.5 && at.x > 1.0 ? 0.0 : c.a; // skin without paint hides things all the same
    if (u_full < 0.5) {
        // The forehead and temples are where hair may be; at the very top it nearly always is.
        float rim = max(smoothstep(0.80, 0.86, v_fixed.y), smoothstep(0.30, 0.38, abs(v_fixed.x - 0.5)));
        a *= 1.0 - rim * unlike_skin(l);
        a *= 1.0 - smoothstep(0.845, 0.908, v_fixed.y);
        // Before the last triangles, which end in teeth.
        a *= smoothstep(2.0, 6.0, v_jaw);
    } else {
        // Shoulders do not turn with the head: a full mask ends softly at the neck, above where it
        // widens (mm, found by eye). Ears stay outside.
        a *= smoothstep(-128.0, -118.0, v_head.y);
    }
    a *= 1.0 - smoothstep(0.5, 3.0, abs(v_hull));
    // Towards the outline, which is the model's and nobody's, it thins out; not round the nose, whose
    // outline lies before the cheeks.
    a *= mix(1.0, smoothstep(0.0, 0.30, dot(n, e)), smoothstep(0.07, 0.12, abs(v_fixed.x - 0.5)));
    o_color = vec4((c.rgb * clamp(l, 0.2, 1.6) + 0.3 * shine) * a, a);
}

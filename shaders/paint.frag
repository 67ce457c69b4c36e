#version 330 core
// Paint on the skin, in the model's UV: the left half is the face, u_full 1: the right one the head.
uniform sampler2D u_paint;
uniform float u_full;
uniform float u_light[9];
in vec3 v_position;
in vec3 v_normal;
in vec4 v_fixed;
in vec3 v_head;
out vec4 o_color;
void main()
{
    vec2 at = v_fixed.xy;
    if (u_full < 0.5 && at.x > 1.0) {
        discard;
    }
    at.x = u_full > 0.5 ? at.x * 0.5 : at.x;
    vec4 c = texture(u_paint, vec2(at.x, 1.0 - at.y));
    vec3 n = normalize(v_normal), e = normalize(-v_position);
    float l = u_light[0] * 0.282095 + u_light[1] * 0.488603 * n.y + u_light[2] * 0.488603 * n.z +
              u_light[3] * 0.488603 * n.x + u_light[4] * 1.092548 * n.x * n.y +
              u_light[5] * 1.092548 * n.y * n.z + u_light[6] * 0.315392 * (3.0 * n.z * n.z - 1.0) +
              u_light[7] * 1.092548 * n.x * n.z + u_light[8] * 0.546274 * (n.x * n.x - n.y * n.y);
    // A full mask is lacquer: seen from its highlights.
    vec3 from = normalize(vec3(u_light[3], u_light[1], u_light[2]) + vec3(0.0, 0.15, 0.35));
    float shine = u_full * pow(max(dot(n, normalize(from + e)), 0.0), 30.0);
    // Shoulders do not turn with the head: a full mask ends softly at the neck, above where it
    // widens (mm, found by eye).
    float hem = u_full * (1.0 - smoothstep(-128.0, -118.0, v_head.y));
    o_color = vec4(c.rgb * clamp(l, 0.2, 1.6) + 0.3 * shine, c.a * (1.0 - hem));
}

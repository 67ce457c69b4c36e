#version 330 core
// The model's UV grid over the video's own light (u_checker 1), or the video itself on the mesh,
// dark where the camera could not see the surface (u_checker 0).
uniform sampler2D u_picture;
uniform float u_checker;
uniform float u_opacity;
uniform vec3 u_eye; // the camera's position in the head frame, mm
in vec3 v_position;
in vec3 v_normal;
in vec3 v_head_normal;
in vec4 v_fixed;
in vec3 v_seen;
out vec4 o_color;
void main()
{
    vec2 at = v_seen.xy / v_seen.z * 0.5 + 0.5;
    vec3 video = texture(u_picture, vec2(at.x, 1.0 - at.y)).rgb;
    if (u_checker < 0.5) {
        float seen = smoothstep(0.05, 0.35, dot(normalize(v_head_normal), normalize(u_eye)));
        vec3 n = normalize(v_normal);
        vec3 unseen = vec3(0.10, 0.12, 0.14) * (0.6 + 0.6 * max(n.z, 0.0));
        o_color = vec4(mix(unseen, video, max(seen, 1.0 - u_opacity)), 1.0);
        return;
    }
    float light = dot(video, vec3(0.299, 0.587, 0.114));
    if (v_fixed.z > 0.5 && v_fixed.z < 3.5) {
        o_color = vec4(video, 1.0);
        return;
    }
    vec2 cell = v_fixed.xy * 32.0;
    vec2 wide = max(fwidth(cell), 1e-4);
    vec2 tri = abs(fract(cell * 0.5) - 0.5) * 2.0 - 0.5; // sign = which side of the cell's edge
    vec2 s = clamp(tri / wide, -0.5, 0.5);
    float checker = 0.5 - 2.0 * s.x * s.y;
    vec3 a = mix(vec3(0.16, 0.50, 0.52), vec3(0.30, 0.78, 0.72), v_fixed.y);
    vec3 b = mix(vec3(0.86, 0.80, 0.70), vec3(0.98, 0.93, 0.84), v_fixed.x);
    vec3 paint = mix(a, b, checker);
    o_color = vec4(mix(video, paint * (0.22 + 1.15 * light), 0.88 * u_opacity), 1.0);
}

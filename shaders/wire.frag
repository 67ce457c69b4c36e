#version 330 core
// The mesh's quads as anti-aliased lines over the video, which shows through everywhere else. Hidden
// lines are hidden by the depth of the surface itself.
uniform sampler2D u_picture;
uniform float u_alpha;
uniform float u_opacity;
uniform vec3 u_paint;
in vec3 v_position;
in vec3 v_normal;
in vec4 v_fixed;
in vec3 v_seen;
in vec2 v_grid;
out vec4 o_color;
void main()
{
    vec2 at = v_seen.xy / v_seen.z * 0.5 + 0.5;
    vec3 video = texture(u_picture, vec2(at.x, 1.0 - at.y)).rgb;
    vec2 wide = max(fwidth(v_grid), vec2(1e-5)); // grid units a pixel
    // Every second line runs where the grid is 0, the others where it is 1: those fade when the mesh
    // is finer than about five pixels, and all turn into their mean when lines would clot.
    float dense = smoothstep(0.16, 0.30, max(wide.x, wide.y));
    vec2 cover = max(clamp(1.05 - v_grid / wide, 0.0, 1.0),
                     clamp(1.05 - (1.0 - v_grid) / wide, 0.0, 1.0) * (1.0 - dense));
    cover = mix(cover, min(wide * 0.5, 1.0), smoothstep(vec2(0.5), vec2(1.2), wide));
    float line = 1.0 - (1.0 - cover.x) * (1.0 - cover.y);
    float facing = dot(normalize(v_normal), normalize(-v_position));
    float fade = 0.35 + 0.65 * smoothstep(0.0, 0.5, facing);
    vec3 paint = u_paint;
    if (v_fixed.z > 0.5 && v_fixed.z < 1.5) { // eyes: the iris as a ring instead of their fine mesh
        float px = max(fwidth(v_fixed.w), 1e-4);
        line = clamp(1.1 - abs(v_fixed.w - 5.9) / px, 0.0, 1.0) +
               clamp(1.6 - v_fixed.w / px, 0.0, 1.0);
        paint = vec3(1.0, 0.98, 0.9);
        fade = 1.0;
    } else if (v_fixed.z > 1.5) {
        line *= 0.5;
    }
    o_color = vec4(mix(video, paint, clamp(line * fade * u_alpha, 0.0, 1.0) * u_opacity), 1.0);
}

#version 330 core
// Coverage of text (from the atlas), rounded boxes and ellipses (from the distance to their edge).
uniform sampler2D u_atlas;
in vec2 v_uv;
flat in vec4 v_shape;
flat in float v_kind;
flat in vec4 v_color;
out vec4 o_color;
void main()
{
    float cover;
    if (v_kind < 0.5) {
        cover = texelFetch(u_atlas, ivec2(v_uv), 0).r;
    } else {
        vec2 h = v_shape.xy;
        float d;
        if (v_kind < 1.5) {
            float r = min(v_shape.z, min(h.x, h.y));
            vec2 q = abs(v_uv) - h + r;
            d = length(max(q, 0.0)) + min(max(q.x, q.y), 0.0) - r;
        } else {
            vec2 k = v_uv / max(h, vec2(0.01)); // first-order distance: f / |grad f|
            float l = max(length(k), 1e-4);
            d = (l - 1.0) * l / max(length(k / max(h, vec2(0.01))), 1e-4);
        }
        float stroke = v_shape.w;
        d = stroke > 0.0 ? abs(d) - stroke * 0.5 : d;
        cover = clamp(0.5 - d, 0.0, 1.0);
    }
    o_color = vec4(v_color.rgb, v_color.a * cover);
}

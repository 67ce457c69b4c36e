#version 330 core
// The soft shadow of a thing on the face and head it is worn on. It was prepared for light that
// comes from before and above (view/shadow.h); here the head's surface is looked up in it.
uniform sampler2D u_shadow; // cover with a narrow and with a wide rim, height of the underside
uniform vec4 u_place;       // the anchor in the head frame (mm), and the size
uniform vec4 u_area;        // left, bottom, 1 / width, 1 / height of the shadow's picture, mm
uniform vec2 u_height;      // lowest underside and their range, mm
uniform vec3 u_to_light;    // head frame
in vec3 v_head;
in float v_weight; // how far the light and the camera see the skin here
out vec4 o_color;
void main()
{
    vec3 q = (v_head - u_place.xyz) / u_place.w;
    vec2 at = vec2(q.x, q.y * u_to_light.z - q.z * u_to_light.y);
    vec4 t = texture(u_shadow, (at - u_area.xy) * u_area.zw);
    float gap = u_height.x + t.b * u_height.y - dot(q, u_to_light);
    // The further off, the softer and the weaker (mm, found by eye).
    float cover = mix(t.r, t.g, smoothstep(6.0, 40.0, gap));
    float strength = 0.66 * smoothstep(-3.0, 2.0, gap) * exp(-max(gap, 0.0) / 70.0);
    float a = cover * strength * v_weight;
    o_color = vec4(vec3(0.05, 0.02, 0.01) * a, a);
}

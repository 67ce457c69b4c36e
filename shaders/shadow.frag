// The soft shadows of what is worn on the face and head. Each was prepared for light that comes from
// before and above (view/shadow.h); here the head's surface is looked up in it.
uniform sampler2DArray u_shadow; // cover with a narrow and with a wide rim, height of the underside
uniform vec4 u_place[COUNT];         // the anchor in the head frame (mm), and the size
uniform vec4 u_area[COUNT];          // left, bottom, 1 / width, 1 / height of the shadow's picture, mm
uniform vec3 u_height[COUNT];        // lowest underside and their range, mm; the shadow's picture
uniform vec3 u_to_light; // head frame
in vec3 v_head;
in float v_weight; // how far the light and the camera see the skin here
out vec4 o_color;
void main()
{
    float light = 1.0; // what is left of it
    for (int i = 0; i < COUNT; i++) {
        vec3 q = (v_head - u_place[i].xyz) / u_place[i].w;
        vec2 at = vec2(q.x, q.y * u_to_light.z - q.z * u_to_light.y);
        vec4 t = texture(u_shadow, vec3((at - u_area[i].xy) * u_area[i].zw, u_height[i].z));
        float gap = u_height[i].x + t.b * u_height[i].y - dot(q, u_to_light);
        // The further off, the softer and the weaker (mm, found by eye).
        float cover = mix(t.r, t.g, smoothstep(6.0, 40.0, gap));
        float strength = 0.66 * smoothstep(-3.0, 2.0, gap) * exp(-max(gap, 0.0) / 70.0);
        light *= 1.0 - cover * strength * v_weight;
    }
    o_color = vec4(vec3(0.05, 0.02, 0.01), 1.0) * (1.0 - light);
}

#version 330 core
// The surface's direction as a colour: x, y, z of the camera's frame as red, green, blue.
uniform sampler2D u_picture;
uniform float u_opacity;
in vec3 v_normal;
in vec3 v_seen;
out vec4 o_color;
void main()
{
    vec2 at = v_seen.xy / v_seen.z * 0.5 + 0.5;
    vec3 video = texture(u_picture, vec2(at.x, 1.0 - at.y)).rgb;
    o_color = vec4(mix(video, normalize(v_normal) * 0.5 + 0.5, u_opacity), 1.0);
}

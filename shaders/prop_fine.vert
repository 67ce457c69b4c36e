// A thing of many small triangles that is worn, lit once a vertex (prop_light.glsl comes before):
// millimetres from its anchor -> head frame -> camera -> clip space.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
layout(location = 2) in vec2 a_surface; // gloss, metalness
layout(location = 3) in vec4 a_color;
layout(location = 4) in vec2 a_uv;
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform vec4 u_place; // the anchor in the head frame, and the size
out vec4 v_color;
out vec3 v_lit;
out vec2 v_uv;
void main()
{
    vec4 p = u_pose * vec4(u_place.xyz + a_position * u_place.w, 1.0);
    vec3 e = normalize(-p.xyz), n = normalize(mat3(u_pose) * a_normal);
    // What looks away is the back of something thin, or just behind the outline of something round,
    // which begins there.
    float facing = dot(n, e);
    n = facing < -0.4 ? -n : normalize(n - min(facing, 0.0) * e);
    v_lit = lit(n, e, a_surface.x, a_surface.y);
    v_color = a_color;
    v_uv = a_uv;
    gl_Position = u_projection * p;
}

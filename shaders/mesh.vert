#version 330 core
// A vertex of the face: head frame (mm) -> camera frame -> clip space of the fit's own camera.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
layout(location = 2) in vec4 a_fixed; // u, v, group, distance from the iris centre (mm)
layout(location = 3) in vec2 a_grid;
layout(location = 4) in float a_hull;
layout(location = 5) in float a_jaw;
invariant gl_Position; // as in shadow.vert: shadows fall on paint
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform mat4 u_seen; // head -> clip space of the picture, not mirrored: where the camera saw it
out vec3 v_position;
out vec3 v_normal;
out vec4 v_fixed;
out vec3 v_seen;
out vec3 v_head_normal;
out vec3 v_head; // mm
out vec2 v_grid;
out float v_hull; // mm that the head stands out here where it hides things
out float v_jaw;  // mm above the face's lower outline
void main()
{
    vec4 p = u_pose * vec4(a_position, 1.0);
    vec4 q = u_seen * vec4(a_position, 1.0);
    v_position = p.xyz;
    v_normal = mat3(u_pose) * a_normal;
    v_head_normal = a_normal;
    v_head = a_position;
    v_fixed = a_fixed;
    v_grid = a_grid;
    v_hull = a_hull;
    v_jaw = a_jaw;
    v_seen = q.xyw;
    gl_Position = u_projection * p;
}

#version 330 core
// The skin under a thing that is worn, for its shadow. Light and outline are weighed here, once a
// vertex: the face's mesh is finer than they change.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
invariant gl_Position; // as in depth.vert
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform vec3 u_to_light; // head frame
out vec3 v_head; // mm
out float v_weight;
void main()
{
    vec4 p = u_pose * vec4(a_position, 1.0);
    float lit = smoothstep(-0.1, 0.45, dot(a_normal, u_to_light));
    // Nobody's outline is the model's: no edge there.
    float facing = smoothstep(0.05, 0.45, dot(mat3(u_pose) * a_normal, normalize(-p.xyz)));
    v_head = a_position;
    v_weight = lit * facing;
    gl_Position = u_projection * p;
}

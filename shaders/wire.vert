#version 330 core
// Lines fade where the surface turns away, so that the outline does not clot.
layout(location = 0) in vec3 a_position;
layout(location = 1) in vec3 a_normal;
layout(location = 2) in vec4 a_fixed;
uniform mat4 u_projection;
uniform mat4 u_pose;
uniform vec4 u_color;
out vec4 v_color;
void main()
{
    vec4 p = u_pose * vec4(a_position, 1.0);
    float facing = dot(normalize(mat3(u_pose) * a_normal), normalize(-p.xyz));
    v_color = u_color;
    v_color.a *= smoothstep(-0.05, 0.55, facing) * 0.85 + 0.15;
    if (a_fixed.z > 0.5 && a_fixed.z < 1.5) {
        v_color.a *= 0.35; // eyeballs are meshed finely
    } else if (a_fixed.z > 1.5 && a_fixed.z < 2.5) {
        v_color.a *= 0.5; // and so are teeth
    }
    gl_Position = u_projection * p;
}

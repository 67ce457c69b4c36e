// Children: the face model knows grown-ups only, so their heads are those of grown-ups with growth
// undone. Growth of the head is close to a cardioidal strain, r' = r (1 + k (1 - cos theta)) about
// the middle of the skull, theta from its crown (Todd, Mark, Shaw and Pittenger 1980, "The
// perception of human growth"): the face grows down and forward from below the brain. What that
// misses of a young face comes on top: large eyes, a short flat nose, full cheeks, a thin neck.
#include "synth/frame.h"

#include <math.h>

// Middle of the strain and strength for the youngest, rest mm; what the rest of the face does.
static const float skull[3] = {0, 38, 2};
static const float strain = 0.17F;
static const float eye_times = 0.2F, nose_back = 0.42F, nose_up = 4, cheek_out = 4.5F;

static float distance(const float a[3], const float b[3])
{
    float d[3] = {a[0] - b[0], a[1] - b[1], a[2] - b[2]};
    return sqrtf(mien_dot(d, d));
}

static void strain_back(const float in[3], float k, float out[3])
{
    float d[3] = {in[0] - skull[0], in[1] - skull[1], in[2] - skull[2]};
    float r = sqrtf(mien_dot(d, d)), cosine = r > 0 ? d[1] / r : 1;
    float times = 1 - k * (1 - cosine);
    for (int c = 0; c < 3; c++) {
        out[c] = skull[c] + times * d[c];
    }
}

float mien_synth_child_neck(float child, float height, float *lift_mm)
{
    float k = 2 * strain * child; // straight below the skull's middle
    *lift_mm = k * (skull[1] - height);
    return 1 - k;
}

void mien_synth_make_child(const struct mien_synth_assets *a, float child, float *vertex)
{
    const struct mien_face_model *m = a->model;
    float k = strain * child;
    // Where the features of this head are before and after the strain.
    float eye[2][3], eye_now[2][3], tip[3] = {0}, tip_now[3], bridge[3] = {0}, bridge_now[3];
    for (int e = 0; e < 2; e++) {
        mien_synth_to_rest(a, m->eye_centre[e], eye[e]);
        strain_back(eye[e], k, eye_now[e]);
    }
    const int at[2] = {m->ibug[30], m->ibug[27]};
    for (int i = 0; i < 2; i++) {
        const struct mien_landmark *l = &m->landmark[at[i]];
        float head[3] = {0};
        for (int j = 0; j < 3; j++) {
            for (int c = 0; c < 3; c++) {
                head[c] += l->weight[j] * vertex[3 * l->vertex[j] + c];
            }
        }
        mien_synth_to_rest(a, head, i ? bridge : tip);
    }
    strain_back(tip, k, tip_now);
    strain_back(bridge, k, bridge_now);
    float face_z = 0.5F * (eye_now[0][2] + eye_now[1][2]) + 8; // where the nose begins to stand out
    float mouth[3] = {0, tip_now[1] - 26, tip_now[2] - 18};
    for (int i = 0; i < m->vertices; i++) {
        float rest[3], v[3], *out = vertex + 3 * i;
        mien_synth_to_rest(a, out, rest);
        strain_back(rest, k, v);
        for (int e = 0; e < 2; e++) { // eyeballs and lids keep more of their size
            float d = distance(v, eye_now[e]);
            float w = child * eye_times * (1 - mien_smooth(15, 32, d));
            for (int c = 0; c < 3; c++) {
                v[c] += w * (v[c] - eye_now[e][c]);
            }
        }
        float x = v[0] / 17, y = (v[1] - tip_now[1] - 4) / (v[1] > tip_now[1] + 4 ? 26 : 15);
        float nose = child * (1 - mien_smooth(0.35F, 1.25F, sqrtf(x * x + y * y)));
        if (nose > 0 && v[2] > face_z) {
            v[2] -= nose * nose_back * (v[2] - face_z);
            v[1] += nose * nose_up;
        }
        for (int e = 0; e < 2; e++) {
            float cheek[3] = {(e ? -1 : 1) * 36.0F, mouth[1] + 6, mouth[2] - 16};
            float w = child * cheek_out * (1 - mien_smooth(6, 34, distance(v, cheek)));
            v[0] += (e ? -0.6F : 0.6F) * w;
            v[1] -= 0.15F * w;
            v[2] += 0.6F * w;
        }
        mien_synth_to_head(a, v, out);
    }
}

// Children: the face model has adults only, so children's heads are those of adults with growth
// undone. Growth of the head is close to a cardioidal strain, r' = r (1 + k (1 - cos theta)) about
// the middle of the skull, theta from its crown (Todd, Mark, Shaw and Pittenger 1980, "The
// perception of human growth"): the face grows down and forward from below the brain. Features of a
// young face that this misses are added: large eyes, a short flat nose, full cheeks, a thin neck.
#include "synth/frame.h"

#include <math.h>

// Middle of the strain and strength for the youngest, rest mm; what the rest of the face does.
static const float skull[3] = {0, 38, 2};
static const float strain = 0.17f;
static const float eye_times = 0.2f, nose_back = 0.42f, nose_up = 4, cheek_out = 4.5f;

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

void mien_synth_make_child(const struct mien_synth_assets *a, float child, const float nose_head[3],
                           float *vertex)
{
    const struct mien_face_model *m = a->model;
    float k = strain * child;
    // Where eyes and nose are after the strain.
    float rest[3], eye[2][3], tip[3];
    for (int e = 0; e < 2; e++) {
        mien_synth_to_rest(a, m->eye_centre[e], rest);
        strain_back(rest, k, eye[e]);
    }
    mien_synth_to_rest(a, nose_head, rest);
    strain_back(rest, k, tip);
    float face_z = 0.5f * (eye[0][2] + eye[1][2]) + 8; // where the nose begins to stand out
    // Above the corners of the mouth.
    const float cheek[2][3] = {{36, tip[1] - 20, tip[2] - 34}, {-36, tip[1] - 20, tip[2] - 34}};
    for (int i = 0; i < m->vertices; i++) {
        float v[3], *out = vertex + 3 * i;
        mien_synth_to_rest(a, out, rest);
        strain_back(rest, k, v);
        for (int e = 0; e < 2; e++) { // eyeballs and lids keep more of their size
            float d = distance(v, eye[e]);
            float w = child * eye_times * (1 - mien_smooth(15, 32, d));
            for (int c = 0; c < 3; c++) {
                v[c] += w * (v[c] - eye[e][c]);
            }
        }
        float x = v[0] / 17, y = (v[1] - tip[1] - 4) / (v[1] > tip[1] + 4 ? 26 : 15);
        float nose = child * (1 - mien_smooth(0.35f, 1.25f, sqrtf(x * x + y * y)));
        if (nose > 0 && v[2] > face_z) {
            v[2] -= nose * nose_back * (v[2] - face_z);
            v[1] += nose * nose_up;
        }
        for (int e = 0; e < 2; e++) {
            float w = child * cheek_out * (1 - mien_smooth(6, 34, distance(v, cheek[e])));
            v[0] += (e ? -0.6f : 0.6f) * w;
            v[1] -= 0.15f * w;
            v[2] += 0.6f * w;
        }
        mien_synth_to_head(a, v, out);
    }
}

// The light on a face, estimated from the face itself.
#include "view/light.h"

#include <math.h>
#include <string.h>

#include "base/linear.h"
#include "image/luma.h"

void mien_light_even(float out[MIEN_SH])
{
    static const float light[MIEN_SH] = {2.6f, 0.45f, 0.55f, -0.12f, 0, 0, 0, 0, 0};
    memcpy(out, light, sizeof(light));
}

static float luminance(const struct mien_image *im, float x, float y)
{
    int xi = (int)lroundf(x), yi = (int)lroundf(y);
    const uint8_t *p = im->data + (size_t)yi * im->stride;
    if (im->format == MIEN_FORMAT_GRAY8) {
        return p[xi];
    }
    p += 3 * (size_t)xi;
    return mien_luma(p[0], p[1], p[2]);
}

bool mien_light_estimate(const struct mien_image *picture, const struct mien_camera *camera,
                         const struct mien_pose *pose, const struct mien_mesh_point *point, int n,
                         float out[MIEN_SH])
{
    enum { WANTED = 500 };
    double a[MIEN_SH][MIEN_SH] = {{0}}, b[MIEN_SH] = {0}, total = 0;
    int seen = 0, step = n > WANTED ? n / WANTED : 1;
    mien_light_even(out);
    if (picture->format != MIEN_FORMAT_RGB8 && picture->format != MIEN_FORMAT_GRAY8) {
        return false;
    }
    for (int i = 0; i < n; i += step) {
        float x[3], normal[3], px[2], basis[MIEN_SH];
        mien_mat3_mul_vec(pose->R, point[i].position, x);
        mien_mat3_mul_vec(pose->R, point[i].normal, normal);
        float toward = 0, far = 0;
        for (int c = 0; c < 3; c++) {
            x[c] += pose->t[c];
            toward -= x[c] * normal[c];
            far += x[c] * x[c];
        }
        if (!(toward > 0.25f * sqrtf(far)) || !mien_camera_project(camera, x, px) ||
            !(px[0] >= 0 && px[1] >= 0 && px[0] < (float)picture->width - 0.5f &&
              px[1] < (float)picture->height - 0.5f)) {
            continue;
        }
        double y = luminance(picture, px[0], px[1]);
        mien_harmonics(normal, basis);
        for (int r = 0; r < MIEN_SH; r++) {
            for (int c = 0; c <= r; c++) {
                a[r][c] += (double)basis[r] * (double)basis[c];
            }
            b[r] += (double)basis[r] * y;
        }
        total += y;
        seen++;
    }
    if (seen < 40 || total / seen < 4) {
        return false;
    }
    double mean = total / seen;
    for (int r = 0; r < MIEN_SH; r++) {
        // Even light is likelier: the directions that a face does not show would run away.
        a[r][r] += (r ? (r < 4 ? 0.02 : 0.08) : 1e-4) * seen;
        b[r] /= mean;
    }
    if (!mien_solve_positive(a[0], b, MIEN_SH, 1e-9)) {
        return false;
    }
    for (int r = 0; r < MIEN_SH; r++) {
        out[r] = (float)b[r];
    }
    return true;
}

// Where a picture lands on the screen, and the perspective of the fit as an OpenGL projection.
#include "view/camera.h"

#include <math.h>
#include <string.h>

struct mien_rect mien_rect_fit(struct mien_rect area, int width_px, int height_px)
{
    if (width_px <= 0 || height_px <= 0 || area.w < 1 || area.h < 1) {
        return area;
    }
    float s = fminf(area.w / (float)width_px, area.h / (float)height_px);
    float w = fmaxf(1, roundf(s * (float)width_px)), h = fmaxf(1, roundf(s * (float)height_px));
    return (struct mien_rect){floorf(area.x + (area.w - w) / 2), floorf(area.y + (area.h - h) / 2),
                              w, h};
}

void mien_map_point(const struct mien_map *m, const float px[2], float out[2])
{
    float x = (px[0] + 0.5f) / (float)m->width_px;
    float y = (px[1] + 0.5f) / (float)m->height_px;
    out[0] = m->rect.x + (m->mirror ? 1 - x : x) * m->rect.w;
    out[1] = m->rect.y + y * m->rect.h;
}

float mien_map_scale(const struct mien_map *m)
{
    return m->rect.w / (float)m->width_px;
}

// px = cx + f X / -Z and pixel centres at integers give x_ndc = 2 (px + 0.5) / W - 1; with w = -Z
// the constant part multiplies -Z. The depth row is glFrustum's.
void mien_projection(const struct mien_camera *c, float near_mm, float far_mm, bool mirror,
                     float out[16])
{
    float w = (float)c->width_px, h = (float)c->height_px, sx = mirror ? -1.0f : 1.0f;
    memset(out, 0, 16 * sizeof(*out));
    out[0] = sx * 2 * c->f_px / w;
    out[8] = -sx * (2 * (c->cx_px + 0.5f) / w - 1);
    out[5] = 2 * c->f_px / h;
    out[9] = -(1 - 2 * (c->cy_px + 0.5f) / h);
    out[10] = -(far_mm + near_mm) / (far_mm - near_mm);
    out[14] = -2 * far_mm * near_mm / (far_mm - near_mm);
    out[11] = -1;
}

void mien_pose_matrix(const struct mien_pose *p, float out[16])
{
    for (int col = 0; col < 3; col++) {
        for (int row = 0; row < 3; row++) {
            out[col * 4 + row] = p->R[row * 3 + col];
        }
        out[col * 4 + 3] = 0;
        out[12 + col] = p->t[col];
    }
    out[15] = 1;
}

void mien_mat4_mul(const float a[16], const float b[16], float out[16])
{
    for (int c = 0; c < 4; c++) {
        for (int r = 0; r < 4; r++) {
            out[c * 4 + r] = a[r] * b[c * 4] + a[4 + r] * b[c * 4 + 1] + a[8 + r] * b[c * 4 + 2] +
                             a[12 + r] * b[c * 4 + 3];
        }
    }
}

// Marks on the face: landmarks with their uncertainty, head axes, gaze, normals.
#include "view/hud.h"

#include <math.h>

#include "base/mem.h"
#include "view/palette.h"

static const struct mien_color region_color[MIEN_REGIONS] = {
    [MIEN_REGION_JAW] = {150, 170, 190, 255},  [MIEN_REGION_BROW] = {233, 180, 120, 255},
    [MIEN_REGION_EYE] = {110, 200, 255, 255},  [MIEN_REGION_IRIS] = {255, 255, 255, 255},
    [MIEN_REGION_NOSE] = {190, 225, 140, 255}, [MIEN_REGION_MOUTH] = {244, 130, 130, 255},
    [MIEN_REGION_CHEEK] = {79, 209, 190, 255}, [MIEN_REGION_FOREHEAD] = {160, 150, 235, 255},
    [MIEN_REGION_EAR] = {200, 200, 120, 255},
};

void mien_marks_landmarks(struct mien_draw *d, const struct mien_map *map, float ui,
                          const struct mien_face_model *model, const struct mien_face_result *f)
{
    float scale = mien_map_scale(map);
    for (int i = 0; i < f->landmark_count && i < MIEN_LANDMARKS_MAX; i++) {
        float p[2];
        mien_map_point(map, f->landmark_px[i], p);
        int region = model && i < model->landmarks ? model->landmark[i].region : MIEN_REGION_CHEEK;
        struct mien_color c = region_color[region < MIEN_REGIONS ? region : MIEN_REGION_CHEEK];
        float sigma = f->landmark_sigma_px[i] * scale * 2; // the ellipse holds 86 %
        if (sigma > 2.2f * ui && sigma < 200 * ui) {
            struct mien_color ring = c, inside = c;
            ring.a = 70;
            inside.a = 14;
            mien_draw_ellipse(d, p[0], p[1], sigma, sigma, 0, inside);
            mien_draw_ellipse(d, p[0], p[1], sigma, sigma, 1, ring);
        }
        mien_draw_dot(d, p[0], p[1], 2.4f * ui, MIEN_COLOR(8, 10, 12, 120));
        mien_draw_dot(d, p[0], p[1], 1.5f * ui, c);
    }
}

void mien_marks_tag(struct mien_draw *d, const struct mien_map *map, float ui,
                    const struct mien_face_result *f)
{
    float top[2] = {(f->box_px[0] + f->box_px[2]) / 2, f->box_px[1]}, p[2];
    mien_map_point(map, top, p);
    struct mien_rect box = {p[0] - 13 * ui, p[1] - 26 * ui, 26 * ui, 18 * ui};
    mien_draw_box(d, box, 9 * ui, C_PANEL);
    mien_draw_frame(d, box, 9 * ui, 1.2f * ui, mien_face_color(f->id));
    mien_draw_printf(d, p[0], box.y + 2 * ui, MIEN_PEN(MIEN_FONT_BOLD, MIEN_CENTRE, C_TEXT), "%d",
                     f->id);
}

static bool place(const struct mien_map *map, const struct mien_result *r, int i,
                  const float head[3], float out[2])
{
    const struct mien_pose *p = &r->face[i].pose;
    float x[3], px[2];
    mien_mat3_mul_vec(p->R, head, x);
    for (int k = 0; k < 3; k++) {
        x[k] += p->t[k];
    }
    if (!mien_camera_project(&r->camera, x, px)) {
        return false;
    }
    mien_map_point(map, px, out);
    return true;
}

static void arrow(struct mien_draw *d, const float a[2], const float b[2], float width,
                  struct mien_color c, const char *name)
{
    mien_draw_segment(d, a[0], a[1], b[0], b[1], width + 2, MIEN_COLOR(8, 10, 12, 110));
    mien_draw_segment(d, a[0], a[1], b[0], b[1], width, c);
    mien_draw_dot(d, b[0], b[1], width * 1.5f, c);
    if (name) {
        float dx = b[0] - a[0], dy = b[1] - a[1], l = fmaxf(sqrtf(dx * dx + dy * dy), 1);
        float x = b[0] + dx / l * 10, y = b[1] + dy / l * 10,
              half = d->font->height[MIEN_FONT_BOLD] / 2;
        mien_draw_dot(d, x, y, half, C_PANEL);
        mien_draw_label(d, x, y - half, MIEN_PEN(MIEN_FONT_BOLD, MIEN_CENTRE, c), name);
    }
}

void mien_marks_axes(struct mien_draw *d, const struct mien_map *map, float ui,
                     const struct mien_face_model *model, const struct mien_result *r, int i)
{
    static const struct mien_color color[3] = {
        {235, 104, 96, 255}, {120, 205, 110, 255}, {96, 160, 245, 255}};
    const struct mien_face_result *f = &r->face[i];
    // From a point before the nose's root, so that the axes stand out of the face.
    float origin[3] = {0, 0, 60}, a[2], b[2];
    if (model) {
        origin[1] = (model->eye_centre[0][1] + model->eye_centre[1][1]) / 2;
        origin[2] = (model->eye_centre[0][2] + model->eye_centre[1][2]) / 2 + 14;
    }
    float depth[3] = {f->pose.R[6], f->pose.R[7], f->pose.R[8]};
    int order[3] = {0, 1, 2}; // the farthest first
    for (int p = 0; p < 2; p++) {
        for (int q = 0; q < 2 - p; q++) {
            if (depth[order[q]] > depth[order[q + 1]]) {
                int t = order[q];
                order[q] = order[q + 1];
                order[q + 1] = t;
            }
        }
    }
    for (int k = 0; k < 3; k++) {
        int axis = order[k];
        float end[3] = {origin[0], origin[1], origin[2]};
        end[axis] += 55;
        if (place(map, r, i, origin, a) && place(map, r, i, end, b)) {
            static const char *const names[3] = {"x", "y", "z"};
            arrow(d, a, b, 2 * ui, color[axis], names[axis]);
        }
    }
    for (int e = 0; model && e < 2; e++) {
        if (f->lids.shut[e]) {
            continue;
        }
        float R[9], x[3], from[3], to[3], back[9];
        mien_pose_from_angles(f->gaze_deg[e][0], f->gaze_deg[e][1], 0, R);
        const float forward[3] = {0, 0, 1};
        mien_mat3_mul_vec(R, forward, x); // camera frame
        mien_mat3_transpose(f->pose.R, back);
        mien_mat3_mul_vec(back, x, from);
        for (int k = 0; k < 3; k++) {
            to[k] = model->eye_centre[e][k] + from[k] * 75;
            from[k] = model->eye_centre[e][k] + from[k] * model->eye_radius_mm;
        }
        if (place(map, r, i, from, a) && place(map, r, i, to, b)) {
            arrow(d, a, b, 1.5f * ui, MIEN_COLOR(250, 240, 190, 235), NULL);
        }
    }
}

void mien_marks_normals(struct mien_draw *d, const struct mien_map *map, float ui,
                        const struct mien_result *r, int i, const struct mien_marks_points *points)
{
    const struct mien_pose *pose = &r->face[i].pose;
    for (int k = 0; k < points->count; k += points->step) {
        const float *p = points->at + (size_t)k * points->stride, *n = p + 3;
        float to[3] = {p[0] + 6 * n[0], p[1] + 6 * n[1], p[2] + 6 * n[2]}, x[3], nc[3], a[2], b[2];
        mien_mat3_mul_vec(pose->R, p, x);
        mien_mat3_mul_vec(pose->R, n, nc);
        float facing = 0;
        for (int c = 0; c < 3; c++) {
            facing -= (x[c] + pose->t[c]) * nc[c];
        }
        if (facing <= 0) {
            continue;
        }
        if (place(map, r, i, p, a) && place(map, r, i, to, b)) {
            mien_draw_segment(d, a[0], a[1], b[0], b[1], ui, MIEN_COLOR(255, 255, 255, 170));
        }
    }
}

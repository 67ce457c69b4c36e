// The display: projection, layout, draw list, mesh, words, and what OpenGL really puts on the
// screen. Needs an OpenGL (Mesa's software one will do); the tests that draw are skipped without.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "live/window.h"
#include "view/mesh.h"
#include "view/palette.h"
#include "view/traces.h"
#include "view/view.h"
#include "view/words.h"
#include "run_tests.h"

static struct mien_face_model model;
static struct mien_window window;
static bool have_gl;

static int set_up(void **state)
{
    if (!mien_face_model_load(&model, NULL)) {
        return -1;
    }
    have_gl = mien_window_open(&window, "test", 64, 64, true, false);
    return 0;
}

static int tear_down(void **state)
{
    mien_window_close(&window);
    mien_face_model_destroy(&model);
    return 0;
}

static void example(struct mien_result *r, float yaw, float pitch, float roll)
{
    memset(r, 0, sizeof(*r));
    r->width_px = 320;
    r->height_px = 240;
    r->camera = mien_camera_make(320, 240, 50);
    r->camera.cx_px += 7; // an off-centre principal point must be respected too
    r->camera.cy_px -= 4;
    r->count = 1;
    struct mien_face_result *f = &r->face[0];
    f->id = 1;
    f->state = MIEN_TRACK_STEADY;
    mien_pose_from_angles(yaw, pitch, roll, f->pose.R);
    f->pose.t[0] = 12;
    f->pose.t[1] = -8;
    f->pose.t[2] = -520;
    f->box_px[0] = 100;
    f->box_px[1] = 50;
    f->box_px[2] = 220;
    f->box_px[3] = 190;
    f->identity[0] = 0.8f;
    f->blendshape[MIEN_BS_JAW_OPEN] = 0.4f;
    f->blendshape[MIEN_BS_MOUTH_SMILE_LEFT] = 0.6f;
    f->expression[MIEN_EXPRESSION_HAPPY] = 0.9f;
    f->expression_class = MIEN_EXPRESSION_HAPPY;
}

static void transform(const float m[16], const float v[4], float out[4])
{
    for (int r = 0; r < 4; r++) {
        out[r] = m[r] * v[0] + m[4 + r] * v[1] + m[8 + r] * v[2] + m[12 + r] * v[3];
    }
}

// The OpenGL projection and mien_camera_project must agree to a hundredth of a pixel.
static void projection_agrees(void **state)
{
    struct mien_rng rng;
    mien_rng_seed(&rng, 7, 0);
    for (int k = 0; k < 2000; k++) {
        struct mien_camera c =
            mien_camera_make(320 + (int)mien_rng_below(&rng, 1600),
                             240 + (int)mien_rng_below(&rng, 900), mien_rng_range(&rng, 20, 110));
        c.cx_px += mien_rng_range(&rng, -40, 40);
        c.cy_px += mien_rng_range(&rng, -40, 40);
        struct mien_pose p = {.t = {mien_rng_range(&rng, -200, 200),
                                    mien_rng_range(&rng, -200, 200),
                                    mien_rng_range(&rng, -3000, -300)}};
        mien_pose_from_angles(mien_rng_range(&rng, -90, 90), mien_rng_range(&rng, -60, 60),
                              mien_rng_range(&rng, -60, 60), p.R);
        float head[4] = {mien_rng_range(&rng, -100, 100), mien_rng_range(&rng, -120, 120),
                         mien_rng_range(&rng, -100, 100), 1};
        float x[3], px[2];
        mien_mat3_mul_vec(p.R, head, x);
        for (int i = 0; i < 3; i++) {
            x[i] += p.t[i];
        }
        assert_true(mien_camera_project(&c, x, px));
        for (int mirror = 0; mirror < 2; mirror++) {
            struct mien_map map = {{10, 20, (float)c.width_px * 1.5f, (float)c.height_px * 1.5f},
                                   c.width_px,
                                   c.height_px,
                                   mirror};
            float want[2], pose[16], projection[16], view[4], clip[4];
            mien_map_point(&map, px, want);
            mien_pose_matrix(&p, pose);
            mien_projection(&c, 30, 20000, mirror, projection);
            transform(pose, head, view);
            transform(projection, view, clip);
            float sx = map.rect.x + (clip[0] / clip[3] * 0.5f + 0.5f) * map.rect.w;
            float sy = map.rect.y + (0.5f - clip[1] / clip[3] * 0.5f) * map.rect.h;
            float tolerance = 0.01f + 2e-6f * (fabsf(want[0]) + fabsf(want[1]));
            assert_true(fabsf(sx - want[0]) < tolerance);
            assert_true(fabsf(sy - want[1]) < tolerance);
            assert_true(clip[2] > -clip[3] && clip[2] < clip[3]);
        }
    }
}

static struct mien_layout layout(int w, int h, bool bars, enum mien_hud_level hud, int lanes)
{
    return mien_hud_layout(&(struct mien_hud_screen){.width_px = w,
                                                     .height_px = h,
                                                     .picture_w = 640,
                                                     .picture_h = 480,
                                                     .bars = bars,
                                                     .lanes = lanes,
                                                     .hud = hud});
}

static void layout_keeps_aspect(void **state)
{
    static const int size[][2] = {{640, 480}, {876, 480}, {1280, 720}, {1920, 1080}, {400, 900}};
    for (size_t i = 0; i < MIEN_COUNT(size); i++) {
        for (int bars = 0; bars < 2; bars++) {
            struct mien_layout l = layout(size[i][0], size[i][1], bars, MIEN_HUD_FULL, 0);
            assert_true(fabsf(l.video.w / l.video.h - 640.0f / 480) < 0.01f);
            assert_true(l.video.x >= 0 && l.video.y >= 0);
            assert_true(l.video.x + l.video.w <= (float)size[i][0] + 0.5f);
            assert_true(l.video.y + l.video.h <= (float)size[i][1] + 0.5f);
            assert_true(!bars || l.bars.w > 0);
            if (bars) { // beside the picture, or below it
                assert_true(l.video.x + l.video.w <= l.bars.x + 0.5f ||
                            l.video.y + l.video.h <= l.bars.y + 0.5f);
            }
        }
    }
    int w, h;
    mien_hud_window_size(640, 480, true, &w, &h);
    struct mien_layout l = layout(w, h, true, MIEN_HUD_FULL, 0);
    assert_int_equal(h, 480);
    assert_true(l.video.w == 640 && l.video.h == 480); // pixel for pixel
}

static void draw_list_fills_and_refuses(void **state)
{
    static struct mien_font none; // no text
    struct mien_draw d;
    assert_true(mien_draw_init(&d, &none, 4));
    mien_draw_segment(&d, 10, 20, 30, 20, 4, MIEN_COLOR(1, 2, 3, 255));
    assert_int_equal(d.quads, 1);
    const struct mien_draw_vertex *q = d.vertex;
    float left = 1e9f, right = -1e9f;
    for (int i = 0; i < 4; i++) {
        left = fminf(left, q[i].x);
        right = fmaxf(right, q[i].x);
    }
    assert_true(fabsf(left - 7) < 1e-3f && fabsf(right - 33) < 1e-3f); // round ends + 1 px
    mien_draw_bar(&d, (struct mien_rect){0, 0, 100, 5}, 0.25f, false, MIEN_COLOR(9, 9, 9, 9),
                  MIEN_COLOR(9, 9, 9, 9));
    assert_int_equal(d.quads, 3);
    assert_true(fabsf(d.vertex[8].hx - 12.5f) < 1e-4f);
    mien_draw_bar(&d, (struct mien_rect){0, 0, 100, 5}, NAN, false, MIEN_COLOR(9, 9, 9, 9),
                  MIEN_COLOR(9, 9, 9, 9));
    assert_int_equal(d.quads, 4); // the track only
    mien_draw_dot(&d, 1, 1, 1, MIEN_COLOR(9, 9, 9, 9));
    assert_int_equal(d.quads, 4);
    assert_int_equal(d.refused, 1);
    mien_draw_clear(&d);
    mien_draw_dot(&d, INFINITY, 1, 1, MIEN_COLOR(9, 9, 9, 9));
    mien_draw_label(&d, 0, 0, MIEN_PEN(MIEN_FONT_TEXT, MIEN_LEFT, MIEN_COLOR(9, 9, 9, 9)),
                    "no font");
    assert_int_equal(d.quads, 0);
    mien_draw_destroy(&d);
}

static void font_measures(void **state)
{
    struct mien_font f;
    if (!mien_font_bake(&f, 1)) {
        skip();
    }
    float one = mien_font_width(&f, MIEN_FONT_TEXT, "0");
    assert_true(one > 3 && one < 12);
    assert_true(fabsf(mien_font_width(&f, MIEN_FONT_TEXT, "1234567890") - 10 * one) < 0.01f);
    const char *text = "é°…";
    int n = 0;
    for (const struct mien_glyph *g; (g = mien_font_next(&f, MIEN_FONT_TEXT, &text)); n++) {
        assert_true(g->w > 0 && g->advance > 0);
    }
    assert_int_equal(n, 3);
    const char *broken = "\xe2\x80"; // cut off UTF-8 must end
    while (mien_font_next(&f, MIEN_FONT_TEXT, &broken)) {
    }
    mien_font_destroy(&f);
}

static double luminance(double r, double g, double b) // WCAG 2.1
{
    double v[3] = {r / 255, g / 255, b / 255};
    for (int i = 0; i < 3; i++) {
        v[i] = v[i] <= 0.03928 ? v[i] / 12.92 : pow((v[i] + 0.055) / 1.055, 2.4);
    }
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2];
}

// Every ink on every plate over a white and over a black picture.
static void text_has_contrast(void **state)
{
    const struct mien_color plate[] = {C_PANEL, C_SOLID, C_SHEET, C_SIDE};
    struct mien_color ink[16] = {C_TEXT, C_DIM, C_FAINT, C_ACCENT, C_WARM, C_GOOD, C_WARN, C_BAD};
    for (int i = 0; i < 8; i++) {
        ink[8 + i] = mien_face_color(i + 1);
    }
    for (size_t p = 0; p < MIEN_COUNT(plate); p++) {
        for (int under = 0; under <= 255; under += 255) {
            double a = plate[p].a / 255.0, rest = (1 - a) * under;
            double dark =
                luminance(a * plate[p].r + rest, a * plate[p].g + rest, a * plate[p].b + rest);
            for (int i = 0; i < 16; i++) {
                double light = luminance(ink[i].r, ink[i].g, ink[i].b);
                if ((light + 0.05) / (dark + 0.05) < 4.5) {
                    fail_msg("ink %d on plate %zu over %d: %.2f:1", i, p, under,
                             (light + 0.05) / (dark + 0.05));
                }
            }
        }
    }
}

static bool inside(const struct mien_draw_vertex *q, struct mien_rect r)
{
    return q[0].x >= r.x - 1 && q[2].x <= r.x + r.w + 1 && q[0].y >= r.y - 1 &&
           q[2].y <= r.y + r.h + 1;
}

// In windows from 320x240 to 3840x2160 all text is on a plate of its own, whole, in the window; a
// toast leaves the face alone where there is room beside it.
static void nothing_is_cut_or_overlaps(void **state)
{
    static const int size[][2] = {{320, 240},  {400, 300},   {640, 480},   {872, 480},
                                  {400, 900},  {1280, 720},  {1024, 768},  {1920, 1080},
                                  {1200, 400}, {2560, 1440}, {3840, 2160}, {2160, 3840}};
    static struct mien_result r;
    static struct mien_traces curves;
    example(&r, 0, 0, 0);
    r.count = 2;
    r.face[1] = r.face[0];
    r.face[1].id = 2;
    r.face[0].box_px[0] = -5; // there is a reason to be told
    snprintf(r.network, sizeof(r.network), "standard");
    assert_true(mien_traces_choose(&curves, MIEN_TRACES_DEFAULT, NULL));
    struct mien_hud_info info = {.fps = 30,
                                 .source = "a-clip-with-quite-a-long-name-of-last-summer.mp4",
                                 .worn = "sunglasses",
                                 .range = true,
                                 .lamps = 2,
                                 .latency_p95_ms = 40,
                                 .notice = "the camera was unplugged: plug it in again, or choose "
                                           "another one in the menu Source"};
    for (int i = 0; i < 2; i++) {
        snprintf(info.lamp[i].text, sizeof(info.lamp[i].text), "recording 0:0%d  1.2 MB", i);
    }
    for (size_t k = 0; k < MIEN_COUNT(size); k++) {
        struct mien_font f;
        struct mien_draw d;
        int w = size[k][0], h = size[k][1];
        if (!mien_font_bake(&f, mien_hud_scale(w, h))) {
            skip();
        }
        assert_true(mien_draw_init(&d, &f, 12000));
        for (int what = 0; what < 8; what++) {
            bool bars = what & 1, traced = what & 2;
            enum mien_hud_level hud = what & 4 ? MIEN_HUD_FULL : MIEN_HUD_LINE;
            struct mien_layout l = layout(w, h, bars, hud, traced ? curves.count : 0);
            struct mien_map map = {l.video, 320, 240, false};
            struct mien_rect picture = l.video;
            mien_draw_clear(&d);
            mien_hud_keep_faces_free(&l, &map, &r);
            mien_hud_bars(&d, &l, &r, 1, false);
            if (hud == MIEN_HUD_FULL) {
                mien_hud_panels(&d, &l, &r, 1, &info, "wireframe");
            } else {
                mien_hud_line(&d, &l, &r, 1, &info);
            }
            if (traced) {
                mien_traces_draw(&curves, &d, &l);
            }
            // Bars and curves have their own places, and no panel lies half over the face.
            for (int i = 0; i < l.takens; i++) {
                struct mien_rect a = l.taken[i], face = l.face[1];
                float over = fminf(a.x + a.w, face.x + face.w) - fmaxf(a.x, face.x);
                float high = fminf(a.y + a.h, face.y + face.h) - fmaxf(a.y, face.y);
                if (over > 0 && high > 0 && over * high > 0.12f * face.w * face.h) {
                    fail_msg("%dx%d, %d: place %d (%.0f %.0f %.0f %.0f) hides the face (%.0f %.0f "
                             "%.0f %.0f)",
                             w, h, what, i, (double)a.x, (double)a.y, (double)a.w, (double)a.h,
                             (double)face.x, (double)face.y, (double)face.w, (double)face.h);
                }
            }
            if (traced && l.foot.w > 0) {
                assert_true(picture.y + picture.h <= l.foot.y + 0.5f);
            }
            assert_true(!traced || l.foot.w > 0);
            mien_hud_lamps(&d, &l, &info);
            int before = l.takens;
            // All panels in the smallest windows leave no room: what is said then lies over them.
            bool crowded = (hud == MIEN_HUD_FULL || (bars && traced)) && w < 640 && h < 480;
            if (!crowded) {
                mien_hud_notice(&d, &l, &info, false);
                if (l.takens != before + 1) {
                    fail_msg("%dx%d, %d: the toast finds no place", w, h, what);
                }
            }
            if (hud == MIEN_HUD_LINE && !traced && h >= 480 && w >= 640) {
                struct mien_rect t = l.taken[before], face = l.face[1];
                assert_true(t.x > face.x + face.w || t.x + t.w < face.x || t.y > face.y + face.h ||
                            t.y + t.h < face.y);
            }
            for (int i = 0; i < l.takens; i++) {
                struct mien_rect a = l.taken[i];
                assert_true(a.x >= 0 && a.y >= 0 && a.x + a.w <= (float)w + 0.01f &&
                            a.y + a.h <= (float)h + 0.01f);
                // Never half over the picture's edge.
                float over = fminf(a.x + a.w, picture.x + picture.w) - fmaxf(a.x, picture.x);
                bool column = bars && i == 0; // it has its own place, or lies over the picture
                if (hud == MIEN_HUD_FULL && !column && over > 1.5f && over < a.w - 1.5f &&
                    picture.w > 300 && picture.h > (float)h * 0.9f) {
                    fail_msg("%dx%d: place %d lies over the picture's edge", w, h, i);
                }
                for (int j = 0; j < i; j++) {
                    struct mien_rect b = l.taken[j];
                    assert_true(a.x + a.w <= b.x + 0.01f || b.x + b.w <= a.x + 0.01f ||
                                a.y + a.h <= b.y + 0.01f || b.y + b.h <= a.y + 0.01f);
                }
            }
            int text = 0;
            for (size_t q = 0; q < d.quads; q++) {
                const struct mien_draw_vertex *v = d.vertex + 4 * q;
                bool ok = v->kind != MIEN_DRAW_TEXT;
                text += !ok;
                for (int i = 0; i < l.takens && !ok; i++) {
                    ok = inside(v, l.taken[i]);
                }
                if (!ok) {
                    fail_msg("%dx%d, %d: text at %.0f %.0f is on no plate", w, h, what,
                             (double)v->x, (double)v->y);
                }
            }
            assert_true(text > 20);
            assert_int_equal(d.refused, 0);
            // The sheet of keys: every page is whole in the window.
            int pages = mien_hud_help(&d, &l, 1);
            assert_in_range(pages, 1, 4);
            for (int p = 1; p <= pages; p++) {
                mien_draw_clear(&d);
                mien_hud_help(&d, &l, p);
                struct mien_rect sheet = {d.vertex[0].x, d.vertex[0].y,
                                          d.vertex[2].x - d.vertex[0].x,
                                          d.vertex[2].y - d.vertex[0].y};
                for (size_t q = 0; q < d.quads; q++) {
                    assert_true(inside(d.vertex + 4 * q, l.window));
                    assert_true(d.vertex[4 * q].kind != MIEN_DRAW_TEXT ||
                                inside(d.vertex + 4 * q, sheet));
                }
            }
        }
        mien_draw_destroy(&d);
        mien_font_destroy(&f);
    }
}

static void words_say_why(void **state)
{
    static struct mien_result r;
    const char *what, *why;
    memset(&r, 0, sizeof(r));
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_NEW, &what, &why), MIEN_MOOD_BUSY);
    assert_string_equal(what, "searching");
    example(&r, 0, 0, 0);
    r.face[0].light_hint = 120;
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_NEW, &what, &why), MIEN_MOOD_GOOD);
    assert_string_equal(what, "tracking");
    assert_string_equal(why, "");
    // A picture that is not the newest says nothing about faces, and the dot is not green.
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_STALE, &what, &why), MIEN_MOOD_BAD);
    assert_string_equal(what, "waiting");
    assert_non_null(strstr(why, "no new picture"));
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_PAUSED, &what, &why), MIEN_MOOD_BUSY);
    assert_string_equal(what, "paused");
    r.face[0].light_hint = 20;
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_NEW, &what, &why), MIEN_MOOD_BUSY);
    assert_non_null(strstr(why, "dark"));
    r.face[0].light_hint = 120;
    r.face[0].box_px[0] = -5;
    mien_words(&r, 0, MIEN_PICTURE_NEW, &what, &why);
    assert_non_null(strstr(why, "is leaving"));
    r.face[0].state = MIEN_TRACK_WEAK;
    assert_int_equal(mien_words(&r, 0, MIEN_PICTURE_NEW, &what, &why), MIEN_MOOD_BAD);
}

// The compact mesh has the model's vertices, in front of the hidden parts when the mouth is closed.
static void mesh_follows_model(void **state)
{
    struct mien_mesh m;
    static struct mien_result r;
    example(&r, 0, 0, 0);
    assert_true(mien_mesh_init(&m, &model));
    struct mien_mesh_point *p = mien_calloc((size_t)m.points, sizeof(*p));
    float *all = mien_calloc((size_t)model.vertices * 3, sizeof(*all));
    mien_face_model_vertices(&model, r.face[0].identity, r.face[0].blendshape, all);
    assert_int_equal(mien_mesh_pose(&m, 2, &r.face[0], MIEN_MESH_HEAD, p), MIEN_MESH_HEAD);
    float worst = 0, unit = 0;
    for (int i = 0; i < m.points; i++) {
        const float *v = all + 3 * (size_t)m.corner[m.vertex[i]];
        for (int c = 0; c < 3; c++) {
            worst = fmaxf(worst, fabsf(v[c] - p[i].position[c]));
        }
        const float *n = p[i].normal;
        unit = fmaxf(unit, fabsf(sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) - 1));
    }
    assert_true(worst < 1e-3f); // mm
    assert_true(unit < 1e-4f);
    int face = 0;
    for (int t = 0; t < model.triangles; t++) {
        face += model.part[t] == MIEN_PART_FACE && !mien_face_model_under_jaw(&model, t);
    }
    assert_int_equal(m.group_triangle[1], face); // every triangle of the face, once
    assert_in_range(face, 11000, 13000);         // the throat is none
    for (int g = 0; g < MIEN_MESH_GROUPS; g++) {
        for (int k = 3 * m.group_triangle[g]; k < 3 * m.group_triangle[g + 1]; k++) {
            assert_true(m.triangle[k] < (uint32_t)m.group_point[g + 1]);
        }
    }
    assert_int_equal(mien_mesh_pose(&m, 2, &r.face[0], MIEN_MESH_MOUTH, p), MIEN_MESH_MOUTH);
    memset(r.face[0].blendshape, 0, sizeof(r.face[0].blendshape));
    assert_int_equal(mien_mesh_pose(&m, 2, &r.face[0], MIEN_MESH_MOUTH, p), MIEN_MESH_EYES);
    mien_free(all);
    mien_free(p);
    mien_mesh_destroy(&m);
}

static struct mien_view *make_view(int w, int h)
{
    return have_gl ? mien_view_create(&(struct mien_view_config){
                         .model = &model, .width_px = w, .height_px = h, .offscreen = true})
                   : NULL;
}

static void gray_picture(struct mien_image *im)
{
    assert_true(mien_image_create(im, 320, 240, MIEN_FORMAT_RGB8));
    for (int y = 0; y < im->height; y++) {
        for (int x = 0; x < im->width; x++) {
            uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
            p[0] = (uint8_t)(80 + x / 8);
            p[1] = (uint8_t)(90 + y / 8);
            p[2] = 110;
        }
    }
}

// The video's pixels arrive unchanged, and the right way round.
static void video_is_exact(void **state)
{
    struct mien_view *v = make_view(320, 240);
    if (!v) {
        skip();
    }
    struct mien_image im = {0}, got = {0};
    static struct mien_result r;
    static struct mien_hud_info info;
    gray_picture(&im);
    assert_true(mien_image_create(&got, 320, 240, MIEN_FORMAT_RGB8));
    for (int mirror = 0; mirror < 2; mirror++) {
        struct mien_view_settings s = {.mode = MIEN_VIEW_OFF, .mirror = mirror};
        mien_view_draw(v, &im, &r, &s, &info);
        assert_true(mien_view_read(v, &got));
        int worst = 0;
        for (int y = 0; y < 240; y++) {
            for (int x = 0; x < 320; x++) {
                const uint8_t *a = im.data + (size_t)y * im.stride + 3 * (mirror ? 319 - x : x);
                const uint8_t *b = got.data + (size_t)y * got.stride + 3 * x;
                for (int c = 0; c < 3; c++) {
                    worst = abs(a[c] - b[c]) > worst ? abs(a[c] - b[c]) : worst;
                }
            }
        }
        assert_true(worst <= 1);
    }
    mien_image_destroy(&im);
    mien_image_destroy(&got);
    mien_view_destroy(v);
}

// OpenGL's picture of the mesh covers the pixels where mien_camera_project puts its vertices: the
// outline of the drawn face and of the projected vertices agree to a pixel and a half.
static void mesh_lands_on_its_pixels(void **state)
{
    struct mien_view *v = make_view(320, 240);
    if (!v) {
        skip();
    }
    struct mien_image im = {0}, got = {0};
    static struct mien_result r;
    static struct mien_hud_info info;
    assert_true(mien_image_create(&im, 320, 240, MIEN_FORMAT_RGB8)); // black
    assert_true(mien_image_create(&got, 320, 240, MIEN_FORMAT_RGB8));
    float *all = mien_calloc((size_t)model.vertices * 3, sizeof(*all));
    static const float pose[][3] = {{0, 0, 0}, {35, -10, 20}, {-60, 15, -12}};
    for (int k = 0; k < 6; k++) {
        bool mirror = k >= 3;
        example(&r, pose[k % 3][0], pose[k % 3][1], pose[k % 3][2]);
        struct mien_view_settings s = {.mode = MIEN_VIEW_NORMALS, .mirror = mirror};
        mien_view_draw(v, &im, &r, &s, &info);
        assert_true(mien_view_read(v, &got));
        float want[4] = {1e9f, 1e9f, -1e9f, -1e9f}, have[4] = {1e9f, 1e9f, -1e9f, -1e9f};
        mien_face_model_vertices(&model, r.face[0].identity, r.face[0].blendshape, all);
        for (int t = 0; t < model.triangles; t++) {
            bool drawn = model.part[t] == MIEN_PART_FACE && !mien_face_model_under_jaw(&model, t);
            for (int i = 0; i < 3 && drawn; i++) {
                float x[3], px[2];
                mien_mat3_mul_vec(r.face[0].pose.R, all + 3 * (size_t)model.triangle[3 * t + i], x);
                for (int c = 0; c < 3; c++) {
                    x[c] += r.face[0].pose.t[c];
                }
                assert_true(mien_camera_project(&r.camera, x, px));
                px[0] = mirror ? 319 - px[0] : px[0];
                want[0] = fminf(want[0], px[0]);
                want[1] = fminf(want[1], px[1]);
                want[2] = fmaxf(want[2], px[0]);
                want[3] = fmaxf(want[3], px[1]);
            }
        }
        for (int y = 0; y < 240; y++) {
            for (int x = 0; x < 320; x++) {
                const uint8_t *p = got.data + (size_t)y * got.stride + 3 * x;
                // The surface is never black and never the white of the normals' lines.
                bool surface = p[0] + p[1] + p[2] > 60 && !(p[0] == p[1] && p[1] == p[2]);
                if (surface) {
                    have[0] = fminf(have[0], (float)x);
                    have[1] = fminf(have[1], (float)y);
                    have[2] = fmaxf(have[2], (float)x);
                    have[3] = fmaxf(have[3], (float)y);
                }
            }
        }
        for (int c = 0; c < 4; c++) {
            if (fabsf(want[c] - have[c]) > 1.5f) {
                fail_msg("pose %d side %d: projected %.2f, drawn %.2f", k, c, (double)want[c],
                         (double)have[c]);
            }
        }
    }
    mien_free(all);
    mien_image_destroy(&im);
    mien_image_destroy(&got);
    mien_view_destroy(v);
}

// A whole display against a stored one. Drivers differ in the last bits and at edges: the mean
// difference may be 1.5 levels of 255, and one pixel in fifty may differ by more than 24.
// MIEN_GOLDEN=write stores a new one, to be looked at before it is committed.
static void golden(const char *name, enum mien_view_mode mode, bool mirror)
{
    struct mien_view *v = make_view(560, 300);
    if (!v) {
        skip();
    }
    struct mien_image im = {0}, got = {0}, want = {0};
    static struct mien_result r;
    static struct mien_hud_info info;
    char path[256];
    gray_picture(&im);
    example(&r, 25, -8, 6);
    info = (struct mien_hud_info){.fps = 30, .network_ms = 4, .fit_ms = 1, .draw_ms = 7};
    assert_true(mien_image_create(&got, 560, 300, MIEN_FORMAT_RGB8));
    struct mien_view_settings s = {.mode = mode, .mirror = mirror, .bars = true, .axes = true};
    mien_view_draw(v, &im, &r, &s, &info);
    assert_true(mien_view_read(v, &got));
    snprintf(path, sizeof(path), "tests/golden/view_%s.png", name);
    const char *write = getenv("MIEN_GOLDEN");
    if (write && !strcmp(write, "write")) {
        assert_true(mien_png_save(path, &got));
    }
    assert_true(mien_image_load(path, &want));
    assert_int_equal(want.width, got.width);
    assert_int_equal(want.height, got.height);
    double sum = 0;
    int far = 0, n = got.width * got.height;
    for (int y = 0; y < got.height; y++) {
        for (int x = 0; x < got.width; x++) {
            const uint8_t *a = want.data + (size_t)y * want.stride + 3 * x;
            const uint8_t *b = got.data + (size_t)y * got.stride + 3 * x;
            int worst = 0;
            for (int c = 0; c < 3; c++) {
                int d = abs(a[c] - b[c]);
                sum += d;
                worst = d > worst ? d : worst;
            }
            far += worst > 24;
        }
    }
    if (sum / (3.0 * n) > 1.5 || far > n / 50) {
        snprintf(path, sizeof(path), "%s/view_%s-got.png",
                 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", name);
        mien_png_save(path, &got);
        fail_msg("%s: mean difference %.2f, %d of %d pixels far off; see %s", name, sum / (3.0 * n),
                 far, n, path);
    }
    mien_image_destroy(&im);
    mien_image_destroy(&got);
    mien_image_destroy(&want);
    mien_view_destroy(v);
}

static void golden_wireframe(void **state)
{
    golden("wireframe", MIEN_VIEW_WIREFRAME, false);
}

static void golden_shaded(void **state)
{
    golden("shaded", MIEN_VIEW_SHADED, true);
}

static void golden_textured(void **state)
{
    golden("textured", MIEN_VIEW_TEXTURED, false);
}

static void golden_uv(void **state)
{
    golden("uv", MIEN_VIEW_UV, true);
}

// Two faces in every mode: what its row says it draws is there, and no two modes look alike. A mode
// whose shader did not compile, or that nobody draws, is seen here.
static void every_mode_draws(void **state)
{
    enum { W = 560, H = 300 };
    struct mien_view *v = make_view(W, H);
    if (!v) {
        skip();
    }
    static struct mien_image got[MIEN_VIEW_MODES];
    static struct mien_result r;
    static struct mien_hud_info info;
    struct mien_image im = {0};
    gray_picture(&im);
    example(&r, 25, -8, 6);
    r.face[0].landmark_count = model.landmarks;
    for (int i = 0; i < model.landmarks; i++) { // a grid will do
        r.face[0].landmark_px[i][0] = (float)(10 + 2 * (i % 20));
        r.face[0].landmark_px[i][1] = (float)(10 + 2 * (i / 20));
        r.face[0].landmark_sigma_px[i] = 1;
    }
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        struct mien_view_settings s = {.mode = (enum mien_view_mode)m};
        assert_true(mien_image_create(&got[m], W, H, MIEN_FORMAT_RGB8));
        mien_view_draw(v, &im, &r, &s, &info);
        assert_true(mien_view_read(v, &got[m]));
        for (int o = 0; o < m; o++) {
            int differ = 0;
            for (size_t i = 0; i < got[m].stride * H; i++) {
                differ += got[m].data[i] != got[o].data[i];
            }
            if (differ < 200) {
                fail_msg("mode %s shows nothing else than %s", mien_view_mode_at(m)->name,
                         mien_view_mode_at(o)->name);
            }
        }
    }
    for (int m = 0; m < MIEN_VIEW_MODES; m++) {
        mien_image_destroy(&got[m]);
    }
    mien_image_destroy(&im);
    mien_view_destroy(v);
}

// What is recorded has no lamp, notice or help in it; the screen gets them afterwards, as ever.
static void notes_come_apart(void **state)
{
    if (!have_gl) {
        skip();
    }
    struct mien_view *v = mien_view_create(
        &(struct mien_view_config){.width_px = 640, .height_px = 480, .offscreen = true});
    assert_non_null(v);
    static struct mien_result r;
    struct mien_image in = {0}, bare = {0}, apart = {0}, full = {0}, small = {0};
    assert_true(mien_image_create(&in, 64, 48, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&bare, 640, 480, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&apart, 640, 480, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&full, 640, 480, MIEN_FORMAT_RGB8));
    assert_true(mien_image_create(&small, 320, 240, MIEN_FORMAT_RGB8));
    memset(in.data, 90, in.stride * 48);
    for (int help = 0; help < 2; help++) {
        struct mien_view_settings s = {.mode = MIEN_VIEW_OFF, .hud = MIEN_HUD_FULL};
        struct mien_hud_info none = {.source = "x"}, told = none;
        told.notice = "saved";
        told.lamps = 1;
        told.lamp[0].kind = MIEN_LAMP_RECORD;
        snprintf(told.lamp[0].text, sizeof(told.lamp[0].text), "recording");
        mien_view_draw(v, &in, &r, &s, &none);
        assert_true(mien_view_read(v, &bare));
        s.help = help;
        mien_view_draw(v, &in, &r, &s, &told);
        assert_true(mien_view_read(v, &full));
        assert_memory_not_equal(full.data, bare.data, full.stride * 480);
        s.notes_apart = true;
        mien_view_draw(v, &in, &r, &s, &told);
        assert_true(mien_view_read(v, &apart));
        assert_memory_equal(apart.data, bare.data, apart.stride * 480);
        assert_true(mien_view_read_fitted(v, &small)); // binds framebuffers of its own
        mien_view_notes(v, &s, &told);
        assert_true(mien_view_read(v, &apart));
        assert_memory_equal(apart.data, full.data, apart.stride * 480);
    }
    mien_image_destroy(&in);
    mien_image_destroy(&bare);
    mien_image_destroy(&apart);
    mien_image_destroy(&full);
    mien_image_destroy(&small);
    mien_view_destroy(v);
}

// Odd sizes, no picture, results full of nonsense: nothing may crash.
static void survives_nonsense(void **state)
{
    struct mien_view *v = make_view(177, 133);
    if (!v) {
        skip();
    }
    static struct mien_result r;
    static struct mien_hud_info info;
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, 3, 5, MIEN_FORMAT_GRAY8));
    struct mien_view_settings s = {.hud = MIEN_HUD_FULL,
                                   .bars = true,
                                   .axes = true,
                                   .help = true,
                                   .points = true,
                                   .head = true};
    example(&r, 0, 0, 0);
    for (int mode = 0; mode < MIEN_VIEW_MODES; mode++) {
        s.mode = (enum mien_view_mode)mode;
        mien_view_draw(v, NULL, &r, &s, &info);
        mien_view_draw(v, &im, &r, &s, &info);
        r.face[0].pose.t[2] = 100; // behind the camera
        mien_view_draw(v, &im, &r, &s, &info);
        r.face[0].pose.t[0] = NAN;
        r.face[0].landmark_count = MIEN_LANDMARKS_MAX;
        r.face[0].landmark_px[3][0] = INFINITY;
        r.face[0].expression_class = 99;
        mien_view_draw(v, &im, &r, &s, &info);
        mien_view_finish();
    }
    assert_true(mien_view_resize(v, 1000, 200));
    assert_false(mien_view_resize(v, 0, 200));
    mien_view_draw(v, &im, &r, &s, &info);
    mien_image_destroy(&im);
    mien_view_destroy(v);
}

// A view of 1000×500 with an avatar, and a picture for it; NULL: there is no OpenGL.
static struct mien_view *view_of_avatar(struct mien_image *im)
{
    static struct mien_avatar a;
    struct mien_why why = {0};
    struct mien_view *v = make_view(1000, 500);
    if (v) {
        gray_picture(im);
        assert_true(mien_avatar_load(&a, "tests/fuzz/corpus/avatar/good_head.gltf", &why));
        mien_view_take_avatar(v, &a);
    }
    return v;
}

// Beside the picture an avatar has its share of what an open menu leaves, and nothing else.
static void avatar_keeps_out_of_menus(void **state)
{
    struct mien_image im = {0};
    struct mien_view *v = view_of_avatar(&im);
    if (!v) {
        skip();
    }
    static struct mien_result r;
    static struct mien_hud_info info;
    static const struct mien_edges kept[] = {{0}, {.right = 600}, {.left = 600}, {.right = 1000}};
    static const int from[] = {560, 224, 824, 0}, to[] = {1000, 400, 1000, 0};
    for (size_t k = 0; k < MIEN_COUNT(kept); k++) {
        struct mien_view_settings s = {.kept = kept[k],
                                       .stage = {.shows = MIEN_STAGE_AVATAR, .beside = true}};
        mien_view_draw(v, &im, &r, &s, &info);
        for (int x = 0; x < 1000; x++) {
            if (mien_view_on_stage(v, (float)x, 250) != (x >= from[k] && x < to[k])) {
                fail_msg("case %d: column %d", (int)k, x);
            }
        }
    }
    mien_image_destroy(&im);
    mien_view_destroy(v);
}

// It keeps out of a page in the lower right corner too: above it or left of it, where it is larger.
static void avatar_keeps_out_of_a_corner(void **state)
{
    struct mien_image im = {0};
    struct mien_view *v = view_of_avatar(&im);
    if (!v) {
        skip();
    }
    static struct mien_result r;
    static struct mien_hud_info info;
    static const struct {
        bool beside;
        float w, h;
        int right, low; // where the stage, which begins at 560 or 0 and 0, ends
    } cases[] = {{true, 0, 0, 1000, 500},      {true, 450, 300, 1000, 200},
                 {false, 450, 300, 550, 500},  {true, 100, 480, 900, 500},
                 {false, 900, 100, 1000, 400}, {true, 1000, 500, 1000, 500}};
    for (size_t k = 0; k < MIEN_COUNT(cases); k++) {
        int left = cases[k].beside ? 560 : 0, right = cases[k].right, low = cases[k].low;
        struct mien_view_settings s = {
            .corner_w_px = cases[k].w,
            .corner_h_px = cases[k].h,
            .stage = {.shows = MIEN_STAGE_AVATAR, .beside = cases[k].beside}};
        mien_view_draw(v, &im, &r, &s, &info);
        for (int x = 0; x < 1000; x += 10) {
            for (int y = 0; y < 500; y += 10) {
                bool in = x >= left && x < right && y < low;
                if (mien_view_on_stage(v, (float)x, (float)y) != in) {
                    fail_msg("case %d: %d, %d", (int)k, x, y);
                }
            }
        }
    }
    mien_image_destroy(&im);
    mien_view_destroy(v);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(projection_agrees),
          cmocka_unit_test(layout_keeps_aspect), cmocka_unit_test(draw_list_fills_and_refuses),
          cmocka_unit_test(font_measures), cmocka_unit_test(text_has_contrast),
          cmocka_unit_test(nothing_is_cut_or_overlaps), cmocka_unit_test(words_say_why),
          cmocka_unit_test(mesh_follows_model), cmocka_unit_test(video_is_exact),
          cmocka_unit_test(mesh_lands_on_its_pixels), cmocka_unit_test(golden_wireframe),
          cmocka_unit_test(golden_shaded), cmocka_unit_test(golden_textured),
          cmocka_unit_test(golden_uv), cmocka_unit_test(every_mode_draws),
          cmocka_unit_test(notes_come_apart), cmocka_unit_test(survives_nonsense),
          cmocka_unit_test(avatar_keeps_out_of_menus),
          cmocka_unit_test(avatar_keeps_out_of_a_corner))

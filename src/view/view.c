// The display: window or own framebuffer, the order of drawing, reading back.
#include "view/view.h"

#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "view/traces.h"
#include "view/scene.h"

enum { QUADS = 12000 };

// What a layer of worn things was drawn for. Time 0 is no frame's: never the same.
struct worn_key {
    int64_t time_ns;
    uint64_t frame;
    const uint8_t *picture;
    int width, height, faces;
    unsigned change;
    bool light;
};

struct buffer { // a framebuffer; frame 0: none
    GLuint frame, color, depth;
    int width, height;
};

enum { THUMB_PX = 160 };

struct thumb {      // a picture of somebody who wears this
    char *path;     // owned
    GLuint texture; // 0: it cannot be worn
};

struct mien_view {
    const struct mien_face_model *model;
    int width, height;
    bool offscreen;
    struct buffer own; // where it draws without a window
    struct mien_font font;
    float font_scale;
    struct mien_draw draw;
    struct mien_flat flat;
    struct mien_scene scene;
    struct mien_wear wear;
    struct mien_stage stage;
    bool staging;                         // it is made
    struct mien_rect staged;              // where it was drawn last; w 0: nowhere
    struct mien_stage_settings stage_now; // as it was drawn last
    int face_now;                         // whose figures were shown
    struct worn_key worn;                 // what the layer of worn things shows
    uint8_t *row;                         // one line of what is read back, for turning it
    int row_px;                           // its room
    // Where a picture of another size than the screen's is made, and what another window shows;
    // none until one is asked for.
    struct buffer copy, composed;
    bool warned_full;
    struct mien_map map;
    struct mien_layout layout; // of what was drawn last
    bool pictured;             // and whether it had a picture
    int help_pages;
    struct thumb thumb[MIEN_VIEW_THUMBS];
    int thumbs;
    struct mien_wear model_wears; // what the head of the thumbnails wears
    bool models;
    struct mien_image thumb_ground, thumb_picture;
    struct mien_result *posed; // and how it is held
};

// A framebuffer of this size, made anew only when the size is another than the last time.
static bool make_buffer(struct buffer *b, int width, int height)
{
    if (b->frame && b->width == width && b->height == height) {
        return true;
    }
    if (!b->frame) {
        glGenFramebuffers(1, &b->frame);
        glGenRenderbuffers(1, &b->color);
        glGenRenderbuffers(1, &b->depth);
    }
    b->width = width;
    b->height = height;
    glBindRenderbuffer(GL_RENDERBUFFER, b->color);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
    glBindRenderbuffer(GL_RENDERBUFFER, b->depth);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_DEPTH_COMPONENT24, width, height);
    glBindFramebuffer(GL_FRAMEBUFFER, b->frame);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, b->color);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_ATTACHMENT, GL_RENDERBUFFER, b->depth);
    GLenum status = glCheckFramebufferStatus(GL_FRAMEBUFFER);
    if (status != GL_FRAMEBUFFER_COMPLETE) {
        b->width = b->height = 0; // not to be taken for one that is there
    }
    return status == GL_FRAMEBUFFER_COMPLETE;
}

static bool make_frame(struct mien_view *v)
{
    if (make_buffer(&v->own, v->width, v->height)) {
        return true;
    }
    mien_error("a framebuffer of %dx%d is not possible here (status %#x): ask for a smaller size",
               v->width, v->height, glCheckFramebufferStatus(GL_FRAMEBUFFER));
    return false;
}

// Room for a line of what is read back.
static bool make_row(struct mien_view *v, int width_px)
{
    if (width_px > v->row_px) {
        uint8_t *row = mien_calloc((size_t)width_px, 4);
        if (!row) {
            return false;
        }
        mien_free(v->row);
        v->row = row;
        v->row_px = width_px;
    }
    return true;
}

bool mien_view_resize(struct mien_view *v, int width_px, int height_px)
{
    if (width_px < 16 || height_px < 16 || width_px > 16384 || height_px > 16384) {
        return false;
    }
    if (!make_row(v, width_px)) {
        return false;
    }
    v->width = width_px;
    v->height = height_px;
    float scale = mien_hud_scale(width_px, height_px);
    if (fabsf(scale - v->font_scale) > 0.02f) {
        mien_font_destroy(&v->font);
        mien_font_bake(&v->font, scale); // without text everything else still works
        v->font_scale = scale;
        mien_flat_atlas(&v->flat, &v->font);
    }
    return !v->offscreen || make_frame(v);
}

struct mien_view *mien_view_create(const struct mien_view_config *c)
{
    if (!mien_gl_load()) {
        return NULL;
    }
    struct mien_view *v = mien_calloc(1, sizeof(*v));
    if (!v) {
        return NULL;
    }
    v->model = c->model;
    v->offscreen = c->offscreen;
    mien_flat_init(&v->flat, QUADS);
    if (!mien_draw_init(&v->draw, &v->font, QUADS) || !mien_scene_init(&v->scene, c->model) ||
        !mien_view_resize(v, c->width_px, c->height_px)) {
        mien_view_destroy(v);
        return NULL;
    }
    while (glGetError() != GL_NO_ERROR) {
    }
    return v;
}

static void destroy_buffer(struct buffer *b)
{
    if (b->frame) {
        glDeleteFramebuffers(1, &b->frame);
        glDeleteRenderbuffers(1, &b->color);
        glDeleteRenderbuffers(1, &b->depth);
    }
    *b = (struct buffer){0};
}

void mien_view_destroy(struct mien_view *v)
{
    if (!v) {
        return;
    }
    for (int i = 0; i < v->thumbs; i++) {
        glDeleteTextures(1, &v->thumb[i].texture);
        mien_free(v->thumb[i].path);
    }
    if (v->models) {
        mien_wear_destroy(&v->model_wears);
    }
    mien_image_destroy(&v->thumb_ground);
    mien_image_destroy(&v->thumb_picture);
    mien_free(v->posed);
    mien_scene_destroy(&v->scene);
    mien_wear_destroy(&v->wear);
    mien_stage_destroy(&v->stage);
    mien_flat_destroy(&v->flat);
    mien_draw_destroy(&v->draw);
    mien_font_destroy(&v->font);
    destroy_buffer(&v->own);
    destroy_buffer(&v->copy);
    destroy_buffer(&v->composed);
    mien_free(v->row);
    mien_free(v);
}

static void draw_face(struct mien_view *v, const struct mien_map *map, float ui,
                      const struct mien_result *r, int i, const struct mien_view_settings *s)
{
    unsigned draws = mien_view_mode_at(s->mode)->draws;
    const struct mien_scene_look look = {s->mode, s->head, 1 - s->fade};
    mien_scene_face(&v->scene, map, v->height, r, i, &look);
    if (draws & MIEN_DRAWS_NEEDLES && v->scene.ready) {
        const struct mien_mesh *m = &v->scene.mesh;
        const struct mien_marks_points points = {.at = v->scene.point[0].position,
                                                 .stride =
                                                     sizeof(struct mien_mesh_point) / sizeof(float),
                                                 .count = m->group_point[1],
                                                 .step = 11};
        mien_marks_normals(&v->draw, map, ui, r, i, &points);
    }
    if (draws & MIEN_DRAWS_POINTS || s->points) {
        mien_marks_landmarks(&v->draw, map, ui, v->model, &r->face[i]);
    }
    if (s->axes) {
        mien_marks_axes(&v->draw, map, ui, v->model, r, i);
    }
    if (r->count > 1 && draws & MIEN_DRAWS_TAGS) {
        mien_marks_tag(&v->draw, map, ui, &r->face[i]);
    }
}

// The face turned to the front with the video as its texture, in the corner.
static void draw_bust(struct mien_view *v, struct mien_layout *l, const struct mien_result *r,
                      int lamps)
{
    float ui = l->ui, w = roundf(118 * ui), h = roundf(138 * ui), m = 8 * ui;
    float right = l->area.x + l->area.w;
    struct mien_rect box = {roundf(right - m - w),
                            roundf(l->area.y + m + (26 + 23 * (float)lamps) * ui), w, h};
    if (!mien_hud_place(l, box)) {
        return;
    }
    mien_draw_box(&v->draw, box, 6 * ui, MIEN_COLOR(10, 14, 18, 235));
    mien_flat_draw(&v->flat, &v->draw, v->width, v->height);
    mien_draw_clear(&v->draw);
    // Swings once in 240 frames.
    float turn = 28 * sinf((float)(r->frame % 240) * (float)(2 * M_PI / 240));
    mien_scene_bust(&v->scene, box, v->height, r, 0, turn);
}

static void add_notes(struct mien_view *v, const struct mien_view_settings *s,
                      const struct mien_hud_info *info)
{
    struct mien_layout l = v->layout;
    mien_hud_lamps(&v->draw, &l, info);
    mien_hud_notice(&v->draw, &l, info, s->hud == MIEN_HUD_OFF || !v->pictured);
    if (s->help > 0) {
        v->help_pages = mien_hud_help(&v->draw, &l, s->help);
    }
}

static void flush(struct mien_view *v)
{
    mien_flat_draw(&v->flat, &v->draw, v->width, v->height);
    if (v->draw.refused && !v->warned_full) {
        v->warned_full = true;
        mien_warn("more shapes than the display holds (%d): some are not drawn", QUADS);
    }
}

// The framebuffer, bound and of one colour.
static void begin_buffer(GLuint buffer, int w, int h, float red, float green, float blue)
{
    glBindFramebuffer(GL_FRAMEBUFFER, buffer);
    glViewport(0, 0, w, h);
    glDisable(GL_SCISSOR_TEST);
    glDepthMask(GL_TRUE);
    glClearColor(red, green, blue, 1);
    glClear(GL_COLOR_BUFFER_BIT);
}

// What the faces wear onto its layer, once a frame however often and wherever it is shown. False:
// there is nothing on it.
static bool draw_worn(struct mien_view *v, const struct mien_image *frame,
                      const struct mien_result *r, bool light)
{
    if (!v->wear.count || r->count < 1) {
        return false;
    }
    struct worn_key now = {r->times.capture_ns, r->frame, frame->data,    frame->width,
                           frame->height,       r->count, v->wear.change, light};
    const struct worn_key *k = &v->worn;
    bool same = now.time_ns && k->time_ns == now.time_ns && k->frame == now.frame &&
                k->picture == now.picture && k->width == now.width && k->height == now.height &&
                k->faces == now.faces && k->change == now.change && k->light == now.light;
    if (!same) {
        mien_scene_worn(&v->scene, r, &v->wear, frame, light);
        v->worn = now;
    }
    return true;
}

// What a page in the lower right corner leaves of r: above it or left of it, where a head is
// larger.
static struct mien_rect beside_corner(const struct mien_view *v, const struct mien_view_settings *s,
                                      struct mien_rect r)
{
    float w = fminf(r.x + r.w, (float)v->width - s->corner_w_px) - r.x;
    float h = fminf(r.y + r.h, (float)v->height - s->corner_h_px) - r.y;
    if (s->corner_w_px <= 0 || s->corner_h_px <= 0 || (w <= 0 && h <= 0)) {
        return r;
    }
    bool above = fminf(r.w, h) >= fminf(w, r.h);
    return above ? (struct mien_rect){r.x, r.y, r.w, h} : (struct mien_rect){r.x, r.y, w, r.h};
}

// Where everything goes; beside the picture the stage has somewhat less than half of what menus and
// pages leave of the screen.
static struct mien_layout lay_out(struct mien_view *v, const struct mien_view_settings *s, int w,
                                  int h, int lanes)
{
    bool stage = mien_stage_has(&v->stage, s->stage.shows), beside = stage && s->stage.beside;
    const struct mien_edges *kept = &s->kept;
    float left = kept->left, top = kept->top + s->top_px;
    float wide = beside ? roundf(0.44f * fmaxf(0, (float)v->width - left - kept->right)) : 0;
    struct mien_layout l =
        mien_hud_layout(&(struct mien_hud_screen){.width_px = v->width,
                                                  .height_px = v->height,
                                                  .right_px = left + kept->right + wide,
                                                  .bottom_px = kept->top + kept->bottom,
                                                  .picture_w = w,
                                                  .picture_h = h,
                                                  .bars = s->bars,
                                                  .lanes = lanes,
                                                  .hud = s->hud});
    // Bars beside the picture end it, those below it lie over it.
    float right = (float)v->width - kept->right - wide;
    float high = (float)v->height - kept->bottom - top;
    float ends = l.bars.w > 0 && l.bars.x > 0 ? l.bars.x + left : right;
    // A menu bar lies over the picture, everything else is below it.
    struct mien_rect *all[] = {&l.video, &l.foot, &l.area, &l.side, &l.window, &l.bars};
    for (size_t i = 0; i < MIEN_COUNT(all); i++) {
        bool under = i < 2;
        all[i]->x += left;
        all[i]->y += under ? kept->top : top;
        all[i]->h -= under ? 0 : s->top_px;
    }
    struct mien_rect all_of_it = beside ? (struct mien_rect){right, top, wide, high}
                                        : (struct mien_rect){left, top, ends - left, high};
    v->staged = stage ? beside_corner(v, s, all_of_it) : (struct mien_rect){0};
    return l;
}

static void move_stage(struct mien_view *v, const struct mien_image *frame,
                       const struct mien_result *r, const struct mien_view_settings *s)
{
    int i = r->count > 0 ? mien_hud_face(r, s->face) : -1;
    float light[MIEN_SH];
    if (frame && s->stage.lit && i >= 0 && mien_scene_light(&v->scene, r, i, frame, light)) {
        mien_stage_take_light(&v->stage, light);
    }
    mien_stage_move(&v->stage, &s->stage, r, i);
}

void mien_view_draw(struct mien_view *v, const struct mien_image *frame,
                    const struct mien_result *result, const struct mien_view_settings *s,
                    const struct mien_hud_info *info)
{
    int w = frame ? frame->width : 4, h = frame ? frame->height : 3;
    struct mien_layout l =
        lay_out(v, s, w, h, s->curves && info->curves ? mien_traces_count(info->curves) : 0);
    int chosen = mien_hud_face(result, s->face);
    struct mien_map map = {l.video, w, h, s->mirror};
    bool pictured = frame && (!v->staged.w || s->stage.beside);
    mien_draw_clear(&v->draw);
    bool worn = false;
    if (frame) {
        mien_scene_picture(&v->scene, frame);
        worn = pictured && !s->bare && draw_worn(v, frame, result, s->light);
    }
    begin_buffer(v->own.frame, v->width, v->height, 0.043f, 0.055f, 0.066f);
    if (v->staged.w > 0) {
        move_stage(v, frame, result, s);
        mien_stage_draw(&v->stage, &s->stage, v->own.frame, v->staged, v->height, s->mirror, 0);
        glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    }
    if (pictured) {
        // A face of video stands out before a darker picture.
        bool stage = mien_view_mode_at(s->mode)->draws & MIEN_DRAWS_STAGE && result->count > 0;
        mien_scene_video(&v->scene, &map, v->height, stage ? 0.38f + 0.62f * s->fade : 1);
        if (result->count > 0 && mien_view_mode_at(s->mode)->shader) { // else nothing has depth
            glClear(GL_DEPTH_BUFFER_BIT);
        }
        for (int i = result->count - 1; i >= 0; i--) { // the first face on top
            if (i < MIEN_FACES_MAX) {
                draw_face(v, &map, l.ui, result, i, s);
            }
        }
        if (worn) {
            mien_layer_show(&v->wear.layer, &map, v->height);
        }
        if (stage && s->hud == MIEN_HUD_FULL) {
            // Marks first: they belong under the inset.
            mien_flat_draw(&v->flat, &v->draw, v->width, v->height);
            mien_draw_clear(&v->draw);
            draw_bust(v, &l, result, info->lamps);
        }
    }
    if (pictured) {
        mien_hud_keep_faces_free(&l, &map, result);
    }
    mien_hud_bars(&v->draw, &l, result, chosen, s->mirror);
    if (s->hud == MIEN_HUD_FULL && frame) {
        mien_hud_panels(&v->draw, &l, result, chosen, info, mien_view_mode_at(s->mode)->name);
    } else if (s->hud == MIEN_HUD_LINE && frame) {
        mien_hud_line(&v->draw, &l, result, chosen, info);
    }
    if (s->curves && info->curves) {
        mien_traces_draw(info->curves, &v->draw, &l);
    }
    v->layout = l;
    v->map = map;
    v->stage_now = s->stage;
    v->face_now = s->face;
    v->pictured = frame != NULL;
    if (!s->notes_apart) {
        add_notes(v, s, info);
    }
    flush(v);
}

void mien_view_notes(struct mien_view *v, const struct mien_view_settings *s,
                     const struct mien_hud_info *info)
{
    mien_draw_clear(&v->draw);
    add_notes(v, s, info);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame); // who read the picture may have bound another
    glViewport(0, 0, v->width, v->height);
    flush(v);
}

// What draws things and figures is made when the first is there: without any it would be a tenth of
// the program's memory.
static void make_wear(struct mien_view *v)
{
    if (!v->wear.mesh) {
        mien_wear_init(&v->wear, &v->scene.mesh); // where it fails everything else still works
        mien_view_settle();
    }
}

bool mien_view_wear(struct mien_view *v, const char *path, struct mien_why *why)
{
    if (!path || !*path) {
        mien_wear_remove(&v->wear, NULL);
        return true;
    }
    make_wear(v);
    return mien_wear_set(&v->wear, path, why);
}

bool mien_view_wear_too(struct mien_view *v, const char *path, struct mien_why *why)
{
    make_wear(v);
    return mien_wear_add(&v->wear, path, why);
}

void mien_view_take_off(struct mien_view *v, const char *path)
{
    mien_wear_remove(&v->wear, path);
}

int mien_view_help_pages(const struct mien_view *v)
{
    return v->help_pages > 1 ? v->help_pages : 1;
}

int mien_view_face_at(const struct mien_view *v, const struct mien_result *r, float x_px,
                      float y_px)
{
    for (int i = 0; i < r->count && i < MIEN_FACES_MAX; i++) {
        float a[2], b[2];
        mien_map_point(&v->map, r->face[i].box_px, a);
        mien_map_point(&v->map, r->face[i].box_px + 2, b);
        if ((x_px - a[0]) * (x_px - b[0]) < 0 && (y_px - a[1]) * (y_px - b[1]) < 0) {
            return r->face[i].id;
        }
    }
    return 0;
}

void mien_view_size(const struct mien_view *v, int *width_px, int *height_px)
{
    *width_px = v->width;
    *height_px = v->height;
}

static void turn_rows(struct mien_view *v, uint8_t *data, size_t stride, size_t bytes, int rows)
{
    for (int y = 0; y < rows / 2; y++) { // OpenGL's first row is the lowest
        uint8_t *a = data + (size_t)y * stride, *b = data + (size_t)(rows - 1 - y) * stride;
        memcpy(v->row, a, bytes);
        memcpy(a, b, bytes);
        memcpy(b, v->row, bytes);
    }
}

static void read_back(struct mien_view *v, GLuint frame, struct mien_image *out)
{
    glBindFramebuffer(GL_FRAMEBUFFER, frame);
    glReadBuffer(frame ? GL_COLOR_ATTACHMENT0 : GL_BACK);
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glPixelStorei(GL_PACK_ROW_LENGTH, (GLint)(out->stride / 3));
    glReadPixels(0, 0, out->width, out->height, GL_RGB, GL_UNSIGNED_BYTE, out->data);
    glPixelStorei(GL_PACK_ROW_LENGTH, 0);
    turn_rows(v, out->data, out->stride, 3 * (size_t)out->width, out->height);
}

bool mien_view_read(struct mien_view *v, struct mien_image *out)
{
    if (out->format != MIEN_FORMAT_RGB8 || out->width != v->width || out->height != v->height) {
        return false;
    }
    read_back(v, v->own.frame, out);
    return true;
}

// A buffer, bound and black, of any usable size.
static bool begin_copy(struct buffer *b, int width, int height)
{
    if (width < 16 || height < 16 || width > 16384 || height > 16384 ||
        !make_buffer(b, width, height)) {
        return false;
    }
    begin_buffer(b->frame, width, height, 0, 0, 0);
    return true;
}

// The copy's, for an image.
static bool begin_image(struct mien_view *v, const struct mien_image *out)
{
    return out->format == MIEN_FORMAT_RGB8 && make_row(v, out->width) &&
           begin_copy(&v->copy, out->width, out->height);
}

bool mien_view_wears(const struct mien_view *v)
{
    return v->wear.count > 0;
}

// The frame with what is worn into the framebuffer that is bound and has this size.
static void draw_programme(struct mien_view *v, const struct mien_image *frame, bool worn,
                           int width, int height)
{
    struct mien_rect all = {0, 0, (float)width, (float)height};
    struct mien_map map = {mien_rect_fit(all, frame->width, frame->height), frame->width,
                           frame->height, false};
    mien_scene_video(&v->scene, &map, height, 1);
    if (worn) {
        mien_layer_show(&v->wear.layer, &map, height);
    }
}

bool mien_view_programme(struct mien_view *v, const struct mien_image *frame,
                         const struct mien_result *result, bool light, struct mien_image *out)
{
    bool worn = draw_worn(v, frame, result, light);
    if (!begin_image(v, out)) {
        return false;
    }
    draw_programme(v, frame, worn, out->width, out->height);
    read_back(v, v->copy.frame, out);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    return true;
}

static void take_figure(struct mien_view *v, enum mien_stage_shows which, struct mien_avatar *a)
{
    if (a) {
        if (!v->staging) {
            v->staging = true;
            mien_stage_init(&v->stage); // likewise
            mien_view_settle();
        }
        mien_figure_take(&v->stage.figure[which], a);
        v->stage.moved_ns[which] = 0;
    } else {
        mien_figure_destroy(&v->stage.figure[which]);
    }
}

void mien_view_take_avatar(struct mien_view *v, struct mien_avatar *a)
{
    take_figure(v, MIEN_STAGE_AVATAR, a);
}

void mien_view_take_head(struct mien_view *v, struct mien_avatar *a)
{
    take_figure(v, MIEN_STAGE_HEAD, a);
}

bool mien_view_stages(const struct mien_view *v, enum mien_stage_shows which)
{
    return mien_stage_has(&v->stage, which);
}

bool mien_view_on_stage(const struct mien_view *v, float x_px, float y_px)
{
    const struct mien_rect *r = &v->staged;
    return r->w > 0 && x_px >= r->x && x_px < r->x + r->w && y_px >= r->y && y_px < r->y + r->h;
}

// The avatar from the front, into a framebuffer of this size that is bound.
static void draw_avatar(struct mien_view *v, const struct mien_result *r, GLuint target, int whose,
                        int w, int h)
{
    struct mien_stage_settings front = {
        .shows = MIEN_STAGE_AVATAR, .lit = v->stage_now.lit, .zoom = v->stage_now.zoom};
    memcpy(front.back, v->stage_now.back, sizeof(front.back));
    mien_stage_move(&v->stage, &front, r, r->count > 0 ? mien_hud_face(r, v->face_now) : -1);
    mien_stage_draw(&v->stage, &front, target, (struct mien_rect){0, 0, (float)w, (float)h}, h,
                    false, whose);
}

bool mien_view_avatar(struct mien_view *v, const struct mien_result *result, struct mien_image *out)
{
    if (!begin_image(v, out)) {
        return false;
    }
    draw_avatar(v, result, v->copy.frame, 1, out->width, out->height);
    read_back(v, v->copy.frame, out);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    return true;
}

// A picture of one size into the framebuffer `to` of another, as large as it fits.
static void blit_fitted(GLuint from, int from_w, int from_h, GLuint to, int w, int h)
{
    struct mien_rect all = {0, 0, (float)w, (float)h};
    struct mien_rect r = mien_rect_fit(all, from_w, from_h);
    GLint x = (GLint)lroundf(r.x), y = (GLint)lroundf(r.y);
    glBindFramebuffer(GL_READ_FRAMEBUFFER, from);
    glBindFramebuffer(GL_DRAW_FRAMEBUFFER, to);
    glReadBuffer(from ? GL_COLOR_ATTACHMENT0 : GL_BACK);
    glBlitFramebuffer(0, 0, from_w, from_h, x, y, x + (GLint)lroundf(r.w), y + (GLint)lroundf(r.h),
                      GL_COLOR_BUFFER_BIT, GL_LINEAR);
}

// The mean head before a dark ground, turned a little, as large as leaves room for a hat.
static bool begin_thumbs(struct mien_view *v)
{
    if (v->models) {
        return v->posed != NULL;
    }
    v->models = true;
    if (!mien_wear_init(&v->model_wears, &v->scene.mesh) ||
        !mien_image_create(&v->thumb_ground, THUMB_PX, THUMB_PX, MIEN_FORMAT_RGB8) ||
        !mien_image_create(&v->thumb_picture, THUMB_PX, THUMB_PX, MIEN_FORMAT_RGB8)) {
        return false;
    }
    memset(v->thumb_ground.data, 44, v->thumb_ground.stride * THUMB_PX);
    struct mien_result *r = v->posed = mien_calloc(1, sizeof(*r));
    if (!r) {
        return false;
    }
    r->width_px = r->height_px = THUMB_PX;
    r->camera = mien_camera_make(THUMB_PX, THUMB_PX, 24);
    r->count = 1;
    r->face[0].id = 1;
    mien_pose_from_angles(24, 4, 0, r->face[0].pose.R);
    r->face[0].pose.t[1] = -42;
    r->face[0].pose.t[2] = -1020;
    return true;
}

static GLuint make_thumb(struct mien_view *v, const char *path)
{
    struct mien_why why;
    if (!begin_thumbs(v) || !mien_wear_set(&v->model_wears, path, &why)) {
        return 0;
    }
    mien_scene_picture(&v->scene, &v->thumb_ground);
    mien_scene_worn(&v->scene, v->posed, &v->model_wears, &v->thumb_ground, false);
    if (!begin_image(v, &v->thumb_picture)) {
        return 0;
    }
    struct mien_map map = {{0, 0, THUMB_PX, THUMB_PX}, THUMB_PX, THUMB_PX, false};
    const struct mien_scene_look look = {MIEN_VIEW_SHADED, true, 1};
    mien_scene_video(&v->scene, &map, THUMB_PX, 1);
    glClear(GL_DEPTH_BUFFER_BIT);
    mien_scene_face(&v->scene, &map, THUMB_PX, v->posed, 0, &look);
    mien_layer_show(&v->model_wears.layer, &map, THUMB_PX);
    read_back(v, v->copy.frame, &v->thumb_picture);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    v->worn.time_ns = 0; // the picture's texture has another one's content now
    return mien_gl_picture(&v->thumb_picture);
}

unsigned mien_view_thumbnail(struct mien_view *v, const char *path)
{
    for (int i = 0; i < v->thumbs; i++) {
        if (!strcmp(v->thumb[i].path, path)) {
            return v->thumb[i].texture;
        }
    }
    char *kept = v->thumbs < MIEN_VIEW_THUMBS ? mien_calloc(strlen(path) + 1, 1) : NULL;
    if (!kept) {
        return 0;
    }
    memcpy(kept, path, strlen(path));
    struct thumb *t = &v->thumb[v->thumbs++];
    *t = (struct thumb){.path = kept, .texture = make_thumb(v, path)};
    return t->texture;
}

bool mien_view_read_fitted(struct mien_view *v, struct mien_image *out)
{
    if (mien_view_read(v, out)) {
        return true;
    }
    if (!begin_image(v, out)) {
        return false;
    }
    blit_fitted(v->own.frame, v->width, v->height, v->copy.frame, out->width, out->height);
    read_back(v, v->copy.frame, out);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    return true;
}

bool mien_view_compose(struct mien_view *v, enum mien_programme programme,
                       const struct mien_image *frame, const struct mien_result *result, bool light,
                       const struct mien_view_pixels *out)
{
    bool worn = programme == MIEN_PROGRAMME_PROPS && draw_worn(v, frame, result, light);
    if (!begin_copy(&v->composed, out->width, out->height) || !make_row(v, out->width)) {
        return false;
    }
    if (programme == MIEN_PROGRAMME_ALL) {
        blit_fitted(v->own.frame, v->width, v->height, v->composed.frame, out->width, out->height);
    } else if (programme == MIEN_PROGRAMME_AVATAR) {
        draw_avatar(v, result, v->composed.frame, 2, out->width, out->height);
    } else {
        draw_programme(v, frame, worn, out->width, out->height);
    }
    glBindFramebuffer(GL_FRAMEBUFFER, v->composed.frame);
    glReadBuffer(GL_COLOR_ATTACHMENT0);
    glPixelStorei(GL_PACK_ALIGNMENT, 4);
    glPixelStorei(GL_PACK_ROW_LENGTH, (GLint)(out->stride / 4));
    glReadPixels(0, 0, out->width, out->height, GL_BGRA, GL_UNSIGNED_BYTE, out->data);
    glPixelStorei(GL_PACK_ROW_LENGTH, 0);
    turn_rows(v, out->data, out->stride, 4 * (size_t)out->width, out->height);
    glBindFramebuffer(GL_FRAMEBUFFER, v->own.frame);
    return true;
}

void mien_view_finish(void)
{
    glFinish();
}

void mien_view_settle(void)
{
    if (glReleaseShaderCompiler) { // OpenGL 4.1
        glReleaseShaderCompiler();
    }
}

const char *mien_view_driver(void)
{
    return (const char *)glGetString(GL_RENDERER);
}

// What the live program shows.
#include "live/live_show.h"

#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/live_stage.h"
#include "live/presets.h"
#include "view/actions.h"

enum { SHOWN = 64 };

// Draws an invented face in every mode: drivers compile shaders at their first use, which would
// otherwise cost the first frames.
static bool warm_up(struct mien_show *s, const struct mien_show_config *c)
{
    struct mien_image grey = {0};
    static struct mien_result r; // large, and only used here
    if (!mien_image_create(&grey, c->picture_w, c->picture_h, MIEN_FORMAT_RGB8)) {
        return false;
    }
    memset(&r, 0, sizeof(r));
    r.width_px = c->picture_w;
    r.height_px = c->picture_h;
    r.camera = mien_camera_make(c->picture_w, c->picture_h, 0);
    r.count = 1;
    struct mien_face_result *f = &r.face[0];
    mien_pose_from_angles(0, 0, 0, f->pose.R);
    f->pose.t[2] = -600;
    f->blendshape[MIEN_BS_JAW_OPEN] = 0.5f;
    struct mien_view_settings all = s->settings;
    all.axes = all.points = all.bars = true;
    all.hud = MIEN_HUD_FULL;
    for (int mode = 0; mode < MIEN_VIEW_MODES; mode++) {
        all.mode = (enum mien_view_mode)mode;
        mien_view_draw(s->view, &grey, &r, &all, &s->info);
        mien_view_finish();
    }
    mien_image_destroy(&grey);
    return true;
}

static bool filter(void *arg, const union SDL_Event *e)
{
    struct mien_show *s = arg;
    if (mien_audience_event(&s->audience, e)) {
        s->dirty = true;
        return true;
    }
    if (!s->ui) {
        return false;
    }
    bool was = mien_ui_visible(s->ui, NULL), kept = mien_ui_event(s->ui, e);
    s->dirty = s->dirty || was || mien_ui_visible(s->ui, NULL);
    return kept;
}

static void open_ui(struct mien_show *s)
{
    struct mien_ui_controls *c = &s->controls;
    c->actions = &s->actions;
    c->settings = &s->settings;
    c->info = &s->info;
    c->camera_now = -1;
    c->faces = 1;
    c->filter = 1;
    c->light = true;
    c->props = 1;
    snprintf(c->prop_name[0], sizeof(c->prop_name[0]), "nothing");
    c->networks = 1;
    snprintf(c->network_name[0], sizeof(c->network_name[0]), "standard");
    int w, h;
    mien_view_size(s->view, &w, &h);
    s->ui = mien_ui_create(s->window.window, s->window.context, mien_hud_scale(w, h),
                           s->window.headless);
    s->window.filter = filter;
    s->window.filter_arg = s;
}

bool mien_show_open(struct mien_show *s, const struct mien_show_config *c)
{
    memset(s, 0, sizeof(*s));
    s->settings = c->settings;
    s->info.source = c->source;
    s->prop_path = mien_calloc(MIEN_UI_PROPS, sizeof(*s->prop_path));
    if (!s->prop_path || !mien_inbox_init(&s->actions, "actions", sizeof(struct mien_action),
                                          MIEN_ACTIONS_WAITING)) {
        mien_show_close(s);
        return false;
    }
    int w = c->width, h = c->height;
    if (w <= 0 || h <= 0) {
        mien_hud_window_size(c->picture_w, c->picture_h, c->settings.bars, &w, &h);
    }
    if (!mien_window_open(&s->window, c->title, w, h, c->headless, c->fullscreen)) {
        mien_show_close(s);
        return false;
    }
    if (!c->headless) {
        mien_window_size_px(&s->window, &w, &h);
    }
    s->view = mien_view_create(&(struct mien_view_config){
        .model = c->model, .width_px = w, .height_px = h, .offscreen = c->headless});
    if (!s->view || !warm_up(s, c)) {
        mien_show_close(s);
        return false;
    }
    // A graphics card has the strength for a larger picture; the software renderers keep the size.
    const char *driver = mien_view_driver();
    bool software = !driver || strstr(driver, "llvmpipe") || strstr(driver, "softpipe") ||
                    strstr(driver, "SWR");
    if (!c->headless && !software && c->width <= 0 && c->picture_h < 700) {
        mien_hud_window_size(c->picture_w * 3 / 2, c->picture_h * 3 / 2, c->settings.bars, &w, &h);
        mien_window_resize(&s->window, w, h);
    }
    s->dirty = true;
    open_ui(s);
    mien_view_settle();
    malloc_trim(0); // compiling took and returned much
    return true;
}

void mien_show_close(struct mien_show *s)
{
    mien_ui_destroy(s->ui);
    s->ui = NULL;
    mien_view_destroy(s->view);
    s->view = NULL;
    mien_audience_close(&s->audience);
    mien_window_close(&s->window);
    mien_inbox_destroy(&s->actions);
    mien_free(s->prop_path);
    s->prop_path = NULL;
}

void mien_show_notice_for(struct mien_show *s, const char *text, int seconds)
{
    snprintf(s->notice, sizeof(s->notice), "%s", text);
    s->notice_until_ns = mien_now_ns() + seconds * MIEN_NS_PER_S;
    s->dirty = true;
}

void mien_show_notice(struct mien_show *s, const char *text)
{
    mien_show_notice_for(s, text, 3);
}

// A click chooses whose figures are shown.
static void ask_clicked(struct mien_show *s)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    int id = s->shot ? mien_view_face_at(s->view, &s->shot->result, s->window.click_x * (float)w,
                                         s->window.click_y * (float)h)
                     : 0;
    if (id) {
        mien_action_ask_number(&s->actions, MIEN_ACTION_SET_FIGURES, id);
    }
}

// The mouse holds the figure where it took it, or lets it go.
static void hold_figure(struct mien_show *s)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    s->turning =
        mien_view_on_stage(s->view, s->window.click_x * (float)w, s->window.click_y * (float)h);
}

// From edge to edge of the window it turns half round.
static void turn_figure(struct mien_show *s)
{
    struct mien_stage_settings *stage = &s->settings.stage;
    float by = 180 * s->window.drag_x * (s->settings.mirror ? -1 : 1);
    stage->turn_deg = remainderf(stage->turn_deg - by, 360);
    stage->lift_deg = fminf(fmaxf(stage->lift_deg + 120 * s->window.drag_y, -80), 80);
}

static void zoom_figure(struct mien_show *s)
{
    float *zoom = &s->settings.stage.zoom;
    *zoom = fminf(fmaxf((*zoom > 0 ? *zoom : 1) * powf(1.12f, s->window.wheel), 0.4f), 6);
}

static void fit_window(struct mien_show *s)
{
    int w, h;
    mien_window_size_px(&s->window, &w, &h);
    mien_view_resize(s->view, w, h);
    if (s->ui) {
        mien_ui_resize(s->ui, w, h, mien_hud_scale(w, h));
    }
}

void mien_show_events(struct mien_show *s)
{
    struct mien_action asked;
    char c = 0;
    bool on = false;
    for (enum mien_key k; (k = mien_window_poll(&s->window, &c)) != MIEN_KEY_NONE;) {
        if (k == MIEN_KEY_CHARACTER && mien_binding_of(s->bindings, c, &on, &asked)) {
            if (on) {
                mien_inbox_put(&s->actions, &asked);
            }
        } else if (k == MIEN_KEY_CHARACTER && mien_action_of_key(c, &asked)) {
            mien_inbox_put(&s->actions, &asked);
        } else if (k == MIEN_KEY_QUIT) {
            mien_action_ask(&s->actions, MIEN_ACTION_LEAVE);
        } else if (k == MIEN_KEY_ESCAPE) {
            mien_action_ask(&s->actions, MIEN_ACTION_ESCAPE);
        } else if (k == MIEN_KEY_MENU) {
            mien_action_ask(&s->actions, MIEN_ACTION_MENUS);
        } else if (k == MIEN_KEY_DROPPED) {
            mien_action_ask_text(&s->actions,
                                 mien_stage_is_avatar(s->window.dropped) ? MIEN_ACTION_AVATAR
                                                                         : MIEN_ACTION_SOURCE,
                                 s->window.dropped);
        } else if (k == MIEN_KEY_CLICK) {
            hold_figure(s);
            if (!s->turning) {
                ask_clicked(s);
            }
            s->dirty = true;
        } else if (k == MIEN_KEY_DRAG) {
            if (s->turning) {
                turn_figure(s);
                s->dirty = true;
            }
        } else if (k == MIEN_KEY_WHEEL) {
            hold_figure(s);
            if (s->turning) {
                zoom_figure(s);
                s->dirty = true;
            }
        } else if (k != MIEN_KEY_CHARACTER) {
            if (k == MIEN_KEY_RESIZED && !s->window.headless) {
                fit_window(s);
            }
            s->dirty = true;
        }
    }
    if (s->audience.closing) {
        s->audience.closing = false;
        mien_action_ask(&s->actions, MIEN_ACTION_AUDIENCE);
    }
}

// p50 and p95 of the last frames, by sorting a copy of the ring.
static void latency_now(struct mien_hud_info *info, uint64_t frames)
{
    float v[MIEN_HUD_RING];
    int n = frames < MIEN_HUD_RING ? (int)frames : MIEN_HUD_RING;
    for (int i = 0; i < n; i++) {
        float x = info->latency_ms[(info->latency_first + MIEN_HUD_RING - 1 - i) % MIEN_HUD_RING];
        int j = i;
        for (; j > 0 && v[j - 1] > x; j--) {
            v[j] = v[j - 1];
        }
        v[j] = x;
    }
    if (n) {
        info->latency_p50_ms = v[n / 2];
        info->latency_p95_ms = v[(n - 1) * 95 / 100];
    }
}

static float glide(float old, double now) // numbers that people can read
{
    return old > 0 ? old + 0.1f * ((float)now - old) : (float)now;
}

void mien_show_measure(struct mien_show *s, const struct mien_shot *shot, int64_t start,
                       int64_t end)
{
    const double ms = 1.0 / MIEN_NS_PER_MS;
    s->drawn_ns = end;
    if (!shot) {
        return;
    }
    const struct mien_times *t = &shot->result.times;
    double latency = (double)(end - shot->captured_ns) * ms, draw = (double)(end - start) * ms;
    mien_stats_add(&s->latency_ms, latency);
    mien_stats_add(&s->draw_ms, draw);
    mien_stats_add(&s->detect_ms, (double)t->detect_ns * ms);
    if (shot->result.count > 0) {
        mien_stats_add(&s->network_ms, (double)t->network_ns * ms);
        mien_stats_add(&s->fit_ms, (double)t->fit_ns * ms);
    }
    struct mien_hud_info *i = &s->info;
    i->draw_ms = glide(i->draw_ms, draw);
    i->detect_ms = glide(i->detect_ms, (double)t->detect_ns * ms);
    i->network_ms = glide(i->network_ms, (double)t->network_ns * ms);
    i->fit_ms = glide(i->fit_ms, (double)t->fit_ns * ms);
    i->latency_ms[i->latency_first] = (float)latency;
    i->latency_first = (i->latency_first + 1) % MIEN_HUD_RING;
    s->first_ns = s->frames ? s->first_ns : end;
    s->last_ns = end;
    int64_t *slot = &s->shown_ns[s->frames % SHOWN];
    if (s->frames) {
        uint64_t n = s->frames < SHOWN ? s->frames : SHOWN;
        int64_t oldest = s->frames < SHOWN ? s->shown_ns[0] : *slot;
        i->fps = end > oldest ? (float)((double)n * MIEN_NS_PER_S / (double)(end - oldest)) : 0;
    }
    *slot = end;
    s->frames++;
    if (s->frames % 10 == 1) {
        latency_now(i, s->frames);
    }
}

void mien_show_thumbnails(struct mien_show *s)
{
    struct mien_ui_controls *c = &s->controls;
    int left = s->ui && mien_ui_shows_props(s->ui) ? 4 : 0; // so that no frame waits long
    for (int i = 1; i < c->props && left; i++) {
        if (!c->prop_picture[i]) {
            c->prop_picture[i] = mien_view_thumbnail(s->view, s->prop_path[i]);
            left--;
            s->dirty = true;
        }
    }
}

void mien_show_paint(struct mien_show *s, bool menus, bool notes_apart)
{
    static const struct mien_result nothing = {0};
    float bar = 0;
    bool pages = menus && s->ui, guide = pages && s->controls.guide.stage != MIEN_UI_GUIDE_OFF;
    menus = menus && s->ui && mien_ui_visible(s->ui, &bar);
    s->settings.top_px = menus ? bar : 0;
    s->settings.light = s->controls.light;
    s->settings.notes_apart = notes_apart;
    struct mien_view_settings v = s->settings;
    if (pages) {
        int w, h;
        mien_view_size(s->view, &w, &h);
        v.kept = mien_ui_page(s->ui, &s->controls, w, h);
        mien_ui_head_corner(s->ui, &v.corner_w_px, &v.corner_h_px);
        v.top_px = v.kept.top > 0 ? 0 : v.top_px; // the menu above the picture has the bar's height
    }
    if (guide) { // it stands alone
        v.mode = MIEN_VIEW_OFF;
        v.hud = MIEN_HUD_OFF;
        v.bars = v.axes = v.points = v.curves = false;
    }
    if (s->presenting && s->controls.programme != MIEN_PROGRAMME_ALL) {
        v.mode = MIEN_VIEW_OFF;
        v.hud = MIEN_HUD_OFF;
        v.bars = v.axes = v.points = v.curves = false;
        v.bare = s->controls.programme == MIEN_PROGRAMME_PICTURE;
        bool avatar = s->controls.programme == MIEN_PROGRAMME_AVATAR;
        v.stage.shows = avatar ? MIEN_STAGE_AVATAR : MIEN_STAGE_OFF;
        v.stage.beside = false;
        v.corner_w_px = v.corner_h_px = 0;
        v.stage.look = MIEN_FIGURE_TEXTURED;
        v.stage.turn_deg = v.stage.lift_deg = 0;
    }
    mien_view_draw(s->view, s->shot ? &s->shot->picture : NULL,
                   s->shot ? &s->shot->result : &nothing, &v, &s->info);
}

void mien_show_paint_menus(struct mien_show *s)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    if (s->ui) {
        s->controls.presenting = s->presenting;
        mien_ui_draw(s->ui, &s->controls, w, h);
    }
}

enum mien_programme mien_show_programme(const struct mien_show *s, int of)
{
    return of > 0 ? (enum mien_programme)(of - 1) : s->controls.programme;
}

bool mien_show_open_audience(struct mien_show *s, const char **why)
{
    int w = s->controls.width, h = s->controls.height;
    bool known = w >= 16 && h >= 16;
    return mien_audience_open(&s->audience, &s->window, known ? w : 640, known ? h : 480, why);
}

void mien_show_compose(struct mien_show *s)
{
    struct mien_view_pixels pixels;
    if (s->controls.audience && s->shot && mien_audience_pixels(&s->audience, &pixels)) {
        mien_view_compose(s->view, mien_show_programme(s, s->controls.window_programme),
                          &s->shot->picture, &s->shot->result, s->controls.light, &pixels);
    }
}

void mien_show_present(struct mien_show *s)
{
    if (s->controls.audience) {
        mien_audience_show(&s->audience, &s->window);
    }
}

static void name_worn(struct mien_show *s)
{
    const struct mien_ui_controls *k = &s->controls;
    int n = 0;
    for (int i = 1; i < k->props; i++) {
        if ((i == k->prop || k->also[i]) && n >= 0 && (size_t)n < sizeof(s->worn)) {
            n += snprintf(s->worn + n, sizeof(s->worn) - (size_t)n, "%s%s", n ? ", " : "",
                          k->prop_name[i]);
        }
    }
    s->info.worn = n ? s->worn : NULL;
}

void mien_show_take(struct mien_show *s, const struct mien_shot *shot, int64_t now_ns)
{
    if (shot) {
        mien_traces_add(&s->curves, &shot->result, mien_hud_face(&shot->result, s->settings.face));
        s->shot = shot;
    }
    bool talking = s->notice[0] && now_ns < s->notice_until_ns;
    if (s->notice[0] && !talking) {
        s->notice[0] = 0;
    }
    bool offered = s->ui && s->controls.waiting; // the menus say it
    s->info.notice = talking ? s->notice : s->state[0] && !offered ? s->state : NULL;
    name_worn(s);
    s->info.range = s->controls.profile_on && s->controls.profile_known;
    s->dirty = false;
}

bool mien_show_picture(struct mien_show *s, struct mien_image *out)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    if (out->width != w || out->height != h) {
        mien_image_destroy(out);
        if (!mien_image_create(out, w, h, MIEN_FORMAT_RGB8)) {
            return false;
        }
    }
    // After a swap the back buffer is undefined, and menus do not belong into it.
    mien_show_paint(s, s->menus_in_screenshot, false);
    if (s->menus_in_screenshot) {
        mien_show_paint_menus(s);
    }
    return mien_view_read(s->view, out);
}

bool mien_show_screenshot(struct mien_show *s, const char *path)
{
    struct mien_image im = {0};
    bool ok = mien_show_picture(s, &im) && mien_png_save(path, &im);
    mien_image_destroy(&im);
    return ok;
}

double mien_show_fps(const struct mien_show *s)
{
    return s->frames > 1 && s->last_ns > s->first_ns
               ? (double)(s->frames - 1) * MIEN_NS_PER_S / (double)(s->last_ns - s->first_ns)
               : 0;
}

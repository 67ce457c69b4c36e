// What the live program shows.
#include "live/live_show.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "view/keys.h"

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
    bool was = mien_ui_visible(s->ui, NULL), kept = mien_ui_event(s->ui, e);
    s->dirty = s->dirty || was || mien_ui_visible(s->ui, NULL);
    return kept;
}

static void open_ui(struct mien_show *s)
{
    struct mien_ui_controls *c = &s->controls;
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
    if (s->ui) {
        s->window.filter = filter;
        s->window.filter_arg = s;
    }
}

bool mien_show_open(struct mien_show *s, const struct mien_show_config *c)
{
    memset(s, 0, sizeof(*s));
    s->settings = c->settings;
    s->info.source = c->source;
    int w = c->width, h = c->height;
    if (w <= 0 || h <= 0) {
        mien_hud_window_size(c->picture_w, c->picture_h, c->settings.bars, &w, &h);
    }
    if (!mien_window_open(&s->window, c->title, w, h, c->headless, c->fullscreen)) {
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
    return true;
}

void mien_show_close(struct mien_show *s)
{
    mien_ui_destroy(s->ui);
    s->ui = NULL;
    mien_view_destroy(s->view);
    s->view = NULL;
    mien_window_close(&s->window);
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

// Ends, or asks first while files are written.
static void leave(struct mien_show *s)
{
    if (s->ui && mien_ui_writes(&s->controls)) {
        mien_ui_show(s->ui, MIEN_UI_QUIT);
        s->dirty = true;
    } else {
        s->quit = true;
    }
}

// Goes one step back: the sheet of keys, full screen, the program.
static void escape(struct mien_show *s)
{
    if (s->settings.help) {
        s->settings.help = 0;
        s->dirty = true;
    } else if (s->presenting) {
        s->presenting = false;
        s->dirty = true;
    } else if (s->window.fullscreen) {
        mien_window_toggle_fullscreen(&s->window);
    } else {
        leave(s);
    }
}

// The figures are those of the next face in the picture.
static void next_face(struct mien_show *s)
{
    const struct mien_result *r = s->shot ? &s->shot->result : NULL;
    char text[64];
    if (!r || r->count < 2) {
        mien_show_notice(s, r && r->count ? "there is no other face" : "there is no face");
        return;
    }
    s->settings.face = r->face[(mien_hud_face(r, s->settings.face) + 1) % r->count].id;
    snprintf(text, sizeof(text), "figures of face %d", s->settings.face);
    mien_show_notice(s, text);
}

static void click(struct mien_show *s)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    int id = s->shot ? mien_view_face_at(s->view, &s->shot->result, s->window.click_x * (float)w,
                                         s->window.click_y * (float)h)
                     : 0;
    s->settings.face = id ? id : s->settings.face;
    s->dirty = true;
}

static void character(struct mien_show *s, char c)
{
    struct mien_view_settings *v = &s->settings;
    struct mien_ui_controls *k = &s->controls;
    char text[64];
    int action = mien_key_action(c);
    switch (action) {
    case MIEN_ACTION_QUIT:
        leave(s);
        break;
    case MIEN_ACTION_MODE:
    case MIEN_ACTION_MODE_BACK:
        v->mode = (enum mien_view_mode)(
            (v->mode + (action == MIEN_ACTION_MODE ? 1 : MIEN_VIEW_MODES - 1)) % MIEN_VIEW_MODES);
        snprintf(text, sizeof(text), "%s", mien_view_mode_at(v->mode)->name);
        mien_show_notice(s, text);
        break;
    case MIEN_ACTION_PAUSE:
        s->info.paused = !s->info.paused;
        break;
    case MIEN_ACTION_FULLSCREEN:
        mien_window_toggle_fullscreen(&s->window);
        break;
    case MIEN_ACTION_HUD:
        v->hud = (enum mien_hud_level)((v->hud + 1) % MIEN_HUD_LEVELS);
        break;
    case MIEN_ACTION_BARS:
        v->bars = !v->bars;
        break;
    case MIEN_ACTION_AXES:
        v->axes = !v->axes;
        break;
    case MIEN_ACTION_POINTS:
        v->points = !v->points;
        break;
    case MIEN_ACTION_HEAD:
        v->head = !v->head;
        break;
    case MIEN_ACTION_MIRROR:
        v->mirror = !v->mirror;
        break;
    case MIEN_ACTION_SCREENSHOT:
        s->want_screenshot = true;
        break;
    case MIEN_ACTION_SAVE_HEAD:
        s->want_head = true;
        break;
    case MIEN_ACTION_NEUTRAL:
    case MIEN_ACTION_FORGET:
        s->want_calibrate = action == MIEN_ACTION_NEUTRAL ? 1 : -1;
        mien_show_notice(s, action == MIEN_ACTION_NEUTRAL ? "neutral expression taken"
                                                          : "neutral expression forgotten");
        break;
    case MIEN_ACTION_FAINTER:
    case MIEN_ACTION_STRONGER:
        v->fade = fminf(fmaxf(v->fade + (action == MIEN_ACTION_FAINTER ? 0.1f : -0.1f), 0), 1);
        snprintf(text, sizeof(text), "opacity %.0f %%", 100 * (1 - (double)v->fade));
        mien_show_notice(s, text);
        break;
    case MIEN_ACTION_PROP:
    case MIEN_ACTION_PROP_BACK:
        k->prop = (k->prop + (action == MIEN_ACTION_PROP ? 1 : k->props - 1)) % k->props;
        memset(k->also, 0, sizeof(k->also));
        mien_show_notice(s, k->prop_name[k->prop]);
        break;
    case MIEN_ACTION_LIGHT:
        k->light = !k->light;
        mien_show_notice(s, k->light ? "worn things take the face's light" : "plain light");
        break;
    case MIEN_ACTION_FACES:
        k->faces = c - '0';
        k->ask.tracking = true;
        snprintf(text, sizeof(text), k->faces > 1 ? "%d faces at most" : "one face", k->faces);
        mien_show_notice(s, text);
        break;
    case MIEN_ACTION_LESS_SMOOTH:
    case MIEN_ACTION_SMOOTHER:
        k->filter =
            fminf(fmaxf(k->filter + (action == MIEN_ACTION_SMOOTHER ? 0.25f : -0.25f), 0), 4);
        k->ask.tracking = true;
        snprintf(text, sizeof(text), k->filter > 0 ? "smoothing %.2f" : "no smoothing",
                 (double)k->filter);
        mien_show_notice(s, text);
        break;
    case MIEN_ACTION_NARROWER:
    case MIEN_ACTION_WIDER:
        k->fov_deg = action == MIEN_ACTION_WIDER ? fminf(fmaxf(k->fov_deg, 38) + 2, 120)
                                                 : (k->fov_deg > 40 ? k->fov_deg - 2 : 0);
        k->ask.tracking = true;
        snprintf(text, sizeof(text),
                 k->fov_deg > 0 ? "field of view %.0f°" : "field of view unknown",
                 (double)k->fov_deg);
        mien_show_notice(s, text);
        break;
    case MIEN_ACTION_QUALITY:
        k->quality = !k->quality;
        k->ask.tracking = true;
        mien_show_notice(s, k->quality ? "looks twice: steadier, twice the time" : "looks once");
        break;
    case MIEN_ACTION_NETWORK:
        k->network = k->networks ? (k->network + 1) % k->networks : 0;
        k->ask.network = true;
        break;
    case MIEN_ACTION_OPEN:
    case MIEN_ACTION_SETTINGS:
        if (s->ui) {
            mien_ui_show(s->ui, action == MIEN_ACTION_OPEN ? MIEN_UI_OPEN : MIEN_UI_SETTINGS);
        }
        break;
    case MIEN_ACTION_FIGURES:
        next_face(s);
        break;
    case MIEN_ACTION_DEMO:
        k->ask.demo = true;
        break;
    case MIEN_ACTION_CAMERA:
        k->ask.next_camera = true;
        break;
    case MIEN_ACTION_RECORD:
        k->ask.record = true;
        break;
    case MIEN_ACTION_CURVES:
        v->curves = !v->curves;
        break;
    case MIEN_ACTION_MARK:
        s->want_mark = true;
        break;
    case MIEN_ACTION_LEARN:
        s->want_profile = true;
        break;
    case MIEN_ACTION_RANGE:
        s->want_profile_switch = true;
        break;
    case MIEN_ACTION_REPORT:
        k->ask.report = true;
        break;
    case MIEN_ACTION_PROGRAMME:
        k->programme = (enum mien_programme)((k->programme + 1) % MIEN_PROGRAMMES);
        mien_show_notice(
            s, k->programme == MIEN_PROGRAMME_PROPS     ? "others get the picture with what is worn"
               : k->programme == MIEN_PROGRAMME_PICTURE ? "others get the picture alone"
                                                        : "others get all that you see");
        break;
    case MIEN_ACTION_PRESENT:
        s->presenting = !s->presenting;
        break;
    case MIEN_ACTION_CHANNELS:
        mien_show_notice(s, mien_traces_next(&s->curves));
        v->curves = true;
        break;
    case MIEN_ACTION_HELP:
        v->help = v->help < mien_view_help_pages(s->view) ? v->help + 1 : 0;
        break;
    default:
        return;
    }
    s->dirty = true;
}

void mien_show_events(struct mien_show *s)
{
    char c = 0;
    for (enum mien_key k; (k = mien_window_poll(&s->window, &c)) != MIEN_KEY_NONE;) {
        if (k == MIEN_KEY_QUIT) {
            s->quit = true;
        } else if (k == MIEN_KEY_ESCAPE) {
            escape(s);
        } else if (k == MIEN_KEY_MENU && s->ui) {
            mien_ui_show(s->ui, MIEN_UI_SOURCE);
            s->dirty = true;
        } else if (k == MIEN_KEY_CLICK) {
            click(s);
        } else if (k == MIEN_KEY_DROPPED) {
            s->controls.ask.open = true;
            s->controls.ask.open_w = s->controls.ask.open_h = s->controls.ask.open_fps = 0;
            snprintf(s->controls.ask.open_uri, sizeof(s->controls.ask.open_uri), "%s",
                     s->window.dropped);
        } else if (k == MIEN_KEY_CHARACTER) {
            character(s, c);
        } else if (k == MIEN_KEY_RESIZED && !s->window.headless) {
            int w, h;
            mien_window_size_px(&s->window, &w, &h);
            mien_view_resize(s->view, w, h);
            if (s->ui) {
                mien_ui_resize(s->ui, w, h, mien_hud_scale(w, h));
            }
            s->dirty = true;
        } else {
            s->dirty = true;
        }
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

static void measure(struct mien_show *s, const struct mien_shot *shot, int64_t start, int64_t end)
{
    const double ms = 1.0 / MIEN_NS_PER_MS;
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

// What the menus asked of the window itself.
static void absorb(struct mien_show *s)
{
    struct mien_ui_controls *c = &s->controls;
    if (c->ask.quit) {
        leave(s);
    }
    s->quit = s->quit || c->ask.leave;
    s->want_screenshot = s->want_screenshot || c->ask.screenshot;
    s->want_head = s->want_head || c->ask.save_head;
    s->info.paused ^= c->ask.pause;
    if (c->ask.fullscreen) {
        mien_window_toggle_fullscreen(&s->window);
    }
    if (c->ask.calibrate || c->ask.forget) {
        character(s, c->ask.calibrate ? 'n' : 'N');
    }
    s->presenting ^= c->ask.present;
    s->want_mark = s->want_mark || c->ask.mark;
    s->want_profile = s->want_profile || c->ask.learn;
    s->want_profile_switch = s->want_profile_switch || c->ask.use_profile;
    c->ask.save_head = c->ask.quit = c->ask.leave = c->ask.screenshot = c->ask.pause =
        c->ask.fullscreen = false;
    c->ask.calibrate = c->ask.forget = false;
    c->ask.present = c->ask.mark = c->ask.learn = c->ask.use_profile = false;
}

static void draw(struct mien_show *s, bool menus, bool notes_apart)
{
    static const struct mien_result nothing = {0};
    float bar = 0;
    menus = menus && s->ui && mien_ui_visible(s->ui, &bar);
    s->settings.top_px = menus ? bar : 0;
    s->settings.light = s->controls.light;
    s->settings.notes_apart = notes_apart;
    struct mien_view_settings v = s->settings;
    if (s->presenting && s->controls.programme != MIEN_PROGRAMME_ALL) {
        v.mode = MIEN_VIEW_OFF;
        v.hud = MIEN_HUD_OFF;
        v.bars = v.axes = v.points = v.curves = false;
        v.bare = s->controls.programme == MIEN_PROGRAMME_PICTURE;
    }
    mien_view_draw(s->view, s->shot ? &s->shot->picture : NULL,
                   s->shot ? &s->shot->result : &nothing, &v, &s->info);
}

static void draw_menus(struct mien_show *s)
{
    int w, h;
    mien_view_size(s->view, &w, &h);
    if (s->ui && mien_ui_draw(s->ui, &s->controls, w, h)) {
        absorb(s);
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

void mien_show_draw(struct mien_show *s, const struct mien_shot *shot)
{
    int64_t start = mien_now_ns();
    if (shot) {
        mien_traces_add(&s->curves, &shot->result, mien_hud_face(&shot->result, s->settings.face));
        s->shot = shot;
    }
    bool talking = s->notice[0] && start < s->notice_until_ns;
    if (s->notice[0] && !talking) {
        s->notice[0] = 0;
    }
    bool offered = s->ui && s->controls.waiting; // the menus say it
    s->info.notice = talking ? s->notice : s->state[0] && !offered ? s->state : NULL;
    name_worn(s);
    s->info.range = s->controls.profile_on && s->controls.profile_known;
    s->dirty = false;
    bool captured = shot && s->capture;
    draw(s, true, captured);
    if (captured) { // what is said to the user is not shown to others
        s->capture(s->capture_arg, shot);
        mien_view_notes(s->view, &s->settings, &s->info);
    }
    draw_menus(s);
    mien_window_show_frame(&s->window);
    mien_view_finish();
    int64_t end = mien_now_ns();
    s->drawn_ns = end;
    if (shot) {
        measure(s, shot, start, end);
    }
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
    draw(s, s->menus_in_screenshot, false);
    if (s->menus_in_screenshot) {
        draw_menus(s);
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

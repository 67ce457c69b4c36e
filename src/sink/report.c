// Session report: results are counted as they come, a self-contained page is written at the end and
// every second before it, so that a killed program leaves one. Where that takes long, or the page
// is large, it is done less often: it may take a twentieth of the time, and 256 KiB a second.
//
// Blinks and action units: face/signs.h.
// Episodes: the probability of a class other than neutral rises above 0.5 and stays above 0.35 for
// at least 0.3 s. Everything depends on the frames' own times only: a file gives the same page
// live.
#include "sink/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "face/gaze.h"
#include "face/lids.h"
#include "face/quality.h"
#include "sink/sinks.h"

static const float rises = 0.5f, falls = 0.35f;
static const double episode_low_s = 0.3, gap_s = 0.5, first_bin_s = 0.04;
static const int64_t rate = 256 * 1024; // bytes a second of rewriting: disks wear
static const int64_t rewrite_ns = MIEN_NS_PER_S, sync_ns = 60 * MIEN_NS_PER_S;

static struct mien_report_person *person_of(struct mien_report *r, int id, double t)
{
    for (int i = 0; i < r->people; i++) {
        if (r->person[i]->id == id) {
            return r->person[i];
        }
    }
    if (r->people == MIEN_REPORT_PEOPLE) {
        r->others += id != r->last_other;
        r->last_other = id;
        return NULL;
    }
    struct mien_report_person *p = mien_calloc(1, sizeof(*p));
    if (p) {
        p->bin = mien_calloc(MIEN_REPORT_BINS, sizeof(*p->bin));
        if (!p->bin || !mien_report_detail_open(p)) {
            mien_free(p->bin);
            mien_free(p);
            return NULL;
        }
        p->id = id;
        p->first_s = p->last_s = t;
        r->person[r->people++] = p;
    }
    return p;
}

static bool is_gaze(int channel)
{
    return channel == MIEN_CHANNEL_GAZE_YAW || channel == MIEN_CHANNEL_GAZE_PITCH;
}

static int samples_of(const struct mien_report_bin *b, int channel)
{
    return is_gaze(channel) ? b->looks : b->samples;
}

static void merge(struct mien_report_bin *a, const struct mien_report_bin *b)
{
    for (int c = 0; c < MIEN_CHANNELS && b->samples; c++) {
        int mine = samples_of(a, c), others = samples_of(b, c);
        if (others) {
            a->sum[c] += b->sum[c];
            a->low[c] = mine ? fminf(a->low[c], b->low[c]) : b->low[c];
            a->high[c] = mine ? fmaxf(a->high[c], b->high[c]) : b->high[c];
        }
    }
    a->samples += b->samples;
    a->looks += b->looks;
}

// The bin of a time; makes bins twice as wide until it fits.
static int bin_of(struct mien_report *r, double t)
{
    while ((t - r->start_s) / r->bin_s >= MIEN_REPORT_BINS) {
        for (int p = 0; p < r->people; p++) {
            struct mien_report_bin *bin = r->person[p]->bin;
            for (int i = 0; i < MIEN_REPORT_BINS / 2; i++) {
                struct mien_report_bin both = bin[2 * i];
                merge(&both, &bin[2 * i + 1]);
                bin[i] = both;
            }
            memset(bin + MIEN_REPORT_BINS / 2, 0, MIEN_REPORT_BINS / 2 * sizeof(*bin));
        }
        r->bin_s *= 2;
    }
    return (int)((t - r->start_s) / r->bin_s);
}

static void spread(struct mien_report_spread *s, double v)
{
    s->low = s->n && s->low < v ? s->low : v;
    s->high = s->n && s->high > v ? s->high : v;
    double d = v - s->mean;
    s->mean += d / (double)++s->n;
    s->m2 += d * (v - s->mean);
}

static void count_blink(struct mien_report_person *p, double t, const struct mien_lids *lids)
{
    switch (lids->event) {
    case MIEN_LIDS_BLINKED:
        if (p->blinks < MIEN_REPORT_BLINKS) {
            p->blink_at_s[p->blinks] = t - (double)lids->length_s;
        }
        p->blinks++;
        p->blink_s += (double)lids->length_s;
        break;
    case MIEN_LIDS_WERE_CLOSED:
        p->long_closures++;
        p->closed_long_s += (double)lids->length_s;
        break;
    default:
        break;
    }
}

static void end_episode(struct mien_report_person *p)
{
    if (p->in_episode && p->now.end_s - p->now.start_s >= episode_low_s) {
        if (p->episodes < MIEN_REPORT_EPISODES) {
            p->episode[p->episodes++] = p->now;
        } else {
            p->episodes_dropped++;
        }
    }
    p->in_episode = false;
}

static void count_episode(struct mien_report_person *p, double t, const float *probability,
                          int best)
{
    if (p->in_episode && probability[p->now.expression] < falls) {
        end_episode(p);
    }
    if (!p->in_episode && best != MIEN_EXPRESSION_NEUTRAL && probability[best] > rises) {
        p->in_episode = true;
        p->now = (struct mien_report_episode){.expression = best, .start_s = t};
    }
    if (p->in_episode) {
        float v = probability[p->now.expression];
        p->now.end_s = t;
        p->now.peak = fmaxf(p->now.peak, v);
        p->now.sum += v;
        p->now.samples++;
    }
}

static void count_gaze(struct mien_report_person *p, double dt, float yaw, float pitch)
{
    int x = (int)floorf((yaw + 40) / 80 * MIEN_REPORT_GAZE_W);
    int y = (int)floorf((30 - pitch) / 60 * MIEN_REPORT_GAZE_H);
    if (x >= 0 && x < MIEN_REPORT_GAZE_W && y >= 0 && y < MIEN_REPORT_GAZE_H) {
        p->gaze_s[y][x] += dt;
    }
    p->gaze_total_s += dt;
    p->gaze_camera_s += yaw * yaw + pitch * pitch < 100 ? dt : 0;
}

static void add_face(struct mien_report *r, const struct mien_face_result *f,
                     const struct mien_quality *q, double t)
{
    struct mien_report_person *p = person_of(r, f->id, t);
    if (!p) {
        return;
    }
    double dt = p->frames ? t - p->last_s : 0;
    bool gap = dt > gap_s || dt < 0;
    if (gap) { // it was away
        end_episode(p);
        dt = 0;
    }
    float v[MIEN_CHANNELS];
    memcpy(v, f->action, sizeof(f->action));
    v[MIEN_CHANNEL_YAW] = f->yaw_deg;
    v[MIEN_CHANNEL_PITCH] = f->pitch_deg;
    v[MIEN_CHANNEL_ROLL] = f->roll_deg;
    float turned = dt > 0 ? mien_rotation_distance_deg(p->last_R, f->pose.R) : 0;
    p->path_deg += turned;
    v[MIEN_CHANNEL_SPEED] = dt > 0 ? turned / (float)dt : 0;
    bool looks = mien_open_gaze(f, v + MIEN_CHANNEL_GAZE_YAW);
    memcpy(v + MIEN_CHANNEL_EXPRESSION, f->expression, sizeof(f->expression));
    v[MIEN_CHANNEL_USABLE] = q->usable;
    v[MIEN_CHANNEL_FACE_PX] = q->face_px;
    v[MIEN_CHANNEL_LIGHT] = q->light;
    v[MIEN_CHANNEL_UNCERTAINTY] = 100 * q->sigma;
    p->usable_s += q->usable ? dt : 0;
    struct mien_report_bin one = {.samples = 1, .looks = looks};
    for (int c = 0; c < MIEN_CHANNELS; c++) {
        v[c] = isfinite(v[c]) ? v[c] : 0;
        one.sum[c] = one.low[c] = one.high[c] = v[c];
        if (looks || !is_gaze(c)) {
            spread(&p->spread[c], v[c]);
        }
    }
    int bin = bin_of(r, t);
    if (bin >= 0) {
        merge(&p->bin[bin], &one);
    }
    mien_report_detail_add(r, p, t, v, looks);
    for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
        p->share[i] += dt * v[MIEN_CHANNEL_EXPRESSION + i];
    }
    count_blink(p, t, &f->lids);
    count_episode(p, t, v + MIEN_CHANNEL_EXPRESSION, f->expression_class);
    if (looks) {
        count_gaze(p, dt, v[MIEN_CHANNEL_GAZE_YAW], v[MIEN_CHANNEL_GAZE_PITCH]);
    }
    memcpy(p->last_R, f->pose.R, sizeof(p->last_R));
    p->frames++;
    p->seconds += dt;
    p->last_s = t;
}

// Each is named once, in the order of their coming; what has no room is left out.
static void add_network(struct mien_report *r, const char *name)
{
    size_t used = strlen(r->networks), n = strlen(name);
    snprintf(r->network, sizeof(r->network), "%s", name);
    for (const char *p = r->networks; (p = strstr(p, name)); p += n) {
        if ((p == r->networks || p[-1] == ' ') && (!p[n] || p[n] == ',')) {
            return;
        }
    }
    if (used + n + 3 <= sizeof(r->networks)) {
        snprintf(r->networks + used, sizeof(r->networks) - used, "%s%s", used ? ", " : "", name);
    }
}

void mien_report_add(struct mien_report *r, const char *source, const struct mien_result *result)
{
    double t = (double)result->times.capture_ns * 1e-9;
    if (!r->begun) {
        r->begun = true;
        snprintf(r->source, sizeof(r->source), "%s", source ? source : "");
        r->start_s = t;
        r->bin_s = r->detail_s = first_bin_s;
        r->width_px = result->width_px;
        r->height_px = result->height_px;
    }
    if (result->network[0] && strcmp(r->network, result->network) != 0) {
        add_network(r, result->network);
    }
    r->last_s = t > r->last_s || r->frames == 0 ? t : r->last_s;
    r->frames++;
    r->frames_with_face += result->count > 0;
    if (result->mark && r->marks < MIEN_REPORT_MARKS) {
        double at = result->mark_ns ? (double)result->mark_ns * 1e-9 : t;
        r->mark[r->marks].number = result->mark;
        r->mark[r->marks].at_s = fmin(t, fmax(at, r->start_s));
        memcpy(r->mark[r->marks++].text, result->mark_text, sizeof(result->mark_text));
    }
    for (int i = 0; i < result->count; i++) {
        struct mien_quality q = mien_quality_of(result, &result->face[i]);
        add_face(r, &result->face[i], &q, t);
    }
}

void mien_report_end(struct mien_report *r)
{
    for (int i = 0; i < r->people; i++) {
        mien_free(r->person[i]->bin);
        mien_free(r->person[i]->detail);
        mien_free(r->person[i]);
    }
    r->people = 0;
}

struct report_sink {
    struct mien_sink sink;
    char path[1024];
    bool stream;                   // a pipe gets one page, at the end
    int64_t next_ns, next_sync_ns; // when the page is written next, and waits for the disk
    long long frames_written;
    struct mien_save save;
    char *script;
    struct mien_report report;
    struct mien_text text;
};

// A page is whole or the one before.
static bool write_page(struct report_sink *s, bool last)
{
    int64_t start = mien_now_ns();
    if (!mien_save_begin(&s->save, s->path)) {
        return false;
    }
    for (int i = 0; i < s->report.people; i++) { // what is still going on counts
        struct mien_report_person *p = s->report.person[i];
        bool one = p->in_episode && p->now.end_s - p->now.start_s >= episode_low_s &&
                   p->episodes < MIEN_REPORT_EPISODES;
        if (one) { // not counted: it may grow
            p->episode[p->episodes] = p->now;
        }
        p->shown = p->episodes + one;
    }
    mien_text_lend(&s->text, s->save.file, s->path);
    mien_report_page(&s->report, &s->text);
    long size = ftell(s->save.file); // -1 through a pipe
    s->save.quick = !last && start < s->next_sync_ns;
    s->next_sync_ns = s->save.quick ? s->next_sync_ns : start + sync_ns;
    bool ok = mien_text_close(&s->text);
    ok = mien_save_end(&s->save, ok) && ok;
    int64_t now = mien_now_ns(), wait = 20 * (now - start), disk = size * (MIEN_NS_PER_S / rate);
    wait = wait > disk ? wait : disk;
    s->next_ns = now + (wait > rewrite_ns ? wait : rewrite_ns);
    s->frames_written = s->report.frames;
    return ok;
}

// What cannot be written now (it is logged) may be at the end, which counts.
static void keep_up(struct report_sink *s)
{
    bool due = !s->stream && s->report.frames > s->frames_written && mien_now_ns() >= s->next_ns;
    if (due && !write_page(s, false)) {
        s->next_ns = mien_now_ns() + sync_ns;
    }
}

void mien_report_settings_text(const struct mien_report_settings *s,
                               char text[MIEN_REPORT_SETTINGS])
{
    char fov[32] = "unknown";
    if (s->fov_deg > 0) {
        snprintf(fov, sizeof(fov), "%.0f°", s->fov_deg);
    }
    snprintf(text, MIEN_REPORT_SETTINGS,
             "%d face%s at most, smoothing %.2f, field of view %s, looks %s, own range %s%.60s",
             s->faces, s->faces == 1 ? "" : "s", s->filter, fov, s->quality ? "twice" : "once",
             s->range ? "of " : "not used", s->range ? s->range : "");
}

static void report_idle(struct mien_sink *sink)
{
    keep_up((struct report_sink *)sink);
}

static bool report_write(struct mien_sink *sink, const struct mien_sink_frame *f)
{
    struct report_sink *s = (struct report_sink *)sink;
    if (!s->report.begun && s->report.dated) {
        s->report.wall_s = (int64_t)time(NULL);
    }
    mien_report_add(&s->report, f->source, f->result);
    keep_up(s);
    return true;
}

static bool report_close(struct mien_sink *sink)
{
    struct report_sink *s = (struct report_sink *)sink;
    bool ok = write_page(s, true);
    mien_save_close(&s->save);
    mien_report_end(&s->report);
    mien_free(s->script);
    return ok;
}

// A self-contained page about the session: expression over time and its episodes, blinks, head,
// gaze, action units and blendshapes, event marks. Rewritten every minute.
static bool open_report(struct mien_sink *sink, const struct mien_sink_target *to,
                        const struct mien_sink_context *c)
{
    struct report_sink *s = (struct report_sink *)sink;
    if (strlen(to->path) >= sizeof(s->path)) {
        mien_error("%s: the name is too long", to->path);
        return false;
    }
    strcpy(s->path, to->path);
    s->report.dated = c->dated;
    s->report.frames_per_s = c->frames_per_s;
    snprintf(s->report.settings, sizeof(s->report.settings), "%s", c->settings ? c->settings : "");
    char script[1024];
    size_t size = 0;
    if (mien_find_file("assets", "web/report.js", script, sizeof(script))) {
        s->script = mien_file_read(script, 1 << 20, &size);
    } // without it (logged) the page stands still
    s->report.script = s->script;
    s->stream = mien_save_is_stream(s->path);
    if (!s->stream && !write_page(s, true)) { // says at once that it cannot be written
        mien_save_close(&s->save);
        mien_free(s->script);
        return false;
    }
    return true;
}

const struct mien_sink_type mien_sink_report = {
    .name = "report",
    .size = sizeof(struct report_sink),
    .open = open_report,
    .write = report_write,
    .idle = report_idle,
    .close = report_close,
};

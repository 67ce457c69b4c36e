// The writing side of the live program.
#include "live/live_out.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/queue.h"
#include "base/thread.h"
#include "live/events.h"
#include "live/frame.h"
#include "live/microphone.h"
#include "sink/report.h"

enum { RESULTS = 16, PICTURES = 4 };
// How often sinks that answer clients are served while no frame comes.
static const int64_t idle_ns = 20 * MIEN_NS_PER_MS;

struct mien_live_out {
    struct mien_live_out_config config;
    char settings_text[MIEN_REPORT_SETTINGS];
    char sinks_text[2048], record_text[1024], sound_text[MIEN_MICROPHONE_NAME]; // of config
    atomic_int state, heard; // heard: as mien_live_out_sound says
    // Of the thread that opens, and mien-out's then.
    struct mien_frame_ends ends;
    struct mien_microphone *microphone;
    struct mien_sound sound;
    bool pictures_wanted;                         // by the recording or a sink
    struct mien_frame_record *results, *pictures; // RESULTS, PICTURES
    struct mien_queue work, free_results, free_pictures;
    struct mien_thread thread;
    atomic_ullong dropped;
};

bool mien_live_out_check(const char *sinks, struct mien_why *why)
{
    return mien_sinks_check(sinks, why);
}

bool mien_live_out_uses_stdout(const char *sinks)
{
    return mien_sinks_use_stdout(sinks);
}

// Silence is recorded from now on.
static void miss_sound(struct mien_live_out *o, const char *why)
{
    o->heard = -1;
    mien_warn("%s: silence is recorded", why);
    mien_event_tell(o->config.events, MIEN_EVENT_SOUND, o->config.number, why);
}

static void close_sound(struct mien_live_out *o)
{
    o->ends.sound = NULL;
    mien_microphone_close(o->microphone);
    o->microphone = NULL;
    mien_sound_destroy(&o->sound);
}

// A recording goes on without a microphone.
static void open_sound(struct mien_live_out *o)
{
    struct mien_why why = {0};
    if (!mien_sound_init(&o->sound)) {
        mien_explain(&why, "not enough memory for the sound");
    } else {
        o->microphone = mien_microphone_open(o->config.sound, &o->sound, &why);
    }
    if (!o->microphone) {
        close_sound(o);
        miss_sound(o, why.text);
        return;
    }
    o->ends.sound = &o->sound;
    o->heard = 1;
    mien_info("recording the sound of %s", mien_microphone_name(o->microphone));
}

static void look_at_sound(struct mien_live_out *o)
{
    if (o->microphone && mien_microphone_lost(o->microphone)) {
        close_sound(o);
        miss_sound(o, "the microphone is gone");
    }
}

static bool open_all(struct mien_live_out *o)
{
    struct mien_sink_context context = {.model = o->config.model,
                                        .frames_per_s = o->config.frames_per_s,
                                        .dated = true,
                                        .settings = o->settings_text};
    if (!mien_sinks_open(o->config.sinks, &context, o->ends.sink, &o->ends.sinks)) {
        return false;
    }
    if (o->config.record) {
        struct mien_video_sound sound = {.track = o->config.sound != NULL};
        o->ends.video =
            mien_video_writer_open(o->config.record, o->config.width_px, o->config.height_px,
                                   o->config.frames_per_s, 0, &sound);
    }
    if (o->ends.video && o->config.sound) {
        open_sound(o);
    }
    return o->ends.video || !o->config.record;
}

static void close_all(struct mien_live_out *o)
{
    bool ok = !o->ends.failed;
    close_sound(o);
    for (int i = 0; i < o->ends.sinks; i++) {
        ok = mien_sink_close(o->ends.sink[i]) && ok;
    }
    o->ends.sinks = 0;
    ok = mien_video_writer_close(o->ends.video) && ok;
    o->ends.video = NULL;
    o->ends.failed = !ok;
}

static void *run_out(void *arg)
{
    struct mien_live_out *o = arg;
    if (o->config.background) {
        bool ok = open_all(o);
        o->state = ok ? MIEN_LIVE_OUT_OPEN : MIEN_LIVE_OUT_FAILED;
        if (!ok) {
            mien_event_tell(o->config.events, MIEN_EVENT_OUTPUT, o->config.number, NULL);
            return NULL;
        }
    }
    for (;;) {
        look_at_sound(o);
        struct mien_frame_record *r = mien_queue_pop(&o->work, mien_now_ns() + idle_ns);
        if (r) {
            mien_frame_write(&o->ends, r);
            mien_queue_push(r->picture.data ? &o->free_pictures : &o->free_results, r);
            continue;
        }
        for (int i = 0; i < o->ends.sinks; i++) {
            mien_sink_idle(o->ends.sink[i]);
        }
        pthread_mutex_lock(&o->work.monitor.mutex);
        bool done = o->work.closed && o->work.count == 0;
        pthread_mutex_unlock(&o->work.monitor.mutex);
        if (done) {
            close_all(o);
            o->state = MIEN_LIVE_OUT_ENDED;
            mien_event_tell(o->config.events, MIEN_EVENT_OUTPUT, o->config.number, NULL);
            return NULL;
        }
    }
}

static bool make_records(struct mien_live_out *o)
{
    o->results = mien_calloc(RESULTS, sizeof(*o->results));
    o->pictures = mien_calloc(PICTURES, sizeof(*o->pictures));
    if (!o->results || !o->pictures || !mien_queue_init(&o->work, RESULTS + PICTURES) ||
        !mien_queue_init(&o->free_results, RESULTS) ||
        !mien_queue_init(&o->free_pictures, PICTURES)) {
        return false;
    }
    for (int i = 0; i < RESULTS; i++) {
        mien_queue_push(&o->free_results, &o->results[i]);
    }
    for (int i = 0; o->pictures_wanted && i < PICTURES; i++) {
        if (!mien_image_create(&o->pictures[i].picture, o->config.width_px, o->config.height_px,
                               MIEN_FORMAT_RGB8)) {
            return false;
        }
        mien_queue_push(&o->free_pictures, &o->pictures[i]);
    }
    return true;
}

struct mien_live_out *mien_live_out_open(const struct mien_live_out_config *c)
{
    struct mien_live_out *o = mien_calloc(1, sizeof(*o));
    if (!o) {
        return NULL;
    }
    o->config = *c;
    if ((size_t)snprintf(o->sinks_text, sizeof(o->sinks_text), "%s", c->sinks ? c->sinks : "") >=
            sizeof(o->sinks_text) ||
        (size_t)snprintf(o->record_text, sizeof(o->record_text), "%s",
                         c->record ? c->record : "") >= sizeof(o->record_text)) {
        mien_error("outputs: the list is too long");
        mien_free(o);
        return NULL;
    }
    snprintf(o->settings_text, sizeof(o->settings_text), "%s", c->settings ? c->settings : "");
    o->config.settings = o->settings_text;
    o->config.sinks = c->sinks ? o->sinks_text : NULL;
    o->config.record = c->record ? o->record_text : NULL;
    snprintf(o->sound_text, sizeof(o->sound_text), "%s", c->sound ? c->sound : "");
    o->config.sound = c->sound && c->record ? o->sound_text : NULL;
    o->pictures_wanted = c->record || mien_sinks_need_pictures(c->sinks);
    o->state = MIEN_LIVE_OUT_OPENING;
    if (!c->background) {
        if (!open_all(o)) {
            goto fail;
        }
        o->state = MIEN_LIVE_OUT_OPEN;
    }
    if (!make_records(o) || !mien_thread_start(&o->thread, "mien-out", run_out, o)) {
        goto fail;
    }
    return o;
fail:
    mien_live_out_close(o, NULL);
    return NULL;
}

static struct mien_frame_record *take_free(struct mien_live_out *o, struct mien_queue *q)
{
    int64_t deadline = o->config.wait ? mien_now_ns() + 60 * MIEN_NS_PER_S : 0;
    struct mien_frame_record *r = mien_queue_pop(q, deadline);
    o->dropped += !r;
    return r;
}

void mien_live_out_result(struct mien_live_out *o, const struct mien_result *r, const char *source)
{
    bool wanted = o->state == MIEN_LIVE_OUT_OPEN && o->ends.sinks;
    struct mien_frame_record *free_one = wanted ? take_free(o, &o->free_results) : NULL;
    if (free_one) {
        free_one->result = *r;
        snprintf(free_one->source, sizeof(free_one->source), "%s", source);
        mien_queue_push(&o->work, free_one); // never waits: there is room for every record
    }
}

struct mien_image *mien_live_out_picture(struct mien_live_out *o)
{
    bool wanted = o->state == MIEN_LIVE_OUT_OPEN && o->pictures_wanted;
    struct mien_frame_record *r = wanted ? take_free(o, &o->free_pictures) : NULL;
    return r ? &r->picture : NULL;
}

void mien_live_out_record(struct mien_live_out *o, struct mien_image *picture, int64_t time_ns,
                          int64_t captured_ns)
{
    struct mien_frame_record *r = (struct mien_frame_record *)picture;
    r->time_ns = time_ns;
    r->captured_ns = captured_ns;
    mien_queue_push(&o->work, r);
}

enum mien_live_out_state mien_live_out_state(const struct mien_live_out *o)
{
    return (enum mien_live_out_state)o->state;
}

int mien_live_out_sound(const struct mien_live_out *o)
{
    return o->heard;
}

int mien_live_out_number(const struct mien_live_out *o)
{
    return o ? o->config.number : 0;
}

void mien_live_out_finish(struct mien_live_out *o)
{
    if (o->thread.started) {
        mien_queue_close(&o->work);
    }
}

bool mien_live_out_close(struct mien_live_out *o, uint64_t *dropped)
{
    if (!o) {
        return true;
    }
    mien_live_out_finish(o);
    mien_thread_join(&o->thread);
    close_all(o); // what the thread has not
    bool ok = !o->ends.failed && o->state != MIEN_LIVE_OUT_FAILED;
    for (int i = 0; o->pictures && i < PICTURES; i++) {
        mien_image_destroy(&o->pictures[i].picture);
    }
    if (dropped) {
        *dropped = o->dropped;
    }
    mien_queue_destroy(&o->work);
    mien_queue_destroy(&o->free_results);
    mien_queue_destroy(&o->free_pictures);
    mien_free(o->results);
    mien_free(o->pictures);
    mien_free(o);
    return ok;
}

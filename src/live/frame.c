// One frame from the camera to the screen and to the sinks, from top to bottom: six steps on four
// threads. Between them lie two mailboxes, in which the newest wins (base/mailbox.h), and a queue
// to mien-out for each output (live/live_out.h).
//
// Does not: open, close, exchange or start anything (live/live.c, live/live_session.c), nor know
// what a step is made of (source, engine, view, sink).
#include "live/frame.h"

#include "live/live_parts.h"
#include "live/session_parts.h"

// 1. mien-capture: the camera's bytes into a payload, and that into the mailbox `frames`.
static enum mien_source_status read_frame(struct mien_live *l, struct mien_payload *p)
{
    int64_t deadline = mien_now_ns() + MIEN_LIVE_PATIENCE_NS;
    if (!l->config.read && !l->input.source) {
        mien_sleep_until_ns(deadline);
        return MIEN_SOURCE_LOST;
    }
    return l->config.read ? l->config.read(l->config.read_arg, p, deadline)
                          : mien_source_read_raw(l->input.source, p, deadline);
}

// Where nothing may be lost a mailbox is filled again only when it is empty.
static void post(struct mien_live *l, struct mien_mailbox *m)
{
    mien_mailbox_post(m);
    while (l->config.every_frame && !l->stop &&
           !mien_mailbox_wait_taken(m, mien_now_ns() + MIEN_LIVE_PATIENCE_NS)) {
    }
}

void *mien_frame_run_capture(void *arg)
{
    struct mien_live *l = arg;
    while (!l->stop) {
        struct mien_payload *p = mien_mailbox_back(&l->frames);
        int64_t start = mien_now_ns();
        enum mien_source_status s = read_frame(l, p);
        mien_live_note_reading(l, s, p);
        if (s == MIEN_SOURCE_OK) {
            l->input.captured++;
            post(l, &l->frames);
        } else if (s == MIEN_SOURCE_END || s == MIEN_SOURCE_FAILED) {
            l->input.failed = s == MIEN_SOURCE_FAILED;
            break;
        } else if (mien_now_ns() - start < MIEN_NS_PER_MS) {
            // A source that is away and does not wait itself must not spin.
            mien_sleep_until_ns(start + 20 * MIEN_NS_PER_MS);
        }
    }
    mien_mailbox_stop(&l->frames);
    return NULL;
}

// 2. mien-infer: the payload becomes a picture, the engine says what it shows; both together are a
// shot, which goes to the sinks (3) and into the mailbox `results`.
static bool infer(struct mien_live *l, const struct mien_payload *p, struct mien_shot *s)
{
    if (!mien_decoder_decode(l->inference.decoder, p, &s->picture, NULL)) {
        l->inference.corrupt++;
        return false;
    }
    // In step with a file its own time counts, so that a run gives the same results every time.
    int64_t t = l->config.every_frame ? p->media_ns : p->capture_ns;
    bool ok = l->config.infer ? l->config.infer(l->config.infer_arg, &s->picture, t, &s->result)
                              : mien_engine_run(l->inference.engine, &s->picture, t, &s->result);
    s->result.frame = p->index;
    s->captured_ns = p->capture_ns;
    s->media_ns = p->media_ns;
    mien_live_personalize(l, s);
    return ok;
}

void *mien_frame_run_infer(void *arg)
{
    struct mien_live *l = arg;
    uint64_t done = 0;
    while (!l->stop && (!l->config.frames || done < l->config.frames)) {
        bool last = mien_mailbox_stopped(&l->frames); // what was posted before is still there
        struct mien_payload *p =
            mien_mailbox_take(&l->frames, mien_now_ns() + MIEN_LIVE_PATIENCE_NS);
        if (!p && last) {
            break;
        }
        mien_live_adjust(l, p != NULL);
        struct mien_shot *s = mien_mailbox_back(&l->results);
        if (!p || !infer(l, p, s)) {
            continue;
        }
        l->inference.done = ++done;
        if (l->config.result) {
            l->config.result(l->config.result_arg, s);
        }
        post(l, &l->results);
    }
    l->stop = true; // the source need not go on
    mien_mailbox_stop(&l->frames);
    mien_mailbox_stop(&l->results);
    return NULL;
}

// 3. Still mien-infer: the result, copied, to mien-out of every output.
void mien_frame_publish(void *arg, const struct mien_shot *shot)
{
    struct mien_session *s = arg;
    pthread_mutex_lock(&s->outputs.guard.mutex);
    for (int i = 0; i < MIEN_UI_SINKS; i++) {
        if (s->outputs.out[i]) {
            mien_live_out_result(s->outputs.out[i], &shot->result, s->source.name);
        }
    }
    pthread_mutex_unlock(&s->outputs.guard.mutex);
}

// 4. The main thread: the shot is drawn and shown.
void mien_show_draw(struct mien_show *s, const struct mien_shot *shot)
{
    int64_t start = mien_now_ns();
    bool captured = shot && s->capture, shared = captured || s->controls.audience;
    mien_show_take(s, shot, start);
    mien_show_thumbnails(s);
    mien_show_paint(s, true, shared);
    if (captured) {
        s->capture(s->capture_arg, shot);
    }
    mien_show_compose(s);
    if (shared) { // what is said to the user is not shown to others
        mien_view_notes(s->view, &s->settings, &s->info);
    }
    mien_show_paint_menus(s);
    mien_window_show_frame(&s->window);
    mien_show_present(s);
    mien_view_finish();
    mien_show_measure(s, shot, start, mien_now_ns());
}

bool mien_frame_show(struct mien_session *s, int64_t deadline_ns)
{
    struct mien_show *show = s->show;
    struct mien_shot *shot = NULL;
    if (show->info.paused) { // what is on the screen stays in our hands
        mien_sleep_until_ns(deadline_ns);
    } else {
        shot = mien_live_take(s->live, deadline_ns);
    }
    mien_session_note_shot(s, shot);
    if (shot || show->dirty ||
        (!s->o.headless && mien_now_ns() - show->drawn_ns > MIEN_NS_PER_S / 4)) {
        mien_show_draw(show, shot);
    }
    return shot != NULL;
}

// 5. Still the main thread: what the audience gets of it, to mien-out of those that take pictures,
// fitted into the size that the output was opened with.
static void record(struct mien_session *s, struct mien_live_out *o, enum mien_programme p,
                   const struct mien_shot *shot, int64_t time_ns)
{
    struct mien_image *im = o ? mien_live_out_picture(o) : NULL;
    if (im) {
        mien_session_paint_programme(s, p, shot, im);
        mien_live_out_record(o, im, time_ns, shot->captured_ns);
    }
}

void mien_frame_capture(void *arg, const struct mien_shot *shot)
{
    struct mien_session *s = arg;
    struct mien_live_out *film = s->recording.out;
    bool records = film && mien_live_out_state(film) == MIEN_LIVE_OUT_OPEN;
    int64_t time_ns = records ? mien_session_record_time(s, shot) : 0;
    const struct mien_ui_controls *c = &s->show->controls;
    enum mien_programme camera = mien_show_programme(s->show, c->camera_programme);
    for (int i = 0; i < c->sinks; i++) { // those without pictures have none free
        record(s, s->outputs.out[i], camera, shot, time_ns);
    }
    if (records) {
        record(s, film, c->programme, shot, time_ns);
    }
}

// 6. mien-out: a picture into the recording and to the sinks that show it, a result to all.
void mien_frame_write(struct mien_frame_ends *to, const struct mien_frame_record *r)
{
    const struct mien_sink_frame f = {.source = r->source, .result = &r->result};
    bool picture = r->picture.data != NULL;
    if (picture && to->video && !to->failed) {
        to->failed =
            !mien_video_writer_add(to->video, &r->picture, r->time_ns) ||
            (to->sound && !mien_sound_write(to->sound, to->video, r->captured_ns, r->time_ns));
    }
    for (int i = 0; i < to->sinks; i++) {
        if (picture) {
            mien_sink_show(to->sink[i], &r->picture);
        } else {
            mien_sink_write(to->sink[i], &f);
        }
    }
}

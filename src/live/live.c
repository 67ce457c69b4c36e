// The live thread graph: its rooms and what may be asked of them. The way of a frame through them:
// live/frame.c.
#include "live/live_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "live/events.h"
#include "live/frame.h"
#include "scan/refine.h"

enum { MARKS_WAITING = 256 };

void mien_live_note_reading(struct mien_live *l, enum mien_source_status s,
                            const struct mien_payload *p)
{
    struct mien_source_counts c = {0};
    bool lost = s == MIEN_SOURCE_LOST && l->input.source;
    if (lost != l->input.lost) {
        l->input.lost = lost;
        mien_event_tell(l->config.events, lost ? MIEN_EVENT_LOST : MIEN_EVENT_BACK, 0, NULL);
    }
    // Also while no frame comes: a source may drop for longer than it is waited for.
    if (l->input.source) {
        mien_source_counts(l->input.source, &c);
        l->input.dropped = c.dropped;
    } else if (s == MIEN_SOURCE_OK) { // of a stand-in
        l->input.dropped = p->dropped;
    }
}

static void set_mark(struct mien_live *l, struct mien_result *r)
{
    struct mien_live_mark m;
    r->mark = 0;
    r->mark_text[0] = 0;
    r->mark_ns = 0;
    if (mien_inbox_take(&l->marks.waiting, &m)) {
        bool before = m.at_ns && m.at_ns < r->times.capture_ns && !l->config.every_frame;
        r->mark = m.number;
        r->mark_ns = before ? m.at_ns : 0;
        memcpy(r->mark_text, m.text, sizeof(m.text));
    }
}

void mien_live_personalize(struct mien_live *l, struct mien_shot *s)
{
    struct mien_result *r = &s->result;
    struct mien_profile *p = l->config.profile;
    if (l->inference.refiner) {
        mien_refiner_see(l->inference.refiner, l->inference.engine, &s->picture, r);
    }
    set_mark(l, r);
    const struct mien_face_result *f = mien_profile_face(r);
    s->range_face = f ? f->id : 0;
    if (f) {
        memcpy(s->plain, f->action, sizeof(s->plain));
    }
    if (!p) {
        return;
    }
    if (l->range.wanted) {
        pthread_mutex_lock(&l->tuning.guard.mutex);
        *p = l->range.next;
        l->range.wanted = false;
        pthread_mutex_unlock(&l->tuning.guard.mutex);
    }
    if (!l->range.off || p->phase != MIEN_PROFILE_READY) {
        mien_profile_result(p, r);
    }
    if (p->phase != l->range.told) {
        l->range.told = p->phase;
        mien_event_tell(l->config.events, MIEN_EVENT_PROFILE, (int)p->phase, NULL);
    }
}

static void calibrate(struct mien_live *l)
{
    int want = atomic_exchange(&l->inference.calibrate, MIEN_CALIBRATE_NONE);
    if (want != MIEN_CALIBRATE_NONE && l->inference.engine) {
        mien_engine_calibrate_neutral(l->inference.engine, want == MIEN_CALIBRATE_CLEAR);
    }
}

static void tune(struct mien_live *l)
{
    if (!l->tuning.wanted || !l->inference.engine) {
        return;
    }
    pthread_mutex_lock(&l->tuning.guard.mutex);
    mien_engine_set_fov(l->inference.engine, l->tuning.fov_deg);
    mien_engine_set_filter(l->inference.engine, l->tuning.filter);
    mien_engine_set_max_faces(l->inference.engine, l->tuning.faces);
    mien_engine_set_quality(l->inference.engine, l->tuning.quality);
    l->tuning.wanted = false;
    pthread_mutex_unlock(&l->tuning.guard.mutex);
}

static void exchange_network(struct mien_live *l)
{
    if (!l->network.wanted || !l->inference.engine) {
        return;
    }
    char net[sizeof(l->network.net)], why[400] = "";
    pthread_mutex_lock(&l->tuning.guard.mutex);
    memcpy(net, l->network.net, sizeof(net));
    l->network.wanted = false;
    pthread_mutex_unlock(&l->tuning.guard.mutex);
    mien_log_capture(why, sizeof(why));
    bool ok = mien_engine_set_network(l->inference.engine, net);
    mien_log_capture(NULL, 0);
    if (!ok) {
        mien_warn("the network \"%s\" is not used, the present one stays in use: %s", net, why);
    }
    mien_event_tell(l->config.events, MIEN_EVENT_NETWORK, ok, why);
}

void mien_live_adjust(struct mien_live *l, bool frame)
{
    if (frame) {
        calibrate(l);
    }
    exchange_network(l);
    tune(l);
}

// The rooms in the order in which they open. Each closes idempotently, opened or not.
static bool open_mailboxes(struct mien_live *l)
{
    return mien_monitor_init(&l->tuning.guard) &&
           mien_inbox_init(&l->marks.waiting, "event marks", sizeof(struct mien_live_mark),
                           MARKS_WAITING) &&
           mien_mailbox_init(&l->frames, &l->payload[0], &l->payload[1], &l->payload[2]) &&
           mien_mailbox_init(&l->results, &l->shot[0], &l->shot[1], &l->shot[2]);
}

static void close_mailboxes(struct mien_live *l)
{
    for (int i = 0; i < 3; i++) {
        mien_payload_destroy(&l->payload[i]);
        mien_image_destroy(&l->shot[i].picture);
    }
    mien_mailbox_destroy(&l->frames);
    mien_mailbox_destroy(&l->results);
    mien_inbox_destroy(&l->marks.waiting);
    mien_monitor_destroy(&l->tuning.guard);
}

static bool open_decoder(struct mien_live *l)
{
    l->inference.decoder = mien_decoder_create();
    return l->inference.decoder != NULL;
}

static void close_decoder(struct mien_live *l)
{
    mien_decoder_destroy(l->inference.decoder);
}

static bool open_source(struct mien_live *l)
{
    const struct mien_live_config *c = &l->config;
    if (c->read) {
        return true;
    }
    snprintf(l->input.none.kind, sizeof(l->input.none.kind), "none");
    snprintf(l->input.none.name, sizeof(l->input.none.name), "no camera");
    l->input.source = mien_source_open(c->uri ? c->uri : "", &c->source, &l->input.away);
    return l->input.source || c->may_wait;
}

static void close_source(struct mien_live *l)
{
    mien_source_close(l->input.source);
}

static bool open_engine(struct mien_live *l)
{
    struct mien_live_config *c = &l->config;
    if (c->infer) {
        return true;
    }
    const int cores = mien_cpu_count();
    l->inference.pool = mien_pool_create(cores < MIEN_FACES_MAX ? cores : MIEN_FACES_MAX);
    if (!l->inference.pool) {
        return false;
    }
    c->engine.pool = l->inference.pool;
    l->inference.engine = mien_engine_create(&c->engine);
    if (!l->inference.engine && c->may_replace && c->engine.net_path) {
        mien_warn("the network \"%s\" cannot be used: using the standard one", c->engine.net_path);
        c->engine.net_path = NULL;
        l->inference.engine = mien_engine_create(&c->engine);
        l->network.replaced = true;
    }
    if (l->inference.engine) { // else logged: it does without
        l->inference.refiner =
            mien_refiner_create(mien_engine_model(l->inference.engine), c->engine.apart);
    }
    return l->inference.engine != NULL;
}

static void close_engine(struct mien_live *l)
{
    mien_refiner_destroy(l->inference.refiner);
    mien_engine_destroy(l->inference.engine);
    mien_pool_destroy(l->inference.pool);
}

static const struct {
    bool (*open)(struct mien_live *l);
    void (*close)(struct mien_live *l);
} rooms[] = {{open_mailboxes, close_mailboxes},
             {open_decoder, close_decoder},
             {open_source, close_source},
             {open_engine, close_engine}};

struct mien_live *mien_live_open(const struct mien_live_config *c)
{
    struct mien_live *l = mien_calloc(1, sizeof(*l));
    if (!l) {
        return NULL;
    }
    l->config = *c;
    for (size_t i = 0; i < MIEN_COUNT(rooms); i++) {
        if (!rooms[i].open(l)) {
            mien_live_close(l);
            return NULL;
        }
    }
    return l;
}

const struct mien_source_info *mien_live_source(const struct mien_live *l)
{
    return l->opening.on     ? &l->opening.info
           : l->input.source ? mien_source_info(l->input.source)
           : (l->config.may_wait || l->config.may_lose) && !l->config.read ? &l->input.none
                                                                           : NULL;
}

const struct mien_face_model *mien_live_model(const struct mien_live *l)
{
    return l->inference.engine ? mien_engine_model(l->inference.engine) : NULL;
}

bool mien_live_start(struct mien_live *l)
{
    return mien_thread_start(&l->infer, "mien-infer", mien_frame_run_infer, l) &&
           mien_thread_start(&l->capture, "mien-capture", mien_frame_run_capture, l);
}

struct mien_shot *mien_live_take(struct mien_live *l, int64_t deadline_ns)
{
    if (l->opening.on) {
        mien_sleep_until_ns(deadline_ns);
        return NULL;
    }
    return mien_mailbox_take(&l->results, deadline_ns);
}

bool mien_live_ended(struct mien_live *l)
{
    pthread_mutex_lock(&l->results.monitor.mutex);
    bool ended = l->results.stopped && !l->results.full && !l->opening.on;
    pthread_mutex_unlock(&l->results.monitor.mutex);
    return ended;
}

bool mien_live_failed(struct mien_live *l)
{
    return l->input.failed && !l->opening.on;
}

bool mien_live_lost(struct mien_live *l)
{
    return l->input.lost && !l->opening.on;
}

void mien_live_counts(struct mien_live *l, struct mien_live_counts *out)
{
    uint64_t posted, frames, results;
    mien_mailbox_counts(&l->frames, &posted, &frames);
    mien_mailbox_counts(&l->results, &posted, &results);
    *out = (struct mien_live_counts){l->input.captured, l->inference.done,
                                     l->input.dropped_before + l->input.dropped + frames + results,
                                     l->inference.corrupt};
}

void mien_live_state(struct mien_live *l, char *out, size_t out_size)
{
    if (out_size) {
        out[0] = 0;
    }
    if (l->opening.on) {
        return;
    }
    if (l->input.source) {
        mien_source_state(l->input.source, out, out_size);
    } else if (out_size) {
        snprintf(out, out_size, "%s", l->input.away.text);
    }
}

void mien_live_calibrate(struct mien_live *l, bool clear)
{
    l->inference.calibrate = clear ? MIEN_CALIBRATE_CLEAR : MIEN_CALIBRATE_TAKE;
}

int mien_live_mark(struct mien_live *l, const char *text, int64_t at_ns)
{
    struct mien_live_mark m = {.number = l->marks.set + 1, .at_ns = at_ns};
    snprintf(m.text, sizeof(m.text), "%s", text);
    if (!mien_inbox_put(&l->marks.waiting, &m)) {
        return 0;
    }
    return ++l->marks.set;
}

void mien_live_set_profile(struct mien_live *l, const struct mien_profile *p)
{
    pthread_mutex_lock(&l->tuning.guard.mutex);
    l->range.next = *p;
    l->range.wanted = true;
    pthread_mutex_unlock(&l->tuning.guard.mutex);
}

void mien_live_use_profile(struct mien_live *l, bool use)
{
    l->range.off = !use;
}

void mien_live_use_network(struct mien_live *l, const char *net)
{
    pthread_mutex_lock(&l->tuning.guard.mutex);
    snprintf(l->network.net, sizeof(l->network.net), "%s", net);
    l->network.wanted = true;
    pthread_mutex_unlock(&l->tuning.guard.mutex);
}

bool mien_live_network_replaced(const struct mien_live *l)
{
    return l->network.replaced;
}

void mien_live_tune(struct mien_live *l, float fov_deg, float filter, int faces, bool quality)
{
    pthread_mutex_lock(&l->tuning.guard.mutex);
    l->tuning.fov_deg = fov_deg;
    l->tuning.filter = filter;
    l->tuning.faces = faces;
    l->tuning.quality = quality;
    l->tuning.wanted = true;
    pthread_mutex_unlock(&l->tuning.guard.mutex);
}

// A mailbox that was stopped starts anew, with nothing in it; what it dropped stays counted.
static bool renew(struct mien_mailbox *m, void *a, void *b, void *c)
{
    uint64_t posted = m->posted, dropped = m->dropped;
    mien_mailbox_destroy(m);
    memset(m, 0, sizeof(*m));
    bool ok = mien_mailbox_init(m, a, b, c);
    m->posted = posted;
    m->dropped = dropped;
    return ok;
}

static void join_threads(struct mien_live *l)
{
    mien_thread_join(&l->capture);
    mien_thread_join(&l->infer);
}

static void *run_open(void *arg)
{
    struct mien_live *l = arg;
    struct mien_live_opening *w = &l->opening;
    char logged[sizeof(w->why.text)];
    join_threads(l);
    // A camera can be open only once, so the old one closes first.
    mien_source_close(l->input.source);
    if (w->quietly) {
        mien_log_capture(logged, sizeof(logged));
    }
    l->input.source = mien_source_open(w->uri, &w->options, &w->why);
    w->ok = l->input.source != NULL;
    if (!w->ok) {
        l->input.source =
            mien_source_open(l->config.uri ? l->config.uri : "", &l->config.source, &l->input.away);
    }
    mien_log_capture(NULL, 0);
    mien_event_tell(l->config.events, MIEN_EVENT_SOURCE, 0, NULL);
    return NULL;
}

bool mien_live_switch(struct mien_live *l, const char *uri, const struct mien_source_options *o,
                      bool quietly)
{
    struct mien_live_opening *w = &l->opening;
    if (l->config.read || w->on || strlen(uri) >= sizeof(w->uri)) {
        return false;
    }
    // One that is away may be changing its info.
    w->info =
        l->input.source && !l->input.lost ? *mien_source_info(l->input.source) : l->input.none;
    snprintf(w->info.kind, sizeof(w->info.kind), "opening");
    snprintf(w->uri, sizeof(w->uri), "%s", uri);
    w->options = *o;
    w->quietly = quietly;
    w->why.text[0] = 0;
    w->on = true;
    mien_live_stop(l);
    if (!mien_thread_start(&w->thread, "mien-open", run_open, l)) {
        run_open(l); // here, then
    }
    return true;
}

bool mien_live_opened(struct mien_live *l, struct mien_why *why)
{
    struct mien_live_opening *w = &l->opening;
    mien_thread_join(&w->thread);
    w->on = false;
    if (w->ok) {
        snprintf(l->input.uri, sizeof(l->input.uri), "%s", w->uri);
        l->config.uri = l->input.uri;
        l->config.source = w->options;
    }
    *why = w->why;
    if ((!l->input.source && !l->config.may_wait && !l->config.may_lose) ||
        !renew(&l->frames, &l->payload[0], &l->payload[1], &l->payload[2]) ||
        !renew(&l->results, &l->shot[0], &l->shot[1], &l->shot[2])) {
        l->input.failed = true;
        return false;
    }
    l->input.dropped_before += l->input.dropped;
    l->input.dropped = 0;
    if (l->inference.engine && w->ok) {
        mien_engine_reset(l->inference.engine);
    }
    l->stop = l->input.failed = l->input.lost = false;
    if (!mien_live_start(l)) {
        mien_live_stop(l);
        l->input.failed = true;
        return false;
    }
    return w->ok;
}

void mien_live_stop(struct mien_live *l)
{
    l->stop = true;
    mien_mailbox_stop(&l->frames);
    mien_mailbox_stop(&l->results);
}

void mien_live_join(struct mien_live *l)
{
    if (!l) {
        return;
    }
    if (l->frames.monitor.ready && l->results.monitor.ready) {
        mien_live_stop(l);
    }
    mien_thread_join(&l->opening.thread);
    join_threads(l);
}

void mien_live_close(struct mien_live *l)
{
    if (!l) {
        return;
    }
    mien_live_join(l);
    for (size_t i = MIEN_COUNT(rooms); i-- > 0;) {
        rooms[i].close(l);
    }
    mien_free(l);
}

// The live thread graph.
#include "live/live.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "live/events.h"

// The longest that a thread waits before it looks at the stop flag.
static const int64_t patience_ns = 200 * MIEN_NS_PER_MS;

enum { CALIBRATE_NONE, CALIBRATE_TAKE, CALIBRATE_CLEAR };

struct input {                  // what mien-capture reads
    struct mien_source *source; // its own while it runs
    char uri[1024];             // config.uri after a switch
    atomic_bool failed, lost;
    atomic_ullong captured, dropped;
    uint64_t dropped_before;      // by the sources before this one
    struct mien_source_info none; // what is told while there is no source
    char away[400];               // why there is none
};

struct inference {                // what mien-infer does
    struct mien_engine *engine;   // its own while it runs
    struct mien_decoder *decoder; // its own
    atomic_ullong done, corrupt;
    atomic_int calibrate;
};

struct marks {
    atomic_int set;
    int written; // of them, those that results have
};

struct profile { // a person's own range
    atomic_bool learn, off;
    enum mien_profile_phase told; // mien-infer's
};

struct tuning {
    atomic_bool wanted;
    struct mien_monitor guard; // of the values that follow, and of struct network
    float fov_deg, filter;
    int faces;
    bool quality;
};

struct network { // another one, between two frames
    atomic_bool wanted;
    char net[1024];
    bool replaced;
};

struct opening { // of another source
    struct mien_thread thread;
    bool on, quietly;
    // mien-open's until it has told of it.
    char uri[1024], reason[400];
    struct mien_source_options options;
    bool ok;
    struct mien_source_info info; // what is told meanwhile
};

struct mien_live {
    struct mien_live_config config;
    struct mien_payload payload[3];
    struct mien_shot shot[3];
    struct mien_mailbox frames, results;
    struct mien_thread capture, infer;
    atomic_bool stop;
    struct input input;
    struct inference inference;
    struct marks marks;
    struct profile profile;
    struct tuning tuning;
    struct network network;
    struct opening opening;
};

static enum mien_source_status read_frame(struct mien_live *l, struct mien_payload *p)
{
    int64_t deadline = mien_now_ns() + patience_ns;
    if (!l->config.read && !l->input.source) {
        mien_sleep_until_ns(deadline);
        return MIEN_SOURCE_LOST;
    }
    return l->config.read ? l->config.read(l->config.read_arg, p, deadline)
                          : mien_source_read_raw(l->input.source, p, deadline);
}

// Also while no frame comes: a source may drop for longer than it is waited for.
static void count_drops(struct mien_live *l, enum mien_source_status s,
                        const struct mien_payload *p)
{
    struct mien_source_counts c = {0};
    if (l->input.source) {
        mien_source_counts(l->input.source, &c);
        l->input.dropped = c.dropped;
    } else if (s == MIEN_SOURCE_OK) { // of a stand-in
        l->input.dropped = p->dropped;
    }
}

static void tell_lost(struct mien_live *l, bool lost)
{
    if (lost != l->input.lost) {
        l->input.lost = lost;
        mien_event_tell(l->config.events, lost ? MIEN_EVENT_LOST : MIEN_EVENT_BACK, 0, NULL);
    }
}

static void *run_capture(void *arg)
{
    struct mien_live *l = arg;
    while (!l->stop) {
        struct mien_payload *p = mien_mailbox_back(&l->frames);
        int64_t start = mien_now_ns();
        enum mien_source_status s = read_frame(l, p);
        tell_lost(l, s == MIEN_SOURCE_LOST && l->input.source);
        count_drops(l, s, p);
        if (s == MIEN_SOURCE_OK) {
            l->input.captured++;
            mien_mailbox_post(&l->frames);
            while (l->config.every_frame && !l->stop &&
                   !mien_mailbox_wait_taken(&l->frames, mien_now_ns() + patience_ns)) {
            }
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

static void calibrate(struct mien_live *l)
{
    int want = atomic_exchange(&l->inference.calibrate, CALIBRATE_NONE);
    if (want != CALIBRATE_NONE && l->inference.engine) {
        mien_engine_calibrate_neutral(l->inference.engine, want == CALIBRATE_CLEAR);
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
        mien_warn("the network \"%s\" is not used, the old one goes on: %s", net, why);
    }
    mien_event_tell(l->config.events, MIEN_EVENT_NETWORK, ok, why);
}

// What was asked for since the last frame.
static void adjust(struct mien_live *l)
{
    exchange_network(l);
    tune(l);
}

static bool infer_one(struct mien_live *l, const struct mien_payload *p, struct mien_shot *s)
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
    int marks = l->marks.set;
    s->result.mark = marks > l->marks.written ? marks : 0;
    l->marks.written = marks;
    if (l->config.profile) {
        if (atomic_exchange(&l->profile.learn, false)) {
            mien_profile_begin(l->config.profile);
        }
        if (!l->profile.off || l->config.profile->phase != MIEN_PROFILE_READY) {
            mien_profile_result(l->config.profile, &s->result);
        }
        if (l->config.profile->phase != l->profile.told) {
            l->profile.told = l->config.profile->phase;
            mien_event_tell(l->config.events, MIEN_EVENT_PROFILE, (int)l->profile.told, NULL);
        }
    }
    s->captured_ns = p->capture_ns;
    s->media_ns = p->media_ns;
    return ok;
}

static void *run_infer(void *arg)
{
    struct mien_live *l = arg;
    uint64_t done = 0;
    while (!l->stop && (!l->config.frames || done < l->config.frames)) {
        struct mien_payload *p = mien_mailbox_take(&l->frames, mien_now_ns() + patience_ns);
        if (!p) {
            if (!mien_mailbox_stopped(&l->frames)) {
                adjust(l);
                continue;
            }
            p = mien_mailbox_take(&l->frames, 0); // posted between the two questions
            if (!p) {
                break;
            }
        }
        calibrate(l);
        adjust(l);
        struct mien_shot *s = mien_mailbox_back(&l->results);
        if (!infer_one(l, p, s)) {
            continue;
        }
        l->inference.done = ++done;
        if (l->config.result) {
            l->config.result(l->config.result_arg, s);
        }
        mien_mailbox_post(&l->results);
        while (l->config.every_frame && !l->stop &&
               !mien_mailbox_wait_taken(&l->results, mien_now_ns() + patience_ns)) {
        }
    }
    l->stop = true; // the source need not go on
    mien_mailbox_stop(&l->frames);
    mien_mailbox_stop(&l->results);
    return NULL;
}

struct mien_live *mien_live_open(const struct mien_live_config *c)
{
    struct mien_live *l = mien_calloc(1, sizeof(*l));
    if (!l) {
        return NULL;
    }
    l->config = *c;
    if (!mien_monitor_init(&l->tuning.guard) ||
        !mien_mailbox_init(&l->frames, &l->payload[0], &l->payload[1], &l->payload[2]) ||
        !mien_mailbox_init(&l->results, &l->shot[0], &l->shot[1], &l->shot[2])) {
        goto fail;
    }
    l->inference.decoder = mien_decoder_create();
    if (!l->inference.decoder) {
        goto fail;
    }
    if (!c->read) {
        snprintf(l->input.none.kind, sizeof(l->input.none.kind), "none");
        snprintf(l->input.none.name, sizeof(l->input.none.name), "no camera");
        l->input.source = mien_source_open(c->uri ? c->uri : "", &c->source, l->input.away,
                                           sizeof(l->input.away));
        if (!l->input.source && !c->may_wait) {
            goto fail;
        }
    }
    if (!c->infer) {
        l->inference.engine = mien_engine_create(&c->engine);
        if (!l->inference.engine && c->may_replace && c->engine.net_path) {
            mien_warn("the network \"%s\" cannot be used: taking the standard one",
                      c->engine.net_path);
            l->config.engine.net_path = NULL;
            l->inference.engine = mien_engine_create(&l->config.engine);
            l->network.replaced = true;
        }
        if (!l->inference.engine) {
            goto fail;
        }
    }
    return l;
fail:
    mien_live_close(l);
    return NULL;
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
    return mien_thread_start(&l->infer, "mien-infer", run_infer, l) &&
           mien_thread_start(&l->capture, "mien-capture", run_capture, l);
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
        snprintf(out, out_size, "%s", l->input.away);
    }
}

void mien_live_calibrate(struct mien_live *l, bool clear)
{
    l->inference.calibrate = clear ? CALIBRATE_CLEAR : CALIBRATE_TAKE;
}

int mien_live_mark(struct mien_live *l)
{
    return ++l->marks.set;
}

void mien_live_learn_profile(struct mien_live *l)
{
    l->profile.learn = true;
}

void mien_live_use_profile(struct mien_live *l, bool use)
{
    l->profile.off = !use;
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
    struct opening *w = &l->opening;
    char logged[sizeof(w->reason)];
    join_threads(l);
    // A camera can be open only once, so the old one closes first.
    mien_source_close(l->input.source);
    if (w->quietly) {
        mien_log_capture(logged, sizeof(logged));
    }
    l->input.source = mien_source_open(w->uri, &w->options, w->reason, sizeof(w->reason));
    w->ok = l->input.source != NULL;
    if (!w->ok) {
        l->input.source = mien_source_open(l->config.uri ? l->config.uri : "", &l->config.source,
                                           l->input.away, sizeof(l->input.away));
    }
    mien_log_capture(NULL, 0);
    mien_event_tell(l->config.events, MIEN_EVENT_SOURCE, 0, NULL);
    return NULL;
}

bool mien_live_switch(struct mien_live *l, const char *uri, const struct mien_source_options *o,
                      bool quietly)
{
    struct opening *w = &l->opening;
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
    w->reason[0] = 0;
    w->on = true;
    mien_live_stop(l);
    if (!mien_thread_start(&w->thread, "mien-open", run_open, l)) {
        run_open(l); // here, then
    }
    return true;
}

bool mien_live_opened(struct mien_live *l, char *reason, size_t reason_size)
{
    struct opening *w = &l->opening;
    mien_thread_join(&w->thread);
    w->on = false;
    if (w->ok) {
        snprintf(l->input.uri, sizeof(l->input.uri), "%s", w->uri);
        l->config.uri = l->input.uri;
        l->config.source = w->options;
    }
    snprintf(reason, reason_size, "%s", w->reason);
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
    mien_source_close(l->input.source);
    mien_engine_destroy(l->inference.engine);
    mien_decoder_destroy(l->inference.decoder);
    for (int i = 0; i < 3; i++) {
        mien_payload_destroy(&l->payload[i]);
        mien_image_destroy(&l->shot[i].picture);
    }
    mien_mailbox_destroy(&l->frames);
    mien_mailbox_destroy(&l->results);
    mien_monitor_destroy(&l->tuning.guard);
    mien_free(l);
}

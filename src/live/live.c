// The live thread graph.
#include "live/live.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mailbox.h"
#include "base/mem.h"

// The longest that a thread waits before it looks at the stop flag.
static const int64_t patience_ns = 200 * MIEN_NS_PER_MS;

enum { CALIBRATE_NONE, CALIBRATE_TAKE, CALIBRATE_CLEAR };

struct mien_live {
    struct mien_live_config config;
    struct mien_source *source;   // mien-capture's while it runs
    struct mien_engine *engine;   // mien-infer's while it runs
    struct mien_decoder *decoder; // mien-infer's
    struct mien_payload payload[3];
    struct mien_shot shot[3];
    struct mien_mailbox frames, results;
    struct mien_thread capture, infer;
    atomic_bool stop, failed, lost;
    atomic_ullong captured, inferred, corrupt, source_dropped;
    uint64_t lost_before; // dropped by the sources before this one
    atomic_int calibrate;
    atomic_int marks, profile_phase;
    atomic_bool learn, profile_off;
    int marked; // of marks, those that results have
    atomic_bool tune;
    struct mien_monitor tuning; // guards the rest of this paragraph
    float fov_deg, filter;
    int faces;
    bool quality;
    char net[1024], why[400]; // why: of network_news
    enum mien_live_network network_news;
    atomic_bool want_net; // net
    bool replaced;
    char uri[1024];               // config.uri after a switch
    struct mien_source_info none; // what is told while there is no source
    char away[400];               // why there is none
    struct opening {              // of another source
        struct mien_thread thread;
        bool on, quietly;
        atomic_bool done;
        // mien-open's until done.
        char uri[1024], reason[400];
        struct mien_source_options options;
        bool ok;
        struct mien_source_info info; // what is told meanwhile
    } opening;
};

static enum mien_source_status read_frame(struct mien_live *l, struct mien_payload *p)
{
    int64_t deadline = mien_now_ns() + patience_ns;
    if (!l->config.read && !l->source) {
        mien_sleep_until_ns(deadline);
        return MIEN_SOURCE_LOST;
    }
    return l->config.read ? l->config.read(l->config.read_arg, p, deadline)
                          : mien_source_read_raw(l->source, p, deadline);
}

// Also while no frame comes: a source may drop for longer than it is waited for.
static void count_drops(struct mien_live *l, enum mien_source_status s,
                        const struct mien_payload *p)
{
    struct mien_source_counts c = {0};
    if (l->source) {
        mien_source_counts(l->source, &c);
        l->source_dropped = c.dropped;
    } else if (s == MIEN_SOURCE_OK) { // of a stand-in
        l->source_dropped = p->dropped;
    }
}

static void *run_capture(void *arg)
{
    struct mien_live *l = arg;
    while (!l->stop) {
        struct mien_payload *p = mien_mailbox_back(&l->frames);
        int64_t start = mien_now_ns();
        enum mien_source_status s = read_frame(l, p);
        l->lost = s == MIEN_SOURCE_LOST && l->source;
        count_drops(l, s, p);
        if (s == MIEN_SOURCE_OK) {
            l->captured++;
            mien_mailbox_post(&l->frames);
            while (l->config.every_frame && !l->stop &&
                   !mien_mailbox_wait_taken(&l->frames, mien_now_ns() + patience_ns)) {
            }
        } else if (s == MIEN_SOURCE_END || s == MIEN_SOURCE_FAILED) {
            l->failed = s == MIEN_SOURCE_FAILED;
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
    int want = atomic_exchange(&l->calibrate, CALIBRATE_NONE);
    if (want != CALIBRATE_NONE && l->engine) {
        mien_engine_calibrate_neutral(l->engine, want == CALIBRATE_CLEAR);
    }
}

static void tune(struct mien_live *l)
{
    if (!l->tune || !l->engine) {
        return;
    }
    pthread_mutex_lock(&l->tuning.mutex);
    mien_engine_set_fov(l->engine, l->fov_deg);
    mien_engine_set_filter(l->engine, l->filter);
    mien_engine_set_max_faces(l->engine, l->faces);
    mien_engine_set_quality(l->engine, l->quality);
    l->tune = false;
    pthread_mutex_unlock(&l->tuning.mutex);
}

static void exchange_network(struct mien_live *l)
{
    if (!l->want_net || !l->engine) {
        return;
    }
    char net[sizeof(l->net)], why[sizeof(l->why)] = "";
    pthread_mutex_lock(&l->tuning.mutex);
    memcpy(net, l->net, sizeof(net));
    l->want_net = false;
    pthread_mutex_unlock(&l->tuning.mutex);
    mien_log_capture(why, sizeof(why));
    bool ok = mien_engine_set_network(l->engine, net);
    mien_log_capture(NULL, 0);
    if (!ok) {
        mien_warn("the network \"%s\" is not used, the old one goes on: %s", net, why);
    }
    pthread_mutex_lock(&l->tuning.mutex);
    memcpy(l->why, why, sizeof(why));
    l->network_news = ok ? MIEN_LIVE_NETWORK_NEW : MIEN_LIVE_NETWORK_KEPT;
    pthread_mutex_unlock(&l->tuning.mutex);
}

// What was asked for since the last frame.
static void adjust(struct mien_live *l)
{
    exchange_network(l);
    tune(l);
}

static bool infer_one(struct mien_live *l, const struct mien_payload *p, struct mien_shot *s)
{
    if (!mien_decoder_decode(l->decoder, p, &s->picture, NULL)) {
        l->corrupt++;
        return false;
    }
    // In step with a file its own time counts, so that a run gives the same results every time.
    int64_t t = l->config.every_frame ? p->media_ns : p->capture_ns;
    bool ok = l->config.infer ? l->config.infer(l->config.infer_arg, &s->picture, t, &s->result)
                              : mien_engine_run(l->engine, &s->picture, t, &s->result);
    s->result.frame = p->index;
    int marks = l->marks;
    s->result.mark = marks > l->marked ? marks : 0;
    l->marked = marks;
    if (l->config.profile) {
        if (atomic_exchange(&l->learn, false)) {
            mien_profile_begin(l->config.profile);
        }
        if (!l->profile_off || l->config.profile->phase != MIEN_PROFILE_READY) {
            mien_profile_result(l->config.profile, &s->result);
        }
        l->profile_phase = (int)l->config.profile->phase;
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
        l->inferred = ++done;
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
    if (!mien_monitor_init(&l->tuning) ||
        !mien_mailbox_init(&l->frames, &l->payload[0], &l->payload[1], &l->payload[2]) ||
        !mien_mailbox_init(&l->results, &l->shot[0], &l->shot[1], &l->shot[2])) {
        goto fail;
    }
    l->decoder = mien_decoder_create();
    if (!l->decoder) {
        goto fail;
    }
    if (!c->read) {
        snprintf(l->none.kind, sizeof(l->none.kind), "none");
        snprintf(l->none.name, sizeof(l->none.name), "no camera");
        l->source = mien_source_open(c->uri ? c->uri : "", &c->source, l->away, sizeof(l->away));
        if (!l->source && !c->may_wait) {
            goto fail;
        }
    }
    if (!c->infer) {
        l->engine = mien_engine_create(&c->engine);
        if (!l->engine && c->may_replace && c->engine.net_path) {
            mien_warn("the network \"%s\" cannot be used: taking the standard one",
                      c->engine.net_path);
            l->config.engine.net_path = NULL;
            l->engine = mien_engine_create(&l->config.engine);
            l->replaced = true;
        }
        if (!l->engine) {
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
    return l->opening.on ? &l->opening.info
           : l->source   ? mien_source_info(l->source)
           : (l->config.may_wait || l->config.may_lose) && !l->config.read ? &l->none
                                                                           : NULL;
}

const struct mien_face_model *mien_live_model(const struct mien_live *l)
{
    return l->engine ? mien_engine_model(l->engine) : NULL;
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
    return l->failed && !l->opening.on;
}

bool mien_live_lost(struct mien_live *l)
{
    return l->lost && !l->opening.on;
}

void mien_live_counts(struct mien_live *l, struct mien_live_counts *out)
{
    uint64_t posted, frames, results;
    mien_mailbox_counts(&l->frames, &posted, &frames);
    mien_mailbox_counts(&l->results, &posted, &results);
    *out = (struct mien_live_counts){l->captured, l->inferred,
                                     l->lost_before + l->source_dropped + frames + results,
                                     l->corrupt};
}

void mien_live_state(struct mien_live *l, char *out, size_t out_size)
{
    if (out_size) {
        out[0] = 0;
    }
    if (l->opening.on) {
        return;
    }
    if (l->source) {
        mien_source_state(l->source, out, out_size);
    } else if (out_size) {
        snprintf(out, out_size, "%s", l->away);
    }
}

void mien_live_calibrate(struct mien_live *l, bool clear)
{
    l->calibrate = clear ? CALIBRATE_CLEAR : CALIBRATE_TAKE;
}

int mien_live_mark(struct mien_live *l)
{
    return ++l->marks;
}

void mien_live_learn_profile(struct mien_live *l)
{
    l->learn = true;
}

void mien_live_use_profile(struct mien_live *l, bool use)
{
    l->profile_off = !use;
}

enum mien_profile_phase mien_live_profile_phase(const struct mien_live *l)
{
    return (enum mien_profile_phase)l->profile_phase;
}

void mien_live_use_network(struct mien_live *l, const char *net)
{
    pthread_mutex_lock(&l->tuning.mutex);
    snprintf(l->net, sizeof(l->net), "%s", net);
    l->want_net = true;
    pthread_mutex_unlock(&l->tuning.mutex);
}

enum mien_live_network mien_live_network_news(struct mien_live *l, char *why, size_t why_size)
{
    pthread_mutex_lock(&l->tuning.mutex);
    enum mien_live_network news = l->network_news;
    if (news == MIEN_LIVE_NETWORK_KEPT) {
        snprintf(why, why_size, "%s", l->why);
    }
    l->network_news = MIEN_LIVE_NETWORK_SAME;
    pthread_mutex_unlock(&l->tuning.mutex);
    return news;
}

bool mien_live_network_replaced(const struct mien_live *l)
{
    return l->replaced;
}

void mien_live_tune(struct mien_live *l, float fov_deg, float filter, int faces, bool quality)
{
    pthread_mutex_lock(&l->tuning.mutex);
    l->fov_deg = fov_deg;
    l->filter = filter;
    l->faces = faces;
    l->quality = quality;
    l->tune = true;
    pthread_mutex_unlock(&l->tuning.mutex);
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
    mien_source_close(l->source);
    if (w->quietly) {
        mien_log_capture(logged, sizeof(logged));
    }
    l->source = mien_source_open(w->uri, &w->options, w->reason, sizeof(w->reason));
    w->ok = l->source != NULL;
    if (!w->ok) {
        l->source = mien_source_open(l->config.uri ? l->config.uri : "", &l->config.source, l->away,
                                     sizeof(l->away));
    }
    mien_log_capture(NULL, 0);
    w->done = true;
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
    w->info = l->source && !l->lost ? *mien_source_info(l->source) : l->none;
    snprintf(w->info.kind, sizeof(w->info.kind), "opening");
    snprintf(w->uri, sizeof(w->uri), "%s", uri);
    w->options = *o;
    w->quietly = quietly;
    w->reason[0] = 0;
    w->on = true;
    w->done = false;
    mien_live_stop(l);
    if (!mien_thread_start(&w->thread, "mien-open", run_open, l)) {
        run_open(l); // here, then
    }
    return true;
}

enum mien_live_source_news mien_live_source_news(struct mien_live *l, char *reason,
                                                 size_t reason_size)
{
    struct opening *w = &l->opening;
    if (!w->on || !w->done) {
        return MIEN_LIVE_SOURCE_SAME;
    }
    mien_thread_join(&w->thread);
    w->on = false;
    if (w->ok) {
        snprintf(l->uri, sizeof(l->uri), "%s", w->uri);
        l->config.uri = l->uri;
        l->config.source = w->options;
    }
    snprintf(reason, reason_size, "%s", w->reason);
    if ((!l->source && !l->config.may_wait && !l->config.may_lose) ||
        !renew(&l->frames, &l->payload[0], &l->payload[1], &l->payload[2]) ||
        !renew(&l->results, &l->shot[0], &l->shot[1], &l->shot[2])) {
        l->failed = true;
        return MIEN_LIVE_SOURCE_FAILED;
    }
    l->lost_before += l->source_dropped;
    l->source_dropped = 0;
    if (l->engine && w->ok) {
        mien_engine_reset(l->engine);
    }
    l->stop = l->failed = l->lost = false;
    if (!mien_live_start(l)) {
        mien_live_stop(l);
        l->failed = true;
        return MIEN_LIVE_SOURCE_FAILED;
    }
    return w->ok ? MIEN_LIVE_SOURCE_NEW : MIEN_LIVE_SOURCE_FAILED;
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
    mien_source_close(l->source);
    mien_engine_destroy(l->engine);
    mien_decoder_destroy(l->decoder);
    for (int i = 0; i < 3; i++) {
        mien_payload_destroy(&l->payload[i]);
        mien_image_destroy(&l->shot[i].picture);
    }
    mien_mailbox_destroy(&l->frames);
    mien_mailbox_destroy(&l->results);
    mien_monitor_destroy(&l->tuning);
    mien_free(l);
}

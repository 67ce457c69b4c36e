// Samples with their times, in a ring.
#include "live/sound.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

static int64_t duration_ns(uint64_t n)
{
    return (int64_t)(n * MIEN_NS_PER_S / MIEN_SOUND_RATE);
}

int64_t mien_sound_clock_block(struct mien_sound_clock *c, int n, int64_t now_ns)
{
    int64_t long_ns = duration_ns((uint64_t)n);
    if (!c->started) {
        *c = (struct mien_sound_clock){.started = true, .end_ns = now_ns - long_ns};
        c->least_ns = INT64_MAX;
    }
    c->end_ns += long_ns;
    int64_t delay_ns = now_ns - c->end_ns;
    c->least_ns = delay_ns < c->least_ns ? delay_ns : c->least_ns;
    c->window_ns += long_ns;
    // Earlier than was thought possible, or for a second never as early; or nothing came for so
    // long that nobody can have kept it.
    if (delay_ns < 0 || c->window_ns >= MIEN_NS_PER_S || delay_ns > MIEN_NS_PER_S) {
        c->least_ns = delay_ns > MIEN_NS_PER_S ? delay_ns : c->least_ns;
        c->end_ns += c->least_ns;
        c->window_ns = 0;
        c->least_ns = INT64_MAX;
    }
    return c->end_ns - long_ns;
}

bool mien_sound_init(struct mien_sound *s)
{
    memset(s, 0, sizeof(*s));
    s->sample = mien_calloc(MIEN_SOUND_KEPT, sizeof(*s->sample));
    return s->sample && mien_monitor_init(&s->lock);
}

void mien_sound_destroy(struct mien_sound *s)
{
    mien_monitor_destroy(&s->lock);
    mien_free(s->sample);
    memset(s, 0, sizeof(*s));
}

void mien_sound_put(struct mien_sound *s, const float *samples, int n, int64_t now_ns)
{
    pthread_mutex_lock(&s->lock.mutex);
    int64_t time_ns = mien_sound_clock_block(&s->clock, n, now_ns);
    unsigned k = s->blocks++ % MIEN_COUNT(s->block);
    s->block[k].at = s->put;
    s->block[k].time_ns = time_ns;
    for (int i = 0; i < n; i++) {
        memcpy(s->sample[s->put++ % MIEN_SOUND_KEPT], samples + (size_t)i * MIEN_SOUND_CHANNELS,
               sizeof(*s->sample));
    }
    uint64_t oldest = s->put > MIEN_SOUND_KEPT ? s->put - MIEN_SOUND_KEPT : 0;
    s->taken = s->taken < oldest ? oldest : s->taken;
    pthread_mutex_unlock(&s->lock.mutex);
}

// Of the blocks that are remembered, the one that holds sample `at`; its end into *end. -1: none.
static int find_block(const struct mien_sound *s, uint64_t at, uint64_t *end)
{
    unsigned known = s->blocks < MIEN_COUNT(s->block) ? s->blocks : MIEN_COUNT(s->block);
    *end = s->put;
    for (unsigned i = 1; i <= known; i++) {
        unsigned k = (s->blocks - i) % MIEN_COUNT(s->block);
        if (s->block[k].at <= at) {
            return (int)k;
        }
        *end = s->block[k].at;
    }
    return -1;
}

int mien_sound_take(struct mien_sound *s, int64_t until_ns,
                    float out[MIEN_SOUND_BLOCK][MIEN_SOUND_CHANNELS], int64_t *time_ns)
{
    int n = 0;
    uint64_t end;
    pthread_mutex_lock(&s->lock.mutex);
    int k = s->taken < s->put ? find_block(s, s->taken, &end) : -1;
    if (k < 0) {
        s->taken = s->put; // of blocks that were forgotten
    } else {
        *time_ns = s->block[k].time_ns + duration_ns(s->taken - s->block[k].at);
        n = *time_ns >= until_ns                ? 0
            : end - s->taken < MIEN_SOUND_BLOCK ? (int)(end - s->taken)
                                                : MIEN_SOUND_BLOCK;
    }
    for (int i = 0; i < n; i++) {
        memcpy(out[i], s->sample[s->taken++ % MIEN_SOUND_KEPT], sizeof(*s->sample));
    }
    pthread_mutex_unlock(&s->lock.mutex);
    return n;
}

bool mien_sound_write(struct mien_sound *s, struct mien_video_writer *video, int64_t captured_ns,
                      int64_t time_ns)
{
    float block[MIEN_SOUND_BLOCK][MIEN_SOUND_CHANNELS];
    int64_t heard_ns;
    bool ok = true;
    int n;
    while (ok && (n = mien_sound_take(s, captured_ns, block, &heard_ns)) > 0) {
        ok = mien_video_writer_sound(video, block[0], n, heard_ns - captured_ns + time_ns);
    }
    return ok;
}

// URI to source, and what all kinds share: decoding reads, state in words, counters, pacing.
#include "source/internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

void mien_payload_destroy(struct mien_payload *p)
{
    mien_free(p->data);
    *p = (struct mien_payload){0};
}

void mien_frame_destroy(struct mien_frame *f)
{
    mien_image_destroy(&f->rgb);
    *f = (struct mien_frame){0};
}

bool mien_payload_reserve(struct mien_payload *p, size_t size)
{
    if (size <= p->capacity) {
        return true;
    }
    mien_free(p->data);
    p->capacity = 0;
    p->data = mien_calloc(1, size);
    if (!p->data) {
        return false;
    }
    p->capacity = size;
    return true;
}

bool mien_payload_set_rgb(struct mien_source *s, struct mien_payload *p,
                          const struct mien_image *im)
{
    size_t row = 3 * (size_t)im->width, size = row * (size_t)im->height;
    if (!mien_payload_reserve(p, size)) {
        return false;
    }
    for (int y = 0; y < im->height; y++) {
        memcpy(p->data + (size_t)y * row, im->data + (size_t)y * im->stride, row);
    }
    p->kind = MIEN_PAYLOAD_RGB;
    p->width = im->width;
    p->height = im->height;
    p->stride = row;
    p->size = size;
    p->index = s->counts.delivered;
    p->dropped = s->counts.dropped;
    mien_source_count(s, 1, 0, 0, 0);
    return true;
}

void mien_source_say(struct mien_source *s, const char *fmt, ...)
{
    char text[sizeof s->state];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    pthread_mutex_lock(&s->lock.mutex);
    bool changed = strcmp(text, s->state) != 0;
    memcpy(s->state, text, sizeof text);
    pthread_mutex_unlock(&s->lock.mutex);
    if (changed && text[0]) {
        mien_warn("%s", text);
    }
}

void mien_source_state(struct mien_source *s, char *out, size_t out_size)
{
    pthread_mutex_lock(&s->lock.mutex);
    snprintf(out, out_size, "%s", s->state);
    pthread_mutex_unlock(&s->lock.mutex);
}

void mien_source_count(struct mien_source *s, uint64_t delivered, uint64_t dropped,
                       uint64_t corrupt, uint64_t reconnects)
{
    pthread_mutex_lock(&s->lock.mutex);
    s->counts.delivered += delivered;
    s->counts.dropped += dropped;
    s->counts.corrupt += corrupt;
    s->counts.reconnects += reconnects;
    pthread_mutex_unlock(&s->lock.mutex);
}

void mien_source_counts(struct mien_source *s, struct mien_source_counts *out)
{
    pthread_mutex_lock(&s->lock.mutex);
    *out = s->counts;
    pthread_mutex_unlock(&s->lock.mutex);
}

int64_t mien_source_clock(const struct mien_source *s)
{
    return s->options.clock_ns ? s->options.clock_ns() : 0;
}

void mien_source_count_convert(struct mien_source *s, int64_t ns)
{
    pthread_mutex_lock(&s->lock.mutex);
    s->counts.convert_ns += ns;
    pthread_mutex_unlock(&s->lock.mutex);
}

static void give_way(struct mien_source *s, struct pace *p, int64_t late_ns, int64_t now_ns)
{
    p->origin_ns += late_ns;
    p->gave_way++;
    p->gave_ns += late_ns;
    p->gave_at_ns = now_ns;
    if (!p->slow && p->gave_way >= 5 && p->gave_ns >= MIEN_NS_PER_S) {
        p->slow = true;
        mien_source_say(s, "%s: too much for this machine: it plays slower than it should",
                        s->info.name);
    }
}

static void note_in_time(struct mien_source *s, struct pace *p, int64_t now_ns)
{
    if (p->gave_way && now_ns - p->gave_at_ns > 3 * MIEN_NS_PER_S) {
        p->gave_way = 0;
        p->gave_ns = 0;
        if (p->slow) {
            p->slow = false;
            mien_source_say(s, "%s", "");
        }
    }
}

enum mien_source_status mien_pace(struct mien_source *s, struct pace *p, int64_t media_ns,
                                  int64_t period_ns, bool may_skip, int64_t deadline_ns,
                                  int64_t *due_ns)
{
    int64_t now = mien_now_ns();
    if (!p->started) {
        p->started = true;
        p->origin_ns = now - media_ns;
    }
    int64_t due = p->origin_ns + media_ns, late = now - due;
    if (due > deadline_ns) {
        mien_sleep_until_ns(deadline_ns);
        return MIEN_SOURCE_TIMEOUT;
    }
    if (late > period_ns) {
        bool gains = !p->skipped || late < p->late_ns;
        if (may_skip && gains && p->skipped < MIEN_PACE_SKIPS) {
            p->skipped++;
            p->late_ns = late;
            mien_source_count(s, 0, 1, 0, 0);
            return MIEN_SOURCE_LOST;
        }
        give_way(s, p, late, now);
        due = now;
    } else {
        note_in_time(s, p, now);
    }
    if (due > now) {
        mien_sleep_until_ns(due);
    }
    p->skipped = 0;
    *due_ns = due;
    return MIEN_SOURCE_OK;
}

static bool is_picture(const char *path)
{
    unsigned char head[8] = {0};
    FILE *f = fopen(path, "rb");
    if (!f) {
        return false;
    }
    size_t n = fread(head, 1, sizeof head, f);
    fclose(f);
    static const unsigned char png[4] = {0x89, 'P', 'N', 'G'};
    if (n >= 3 && head[0] == 0xff && head[1] == 0xd8 && head[2] == 0xff) {
        const char *dot = strrchr(path, '.'); // a raw MJPEG stream also starts so
        return !dot || (strcasecmp(dot, ".mjpg") != 0 && strcasecmp(dot, ".mjpeg") != 0);
    }
    return n >= 4 && !memcmp(head, png, 4);
}

static bool open_kind(struct mien_source *s, const char *uri, struct mien_why *why)
{
    if (!uri[0] || !strcmp(uri, "camera") || !strncmp(uri, "camera:", 7) ||
        !strncmp(uri, "v4l2:", 5)) {
        return mien_v4l2_open(s, uri, why);
    }
    if (!strcmp(uri, "synth") || !strncmp(uri, "synth:", 6)) {
        return mien_synth_source_open(s, uri[5] ? uri + 6 : "", why);
    }
    if (strstr(uri, "://")) {
        return mien_explain(
            why, "%s: network addresses are not read; give a camera, a file or a folder", uri);
    }
    struct stat st;
    if (!strncmp(uri, "/dev/video", 10) || (!stat(uri, &st) && S_ISCHR(st.st_mode))) {
        return mien_v4l2_open(s, uri, why);
    }
    if (stat(uri, &st)) {
        return mien_explain(
            why, "%s: %s. A source is a file, a folder, /dev/videoN, camera:NAME or synth:seed=N",
            uri, strerror(errno));
    }
    if (S_ISDIR(st.st_mode)) {
        return mien_stills_open(s, uri, true, why);
    }
    if (!S_ISREG(st.st_mode)) {
        return mien_explain(why, "%s is neither a file, a folder nor a camera", uri);
    }
    if (st.st_size == 0) {
        return mien_explain(why, "%s: the file is empty", uri);
    }
    return is_picture(uri) ? mien_stills_open(s, uri, false, why) : mien_video_open(s, uri, why);
}

struct mien_source *mien_source_open(const char *uri, const struct mien_source_options *options,
                                     struct mien_why *why)
{
    struct mien_why unread;
    why = why ? why : &unread;
    mien_explain(why, "out of memory");
    struct mien_source *s = mien_calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    if (options) {
        s->options = *options;
    }
    if (!mien_monitor_init(&s->lock) || !open_kind(s, uri ? uri : "", why)) {
        mien_error("%s", why->text);
        mien_source_close(s);
        return NULL;
    }
    why->text[0] = 0;
    return s;
}

bool mien_source_files(const char *uri, bool (*each)(void *arg, const char *path), void *arg)
{
    struct stat st;
    if (!uri[0] || stat(uri, &st)) {
        return true;
    }
    return S_ISDIR(st.st_mode) ? mien_stills_files(uri, each, arg) : each(arg, uri);
}

void mien_source_close(struct mien_source *s)
{
    if (!s) {
        return;
    }
    if (s->ops && s->self) {
        s->ops->close(s);
    }
    mien_decoder_destroy(s->decoder);
    mien_payload_destroy(&s->payload);
    mien_monitor_destroy(&s->lock);
    mien_free(s);
}

const struct mien_source_info *mien_source_info(const struct mien_source *s)
{
    return &s->info;
}

enum mien_source_status mien_source_read_raw(struct mien_source *s, struct mien_payload *p,
                                             int64_t deadline_ns)
{
    return s->ops->read_raw(s, p, deadline_ns);
}

enum mien_source_status mien_source_read(struct mien_source *s, struct mien_frame *f,
                                         int64_t deadline_ns)
{
    if (!s->decoder) {
        s->decoder = mien_decoder_create();
        if (!s->decoder) {
            mien_source_say(s, "%s: out of memory", s->info.name);
            return MIEN_SOURCE_FAILED;
        }
    }
    for (;;) {
        enum mien_source_status st = s->ops->read_raw(s, &s->payload, deadline_ns);
        if (st != MIEN_SOURCE_OK) {
            return st;
        }
        struct mien_why why;
        int64_t t0 = mien_source_clock(s);
        bool decoded = mien_decoder_decode(s->decoder, &s->payload, &f->rgb, &why);
        if (s->payload.kind != MIEN_PAYLOAD_MJPG) {
            mien_source_count_convert(s, mien_source_clock(s) - t0);
        }
        if (decoded) {
            f->capture_ns = s->payload.capture_ns;
            f->media_ns = s->payload.media_ns;
            f->index = s->payload.index;
            f->dropped = s->payload.dropped;
            return MIEN_SOURCE_OK;
        }
        if (!s->info.live) {
            mien_source_say(s, "%s: %s", s->info.name, why.text);
            return MIEN_SOURCE_FAILED;
        }
        mien_debug("%s: frame %llu skipped: %s", s->info.name, (unsigned long long)s->payload.index,
                   why.text);
        mien_source_count(s, 0, 1, 1, 0);
        if (mien_now_ns() >= deadline_ns) {
            return MIEN_SOURCE_TIMEOUT;
        }
    }
}

// Live Link Face (UDP packets and take files) and opentrack.
//
// Live Link Face, version 6, big-endian: u8 6; device id and subject name, each i32 length and
// bytes; frame time: i32 frame, f32 part of a frame, i32 rate, i32 denominator; u8 61; f32[61]. A
// packet without a face ends after the frame time. The frame time counts from the first frame.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/net.h"
#include "sink/sinks.h"

static const char device[] = "mien0000-0000-4000-8000-000000000001"; // 36 characters, like a UUID
static const char subject[] = "mien";

struct frame_time { // since the first frame, in frames of the nominal rate
    bool have_first;
    int64_t first_ns;
    int rate;
};

static double frames_since(struct frame_time *t, int64_t now_ns)
{
    if (!t->have_first) {
        t->first_ns = now_ns;
        t->have_first = true;
    }
    double frames = (double)(now_ns - t->first_ns) * 1e-9 * t->rate;
    return fmin(fmax(frames, 0), 2e9);
}

static int rate_of(double frames_per_s)
{
    return frames_per_s >= 1 && frames_per_s <= 1000 ? (int)lround(frames_per_s) : 60;
}

struct livelink_sink {
    struct mien_sink sink;
    struct mien_udp udp;
    struct mien_text text; // take files only
    struct frame_time time;
    int id;
    uint8_t packet[512];
};

static uint8_t *put_string(uint8_t *p, const char *s)
{
    size_t n = strlen(s);
    p = mien_put_u32_be(p, (uint32_t)n);
    memcpy(p, s, n);
    return p + n;
}

static bool livelink_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct livelink_sink *s = (struct livelink_sink *)sink;
    double frames = frames_since(&s->time, frame->result->times.capture_ns), whole = floor(frames);
    uint8_t *p = s->packet;
    *p++ = 6;
    p = put_string(p, device);
    p = put_string(p, subject);
    p = mien_put_u32_be(p, (uint32_t)whole);
    p = mien_put_f32_be(p, fminf((float)(frames - whole), 0.999999f));
    p = mien_put_u32_be(p, (uint32_t)s->time.rate);
    p = mien_put_u32_be(p, 1);
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &s->id);
    if (f) {
        float curve[MIEN_LIVELINK_CURVES];
        mien_livelink_curves(f, curve);
        *p++ = MIEN_LIVELINK_CURVES;
        for (int i = 0; i < MIEN_LIVELINK_CURVES; i++) {
            p = mien_put_f32_be(p, curve[i]);
        }
    }
    mien_udp_send(&s->udp, s->packet, (size_t)(p - s->packet));
    return true;
}

static bool livelink_close(struct mien_sink *sink)
{
    mien_udp_close(&((struct livelink_sink *)sink)->udp);
    return true;
}

static bool open_livelink(struct mien_sink *sink, const struct mien_sink_target *to,
                          const struct mien_sink_context *c)
{
    struct livelink_sink *s = (struct livelink_sink *)sink;
    s->time.rate = rate_of(c->frames_per_s);
    return mien_udp_open(&s->udp, "Live Link Face", &to->address);
}

const struct mien_sink_type mien_sink_livelink = {
    .name = "Live Link Face",
    .size = sizeof(struct livelink_sink),
    .open = open_livelink,
    .write = livelink_write,
    .close = livelink_close,
};

// One row a frame with a face, as the app's take files: "HH:MM:SS:FF.FFF,61,…".
static bool take_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct livelink_sink *s = (struct livelink_sink *)sink;
    double frames = frames_since(&s->time, frame->result->times.capture_ns);
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &s->id);
    if (!f) {
        return true;
    }
    long long thousandths = llround(frames * 1000), rate = s->time.rate;
    long long whole = thousandths / 1000, seconds = whole / rate;
    fprintf(s->text.file, "%02lld:%02lld:%02lld:%02lld.%03lld,%d", seconds / 3600,
            seconds / 60 % 60, seconds % 60, whole % rate, thousandths % 1000,
            MIEN_LIVELINK_CURVES);
    float curve[MIEN_LIVELINK_CURVES];
    mien_livelink_curves(f, curve);
    for (int i = 0; i < MIEN_LIVELINK_CURVES; i++) {
        fputc(',', s->text.file);
        mien_text_number(&s->text, curve[i], 6, "0");
    }
    return mien_text_end_line(&s->text);
}

static bool take_close(struct mien_sink *sink)
{
    return mien_text_close(&((struct livelink_sink *)sink)->text);
}

static bool open_livelinkcsv(struct mien_sink *sink, const struct mien_sink_target *to,
                             const struct mien_sink_context *c)
{
    struct livelink_sink *s = (struct livelink_sink *)sink;
    s->time.rate = rate_of(c->frames_per_s);
    if (!mien_text_open(&s->text, to->path)) {
        return false;
    }
    fputs("Timecode,BlendShapeCount", s->text.file);
    for (int i = 0; i < MIEN_LIVELINK_CURVES; i++) {
        char name[32];
        mien_livelink_name(i, name);
        fprintf(s->text.file, ",%s", name);
    }
    return mien_text_end_first_line(&s->text);
}

const struct mien_sink_type mien_sink_livelinkcsv = {
    .name = "Live Link Face take",
    .size = sizeof(struct livelink_sink),
    .open = open_livelinkcsv,
    .write = take_write,
    .close = take_close,
};

struct opentrack_sink {
    struct mien_sink sink;
    struct mien_udp udp;
    int id;
};

static bool opentrack_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct opentrack_sink *s = (struct opentrack_sink *)sink;
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &s->id);
    if (f) {
        double v[6];
        uint8_t packet[48], *p = packet;
        mien_convention_opentrack(&f->pose, v);
        for (int i = 0; i < 6; i++) {
            p = mien_put_f64_le(p, v[i]);
        }
        mien_udp_send(&s->udp, packet, sizeof(packet));
    }
    return true;
}

static bool opentrack_close(struct mien_sink *sink)
{
    mien_udp_close(&((struct opentrack_sink *)sink)->udp);
    return true;
}

static bool open_opentrack(struct mien_sink *sink, const struct mien_sink_target *to,
                           const struct mien_sink_context *c)
{
    struct opentrack_sink *s = (struct opentrack_sink *)sink;
    return mien_udp_open(&s->udp, "opentrack", &to->address);
}

const struct mien_sink_type mien_sink_opentrack = {
    .name = "opentrack",
    .size = sizeof(struct opentrack_sink),
    .open = open_opentrack,
    .write = opentrack_write,
    .close = opentrack_close,
};

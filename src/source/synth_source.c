// Rendered people as a source: "synth:seed=1,frames=300,fps=30,size=640x480";
// "gestures" in the list: the person does what calibration asks for.
//
// Every frame is a function of seed and number: dropped frames (realtime) are not rendered at all.
// Without frames=N it has no end; looped, it starts again after N.
#include "source/internal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "synth/clip.h"

struct synth {
    struct mien_synth_clip *clip;
    long long next, frames; // frames 0: endless
    int width, height;
    double fps;
    bool gestures;
    struct pace pace;
};

static void close_synth(struct mien_source *s)
{
    struct synth *y = s->self;
    mien_synth_clip_close(y->clip);
    mien_free(y);
    s->self = NULL;
}

static enum mien_source_status read_synth(struct mien_source *s, struct mien_payload *p,
                                          int64_t deadline_ns)
{
    struct synth *y = s->self;
    for (;;) {
        if (y->frames && y->next >= y->frames && !s->options.loop) {
            return MIEN_SOURCE_END;
        }
        int64_t media = llrint((double)y->next * 1e9 / y->fps), due = mien_now_ns();
        if (s->options.realtime) {
            int64_t period = (int64_t)(1e9 / y->fps);
            enum mien_source_status st =
                mien_pace(s, &y->pace, media, period, true, deadline_ns, &due);
            if (st == MIEN_SOURCE_LOST) {
                y->next++;
                continue;
            }
            if (st != MIEN_SOURCE_OK) {
                return st;
            }
        }
        size_t row = 3 * (size_t)y->width, size = row * (size_t)y->height;
        if (!mien_payload_reserve(p, size)) {
            return MIEN_SOURCE_FAILED;
        }
        struct mien_image im = {p->data, y->width, y->height, row, MIEN_FORMAT_RGB8, false};
        if (!mien_synth_clip_frame(y->clip, y->frames ? y->next % y->frames : y->next, &im, NULL)) {
            return MIEN_SOURCE_FAILED;
        }
        p->kind = MIEN_PAYLOAD_RGB;
        p->width = y->width;
        p->height = y->height;
        p->stride = row;
        p->size = size;
        p->capture_ns = due;
        p->media_ns = media;
        p->index = s->counts.delivered;
        p->dropped = s->counts.dropped;
        mien_source_count(s, 1, 0, 0, 0);
        y->next++;
        return MIEN_SOURCE_OK;
    }
}

static const struct source_ops synth_ops = {read_synth, close_synth};

// One "name=value"; false when it is not understood.
static bool parse_item(struct synth *y, unsigned long long *seed, const char *item)
{
    int end = 0;
    double fps;
    int w, h;
    if (!strcmp(item, "gestures")) {
        y->gestures = true;
        return true;
    }
    if (sscanf(item, "seed=%llu%n", seed, &end) == 1 && !item[end]) {
        return item[5] != '-';
    }
    if (sscanf(item, "frames=%lld%n", &y->frames, &end) == 1 && !item[end]) {
        return y->frames > 0;
    }
    if (sscanf(item, "fps=%lf%n", &fps, &end) == 1 && !item[end]) {
        y->fps = fps;
        return fps >= 1 && fps <= 240;
    }
    if (sscanf(item, "size=%dx%d%n", &w, &h, &end) == 2 && !item[end]) {
        y->width = w;
        y->height = h;
        return w >= 64 && w <= 1920 && h >= 64 && h <= 1920;
    }
    return false;
}

bool mien_synth_source_open(struct mien_source *s, const char *spec, struct mien_why *why)
{
    struct synth *y = mien_calloc(1, sizeof *y);
    if (!y) {
        return mien_explain(why, "out of memory");
    }
    s->self = y;
    s->ops = &synth_ops;
    y->width = s->options.width > 0 ? s->options.width : 640;
    y->height = s->options.height > 0 ? s->options.height : 480;
    y->fps = s->options.fps > 0 ? s->options.fps : 30;
    unsigned long long seed = 1;
    for (const char *at = spec; *at;) {
        char item[48];
        size_t n = strcspn(at, ",");
        snprintf(item, sizeof item, "%.*s", (int)(n < sizeof item ? n : sizeof item - 1), at);
        if (n >= sizeof item || !parse_item(y, &seed, item)) {
            return mien_explain(
                why,
                "synth: \"%s\" is not understood; an example with every setting: "
                "synth:seed=1,frames=300,fps=30,size=640x480,gestures (sides 64 to 1920, fps 1 to "
                "240)",
                item);
        }
        at += n + (at[n] == ',');
    }
    y->clip = mien_synth_clip_open(seed, y->width, y->height, y->fps, mien_data_dir());
    if (!y->clip) {
        return mien_explain(why, "synth:%s: the rendered person could not be made", spec);
    }
    if (y->gestures) {
        mien_synth_clip_show_gestures(y->clip);
    }
    s->info.width = y->width;
    s->info.height = y->height;
    s->info.fps = y->fps;
    s->info.frames = y->frames;
    snprintf(s->info.kind, sizeof s->info.kind, "synth");
    snprintf(s->info.name, sizeof s->info.name, "synth:%.100s", spec);
    snprintf(s->info.format, sizeof s->info.format, "RGB");
    return true;
}

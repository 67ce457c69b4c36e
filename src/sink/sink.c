// Calls through struct mien_sink, which remember a failure; and the sink that only counts.
#include "sink/sink.h"

#include "base/log.h"
#include "base/mem.h"
#include "sink/sinks.h"

bool mien_sink_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    if (s->failed) {
        return false;
    }
    if (!s->write(s, f)) {
        s->failed = true;
        return false;
    }
    return true;
}

bool mien_sink_show(struct mien_sink *s, const struct mien_image *shown)
{
    if (s->failed) {
        return false;
    }
    if (s->show && !s->show(s, shown)) {
        s->failed = true;
        return false;
    }
    return true;
}

void mien_sink_idle(struct mien_sink *s)
{
    if (s->idle && !s->failed) {
        s->idle(s);
    }
}

bool mien_sink_close(struct mien_sink *s)
{
    if (!s) {
        return true;
    }
    bool failed = s->failed;
    return s->close(s) && !failed;
}

struct null_sink {
    struct mien_sink sink;
    unsigned long long frames;
};

static bool null_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    (void)f;
    ((struct null_sink *)s)->frames++;
    return true;
}

static bool null_close(struct mien_sink *s)
{
    mien_debug("null output: %llu frames", ((struct null_sink *)s)->frames);
    mien_free(s);
    return true;
}

static struct mien_sink *open_null(const char *arg, const struct mien_sink_context *c)
{
    struct null_sink *n = mien_calloc(1, sizeof(*n));
    if (!n) {
        return NULL;
    }
    n->sink = (struct mien_sink){.name = "null", .write = null_write, .close = null_close};
    return &n->sink;
}

const struct mien_sink_kind mien_sink_kind_null = {
    .name = "null",
    .argument = MIEN_SINK_NONE,
    .traffic = MIEN_TRAFFIC_NONE,
    .help = "null",
    .what = "counts frames only",
    .open = open_null,
};

// Calls through struct mien_sink, which remember a failure; and the sink that only counts.
#include "sink/sink.h"

#include "base/log.h"
#include "base/mem.h"
#include "sink/sinks.h"

void *mien_sink_create(const struct mien_sink_type *type)
{
    struct mien_sink *s = mien_calloc(1, type->size);
    if (s) {
        s->type = type;
    }
    return s;
}

bool mien_sink_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    if (s->failed) {
        return false;
    }
    if (!s->type->write(s, f)) {
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
    if (s->type->show && !s->type->show(s, shown)) {
        s->failed = true;
        return false;
    }
    return true;
}

void mien_sink_idle(struct mien_sink *s)
{
    if (s->type->idle && !s->failed) {
        s->type->idle(s);
    }
}

bool mien_sink_close(struct mien_sink *s)
{
    if (!s) {
        return true;
    }
    bool ok = s->type->close(s) && !s->failed;
    mien_free(s);
    return ok;
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
    return true;
}

static bool open_null(struct mien_sink *s, const struct mien_sink_target *to,
                      const struct mien_sink_context *c)
{
    return true;
}

const struct mien_sink_type mien_sink_null = {
    .name = "null",
    .size = sizeof(struct null_sink),
    .open = open_null,
    .write = null_write,
    .close = null_close,
};

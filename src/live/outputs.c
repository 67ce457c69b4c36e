// A short list of open sinks. One that fails stays in the list; the others go on.
#include "live/outputs.h"

#include <string.h>

bool mien_outputs_add(struct mien_outputs *o, struct mien_sink *s)
{
    if (!s) {
        return false;
    }
    if (o->count == MIEN_OUTPUTS_MAX) {
        mien_sink_close(s);
        return false;
    }
    o->sink[o->count++] = s;
    return true;
}

bool mien_outputs_add_list(struct mien_outputs *o, const char *list,
                           const struct mien_sink_context *c)
{
    struct mien_sink *sink[MIEN_SINKS_MAX];
    int n = 0;
    bool ok = mien_sinks_open(list, c, sink, &n);
    for (int i = 0; i < n; i++) {
        ok = mien_outputs_add(o, sink[i]) && ok;
    }
    return ok;
}

bool mien_outputs_write(struct mien_outputs *o, const struct mien_sink_frame *f)
{
    bool any = o->count == 0;
    for (int i = 0; i < o->count; i++) {
        any = mien_sink_write(o->sink[i], f) || any;
    }
    return any;
}

bool mien_outputs_close(struct mien_outputs *o)
{
    bool ok = true;
    for (int i = 0; i < o->count; i++) {
        ok = mien_sink_close(o->sink[i]) && ok;
    }
    memset(o, 0, sizeof(*o));
    return ok;
}

// The table of libwebsockets. Calls none of the functions.
#define MIEN_WEBSOCKETS_ITSELF
#include "late/websockets.h"

#include "base/mem.h"
#include "late/late.h"

MIEN_WEBSOCKETS_FUNCTIONS(MIEN_LATE_WEAK)

static struct mien_websockets *table(void)
{
    static struct mien_websockets t;
    return &t;
}

const struct mien_websockets *mien_websockets(void)
{
    return table();
}

bool mien_websockets_load(char *reason, size_t size)
{
#define ROW(f) {#f, offsetof(struct mien_websockets, f), (void *)f},
    const struct mien_late_function functions[] = {MIEN_WEBSOCKETS_FUNCTIONS(ROW)};
    static const char *const libraries[] = {MIEN_SO_websockets, NULL};
    static bool full;
    return mien_late_load(&(struct mien_late){.what = "libwebsockets, which --out ws sends with,",
                                              .libraries = libraries,
                                              .function = functions,
                                              .count = MIEN_COUNT(functions),
                                              .table = table(),
                                              .full = &full},
                          reason, size);
}

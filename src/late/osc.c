// The table of liblo (OSC messages). Calls none of the functions.
#define MIEN_OSC_ITSELF
#include "late/osc.h"

#include "base/mem.h"
#include "late/late.h"

MIEN_OSC_FUNCTIONS(MIEN_LATE_WEAK)

static struct mien_osc *table(void)
{
    static struct mien_osc t;
    return &t;
}

const struct mien_osc *mien_osc(void)
{
    return table();
}

bool mien_osc_load(char *reason, size_t size)
{
#define ROW(f) {#f, offsetof(struct mien_osc, f), (void *)f},
    const struct mien_late_function functions[] = {MIEN_OSC_FUNCTIONS(ROW)};
    static const char *const libraries[] = {MIEN_SO_lo, NULL};
    static bool full;
    return mien_late_load(
        &(struct mien_late){.what = "liblo, which --out vmc and facecap make their messages with,",
                            .libraries = libraries,
                            .function = functions,
                            .count = MIEN_COUNT(functions),
                            .table = table(),
                            .full = &full},
        reason, size);
}

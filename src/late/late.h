// Libraries that are loaded when they are first needed: a program that opens no video does not
// start with FFmpeg's 130 libraries. One header for each (ffmpeg.h, osc.h, websockets.h) has the
// library's own names stand for pointers of one table; who opens a video, a sink… asks whether the
// table is filled before anything else, and then calls the library as if it were linked.
//
// In a program that is linked with a library (a test that makes a video itself) the table holds
// what it is linked with. Does not: unload.
#ifndef MIEN_LATE_LATE_H
#define MIEN_LATE_LATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "base/why.h"

struct mien_late_function {
    const char *name;
    size_t offset; // of its pointer in the table
    void *linked;  // NULL: look it up
};

struct mien_late {
    const char *what;             // for people: "FFmpeg, which reads and writes videos,"
    const char *const *libraries; // names to load, NULL-ended
    const struct mien_late_function *function;
    size_t count;
    void *table;
    bool *full; // the table is filled; false to begin with
};

// Fills the table, once; from any thread. False when a library or one of its functions is absent:
// why says so and what to install. The next call tries again.
bool mien_late_load(const struct mien_late *l, struct mien_why *why);

// All of a table's own file, for the library that its header declares as struct mien_NAME: the
// table of the functions in LIST, mien_NAME() and mien_NAME_load(). says: as `what` above; behind
// it the names of the libraries. The references to the functions are weak: they link nothing.
#define MIEN_LATE_TABLE(name, LIST, says, ...)                                    \
    LIST(MIEN_LATE_WEAK)                                                          \
    static struct mien_##name table;                                              \
    const struct mien_##name *mien_##name(void)                                   \
    {                                                                             \
        return &table;                                                            \
    }                                                                             \
    bool mien_##name##_load(struct mien_why *why)                                 \
    {                                                                             \
        const struct mien_late_function functions[] = {LIST(MIEN_LATE_ROW)};      \
        static const char *const libraries[] = {__VA_ARGS__, NULL};               \
        static bool full;                                                         \
        return mien_late_load(&(struct mien_late){.what = says,                   \
                                                  .libraries = libraries,         \
                                                  .function = functions,          \
                                                  .count = MIEN_COUNT(functions), \
                                                  .table = &table,                \
                                                  .full = &full},                 \
                              why);                                               \
    }
#define MIEN_LATE_WEAK(f) extern __typeof__(f) f __attribute__((weak));
#define MIEN_LATE_ROW(f) {#f, offsetof(__typeof__(table), f), (void *)f},

#endif

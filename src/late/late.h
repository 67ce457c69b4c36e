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
// reason says so and what to install. The next call tries again.
bool mien_late_load(const struct mien_late *l, char *reason, size_t size);

// For the tables' own files: a reference that links nothing.
#define MIEN_LATE_WEAK(f) extern __typeof__(f) f __attribute__((weak));

#endif

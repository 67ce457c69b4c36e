// Event marks that come from outside of the window: lines of a pipe or of standard input, OSC
// messages, and lists of times for clips.
//
// A mark's words are one line of UTF-8 of at most MIEN_MARK_TEXT - 1 bytes; control characters
// become blanks, what is too long is cut. Does not: set marks (mien_live_mark), write them
// (sink/records.c, sink/tidy.c, sink/report.c).
#ifndef MIEN_LIVE_MARKS_H
#define MIEN_LIVE_MARKS_H

#include "face/result.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Words of a mark from n bytes of any kind.
void mien_mark_words(const char *from, size_t n, char text[MIEN_MARK_TEXT]);
// What an OSC message (or the first that fits in a bundle) to /mark or /mien/mark says: its first
// argument, a text or a number; "" without one. False: it is no such message.
bool mien_mark_of_osc(const void *data, size_t size, char text[MIEN_MARK_TEXT]);

// Marks as they come, taken on a thread of their own, mien-marks.
struct mien_mark_feed; // opaque
typedef void (*mien_mark_fn)(void *arg, const char *text, int64_t at_ns);
// from: "-" (a line of standard input is a mark), a pipe's path, or "osc", "osc:PORT",
// "osc:HOST:PORT" (port 9000 of this computer, by UDP). NULL on failure (logged).
struct mien_mark_feed *mien_mark_feed_open(const char *from, mien_mark_fn take, void *arg);
void mien_mark_feed_close(struct mien_mark_feed *f); // waits for the thread; NULL is fine

// Marks of a clip: lines "SECONDS WORDS", seconds since its first frame; "#" begins a comment.
// Zero-initialise.
struct mien_mark_list {
    struct mien_listed_mark {
        double at_s;
        int line;
        char text[MIEN_MARK_TEXT];
    } * mark; // in the order of their times
    int count, next;
    int64_t first_ns;
    bool begun;
};
// False when the file cannot be read or a line is not such (logged: which, and what to write).
bool mien_mark_list_read(struct mien_mark_list *l, const char *path);
// Gives the frame the next mark whose time has come; a frame has room for one, so that of several
// at one time each following frame has another, with its own time. Frames come in order.
void mien_mark_list_set(struct mien_mark_list *l, struct mien_result *r);
void mien_mark_list_destroy(struct mien_mark_list *l); // idempotent

#endif

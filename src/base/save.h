// Files that are written: put in place as a whole, or emptied and written bit by bit.
//
// What is named is respected. Links are followed: the file behind them is the one that is written.
// A device, a pipe and whatever is reached through /proc (/dev/stdout) are written through, never
// replaced. A file that is there keeps its mode and, where that is allowed, its owner; a read-only
// one is refused, and so is one that another program is writing by these functions (flock). A new
// one has what the umask leaves of 0666.
//
// Does not: make folders; keep hard links of what is replaced (the other names keep the old
// content).
#ifndef MIEN_BASE_SAVE_H
#define MIEN_BASE_SAVE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// A file that is replaced as a whole, once or again and again: a reader sees the old content or the
// new one. The content is collected in the same folder, in a file of a name that nobody can guess
// and that is not opened through a link. Zero-initialise.
struct mien_save {
    FILE *file; // between begin and end: where the content goes
    FILE *kept; // what was put in place last, locked until close; NULL when written through
    char target[PATH_MAX], temporary[PATH_MAX]; // temporary: "" when written through
    bool quick; // the next end does not wait for the disk: for what is soon written anew
};
bool mien_save_begin(struct mien_save *s, const char *path); // false: logged
// Puts it in place. good false, or when something was not written: gives it up, the old one stays.
// False when it is not in place (logged, unless it was not good).
bool mien_save_end(struct mien_save *s, bool good);
void mien_save_close(struct mien_save *s); // idempotent; gives up what was begun

// A file that is written bit by bit: emptied, and locked as long as it is open. -1: logged.
int mien_save_open(const char *path);
// Whether what is written there is gone, as in a pipe, and cannot be replaced by something better.
bool mien_save_is_stream(const char *path);
// The file that a path means when all links of its last part are followed; it need not be there.
// *through: it is a device, a pipe, or is reached through /proc. False with errno, also for a
// folder.
bool mien_save_target(const char *path, char out[PATH_MAX], bool *through);

#endif

// What a run reads and writes: outputs destroy neither inputs nor each other.
//
// A file that is there is known by its device and inode, so that neither links nor another way of
// writing its path hide it; what is written also by its folder and name, since it may be made only
// later, or be replaced. "-" is standard output. What keeps nothing (/dev/null, /dev/full) may be
// written by several.
//
// Does not: open anything; know what other programs do (base/save.h does). One thread at a time.
#ifndef MIEN_BASE_CLAIMS_H
#define MIEN_BASE_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>

struct mien_claim;
struct mien_claim_key;
struct mien_claims { // zero-initialise
    struct mien_claim *claim;
    struct mien_claim_key *key; // open addressing, `keys` places
    size_t count, room, keys, used;
};

// The run reads this file. What is not there is none. False when one of its outputs writes it
// (logged with `what`: "--prop"), or memory is short.
bool mien_claims_read(struct mien_claims *c, const char *what, const char *path);
// The run will write it. False, before anything is opened, when it is read by the run or written by
// another output (logged: what, to what, and what to do).
bool mien_claims_write(struct mien_claims *c, const char *what, const char *path);
// For names that are free to choose: claims all of them for writing, or none and false (not logged)
// when one is taken.
bool mien_claims_take(struct mien_claims *c, const char *what, const char *const *path, int n);
void mien_claims_release(struct mien_claims *c, const char *what); // all that `what` writes
void mien_claims_destroy(struct mien_claims *c);                   // idempotent

#endif

// Files that another file names: read when they lie in its folder or below it, never elsewhere.
//
// The name is whatever somebody else's file says. It is walked folder by folder, and neither a link
// nor ".." is followed, so what is there cannot lead out either, not even when it changes
// meanwhile.
#ifndef MIEN_BASE_BELOW_H
#define MIEN_BASE_BELOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

// Reads the whole of folder/name; *size its bytes, a zero byte follows. NULL on failure: `why`
// says why (nothing is logged). Files over `limit` bytes and what is no regular file are refused.
// Free with mien_free.
void *mien_below_read(const char *folder, const char *name, size_t limit, size_t *size,
                      struct mien_why *why);

#endif

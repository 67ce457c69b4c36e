// A network's weights where they lie: in its file, which is kept open. They are read piece by
// piece, so that loading takes no more memory than the largest layer.
//
// Does not: know layers or pack anything.
#ifndef MIEN_NN_STORED_H
#define MIEN_NN_STORED_H

#include "base/file.h"

struct mien_stored {
    struct mien_container file;
    const struct mien_section *section;
    bool half;      // 16 bits a weight
    size_t bytes;   // of one
    char name[256]; // of the file, in messages; its end where it is long
};

// The file's weights, of which there must be `count`. False on failure (logged).
bool mien_stored_find(struct mien_stored *s, size_t count);
// Weights as they are kept, or as floats. False when they cannot be read or one is not finite
// (logged); `again`, of what the caller knows by its checksum, does not look at the numbers.
bool mien_stored_read(const struct mien_stored *s, size_t from, size_t count, void *out);
bool mien_stored_again(const struct mien_stored *s, size_t from, size_t count, void *out);
bool mien_stored_floats(const struct mien_stored *s, size_t from, size_t count, float *out);

#endif

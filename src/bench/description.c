// Reads a description for a measure.
#include "bench/description.h"

#include <stdio.h>

#include "base/file.h"
#include "base/mem.h"

char *mien_bench_description(const char *path, int landmarks)
{
    size_t size;
    char *file = mien_file_read(path, 1 << 20, &size), *text = NULL;
    if (file) {
        text = mien_calloc(size + 64, 1);
        if (text) {
            snprintf(text, size + 64, "define LANDMARKS %d\n%s", landmarks, file);
        }
    }
    mien_free(file);
    return text;
}

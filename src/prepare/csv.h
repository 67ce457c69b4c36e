// A comma-separated line cut into its fields; empty fields stay. Private to src/prepare.
#ifndef MIEN_PREPARE_CSV_H
#define MIEN_PREPARE_CSV_H

#include <string.h>

// Cuts `line` in place; returns how many fields there are, at most max of them in field[].
static inline int mien_csv_cut(char *line, char **field, int max)
{
    int n = 0;
    line[strcspn(line, "\r\n")] = 0;
    for (char *s = line; s && n < max; n++) {
        field[n] = s;
        s = strchr(s, ',');
        if (s) {
            *s++ = 0;
        }
    }
    return n;
}

#endif

// The guides for users, and whether one names a thing: as a word of its own.
#ifndef MIEN_TESTS_WORDS_SCENE_H
#define MIEN_TESTS_WORDS_SCENE_H

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/mem.h"

static inline bool names_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strstr(p, word)); p += n) {
        bool begins = p == text || !isalnum((unsigned char)*word) || !isalnum((unsigned char)p[-1]);
        if (begins && (!isalnum((unsigned char)p[n]) || !isalnum((unsigned char)word[n - 1]))) {
            return true;
        }
    }
    return false;
}

// README.md and the pages that it points to, one after the other; NULL when one is missing.
static inline char *read_guides(void)
{
    static const char *const pages[] = {"README.md", "assets/doc/live.md", "assets/doc/results.md"};
    char *all = mien_calloc(1, 1), *longer;
    for (size_t i = 0; all && i < MIEN_COUNT(pages); i++) {
        size_t size = 0, length = strlen(all);
        char *page = mien_file_read(pages[i], 1 << 20, &size);
        longer = page ? mien_calloc(length + size + 1, 1) : NULL;
        if (longer) {
            memcpy(longer, all, length);
            memcpy(longer + length, page, size);
        }
        mien_free(page);
        mien_free(all);
        all = longer;
    }
    return all;
}

#endif

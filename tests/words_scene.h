// Whether a document names a thing: as a word of its own.
#ifndef MIEN_TESTS_WORDS_SCENE_H
#define MIEN_TESTS_WORDS_SCENE_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

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

#endif

// The tracking state in words: what mien is doing and why, for the display.
#ifndef MIEN_VIEW_WORDS_H
#define MIEN_VIEW_WORDS_H

#include "face/result.h"

enum mien_mood { MIEN_MOOD_GOOD, MIEN_MOOD_BUSY, MIEN_MOOD_BAD };

// state: a word or two; reason: the cause and what helps, "" when all is well. Static strings.
enum mien_mood mien_words(const struct mien_result *r, const char **state, const char **reason);

#endif

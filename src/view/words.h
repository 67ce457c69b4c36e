// The tracking state in words: what mien is doing and why, for the display.
#ifndef MIEN_VIEW_WORDS_H
#define MIEN_VIEW_WORDS_H

#include "face/result.h"

enum mien_mood { MIEN_MOOD_GOOD, MIEN_MOOD_BUSY, MIEN_MOOD_BAD };

// What is on the screen: the newest picture, one that the user keeps, or one that should long have
// made way for another.
enum mien_picture { MIEN_PICTURE_NEW, MIEN_PICTURE_PAUSED, MIEN_PICTURE_STALE };

// i: the face that it is about. state: a word or two; reason: the cause and what helps, "" when all
// is well. Static strings. Of a picture that is not new nothing is said about faces: they may be
// gone.
enum mien_mood mien_words(const struct mien_result *r, int i, enum mien_picture picture,
                          const char **state, const char **reason);

#endif

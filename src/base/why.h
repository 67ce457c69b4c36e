// Why something failed, in words for whoever called: the one way for functions that do not log
// themselves.
//
// Such a function takes a struct mien_why *, last, which may be NULL when nobody will read it. The
// words begin small and end without a full stop, so that they can follow "NAME: ". Does not: log.
#ifndef MIEN_BASE_WHY_H
#define MIEN_BASE_WHY_H

#include <stdbool.h>

struct mien_why {
    char text[512]; // "" until something failed
};

// Notes the words, which may not be taken from w itself. Returns false, for `return
// mien_explain(…)`.
bool mien_explain(struct mien_why *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
// Adds to them.
void mien_explain_more(struct mien_why *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif

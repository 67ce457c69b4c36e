// Formats the words; keeps nothing.
#include "base/why.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool mien_explain(struct mien_why *w, const char *fmt, ...)
{
    if (w) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(w->text, sizeof(w->text), fmt, args);
        va_end(args);
    }
    return false;
}

void mien_explain_more(struct mien_why *w, const char *fmt, ...)
{
    if (w) {
        const size_t n = strlen(w->text);
        va_list args;
        va_start(args, fmt);
        vsnprintf(w->text + n, sizeof(w->text) - n, fmt, args);
        va_end(args);
    }
}

// JSON as a test writes it: in C's strings a ' stands for each ".
#ifndef MIEN_TESTS_JSON_TEXT_H
#define MIEN_TESTS_JSON_TEXT_H

#include <stdarg.h>
#include <stdio.h>

static inline void quote_json(char *text)
{
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
}

// The length, as vsnprintf says it; size or more: it did not fit.
__attribute__((format(printf, 3, 0))) static inline int write_json(char *text, size_t size,
                                                                   const char *format, va_list list)
{
    int n = vsnprintf(text, size, format, list);
    quote_json(text);
    return n;
}

#endif

// A text file that is written piece by piece: the common part of the JSON, CSV and MD5 sinks.
//
// Errors are remembered and told once, by mien_text_end_line or mien_text_close.
#ifndef MIEN_OUT_TEXT_H
#define MIEN_OUT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct mien_text {
    FILE *file;
    char path[1024];
    bool told;
    char buffer[1 << 16];
};

bool mien_text_open(struct mien_text *t, const char *path); // "-" = stdout; false: logged
// "%.*f" without "-0.00"; not finite: writes `otherwise`. Independent of the locale.
void mien_text_number(struct mien_text *t, double v, int digits, const char *otherwise);
void mien_text_json_string(struct mien_text *t, const char *s); // quoted; broken UTF-8 is replaced
void mien_text_csv_string(struct mien_text *t, const char *s);  // RFC 4180
bool mien_text_end_line(struct mien_text *t); // newline and flush: a killed program loses no line
bool mien_text_close(struct mien_text *t);    // idempotent

#endif

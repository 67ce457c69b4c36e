// A text file that is written piece by piece: the common part of the JSON, CSV and MD5 sinks and of
// a person's profile.
//
// After each line, or piece with its tail, the file is whole: a program that is killed leaves it
// so, and where a disk is full the broken line is taken off again. Errors are remembered and told
// once, by mien_text_end_line, mien_text_end_piece or mien_text_close.
#ifndef MIEN_BASE_TEXT_H
#define MIEN_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct mien_text {
    FILE *file;
    char path[1024];
    bool told, lent; // lent: the file is somebody else's
    off_t whole;     // up to here the file is whole; -1: it cannot go back
    const char *tail;
    char buffer[1 << 19]; // a line or piece is one write
};

bool mien_text_open(struct mien_text *t, const char *path); // "-" = stdout; false: logged
// Writes to a file that is opened and closed by the caller; path is for messages.
void mien_text_lend(struct mien_text *t, FILE *file, const char *path);
// "%.*f" without "-0.00"; not finite: writes `otherwise`. Independent of the locale.
void mien_text_number(struct mien_text *t, double v, int digits, const char *otherwise);
bool mien_text_end_line(struct mien_text *t); // newline and flush: a killed program loses no line
bool mien_text_end_first_line(struct mien_text *t); // the same; where it fails, t is closed
// Flushes, and lets the file end with `tail` (static) until the next piece comes in its place. A
// pipe cannot go back: there the caller writes the end before it closes.
bool mien_text_end_piece(struct mien_text *t, const char *tail);
bool mien_text_goes_back(const struct mien_text *t);
bool mien_text_close(struct mien_text *t); // idempotent

#endif

// Names from outside (of files, cameras, networks) in texts: all formats stay readable and say the
// same name.
//
// Bytes that are no UTF-8 are written as \xHH. What a spreadsheet would take for a formula (= + - @
// at the beginning, or behind blanks there) gets "./" before it: a file's name means the same then.
// Everything else, line ends too, is said as it is, in the format's own way of quoting.
#ifndef MIEN_BASE_NAME_H
#define MIEN_BASE_NAME_H

#include <stdio.h>

void mien_name_json(FILE *f, const char *s); // a JSON string with its quotes; on one line
void mien_name_csv(FILE *f, const char *s);  // a cell (RFC 4180)
void mien_name_html(FILE *f, const char *s); // text or the value of an attribute in quotes
// In messages: everything but printable ASCII becomes "?".
void mien_name_make_plain(char *s);
// Length of the UTF-8 sequence at s, 0 when it is broken (RFC 3629).
int mien_utf8_length(const char *s);

#endif

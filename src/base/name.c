// Makes names plain for each format; invalid UTF-8 and control characters do not get through.
#include "base/name.h"

#include <stdbool.h>
#include <string.h>

int mien_utf8_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    if (s[0] < 0x80) {
        return 1;
    }
    int n = s[0] >= 0xC2 && s[0] <= 0xDF ? 2 : s[0] >= 0xE0 && s[0] <= 0xEF ? 3 : 0;
    n = s[0] >= 0xF0 && s[0] <= 0xF4 ? 4 : n;
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
        (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    return n;
}

static const char *before(const char *s)
{
    size_t blanks = strspn(s, " \t\r\n");
    return s[blanks] && strchr("=+-@", s[blanks]) ? "./" : "";
}

// What a format writes for a character instead of itself; NULL: the character.
typedef const char *(*replace_fn)(char c, char text[8]);

static void write_all(FILE *f, const char *s, const char *backslash, replace_fn replace)
{
    fputs(before(s), f);
    while (*s) {
        char text[8];
        int n = mien_utf8_length(s);
        const char *instead = n == 1 ? replace(*s, text) : NULL;
        if (n == 0) {
            fprintf(f, "%sx%02X", backslash, (unsigned char)*s);
        } else if (instead) {
            fputs(instead, f);
        } else {
            fwrite(s, 1, (size_t)n, f);
        }
        s += n ? n : 1;
    }
}

static const char *replace_json(char c, char text[8])
{
    if (c == '"' || c == '\\') {
        snprintf(text, 8, "\\%c", c);
        return text;
    }
    if ((unsigned char)c < 0x20 || c == 0x7F) {
        snprintf(text, 8, "\\u%04x", (unsigned char)c);
        return text;
    }
    return NULL;
}

void mien_name_json(FILE *f, const char *s)
{
    fputc('"', f);
    write_all(f, s, "\\\\", replace_json);
    fputc('"', f);
}

static const char *replace_csv(char c, char text[8])
{
    (void)text;
    return c == '"' ? "\"\"" : NULL;
}

void mien_name_csv(FILE *f, const char *s)
{
    const char *quote = strpbrk(s, ",\"\r\n") ? "\"" : "";
    fputs(quote, f);
    write_all(f, s, "\\", replace_csv);
    fputs(quote, f);
}

static const char *replace_html(char c, char text[8])
{
    (void)text;
    switch (c) {
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '&':
        return "&amp;";
    case '"':
        return "&quot;";
    case '\r': // read as a line's end, else
        return "&#13;";
    default:
        return NULL;
    }
}

void mien_name_html(FILE *f, const char *s)
{
    write_all(f, s, "\\", replace_html);
}

void mien_name_make_plain(char *s)
{
    for (; *s; s++) {
        *s = *s < ' ' || *s > '~' ? '?' : *s;
    }
}

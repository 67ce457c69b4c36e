#include "out/text.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/log.h"

bool mien_text_open(struct mien_text *t, const char *path)
{
    memset(t, 0, sizeof(*t));
    if (strlen(path) >= sizeof(t->path)) {
        mien_error("%s: the name is too long", path);
        return false;
    }
    strcpy(t->path, path);
    t->file = strcmp(path, "-") ? fopen(path, "w") : stdout;
    if (!t->file) {
        mien_error("%s: cannot write: %s", path, strerror(errno));
        return false;
    }
    if (t->file != stdout) {
        setvbuf(t->file, t->buffer, _IOFBF, sizeof(t->buffer));
    }
    return true;
}

void mien_text_number(struct mien_text *t, double v, int digits, const char *otherwise)
{
    // Integers are printed apart from their fraction, so that no locale can put a comma in.
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    if (!isfinite(v) || fabs(v) > 1e9) {
        fputs(otherwise, t->file);
        return;
    }
    int64_t scaled = llround(v * power[digits]);
    uint64_t u = scaled < 0 ? (uint64_t)-scaled : (uint64_t)scaled, p = (uint64_t)power[digits];
    if (digits) {
        fprintf(t->file, "%s%llu.%0*llu", scaled < 0 ? "-" : "", (unsigned long long)(u / p),
                digits, (unsigned long long)(u % p));
    } else {
        fprintf(t->file, "%s%llu", scaled < 0 ? "-" : "", (unsigned long long)u);
    }
}

// Length of the UTF-8 sequence at s, 0 when it is broken (RFC 3629).
static int utf8_length(const unsigned char *s)
{
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

void mien_text_json_string(struct mien_text *t, const char *s)
{
    fputc('"', t->file);
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        int n = utf8_length(p);
        if (n == 0) {
            fputs("\\ufffd", t->file);
            p++;
        } else if (*p == '"' || *p == '\\') {
            fprintf(t->file, "\\%c", *p++);
        } else if (*p < 0x20 || *p == 0x7F) {
            fprintf(t->file, "\\u%04x", *p++);
        } else {
            fwrite(p, 1, (size_t)n, t->file);
            p += n;
        }
    }
    fputc('"', t->file);
}

void mien_text_csv_string(struct mien_text *t, const char *s)
{
    if (!strpbrk(s, ",\"\r\n")) {
        fputs(s, t->file);
        return;
    }
    fputc('"', t->file);
    for (; *s; s++) {
        if (*s == '"') {
            fputc('"', t->file);
        }
        fputc(*s, t->file);
    }
    fputc('"', t->file);
}

bool mien_text_end_line(struct mien_text *t)
{
    fputc('\n', t->file);
    if (fflush(t->file) || ferror(t->file)) {
        if (!t->told) {
            mien_error("%s: cannot write on: %s", t->path, strerror(errno));
        }
        t->told = true;
        return false;
    }
    return true;
}

bool mien_text_close(struct mien_text *t)
{
    if (!t->file) {
        return !t->told;
    }
    bool bad = ferror(t->file) || fflush(t->file);
    if (t->file != stdout) {
        bad = fclose(t->file) || bad;
    }
    t->file = NULL;
    if (bad && !t->told) {
        mien_error("%s: not all of it was written: %s", t->path, strerror(errno));
        t->told = true;
    }
    return !bad;
}

// Formats numbers and strings for the text sinks, and finishes whole lines only.
#include "base/text.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/save.h"

void mien_text_lend(struct mien_text *t, FILE *file, const char *path)
{
    *t = (struct mien_text){.file = file, .lent = true, .whole = -1};
    snprintf(t->path, sizeof(t->path), "%s", path);
}

bool mien_text_open(struct mien_text *t, const char *path)
{
    memset(t, 0, sizeof(*t));
    if (strlen(path) >= sizeof(t->path)) {
        mien_error("%s: the name is too long", path);
        return false;
    }
    strcpy(t->path, path);
    t->whole = -1;
    if (!strcmp(path, "-")) {
        t->file = stdout;
        return true;
    }
    struct stat st;
    int fd = mien_save_open(path);
    t->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!t->file) {
        if (fd >= 0) {
            mien_error("%s: cannot write: %s", path, strerror(errno));
            close(fd);
        }
        return false;
    }
    if (!fstat(fd, &st) && S_ISREG(st.st_mode)) {
        t->whole = lseek(fd, 0, SEEK_CUR);
    }
    setvbuf(t->file, t->buffer, _IOFBF, sizeof(t->buffer));
    return true;
}

bool mien_text_goes_back(const struct mien_text *t)
{
    return t->whole >= 0;
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

// Takes off what was written only in part.
static void cut(struct mien_text *t)
{
    if (t->whole < 0 || !t->file) {
        return;
    }
    int fd = fileno(t->file);
    __fpurge(t->file);
    if (ftruncate(fd, t->whole) == 0 && lseek(fd, t->whole, SEEK_SET) >= 0 && t->tail) {
        ssize_t n = pwrite(fd, t->tail, strlen(t->tail), t->whole);
        (void)n; // it was there before: there is room
    }
}

static bool end(struct mien_text *t)
{
    if (!ferror(t->file) && !fflush(t->file)) {
        return true;
    }
    if (!t->told) {
        mien_error("%s: cannot write on: %s", t->path, strerror(errno));
    }
    t->told = true;
    cut(t);
    return false;
}

bool mien_text_end_line(struct mien_text *t)
{
    fputc('\n', t->file);
    if (!end(t)) {
        return false;
    }
    t->whole = t->whole >= 0 ? ftello(t->file) : -1;
    return true;
}

bool mien_text_end_first_line(struct mien_text *t)
{
    bool ok = mien_text_end_line(t);
    if (!ok) {
        mien_text_close(t);
    }
    return ok;
}

bool mien_text_end_piece(struct mien_text *t, const char *tail)
{
    bool back = mien_text_goes_back(t);
    if (back) {
        fputs(tail, t->file);
    }
    if (!end(t)) {
        return false;
    }
    if (back) {
        t->tail = tail;
        t->whole = ftello(t->file) - (off_t)strlen(tail);
        fseeko(t->file, t->whole, SEEK_SET);
    }
    return true;
}

bool mien_text_close(struct mien_text *t)
{
    if (!t->file) {
        return !t->told;
    }
    bool bad = ferror(t->file) || fflush(t->file);
    int error = errno;
    if (bad) {
        cut(t);
    }
    if (t->file != stdout && !t->lent && fclose(t->file) && !bad) {
        bad = true;
        error = errno;
    }
    t->file = NULL;
    if (bad && !t->told) {
        mien_error("%s: not all of it was written: %s", t->path, strerror(error));
        t->told = true;
    }
    return !bad && !t->told;
}

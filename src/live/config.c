// The settings file.
#include "live/config.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

bool mien_config_default_path(char *out, size_t size)
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    int n = -1;
    if (xdg && xdg[0] == '/') {
        n = snprintf(out, size, "%s/mien/config", xdg);
    } else if (home && *home) {
        n = snprintf(out, size, "%s/.config/mien/config", home);
    }
    return n > 0 && (size_t)n < size;
}

static bool add(struct mien_config *c, const char *text, size_t n)
{
    if (c->lines >= MIEN_CONFIG_LINES || n >= MIEN_CONFIG_LINE) {
        return false;
    }
    char *copy = mien_calloc(n + 1, 1);
    if (!copy) {
        return false;
    }
    memcpy(copy, text, n);
    c->line[c->lines++] = copy;
    return true;
}

// The key's length and the value of a line; 0 when it is blank or a comment, -1 when it is neither
// that nor a setting.
static int split(const char *line, const char **key, const char **value)
{
    while (isspace((unsigned char)*line)) {
        line++;
    }
    if (!*line || *line == '#') {
        return 0;
    }
    const char *equals = strchr(line, '=');
    if (!equals || equals == line) {
        return -1;
    }
    const char *end = equals;
    while (end > line && isspace((unsigned char)end[-1])) {
        end--;
    }
    for (const char *p = line; p < end; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("_.-", *p)) {
            return -1;
        }
    }
    if (end == line || end - line > 64) {
        return -1;
    }
    *key = line;
    *value = equals + 1;
    while (isspace((unsigned char)**value)) {
        ++*value;
    }
    return (int)(end - line);
}

bool mien_config_load(struct mien_config *c, const char *path)
{
    memset(c, 0, sizeof(*c));
    if (strlen(path) >= sizeof(c->path)) {
        mien_warn("the settings file's path is too long: settings are not remembered");
        c->broken = true;
        return false;
    }
    snprintf(c->path, sizeof(c->path), "%s", path);
    if (!mien_file_exists(path)) {
        return true;
    }
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 18, &size);
    if (!text) {
        c->broken = true;
        return false;
    }
    bool binary = memchr(text, 0, size) != NULL;
    int number = 0;
    for (const char *p = text; !binary && *p;) {
        size_t n = strcspn(p, "\n"), keep = n;
        number++;
        while (keep && isspace((unsigned char)p[keep - 1])) {
            keep--;
        }
        const char *key, *value;
        if (!add(c, p, keep)) {
            binary = true;
        } else if (split(c->line[c->lines - 1], &key, &value) < 0) {
            mien_warn("%s:%d: \"%.60s\" is not a setting (key = value): left out", path, number,
                      c->line[c->lines - 1]);
        }
        p += n + (p[n] == '\n');
    }
    mien_free(text);
    if (binary) {
        mien_warn("%s is not a settings file (lines \"key = value\"): it is ignored, and settings "
                  "are not remembered; move it away to start anew",
                  path);
        mien_config_destroy(c);
        snprintf(c->path, sizeof(c->path), "%s", path);
        c->broken = true;
    }
    return !binary;
}

void mien_config_destroy(struct mien_config *c)
{
    for (int i = 0; i < c->lines; i++) {
        mien_free(c->line[i]);
    }
    memset(c, 0, sizeof(*c));
}

static int find(const struct mien_config *c, const char *want, const char **value)
{
    for (int i = c->lines - 1; i >= 0; i--) {
        const char *key;
        int n = split(c->line[i], &key, value);
        if (n > 0 && strlen(want) == (size_t)n && !strncmp(key, want, (size_t)n)) {
            return i;
        }
    }
    return -1;
}

const char *mien_config_get(const struct mien_config *c, const char *key)
{
    const char *value = NULL;
    return find(c, key, &value) >= 0 ? value : NULL;
}

int mien_config_line(const struct mien_config *c, const char *key)
{
    const char *value;
    return find(c, key, &value) + 1;
}

static bool refuse(const struct mien_config *c, const char *key, const char *value,
                   const char *wanted)
{
    mien_warn("%s: %s = %.60s: %s expected: left out", c->path, key, value, wanted);
    return false;
}

bool mien_config_get_bool(const struct mien_config *c, const char *key, bool *out)
{
    const char *v = mien_config_get(c, key);
    if (!v) {
        return false;
    }
    bool yes = !strcmp(v, "yes") || !strcmp(v, "true") || !strcmp(v, "on") || !strcmp(v, "1");
    bool no = !strcmp(v, "no") || !strcmp(v, "false") || !strcmp(v, "off") || !strcmp(v, "0");
    if (!yes && !no) {
        return refuse(c, key, v, "yes or no");
    }
    *out = yes;
    return true;
}

bool mien_config_get_number(const struct mien_config *c, const char *key, double lo, double hi,
                            double *out)
{
    const char *v = mien_config_get(c, key);
    if (!v) {
        return false;
    }
    char *end, range[80];
    double x = strtod(v, &end);
    if (end == v || *end || !isfinite(x) || x < lo || x > hi) {
        snprintf(range, sizeof(range), "a number from %g to %g", lo, hi);
        return refuse(c, key, v, range);
    }
    *out = x;
    return true;
}

bool mien_config_get_choice(const struct mien_config *c, const char *key, const char *choices,
                            int *out)
{
    const char *v = mien_config_get(c, key);
    if (!v) {
        return false;
    }
    int index = 0;
    for (const char *p = choices; *p; index++) {
        size_t n = strcspn(p, "|");
        if (strlen(v) == n && !strncmp(p, v, n)) {
            *out = index;
            return true;
        }
        p += n + (p[n] == '|');
    }
    return refuse(c, key, v, choices);
}

void mien_config_set(struct mien_config *c, const char *key, const char *value)
{
    const char *old;
    int at = find(c, key, &old);
    if (at >= 0 && !strcmp(old, value)) {
        return;
    }
    char text[MIEN_CONFIG_LINE];
    int n = snprintf(text, sizeof(text), "%s = %s", key, value);
    if (n < 0 || (size_t)n >= sizeof(text) || strpbrk(value, "\n\r")) {
        return; // cannot be said in this file
    }
    if (!add(c, text, (size_t)n)) {
        return;
    }
    if (at >= 0) { // in the old one's place
        char *fresh = c->line[--c->lines];
        mien_free(c->line[at]);
        c->line[at] = fresh;
    }
    c->changed = true;
}

void mien_config_set_number(struct mien_config *c, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof(text), "%.6g", value);
    mien_config_set(c, key, text);
}

bool mien_config_save(struct mien_config *c)
{
    if (c->broken || !c->changed || !c->path[0]) {
        return true;
    }
    char folder[1024];
    snprintf(folder, sizeof(folder), "%s", c->path);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) {
        *slash = 0;
        if (!mien_dir_make(folder)) {
            return false;
        }
    }
    size_t size = 0;
    for (int i = 0; i < c->lines; i++) {
        size += strlen(c->line[i]) + 1;
    }
    char *text = mien_calloc(size + 1, 1), *p = text;
    if (!text) {
        return false;
    }
    for (int i = 0; i < c->lines; i++) {
        size_t n = strlen(c->line[i]);
        memcpy(p, c->line[i], n);
        p[n] = '\n';
        p += n + 1;
    }
    bool ok = mien_file_save(c->path, text, size);
    mien_free(text);
    c->changed = !ok;
    return ok;
}

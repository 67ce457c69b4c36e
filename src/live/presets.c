// Finds presets and reads bindings of keys. Does not: apply them (live/session_preset.c).
#include "live/presets.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

static bool is_name(const char *name)
{
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
    return n > 0 && n < MIEN_PRESET_NAME && !name[n];
}

static bool own_folder(char *out, size_t size)
{
    char config[1024];
    if (!mien_config_default_path(config, sizeof(config))) {
        return false;
    }
    *strrchr(config, '/') = 0;
    int n = snprintf(out, size, "%s/presets", config);
    return n > 0 && (size_t)n < size;
}

// Folder i of those with presets, the user's first; false past the last. Empty: not known here.
static bool folder_at(int i, char *out, size_t size)
{
    out[0] = 0;
    if (i == 0) {
        if (!own_folder(out, size)) {
            out[0] = 0;
        }
        return true;
    }
    char assets[1024];
    if (!mien_find_folder(i - 1, "assets", assets, sizeof(assets))) {
        return false;
    }
    int n = snprintf(out, size, "%s/presets", assets);
    out[assets[0] && n > 0 && (size_t)n < size ? n : 0] = 0;
    return true;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int has_name(const struct dirent *e)
{
    return is_name(e->d_name);
}

bool mien_preset_name(int i, char name[MIEN_PRESET_NAME])
{
    char seen[64][MIEN_PRESET_NAME], folder[1100];
    int count = 0;
    for (int f = 0; folder_at(f, folder, sizeof(folder)) && count <= i; f++) {
        struct dirent **list = NULL;
        int n = folder[0] ? scandir(folder, &list, has_name, by_name) : 0;
        for (int k = 0; k < n; k++) {
            bool known = count >= 64;
            for (int j = 0; j < count && !known; j++) {
                known = !strcmp(seen[j], list[k]->d_name);
            }
            if (!known) {
                snprintf(seen[count++], MIEN_PRESET_NAME, "%.31s", list[k]->d_name);
            }
            free(list[k]);
        }
        free(list);
    }
    if (i < 0 || i >= count) {
        return false;
    }
    memcpy(name, seen[i], MIEN_PRESET_NAME);
    return true;
}

bool mien_preset_path(const char *name, char *out, size_t size)
{
    char folder[1100], there[600] = "", other[MIEN_PRESET_NAME];
    for (int f = 0; is_name(name) && folder_at(f, folder, sizeof(folder)); f++) {
        int n = folder[0] ? snprintf(out, size, "%s/%s", folder, name) : -1;
        if (n > 0 && (size_t)n < size && !access(out, R_OK)) {
            return true;
        }
    }
    for (int i = 0; mien_preset_name(i, other); i++) {
        size_t used = strlen(there);
        snprintf(there + used, sizeof(there) - used, "%s%s", i ? ", " : "", other);
    }
    mien_error("there is no preset \"%.60s\"; there are: %s", name, there[0] ? there : "none");
    return false;
}

bool mien_preset_own_path(const char *name, char *out, size_t size)
{
    char folder[1100];
    if (!is_name(name)) {
        mien_error(
            "\"%.60s\" is not a valid name for a preset: letters, digits, - and _, at most %d",
            name, MIEN_PRESET_NAME - 1);
        return false;
    }
    if (!own_folder(folder, sizeof(folder))) {
        mien_error("presets need a folder: set HOME or XDG_CONFIG_HOME");
        return false;
    }
    int n = snprintf(out, size, "%s/%s", folder, name);
    return n > 0 && (size_t)n < size;
}

static int action_named(const char *name, size_t n)
{
    for (int i = 0; i < MIEN_ACTIONS; i++) {
        const char *row = mien_action_at(i)->name;
        if (strlen(row) == n && !strncasecmp(row, name, n)) {
            return i;
        }
    }
    return -1;
}

// "ACTION [WORDS]" for a key. False: explained.
static bool bind(struct mien_binding *b, const char *value, const char *path, int line)
{
    size_t n = strcspn(value, " \t");
    const char *rest = value + n + strspn(value + n, " \t");
    if (n == 7 && !strncasecmp(value, "nothing", 7)) {
        return true;
    }
    int i = action_named(value, n);
    if (i < 0) {
        mien_warn("%s:%d: there is no action \"%.*s\" (mien live --help lists them): left out",
                  path, line, (int)(n < 40 ? n : 40), value);
        return false;
    }
    enum mien_action_takes takes = mien_action_at(i)->takes;
    char *end = NULL;
    b->action = (struct mien_action){.id = (enum mien_action_id)i};
    b->on = true;
    if (takes == MIEN_TAKES_NUMBER) {
        b->action.number = strtod(rest, &end);
    }
    if ((takes == MIEN_TAKES_NUMBER && (end == rest || *end)) ||
        (takes == MIEN_TAKES_NOTHING && *rest)) {
        mien_warn("%s:%d: the action %.*s takes %s: left out", path, line, (int)n, value,
                  takes == MIEN_TAKES_NUMBER ? "a number" : "no more words");
        return false;
    }
    snprintf(b->action.text, sizeof(b->action.text), "%s", rest);
    return true;
}

static const struct {
    const char *name;
    char key;
} named[] = {{"space", ' '}, {"f5", '\5'}};

static bool can_be_bound(const char *name, size_t n)
{
    bool can = n == 1 && isalpha((unsigned char)*name);
    for (size_t i = 0; i < MIEN_COUNT(named); i++) {
        can = can || (n == strlen(named[i].name) && !memcmp(name, named[i].name, n));
    }
    return can;
}

// Lines "key.X" whose X is none of the keys that can be bound: how many; explained.
static int refuse_other_keys(const struct mien_config *c)
{
    int refused = 0;
    for (int i = 0; i < c->lines; i++) {
        const char *key = c->line[i] + strspn(c->line[i], " \t");
        if (strncmp(key, "key.", 4)) {
            continue;
        }
        const char *x = key + 4;
        int n = (int)strcspn(x, " \t=");
        if (!can_be_bound(x, (size_t)n)) {
            mien_warn("%s:%d: the key \"%.*s\" cannot be bound; a letter, space and f5 can: left "
                      "out",
                      c->path, i + 1, n < 40 ? n : 40, x);
            refused++;
        }
    }
    return refused;
}

int mien_bindings_load(struct mien_bindings *b, const struct mien_config *c)
{
    int refused = refuse_other_keys(c);
    b->count = 0;
    for (int i = 0; i < 52 + (int)MIEN_COUNT(named) && b->count < MIEN_BINDINGS_MAX; i++) {
        char letter = (char)(i < 26 ? 'a' + i : 'A' + i - 26), name[16];
        snprintf(name, sizeof(name), "key.%c", letter);
        if (i >= 52) {
            letter = named[i - 52].key;
            snprintf(name, sizeof(name), "key.%s", named[i - 52].name);
        }
        const char *value = mien_config_get(c, name);
        struct mien_binding *row = &b->row[b->count];
        *row = (struct mien_binding){.key = letter};
        if (value) {
            bool ok = bind(row, value, c->path, mien_config_line(c, name));
            b->count += ok;
            refused += !ok;
        }
    }
    return refused;
}

bool mien_binding_of(const struct mien_bindings *b, char key, bool *on, struct mien_action *out)
{
    for (int i = 0; b && i < b->count; i++) {
        if (b->row[i].key == key) {
            *on = b->row[i].on;
            *out = b->row[i].action;
            return true;
        }
    }
    return false;
}

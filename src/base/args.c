// Parsing, --help and the claims of one table of options. Prints only help and mistakes.
#include "base/args.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { HELP_COLUMN = 33 }; // where the texts of --help begin

// Word number `index` of "a|b|c".
static const char *word_at(const char *names, int index, char *text, size_t size)
{
    for (; index > 0 && strchr(names, '|'); index--) {
        names = strchr(names, '|') + 1;
    }
    snprintf(text, size, "%.*s", (int)strcspn(names, "|"), names);
    return text;
}

const char *mien_opt_text(const struct mien_opt *o, char *text, size_t size)
{
    const char *string;
    text[0] = 0;
    switch (o->type) {
    case MIEN_OPT_BOOL:
        snprintf(text, size, "%s", *(const bool *)o->value ? "yes" : "no");
        break;
    case MIEN_OPT_SWITCH:
    case MIEN_OPT_LIST:
        break;
    case MIEN_OPT_INT:
        snprintf(text, size, "%d", *(const int *)o->value);
        break;
    case MIEN_OPT_LONG:
        snprintf(text, size, "%lld", *(const long long *)o->value);
        break;
    case MIEN_OPT_COUNT:
        snprintf(text, size, "%llu", (unsigned long long)*(const uint64_t *)o->value);
        break;
    case MIEN_OPT_FLOAT:
        snprintf(text, size, "%g", *(const double *)o->value);
        break;
    case MIEN_OPT_SINGLE:
        snprintf(text, size, "%g", (double)*(const float *)o->value);
        break;
    case MIEN_OPT_STRING:
    case MIEN_OPT_INPUT:
    case MIEN_OPT_OUTPUT:
        string = *(const char **)o->value;
        snprintf(text, size, "%s", string ? string : "");
        break;
    case MIEN_OPT_CHOICE:
        return word_at(o->arg, *(const int *)o->value, text, size);
    }
    return text;
}

static void print_default(FILE *f, const struct mien_opt *o)
{
    char text[1024];
    if (o->type == MIEN_OPT_BOOL) {
        if (*(const bool *)o->value) {
            fprintf(f, " [on; --no-%s turns it off]", o->name);
        }
    } else if (*mien_opt_text(o, text, sizeof(text))) {
        fprintf(f, " [%s]", text);
    }
}

void mien_args_help(FILE *f, const struct mien_command *cmd, const struct mien_opt *opts)
{
    fprintf(f, "mien %s: %s\n\nusage: mien %s %s\n\n", cmd->name, cmd->summary, cmd->name,
            cmd->synopsis);
    if (cmd->sub) {
        fprintf(f, "subcommands: %s\n\n", cmd->sub);
    }
    for (const struct mien_opt *o = opts; o && o->name; o++) {
        if (!*o->name) {
            continue;
        }
        int n = o->letter ? fprintf(f, "  -%c, ", o->letter) : fprintf(f, "      ");
        n += fprintf(f, "--%s%s%s", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
        if (n >= HELP_COLUMN - 1) {
            fprintf(f, "\n%*s%s", HELP_COLUMN, "", o->help);
        } else {
            fprintf(f, "%*s%s", HELP_COLUMN - n, "", o->help);
        }
        print_default(f, o);
        fputc('\n', f);
    }
    fprintf(f, "%-*sthis text\n", HELP_COLUMN, "  -h, --help");
    if (cmd->example) {
        fputs("\nexample:\n", f);
        for (const char *p = cmd->example; *p; p += *p == '\n') {
            size_t n = strcspn(p, "\n");
            size_t blanks = strspn(p, " ");
            fprintf(f, "  %.*s\n", (int)(n - (blanks < n ? blanks : n)), p + blanks);
            p += n;
        }
    }
}

static int mistake(const struct mien_command *cmd, const char *what, const char *name,
                   const char *hint)
{
    fprintf(stderr, "mien %s: %s%s%s%s (mien %s --help)\n", cmd->name, what, name, hint ? ": " : "",
            hint ? hint : "", cmd->name);
    return 2;
}

// Index of v in "a|b|c", or -1.
static int choose(const char *list, const char *v)
{
    int index = 0;
    for (const char *p = list; p; index++) {
        size_t n = strcspn(p, "|");
        if (strlen(v) == n && !strncmp(p, v, n)) {
            return index;
        }
        p = p[n] ? p + n + 1 : NULL;
    }
    return -1;
}

int mien_args_sub(const struct mien_command *cmd, const char *arg)
{
    return choose(cmd->sub, arg);
}

static int set_value(const struct mien_command *cmd, const struct mien_opt *o, const char *v)
{
    char hint[512];
    char *end = NULL;
    errno = 0;
    switch (o->type) {
    case MIEN_OPT_BOOL:
    case MIEN_OPT_SWITCH:
        return mistake(cmd, "this option takes no value: --", o->name, NULL);
    case MIEN_OPT_INT:
    case MIEN_OPT_LONG:
    case MIEN_OPT_COUNT: {
        long n = strtol(v, &end, 10);
        if (end == v || *end || errno) {
            snprintf(hint, sizeof hint, "\"%.60s\" is not a whole number", v);
            return mistake(cmd, "--", o->name, hint);
        }
        bool narrow = o->type == MIEN_OPT_INT, unsign = o->type == MIEN_OPT_COUNT;
        if ((narrow && (n < -2147483647L || n > 2147483647L)) || (unsign && n < 0) ||
            (o->min < o->max && ((double)n < o->min || (double)n > o->max))) {
            snprintf(hint, sizeof hint, "%.60s is outside %g…%g", v, o->min, o->max);
            return mistake(cmd, "--", o->name, hint);
        }
        if (narrow) {
            *(int *)o->value = (int)n;
        } else if (unsign) {
            *(uint64_t *)o->value = (uint64_t)n;
        } else {
            *(long long *)o->value = n;
        }
        return 0;
    }
    case MIEN_OPT_FLOAT:
    case MIEN_OPT_SINGLE: {
        double d = strtod(v, &end);
        if (end == v || *end || !isfinite(d)) {
            snprintf(hint, sizeof hint, "\"%.60s\" is not a number", v);
            return mistake(cmd, "--", o->name, hint);
        }
        if (o->min < o->max && (d < o->min || d > o->max)) {
            snprintf(hint, sizeof hint, "%.60s is outside %g…%g", v, o->min, o->max);
            return mistake(cmd, "--", o->name, hint);
        }
        if (o->type == MIEN_OPT_SINGLE) {
            *(float *)o->value = (float)d;
        } else {
            *(double *)o->value = d;
        }
        return 0;
    }
    case MIEN_OPT_STRING:
    case MIEN_OPT_INPUT:
    case MIEN_OPT_OUTPUT:
        *(const char **)o->value = v;
        return 0;
    case MIEN_OPT_LIST: {
        struct mien_opt_list *list = o->value;
        if (list->count == list->room) {
            snprintf(hint, sizeof hint, "more than %d of them", list->room);
            return mistake(cmd, "--", o->name, hint);
        }
        list->item[list->count++] = v;
        return 0;
    }
    case MIEN_OPT_CHOICE: {
        int index = choose(o->arg, v);
        if (index >= 0) {
            *(int *)o->value = index;
            return 0;
        }
        snprintf(hint, sizeof hint, "\"%.40s\" is none of %s", v, o->arg);
        return mistake(cmd, "--", o->name, hint);
    }
    }
    return 2;
}

static const struct mien_opt *find(const struct mien_opt *opts, const char *name, size_t n)
{
    for (const struct mien_opt *o = opts; o && o->name; o++) {
        if (n && strlen(o->name) == n && !strncmp(o->name, name, n)) {
            return o;
        }
    }
    return NULL;
}

static void note_given(const struct mien_command *cmd, const struct mien_opt *opts,
                       const struct mien_opt *o)
{
    if (cmd->origin) {
        cmd->origin[o - opts] = (struct mien_origin){.from = MIEN_FROM_OPTION};
    }
}

// `--no-name`, where the option can be turned off.
static bool turn_off(const struct mien_opt *o)
{
    if (o && o->type == MIEN_OPT_BOOL) {
        *(bool *)o->value = false;
    } else if (o && (o->type == MIEN_OPT_SWITCH ||
                     (o->type == MIEN_OPT_CHOICE && !strncmp(o->arg, "off|", 4)))) {
        *(int *)o->value = 0;
    } else {
        return false;
    }
    return true;
}

int mien_args_parse(const struct mien_command *cmd, const struct mien_opt *opts, int argc,
                    char **argv, const char **args, int *nargs)
{
    bool options = true;
    *nargs = 0;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (!options || a[0] != '-' || !a[1]) {
            if (cmd->max_args < 0 || *nargs < cmd->max_args) { // the others only count
                args[*nargs] = a;
            }
            ++*nargs;
            continue;
        }
        if (!strcmp(a, "--")) {
            options = false;
            continue;
        }
        if (!strcmp(a, "-h") || !strcmp(a, "--help")) {
            mien_args_help(stdout, cmd, opts);
            return 1;
        }
        const struct mien_opt *o = NULL;
        const char *value = NULL;
        if (a[1] == '-') {
            size_t n = strcspn(a + 2, "=");
            o = find(opts, a + 2, n);
            if (!o && !strncmp(a, "--no-", 5)) {
                o = find(opts, a + 5, strlen(a + 5));
                if (turn_off(o)) {
                    note_given(cmd, opts, o);
                    continue;
                }
                o = NULL;
            }
            value = a[2 + n] == '=' ? a + 3 + n : NULL;
        } else {
            for (const struct mien_opt *q = opts; q && q->name; q++) {
                if (q->letter && q->letter == a[1]) {
                    o = q;
                }
            }
            value = a[2] ? a + 2 : NULL;
        }
        if (!o) {
            return mistake(cmd, "no such option: ", a, NULL);
        }
        note_given(cmd, opts, o);
        if (o->type == MIEN_OPT_BOOL && !value) {
            *(bool *)o->value = true;
            continue;
        }
        if (o->type == MIEN_OPT_SWITCH && !value) {
            *(int *)o->value = 1;
            continue;
        }
        if (!value) {
            if (i + 1 >= argc) {
                return mistake(cmd, "a value is missing after ", a, o->arg);
            }
            value = argv[++i];
        }
        int rc = set_value(cmd, o, value);
        if (rc) {
            return rc;
        }
    }
    if (*nargs < cmd->min_args || (cmd->max_args >= 0 && *nargs > cmd->max_args)) {
        char usage[256];
        snprintf(usage, sizeof usage, "usage: mien %s %s", cmd->name, cmd->synopsis);
        return mistake(cmd, *nargs < cmd->min_args ? "something is missing; " : "too much given; ",
                       usage, NULL);
    }
    if (cmd->sub && cmd->min_args > 0 && mien_args_sub(cmd, args[0]) < 0) {
        return mistake(cmd, "there is no ", args[0], cmd->sub);
    }
    return 0;
}

static bool claim_all(const struct mien_opt *opts, struct mien_claims *c, enum mien_opt_type type)
{
    bool (*claim)(struct mien_claims *, const char *, const char *) =
        type == MIEN_OPT_INPUT ? mien_claims_read : mien_claims_write;
    for (const struct mien_opt *o = opts; o && o->name; o++) {
        char what[64];
        const char *path = o->type == type ? *(const char **)o->value : NULL;
        snprintf(what, sizeof(what), "--%s", o->name);
        if (path && *path && !claim(c, what, path)) {
            return false;
        }
    }
    return true;
}

bool mien_args_claim(const struct mien_opt *opts, struct mien_claims *c)
{
    return claim_all(opts, c, MIEN_OPT_INPUT) && claim_all(opts, c, MIEN_OPT_OUTPUT);
}

bool mien_args_keep_apart(const struct mien_opt *opts)
{
    struct mien_claims c = {0};
    bool ok = mien_args_claim(opts, &c);
    mien_claims_destroy(&c);
    return ok;
}

// Command-line options: one table makes the parser, --help, the man page's option list and the
// shell completion.
//
// Does not: know any subcommand. `--name VALUE`, `--name=VALUE`, `-x VALUE`, `--` ends options;
// bool and switch options take no value (`--no-name` turns one off, and a choice whose first word
// is "off").
#ifndef MIEN_BASE_ARGS_H
#define MIEN_BASE_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/claims.h"

enum mien_opt_type {
    MIEN_OPT_BOOL,
    MIEN_OPT_SWITCH, // on, off, or left to the program
    MIEN_OPT_INT,
    MIEN_OPT_LONG,   // long long
    MIEN_OPT_COUNT,  // uint64_t or size_t
    MIEN_OPT_FLOAT,  // double
    MIEN_OPT_SINGLE, // float
    MIEN_OPT_STRING,
    MIEN_OPT_LIST, // may come several times
    MIEN_OPT_CHOICE,
    MIEN_OPT_INPUT, // a string: a file that is read, or a name
    MIEN_OPT_OUTPUT // a string: a file that is written, "-" for standard output
};

struct mien_opt_list { // of values in the order in which they came
    const char **item;
    int room, count;
};

struct mien_opt {
    const char *name; // long name without dashes; "": only in a settings file; NULL ends the table
    char letter;      // short name or 0
    enum mien_opt_type type;
    void *value; // bool*, int*, long long*, uint64_t* or size_t* (COUNT), double*, float*
                 // (SINGLE), const char**, struct mien_opt_list*; CHOICE: int* or an enumeration's
                 // (index); SWITCH: int* (-1 not given, 0 off, 1 on). See MIEN_OPT_FIELD
    const char *arg;  // "FILE", "N"; CHOICE: "a|b|c"
    const char *help; // one sentence; the default is appended from *value
    double min, max;  // of numbers, when min < max
};

// Type and value of an option that is this field, for the two places in a row: the compiler sees to
// it that they fit.
#define MIEN_OPT_FIELD(field) \
    _Generic((field),                                                                              \
        bool *: MIEN_OPT_BOOL,                                                                     \
        int *: MIEN_OPT_INT,                                                                       \
        long long *: MIEN_OPT_LONG,                                                                \
        unsigned long *: MIEN_OPT_COUNT,                                                           \
        double *: MIEN_OPT_FLOAT,                                                                  \
        float *: MIEN_OPT_SINGLE,                                                                  \
        const char **: MIEN_OPT_STRING,                                                            \
        struct mien_opt_list *: MIEN_OPT_LIST),                                                           \
        (field)

// Where an option's value comes from: the program, a line of a settings file, the command line.
struct mien_origin {
    enum { MIEN_FROM_DEFAULT, MIEN_FROM_FILE, MIEN_FROM_OPTION } from;
    const char *file; // its path, borrowed
    int line;         // of the file, from 1
};

struct mien_command {
    const char *name;       // "image"
    const char *synopsis;   // "PICTURE… [options]"
    const char *summary;    // one line
    const char *example;    // lines, each a full command
    int min_args, max_args; // positional; max -1 = any
    // "a|b|c": what the first argument may be, or NULL. Where there must be one (min_args) others
    // are refused here. --help lists them, and completions are made from that.
    const char *sub;
    struct mien_origin *origin; // NULL, or one for each option: noted when it is given
};

// Parses argv[1…argc-1]; positional arguments are moved to args (borrowed pointers; room for
// max_args, or argc where any number will do), *nargs their number. Returns 0 to go on, 1 when
// --help was printed (exit 0), 2 on a mistake, which was explained on stderr (exit 2).
int mien_args_parse(const struct mien_command *cmd, const struct mien_opt *opts, int argc,
                    char **argv, const char **args, int *nargs);
// Notes the files that the options name, inputs first. False: an output would destroy an input or
// another output (logged; exit 2).
bool mien_args_claim(const struct mien_opt *opts, struct mien_claims *c);
// The same for a command without other inputs and outputs than its options'.
bool mien_args_keep_apart(const struct mien_opt *opts);
// Index of the first argument in cmd->sub, -1 when it is none of them.
int mien_args_sub(const struct mien_command *cmd, const char *arg);
// The value as it is written after the option and in files: "0.5", "shaded"; "yes" or "no"; "" when
// there is none, and of switches and lists. Returns text.
const char *mien_opt_text(const struct mien_opt *o, char *text, size_t size);
void mien_args_help(FILE *f, const struct mien_command *cmd, const struct mien_opt *opts);

#endif

// The settings of the live program: one row each (option, type bound to its field, range, default,
// text, key in the settings file, the action that changes it while it runs). The command line with
// its --help, the settings file, what is remembered in it, and where a value came from are all made
// of the rows.
//
// Does not: read or write the file (live/config.h), or know what a setting does.
#ifndef MIEN_LIVE_SETTINGS_H
#define MIEN_LIVE_SETTINGS_H

#include "base/args.h"
#include "live/config.h"
#include "live/live_session.h"
#include "sink/sinks.h"

enum { MIEN_SETTINGS_MAX = 64 };

struct mien_settings {
    struct mien_opt row[MIEN_SETTINGS_MAX]; // for mien_args_parse; bound to the options
    const char *key[MIEN_SETTINGS_MAX];     // NULL: not in the file
    int action[MIEN_SETTINGS_MAX];          // enum mien_action_id; -1: it stays as it is
    size_t shown[MIEN_SETTINGS_MAX];        // where in struct mien_show it is; 0: elsewhere
    struct mien_origin origin[MIEN_SETTINGS_MAX];
    char *text[MIEN_SETTINGS_MAX]; // of the file; owned
    char sinks_help[MIEN_SINKS_HELP_SIZE];
};

struct mien_session_options mien_settings_defaults(void);
// Rows of these options; what they hold is the default.
void mien_settings_bind(struct mien_settings *s, struct mien_session_options *o);
void mien_settings_destroy(struct mien_settings *s); // the options lose their texts of the file
// Takes what the file says of what the command line, which was parsed before, does not. What cannot
// be used was explained (file, line) and left out.
void mien_settings_load(struct mien_settings *s, struct mien_session_options *o,
                        const struct mien_config *c);

// Whether a setting, named by its field, comes from the command line, or from the file. s: NULL is
// fine, and neither.
bool mien_settings_given(const struct mien_settings *s, const void *field);
bool mien_settings_recalled(const struct mien_settings *s, const void *field);
// A field was given otherwise than by its option.
void mien_settings_give(struct mien_settings *s, const void *field);

// Settings whose rows say where they are shown: into the window, and back.
void mien_settings_show(struct mien_session_options *o, struct mien_show *show);
void mien_settings_take(struct mien_show *show, struct mien_session_options *now);

// A line each, "NAME = VALUE  # FILE:LINE": where it comes from is the default, a file or the
// command line.
void mien_settings_print(const struct mien_settings *s, FILE *f);

// Writes a row's value into c under this key.
void mien_settings_write(const struct mien_opt *r, const char *key, struct mien_config *c);
// Writes into c what differs between before and now: of texts, those that are others than before
// (another pointer), NULL being "".
void mien_settings_note(const struct mien_session_options *before,
                        const struct mien_session_options *now, struct mien_config *c);

#endif

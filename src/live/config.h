// The settings file: lines "key = value", "#" starts a comment. Unknown keys, comments and the
// order of lines survive a change.
//
// Does not: know what the keys mean, watch the file. Values are one line of text; blanks at both
// ends are cut.
#ifndef MIEN_LIVE_CONFIG_H
#define MIEN_LIVE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

enum { MIEN_CONFIG_LINES = 512, MIEN_CONFIG_LINE = 1200 };

struct mien_config {
    char path[1024];
    char *line[MIEN_CONFIG_LINES]; // as in the file, without the newline; owned
    int lines;
    bool broken;  // the file is not a settings file: ignored, and never written over
    bool changed; // since it was loaded or saved
};

// $XDG_CONFIG_HOME/mien/config, else ~/.config/mien/config. False when neither variable is set or
// the path is too long.
bool mien_config_default_path(char *out, size_t size);
// A file that is absent is an empty one. What cannot be used was explained (file, line) and left
// out; the object is usable in any case, also when false was returned (broken file, no memory).
bool mien_config_load(struct mien_config *c, const char *path);
void mien_config_destroy(struct mien_config *c); // idempotent
// Valid until the next set; NULL when absent. The last line of a key counts.
const char *mien_config_get(const struct mien_config *c, const char *key);
int mien_config_line(const struct mien_config *c, const char *key); // its number, from 1; 0: absent
bool mien_config_get_bool(const struct mien_config *c, const char *key, bool *out);
// A value outside lo…hi or not a number is explained and left out (false).
bool mien_config_get_number(const struct mien_config *c, const char *key, double lo, double hi,
                            double *out);
// One of "a|b|c" as its index.
bool mien_config_get_choice(const struct mien_config *c, const char *key, const char *choices,
                            int *out);
void mien_config_set(struct mien_config *c, const char *key, const char *value);
void mien_config_set_number(struct mien_config *c, const char *key, double value);
// Atomic; makes the folder; nothing to do when nothing changed. False: logged.
bool mien_config_save(struct mien_config *c);

#endif

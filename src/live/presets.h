// Presets, sets of settings under one name, and keys that the user binds: both are read from files
// like the settings file (live/config.h).
//
// A preset holds lines of the settings file: view, what is worn, outputs, what is recorded. mien's
// own are in assets/presets, the user's beside the settings file in presets/; a user's one stands
// before mien's of the same name. Does not: say what a setting does (live/settings.h).
#ifndef MIEN_LIVE_PRESETS_H
#define MIEN_LIVE_PRESETS_H

#include "live/config.h"
#include "view/actions.h"

enum { MIEN_PRESET_NAME = 32, MIEN_BINDINGS_MAX = 64 };

// The i-th name, in no promised order, a user's first; false past the last. Names are letters,
// digits, "-" and "_".
bool mien_preset_name(int i, char name[MIEN_PRESET_NAME]);
// The file of a preset that there is. False (logged: which there are) when there is none.
bool mien_preset_path(const char *name, char *out, size_t size);
// Where the user's own of this name is, or goes. False (logged) when it is no name, or there is no
// place for settings.
bool mien_preset_own_path(const char *name, char *out, size_t size);

// Keys of the settings file: "key.X = ACTION [WORDS]", X a letter, "space" or "f5"; ACTION is a row
// of view/actions.h, in any case; "nothing" takes a key away.
struct mien_bindings {
    struct mien_binding {
        char key;
        bool on; // false: the key does nothing
        struct mien_action action;
    } row[MIEN_BINDINGS_MAX];
    int count;
};
// What cannot be used is explained (file, line) and left out; how many lines that were.
int mien_bindings_load(struct mien_bindings *b, const struct mien_config *c);
// True when the key is bound; *on whether to something, which is then in *out.
bool mien_binding_of(const struct mien_bindings *b, char key, bool *on, struct mien_action *out);

#endif

// The files of a command beside those that its options name: what a source reads, what sinks write,
// which models are loaded. All go into one list of claims (base/claims.h) before anything is
// opened.
#ifndef MIEN_LIVE_FILES_H
#define MIEN_LIVE_FILES_H

#include "base/claims.h"
#include <stdbool.h>

// Faces are personal: unless `share` says otherwise, the files that this program makes from now on
// can be read by their owner only, however loose the umask is.
void mien_files_private(bool share);
#define MIEN_FILES_SHARE_OPT(share)                                                             \
    {                                                                                           \
        "share", 0, MIEN_OPT_BOOL, &(share), NULL,                                              \
            "let others on this computer read the files that are written, as far as the umask " \
            "allows; otherwise only you can",                                                   \
            0, 0                                                                                \
    }

// All that follow are false when an output would destroy an input or another output (logged; exit
// status 2).
bool mien_files_source(struct mien_claims *c, const char *uri);
// who: what is said to write them; NULL: "--out KIND".
bool mien_files_sinks(struct mien_claims *c, const char *who, const char *list);
// Those that the engine takes when it is given these; NULL: the shipped ones.
bool mien_files_models(struct mien_claims *c, const char *net, const char *detect,
                       const char *face);

#endif

// Looks at one person, kept until there is a head: what `mien head` and `mien eval --scan` do with
// pictures that somebody else reads or renders.
#ifndef MIEN_SCAN_HEAD_SCAN_H
#define MIEN_SCAN_HEAD_SCAN_H

#include "engine/portrait.h"
#include "scan/scan.h"
#include "sink/head.h"
#include "track/evidence.h"
#include <stdbool.h>

struct mien_head_scan_options { // as in mien_engine_config
    const char *net, *detect, *face;
    const char *portrait; // NULL: the network's own
    float fov_deg;        // 0: not known
};

enum { MIEN_HEAD_SOURCES = 256 }; // pictures and videos that are compared

struct mien_head_source {      // one picture, or one video
    float mean[MIEN_IDENTITY]; // of its looks' identities
    int looks;
};

struct mien_head_scan { // zero-initialise
    struct mien_engine *engine;
    struct mien_portrait *portrait; // the engine's
    struct mien_result result;
    struct mien_evidence known;
    struct mien_scan kept;
    struct mien_scan_found found; // by mien_head_scan_finish
    bool camera_known, refined;
    int looked, without;
    struct mien_head_source source[MIEN_HEAD_SOURCES];
    int sources; // that mien_head_scan_next began
};

// False on failure (logged); destroy it all the same.
bool mien_head_scan_open(struct mien_head_scan *s, const struct mien_head_scan_options *o);
void mien_head_scan_close(struct mien_head_scan *s); // idempotent
// What is looked at from now on is another picture, or another video.
void mien_head_scan_next(struct mien_head_scan *s);
// Whether source i shows the same person as the others together: the likelihood ratio of
// mien_engine_compare, their mean counting as one look (photographs of 26 people, 3 to 11 of each:
// below -2 are 1 % of a person's own, 51 to 56 % of somebody else's). NAN when there is nothing to
// compare.
float mien_head_scan_likeness(const struct mien_head_scan *s, int i);
// The surest face of a picture, RGB8. A picture without one only counts. False when memory is short
// (logged).
bool mien_head_scan_look(struct mien_head_scan *s, const struct mien_image *im);
// The shape that all looks say, refined by what the kept pictures show together, and the skin
// painted from them; side: of the face's texture, px. h: zeroed; its skin is the caller's to
// destroy. False when nothing was seen (not logged) or memory is short (logged).
bool mien_head_scan_finish(struct mien_head_scan *s, int side, struct mien_head *h);

#endif

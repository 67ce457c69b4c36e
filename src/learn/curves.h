// A training log drawn as a picture.
//
// Does not: know what the numbers mean; any numeric member of the JSON lines can be a curve.
#ifndef MIEN_LEARN_CURVES_H
#define MIEN_LEARN_CURVES_H

#include <stdbool.h>

struct mien_curve_panel {
    const char *title;
    const char *member[8]; // names of JSON members, NULL ends
    bool logarithmic;
};

// Reads JSON lines with a member "step" from log_path and draws the panels, two in a row, into a
// PNG. False on failure (logged); an empty log gives empty panels.
bool mien_curves_draw(const char *log_path, const struct mien_curve_panel *panel, int panels,
                      const char *png_path);
// Keeps only lines whose "step" is at most `step`: what a resumed run has really done.
bool mien_curves_trim_log(const char *log_path, long long step);

#endif

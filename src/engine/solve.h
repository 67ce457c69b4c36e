// From the network's estimate of a face to the result: fit of the model with the branches as
// priors, then everything that is derived from the fit.
//
// Does not: look at pictures (but for the light hint), choose crops, filter.
#ifndef MIEN_ENGINE_SOLVE_H
#define MIEN_ENGINE_SOLVE_H

#include "engine/steady.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "track/track.h"
#include <stdbool.h>

struct mien_solver; // workspace; one thread at a time; no allocation after create

// stills: it may be asked for stills, whose shapes need room and work of their own. NULL on failure
// (logged).
struct mien_solver *mien_solver_create(const struct mien_face_model *m, bool stills);
void mien_solver_destroy(struct mien_solver *s); // NULL is fine

// clock_ns: for the duration of the filters only; NULL (as created): durations are 0.
void mien_solver_clock(struct mien_solver *s, int64_t (*clock_ns)(void));
int64_t mien_solver_filter_ns(const struct mien_solver *s); // of the last mien_solve_tracked

// Blendshapes come from a trained network, whose answers are drawn to the mean: results are
// stretched.
void mien_solver_stretch(struct mien_solver *s);

// Of a solver for stills. Fills all of *out but id, state, crop and light_hint. False when the fit
// failed (too few points, not finite); *out is then undefined.
bool mien_solve_still(struct mien_solver *s, const struct mien_camera *camera,
                      const struct mien_sight *sight, struct mien_face_result *out);
// What one frame says of a tracked face, and how it is smoothed.
struct mien_solve_frame {
    const struct mien_camera *camera;
    const struct mien_crop *crop; // where the frame was looked at
    struct mien_sight *sight;     // what the network saw there; is smoothed
    struct mien_steady *steady;   // what the picture says of the head's turn; NULL: nothing
    const struct mien_smooth_layout *layout;
    float strength; // as in track/smooth.h
};
// The same from the track's last fit, which it replaces; adds to and uses the track's identity,
// then smooths the fit and the sight over time.
bool mien_solve_tracked(struct mien_solver *s, const struct mien_solve_frame *in,
                        struct mien_track *tr, struct mien_face_result *out);

// Mean luminance of a 16×16 grid over the middle of the box, 0…255.
float mien_solve_light(const struct mien_image *frame, const float box_px[4]);

#endif

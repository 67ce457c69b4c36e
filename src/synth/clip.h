// A seeded, animated, rendered person: what the source "synth:seed=1" and the bundled clip show.
//
// The person sits before a webcam, turns, talks, smiles, blinks and is lit by changing light. Every
// frame is a function of (seed, index) alone: frames may be asked for in any order, and the same
// picture comes back for the same data (on processors of one kind: rounding differs with FMA).
// Does not: pace itself (the source does) or make sound.
// Frame of reference: labels as in face/label.h, in the picture's own pixels.
#ifndef MIEN_SYNTH_CLIP_H
#define MIEN_SYNTH_CLIP_H

#include <stdbool.h>
#include <stdint.h>

#include "face/label.h"
#include "image/image.h"

struct mien_synth_clip; // opaque

// width, height: 64…1920 px. fps: frames a second of the motion, 1…240. data_dir: training data
// with hair, environments and backgrounds (mien_data_dir()), NULL or absent: a plainer, fully
// procedural person. Loads the shipped face model. NULL on failure (logged). Any thread, one at a
// time.
struct mien_synth_clip *mien_synth_clip_open(uint64_t seed, int width, int height, double fps,
                                             const char *data_dir);
void mien_synth_clip_close(struct mien_synth_clip *c); // NULL is fine
// What the person does from now on, in place of turning and talking: sits still for seven seconds,
// then one gesture after the other, two seconds each, as guided calibration asks for them: shuts
// the eyes, smiles, opens the mouth, puckers, raises the brows, frowns, looks left, right, up and
// down. Over again after 30 s.
void mien_synth_clip_show_gestures(struct mien_synth_clip *c);

// Renders frame `index` (>= 0) into im: RGB8 of the clip's size, created by the caller. label may
// be NULL, else gets the frame's exact labels (jpeg_bytes 0). False when im does not fit (logged).
// No allocation.
bool mien_synth_clip_frame(struct mien_synth_clip *c, long long index, struct mien_image *im,
                           struct mien_label *label);

#endif

// Runs the face network: a crop of the frame -> its estimate. Warp, forward, decode.
//
// Does not: choose crops or look for files (nn/registry.h). One thread at a time; no allocation
// after load.
#ifndef MIEN_ENGINE_OBSERVE_H
#define MIEN_ENGINE_OBSERVE_H

#include "face/decode.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "nn/net.h"
#include "track/sight.h"
#include <stdbool.h>

struct mien_observer; // opaque

// path: the network's file. It must say landmarks for exactly this model and a pose; the other
// branches may be absent. shared: where it works, with others that work in turn with it, and which
// must stay; NULL = a place of its own. NULL on failure (logged: what does not fit).
struct mien_observer *mien_observer_load(const char *path, const struct mien_face_model *m,
                                         struct mien_workspace *shared);
// The same of a network that runs seldom (nn/net.h). lean: most of it stays in its file, and only
// then can a look fail (logged), when the file was written over meanwhile.
struct mien_observer *mien_observer_load_seldom(const char *path, const struct mien_face_model *m,
                                                bool lean, struct mien_workspace *shared);
// Another one for another thread, with the same network in memory: `other` must outlive it. NULL on
// failure (logged).
struct mien_observer *mien_observer_create_beside(const struct mien_observer *other,
                                                  struct mien_workspace *shared);
void mien_observer_destroy(struct mien_observer *o); // NULL is fine
// n numbers that the file has by this name; false when it has not, or one is not finite.
bool mien_observer_numbers(const struct mien_observer *o, const char *name, float *out, int n);
bool mien_observer_has(const struct mien_observer *o, int branch); // enum mien_branch
void mien_observer_rest(struct mien_observer *o); // its own workspace takes no memory until then
// The network's answer to a crop of the frame; mirror: to the crop mirrored left-right. The same in
// two halves, between which the frame may go and the second of which may run on another thread.
bool mien_observer_look(struct mien_observer *o, const struct mien_image *frame,
                        const struct mien_crop *crop, bool mirror, struct mien_estimate *out);

void mien_observer_take(struct mien_observer *o, const struct mien_image *frame,
                        const struct mien_crop *crop, bool mirror);
bool mien_observer_read(struct mien_observer *o, struct mien_estimate *out);

// How to read the network's probabilities; of a network that does not say, none.
struct mien_calibration mien_observer_calibration(const struct mien_observer *o);

// The estimate of a mirrored crop as one of the crop itself: left and right swapped, x and yaw
// negated.
void mien_estimate_mirror(const struct mien_face_model *m, struct mien_estimate *e);
// An estimate of a crop as one of a crop with the same centre and roll whose side is 1 / times as
// long.
void mien_estimate_rescale(struct mien_estimate *e, float times);
// a = (1 - share) a + share b.
void mien_estimate_average(struct mien_estimate *a, const struct mien_estimate *b, float share);

// What the network says of a crop, in the picture's and the camera's frames.
void mien_sight_from_estimate(const struct mien_camera *camera, const struct mien_crop *crop,
                              const struct mien_estimate *est, struct mien_sight *out);

#endif

// A head scan: the pictures of one person that tell most together, and the one shape that explains
// them all.
//
// Offered every look, it keeps those spread widest over directions, the better of two alike. Their
// landmarks, and patches of skin found again in each other (scan/tracks.h), then say identity,
// camera, poses and expressions at once (fit/bundle.h), from what the portrait network's looks say
// together as the prior. Does not: look at pictures with a network (callers bring results); judge
// whether it is the same person.
#ifndef MIEN_SCAN_SCAN_H
#define MIEN_SCAN_SCAN_H

#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "sink/views.h"
#include <stdbool.h>

enum { MIEN_SCAN_FRAMES = 20 };

struct mien_scan { // zero-initialise; side_px first
    int side_px;   // a kept picture's longest side
    int most;      // pictures that are kept; 0: MIEN_SCAN_FRAMES
    struct mien_view_kept frame[MIEN_SCAN_FRAMES];
    int count;
    bool reserved;
};

// Makes room for all pictures that may be kept, so that mien_scan_offer does not allocate. False
// when memory is short (logged).
bool mien_scan_reserve(struct mien_scan *s);
// Keeps a copy of the part of the picture around the face, when it tells more than what there is.
// picture: RGB8, that f was found in. False when memory is short (logged).
bool mien_scan_offer(struct mien_scan *s, const struct mien_image *picture,
                     const struct mien_camera *camera, const struct mien_face_result *f);
void mien_scan_forget(struct mien_scan *s);  // another person
void mien_scan_destroy(struct mien_scan *s); // idempotent
// From how many directions (face/direction.h) there is a picture.
int mien_scan_directions(const struct mien_scan *s);

struct mien_scan_known {
    const float *identity, *sigma; // (MIEN_IDENTITY) before: mean and deviation
    bool camera;                   // the field of view is known
    bool landmarks_alone;          // no patches of skin: a hundredth of the time
};
struct mien_scan_found {
    float identity[MIEN_IDENTITY], sigma[MIEN_IDENTITY]; // after
    float focal; // the focal length over the one that was assumed
    int patches; // patches of skin that were found again
    // The kept frames with the cameras, poses, blendshapes and identity that were found; their
    // pictures are the scan's.
    struct mien_view_kept frame[MIEN_SCAN_FRAMES];
};
// Refines. One picture alone is worth it too (its landmarks), but tells little. False when memory
// is short (logged) or there is nothing to refine from (not logged): *out is then what was known
// and the frames as they were kept.
bool mien_scan_refine(const struct mien_scan *s, const struct mien_face_model *m,
                      const struct mien_scan_known *known, struct mien_scan_found *out);

// The same again and again, in memory that is there: does not allocate after create. The same
// scans give the same results as with mien_scan_refine.
struct mien_scan_room; // opaque

// For scans like s: of as many pictures at most, and as large ones. m must outlive it. NULL on
// failure (logged).
struct mien_scan_room *mien_scan_room_create(const struct mien_face_model *m,
                                             const struct mien_scan *s);
void mien_scan_room_destroy(struct mien_scan_room *r); // NULL is fine
bool mien_scan_refine_in(struct mien_scan_room *r, const struct mien_scan *s,
                         const struct mien_scan_known *known, struct mien_scan_found *out);

#endif

// The best looks at one person, one a direction, kept as small pictures around the face until the
// skin is painted from them.
//
// Best: sharp, close, with open eyes and a shut mouth. Does not: look (callers bring results), or
// judge whether it is the same person.
#ifndef MIEN_SINK_VIEWS_H
#define MIEN_SINK_VIEWS_H

#include "face/direction.h"
#include "face/result.h"
#include "image/image.h"
#include "sink/head.h"
#include <stdbool.h>

struct mien_view_kept {
    struct mien_image picture; // RGB8, around the face; data NULL: none from there yet
    struct mien_camera camera; // of that picture
    struct mien_face_result face;
    float score;
};

// How good a look is: sharp, close, with open eyes and a shut mouth. picture: RGB8.
float mien_view_score(const struct mien_image *picture, const struct mien_face_result *f);
// Copies the part of the picture around the face's box into v->picture (created, or used again when
// it is as large), side_px at most, with its camera. The face stays in the whole picture's pixels.
// False when memory is short (logged).
bool mien_view_cut(int side_px, const struct mien_image *picture, const struct mien_camera *camera,
                   const float box[4], struct mien_view_kept *v);

struct mien_views { // zero-initialise; side_px first
    int side_px;    // a kept picture's longest side
    struct mien_view_kept view[MIEN_DIRECTIONS];
    int count;
};

// Keeps a copy of the part of the picture around the face when it is better than what there is from
// that direction. picture: RGB8, that f was found in. False when memory is short (logged).
bool mien_views_offer(struct mien_views *v, const struct mien_image *picture,
                      const struct mien_camera *camera, const struct mien_face_result *f);
void mien_views_forget(struct mien_views *v);  // another person
void mien_views_destroy(struct mien_views *v); // idempotent
// h->skin and h->iris_rgb from all views, posed as their results say with h's identity; the
// straightest one gives the light. side: of the face's texture, px. False when memory is short
// (logged).
bool mien_views_paint(const struct mien_views *v, int side, struct mien_head *h);
// The same from any views (MIEN_VIEWS_MOST at most); one without a picture is left out.
enum { MIEN_VIEWS_MOST = 32 };
bool mien_views_paint_all(const struct mien_view_kept *view, int count, int side,
                          struct mien_head *h);

#endif

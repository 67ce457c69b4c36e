// Small pictures of one person's face, and the skin that is painted from them.
//
// Does not: choose pictures (scan/scan.h), or judge whether it is the same person.
#ifndef MIEN_SINK_VIEWS_H
#define MIEN_SINK_VIEWS_H

#include "face/direction.h"
#include "face/result.h"
#include "image/image.h"
#include "sink/head.h"
#include <stdbool.h>

struct mien_view_kept {
    struct mien_image picture; // RGB8, around the face; data NULL: none from there yet
    int room_px;               // the longest side that there is memory for
    struct mien_camera camera; // of that picture
    struct mien_face_result face;
    float score;
};

// How good a look is: sharp, close, with open eyes and a shut mouth. picture: RGB8.
float mien_view_score(const struct mien_image *picture, const struct mien_face_result *f);
// Copies the part of the picture around the face's box into v->picture (created, or used again when
// there is room), side_px at most, with its camera. The face stays in the whole picture's pixels.
// False when memory is short (logged).
bool mien_view_cut(int side_px, const struct mien_image *picture, const struct mien_camera *camera,
                   const float box[4], struct mien_view_kept *v);

// h->skin and h->iris_rgb from all views (MIEN_VIEWS_MOST at most; one without a picture is left
// out), posed as their results say with h's identity; the light is taken off (sink/light.h). side:
// of the face's texture, px. False when memory is short (logged).
enum { MIEN_VIEWS_MOST = 32 };
bool mien_views_paint(const struct mien_view_kept *view, int count, int side, struct mien_head *h);

#endif

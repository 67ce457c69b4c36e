// The colours of everything written over the picture: one accent, one warm tone for what has no
// side, and signal colours for the state.
#ifndef MIEN_VIEW_PALETTE_H
#define MIEN_VIEW_PALETTE_H

#include "view/draw.h"

// Every ink has a contrast of 4.5:1 at least on the plates, whatever picture is under them
// (tests/unit/test_view.c).
#define C_PANEL MIEN_COLOR(10, 14, 18, 230)
#define C_SOLID MIEN_COLOR(14, 18, 23, 236)
#define C_SHEET MIEN_COLOR(14, 18, 23, 248)
#define C_SIDE MIEN_COLOR(17, 21, 26, 255)
#define C_TRACK MIEN_COLOR(255, 255, 255, 30)
#define C_TEXT MIEN_COLOR(236, 240, 243, 255)
#define C_DIM MIEN_COLOR(158, 170, 180, 255)
#define C_FAINT MIEN_COLOR(138, 149, 158, 255)
#define C_ACCENT MIEN_COLOR(79, 209, 190, 255)
#define C_SOFT MIEN_COLOR(79, 209, 190, 120)
#define C_WARM MIEN_COLOR(233, 180, 120, 255)
#define C_GOOD MIEN_COLOR(96, 211, 148, 255)
#define C_WARN MIEN_COLOR(240, 187, 92, 255)
#define C_BAD MIEN_COLOR(236, 104, 96, 255)

// The colour of a face by its number (from 1): the first one wears the accent. clay: as a material.
static inline struct mien_color mien_face_color(int id)
{
    static const struct mien_color color[8] = {
        {92, 237, 217, 255},  {244, 180, 92, 255}, {176, 148, 250, 255}, {244, 120, 140, 255},
        {140, 220, 110, 255}, {96, 176, 250, 255}, {240, 224, 110, 255}, {236, 140, 220, 255}};
    return color[(id > 0 ? id - 1 : 0) % 8];
}

static inline void mien_face_paint(int id, bool clay, float out[3])
{
    struct mien_color c = mien_face_color(id);
    float k = clay ? (id > 1 ? 0.45f : 0) : 1; // clay is tinted, the first face's is not
    out[0] = k * (float)c.r / 255 + (1 - k) * 0.74f;
    out[1] = k * (float)c.g / 255 + (1 - k) * 0.71f;
    out[2] = k * (float)c.b / 255 + (1 - k) * 0.68f;
}

#endif

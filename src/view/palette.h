// The colours of everything written over the picture: one accent, one warm tone for what has no
// side, and signal colours for the state.
#ifndef MIEN_VIEW_PALETTE_H
#define MIEN_VIEW_PALETTE_H

#include "view/draw.h"

#define C_PANEL MIEN_COLOR(10, 14, 18, 184)
#define C_SOLID MIEN_COLOR(14, 18, 23, 236)
#define C_SIDE MIEN_COLOR(17, 21, 26, 255)
#define C_TRACK MIEN_COLOR(255, 255, 255, 30)
#define C_TEXT MIEN_COLOR(236, 240, 243, 255)
#define C_DIM MIEN_COLOR(158, 170, 180, 255)
#define C_FAINT MIEN_COLOR(104, 115, 124, 255)
#define C_ACCENT MIEN_COLOR(79, 209, 190, 255)
#define C_SOFT MIEN_COLOR(79, 209, 190, 120)
#define C_WARM MIEN_COLOR(233, 180, 120, 255)
#define C_GOOD MIEN_COLOR(96, 211, 148, 255)
#define C_WARN MIEN_COLOR(240, 187, 92, 255)
#define C_BAD MIEN_COLOR(236, 104, 96, 255)

#endif

// Sizes of what is written over the picture, px at scale 1. Shared by the hud's files only.
#ifndef MIEN_VIEW_HUD_SIZES_H
#define MIEN_VIEW_HUD_SIZES_H

enum {
    HUD_COLUMN = 232,        // width of the bars' column
    HUD_COLUMN_NARROW = 176, // without numbers
    HUD_COLUMN_SMALL = 120,  // and with short bars
    HUD_LANE = 17,           // height of a curve's lane
    HUD_STATE = 194,         // width of the state panel …
    HUD_STATE_HIGH = 165,    // … and its height, with a reason
    HUD_MARGIN = 8,          // from the edge, and between panels
    HUD_LINE = 22            // height of one line with its plate
};

#endif

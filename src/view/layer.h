// A picture's transparent layer for what is worn: drawn with several samples a pixel, then laid
// over the picture, however large and whichever way round that is shown, as often as it is shown.
//
// The layer has the picture's own perspective, never mirrored, and colours that are already
// multiplied by alpha. Main thread only; GL objects are made by mien_layer_begin when the picture's
// size changes, else by mien_layer_init. Does not: know what is drawn on it.
#ifndef MIEN_VIEW_LAYER_H
#define MIEN_VIEW_LAYER_H

#include "view/camera.h"
#include "view/gl.h"

struct mien_layer {
    GLuint drawn, color, depth; // with samples
    GLuint shown, texture;      // one a pixel
    GLuint program, blank;
    GLint uniform[2];
    int width, height; // pixels
    bool plain;        // one sample a pixel
    // left, bottom, right, top of what was drawn on, pixels; empty: none
    int used[4];
    bool ready, software; // software: the CPU draws
};

bool mien_layer_init(struct mien_layer *l);
void mien_layer_destroy(struct mien_layer *l); // idempotent
// Cleared and bound, for a picture of this size. Where the CPU draws, large pictures get a smaller
// layer, and what is costly to draw one sample a pixel. False: no framebuffer of that size (logged
// once a size); nothing is to be drawn then.
bool mien_layer_begin(struct mien_layer *l, int picture_w, int picture_h, bool costly);
// What is drawn next lies between these corners (clip coordinates, x and y each -1…1 in the
// picture); the rest is cut away.
void mien_layer_reach(struct mien_layer *l, const float low[2], const float high[2]);
void mien_layer_end(struct mien_layer *l); // another framebuffer is to be bound after it
bool mien_layer_used(const struct mien_layer *l);
// Over the picture where map has it, in the framebuffer that is bound, height_px high.
void mien_layer_show(struct mien_layer *l, const struct mien_map *map, int height_px);

#endif

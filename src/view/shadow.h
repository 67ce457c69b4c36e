// The shadow that a thing throws on who wears it, prepared once when it is put on: what of it lies
// between the skin and a light from before and above, seen along that light, with a narrow and a
// wide soft rim (after Reeves, Salesin and Cook 1987, "Rendering Antialiased Shadows with Depth
// Maps", filtered beforehand as in Donnelly and Lauritzen 2006, "Variance Shadow Maps").
//
// The light is fixed to the head: what the face shows of the room's light (view/light.h) is too
// little to say where a shadow's edge lies. Does not: call OpenGL.
#ifndef MIEN_VIEW_SHADOW_H
#define MIEN_VIEW_SHADOW_H

#include "view/prop.h"

enum { MIEN_SHADOW_PX = 192 };

struct mien_shadow {
    // RGBA8 (MIEN_SHADOW_PX squared), lowest row first: cover with the narrow rim, with the wide
    // one, height of the underside, 255.
    struct mien_image map;
    float area[4];   // left, bottom, width, height, mm of the prop's own space: x, and the axis
                     // that stands on x and on the light
    float height[2]; // lowest underside along the light and their range, mm
};

// Towards the light, head frame, of length 1.
extern const float mien_shadow_to_light[3];

// False: it throws none (paint), or out of memory. The map is to be destroyed.
bool mien_shadow_make(const struct mien_prop *p, struct mien_shadow *s);

#endif

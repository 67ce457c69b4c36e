// The stage: a figure that the person's face moves, beside the picture or in its place: an avatar
// from a file, or the person's own head.
//
// A face that is lost lets its figure come to rest; the picture is never shown in its place. Main
// thread only. Does not: read files (view/avatar.h), make heads (live/session_head.c).
#ifndef MIEN_VIEW_STAGE_H
#define MIEN_VIEW_STAGE_H

#include "face/result.h"
#include "view/camera.h"
#include "view/figure.h"

enum mien_stage_shows { MIEN_STAGE_OFF, MIEN_STAGE_AVATAR, MIEN_STAGE_HEAD, MIEN_STAGES };

struct mien_stage_settings {
    enum mien_stage_shows shows;
    bool beside; // the picture; else in its place
    enum mien_figure_look look;
    float turn_deg, lift_deg, zoom; // of who looks; zoom 0: 1
    bool rest;                      // one's own head does not move
    bool lit;                       // by the light that is on the face
    float mean;                     // one's own head 0 … 1 the mean face
    uint8_t back[3];                // behind it, RGB
};

// "black", "grey", "white", "green", "blue" or "#rrggbb". False: it is none.
#define MIEN_STAGE_COLOURS "black, grey, white, green, blue or #rrggbb"
bool mien_stage_colour(const char *text, uint8_t rgb[3]);

struct mien_stage {
    struct mien_figure_programs programs;
    struct mien_figure figure[MIEN_STAGES]; // [MIEN_STAGE_OFF] is none
    struct mien_layer layer[3]; // of the window, of what others get, of their own window
    struct mien_avatar_drive last[MIEN_STAGES];
    float present[MIEN_STAGES];    // 0 at rest … 1 as the face moves it
    int64_t moved_ns[MIEN_STAGES]; // by the result of this time
    float mean;                    // as in the settings, when it moved last
    bool rest;
    float light[MIEN_SH];
    bool light_known;
};

bool mien_stage_init(struct mien_stage *s);
void mien_stage_destroy(struct mien_stage *s);
bool mien_stage_has(const struct mien_stage *s, enum mien_stage_shows which);
// Moves the figure of the settings by face i of the result; -1: there is none. Once a result.
void mien_stage_move(struct mien_stage *s, const struct mien_stage_settings *how,
                     const struct mien_result *r, int i);
// The light on the face of now, in steps towards it.
void mien_stage_take_light(struct mien_stage *s, const float light[MIEN_SH]);
// Into the rectangle of the framebuffer `target`, height_px high. whose: of `layer`.
void mien_stage_draw(struct mien_stage *s, const struct mien_stage_settings *how, GLuint target,
                     struct mien_rect rect, int height_px, bool mirror, int whose);

#endif

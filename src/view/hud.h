// What is written over the picture: state, times, pose, gaze, expression, blendshape bars, help;
// and the marks on the face (landmarks with their uncertainty, axes, gaze, normals).
//
// Does not: call OpenGL; everything goes into a draw list.
#ifndef MIEN_VIEW_HUD_H
#define MIEN_VIEW_HUD_H

#include "face/model.h"
#include "face/result.h"
#include "view/draw.h"

enum { MIEN_HUD_RING = 120 };

// How much is written over the picture: nothing, one line, or the engineer's panels.
#define MIEN_HUD_NAMES "off|line|full"
enum mien_hud_level { MIEN_HUD_OFF, MIEN_HUD_LINE, MIEN_HUD_FULL, MIEN_HUD_LEVELS };

enum mien_lamp { MIEN_LAMP_RECORD, MIEN_LAMP_FILE, MIEN_LAMP_NETWORK, MIEN_LAMP_CAMERA };
enum { MIEN_LAMPS = 8 };

struct mien_traces; // view/traces.h

struct mien_hud_info { // measured by the program; zero means unknown
    float fps;
    float detect_ms, network_ms, fit_ms, draw_ms;
    float latency_p50_ms, latency_p95_ms;
    float latency_ms[MIEN_HUD_RING]; // of the last frames
    int latency_first;               // the oldest
    uint64_t dropped;
    const char *source;               // its name, borrowed; NULL = none
    const char *notice;               // what went wrong or was done, borrowed; NULL = none
    const struct mien_traces *curves; // shown when the settings say so; borrowed; NULL = none
    const char *worn;                 // what is worn, borrowed; NULL = nothing
    bool range;                       // the user's own range is applied
    bool paused;
    bool stale; // no new picture has come for too long
    // What leaves the program; shown whatever else is hidden.
    struct {
        enum mien_lamp kind;
        char text[48];
    } lamp[MIEN_LAMPS];
    int lamps;
};

enum { MIEN_HUD_PLACES = 32 };

struct mien_layout {
    struct mien_rect video; // the picture
    struct mien_rect area;  // of the screen, without the column: where panels go
    struct mien_rect bars;  // the column of blendshape bars; w 0 = not shown; below the
                            // picture in an upright window
    float ui;               // scale of everything written
    struct mien_rect window;
    struct mien_rect side; // beside the picture, for all panels; w 0 = there is no room
    struct mien_rect foot; // below the picture, for curves; w 0 = there is no room
    struct mien_rect taken[MIEN_HUD_PLACES], face[MIEN_FACES_MAX];
    int takens, faces;
};
// ui: mien_hud_scale of the window's size.
float mien_hud_scale(int width_px, int height_px);
struct mien_hud_screen {
    int width_px, height_px;   // of the window
    float right_px, bottom_px; // of it, left to others
    int picture_w, picture_h;
    bool bars;
    int lanes; // of curves, 0: none
    enum mien_hud_level hud;
};
float mien_hud_lanes_high(int lanes, float ui); // of a panel of so many curves, px
struct mien_layout mien_hud_layout(const struct mien_hud_screen *s);
// Window size that shows a picture of this size scaled by k with the column beside it.
void mien_hud_window_size(int picture_w, int picture_h, bool bars, int *width_px, int *height_px);

// Takes a place for a panel. False: it is not free, or not whole in the window.
bool mien_hud_place(struct mien_layout *l, struct mien_rect r);
// At the area's edge where nothing is, and no face if that can be. False: there is no room.
bool mien_hud_place_toast(struct mien_layout *l, float w, float h, struct mien_rect *out);
void mien_hud_keep_faces_free(struct mien_layout *l, const struct mien_map *map,
                              const struct mien_result *r);
// Which face's figures are shown: the one of this id, else the first.
int mien_hud_face(const struct mien_result *r, int id);
// Cuts the text to this width, with … at its end. Room in text for what it holds.
void mien_hud_shorten(const struct mien_font *f, enum mien_font_face face, float wide, char *text);

// i: the face whose figures are shown.
void mien_hud_panels(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                     const struct mien_hud_info *info, const char *mode);
// One line at the top left: state and reason, expression, what is worn, the rate. What finds no
// room is left out, the least important first.
void mien_hud_line(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                   const struct mien_hud_info *info);
void mien_hud_bars(struct mien_draw *d, struct mien_layout *l, const struct mien_result *r, int i,
                   bool mirror);
// What was done or went wrong, at the edge. bare: nothing else says that it is paused.
void mien_hud_notice(struct mien_draw *d, struct mien_layout *l, const struct mien_hud_info *info,
                     bool bare);
// At the top right.
void mien_hud_lamps(struct mien_draw *d, struct mien_layout *l, const struct mien_hud_info *info);
// The sheet of keys (view/actions.h). page: from 1; returns how many there are.
int mien_hud_help(struct mien_draw *d, const struct mien_layout *l, int page);

void mien_marks_landmarks(struct mien_draw *d, const struct mien_map *map, float ui,
                          const struct mien_face_model *model, const struct mien_face_result *f);
void mien_marks_axes(struct mien_draw *d, const struct mien_map *map, float ui,
                     const struct mien_face_model *model, const struct mien_result *r, int i);
// The face's number in its colour, above it.
void mien_marks_tag(struct mien_draw *d, const struct mien_map *map, float ui,
                    const struct mien_face_result *f);
struct mien_marks_points { // count vertices (3) with their normals (3), head frame
    const float *at;
    size_t stride; // floats from one to the next
    int count, step;
};
// Short lines along the normals; every step-th.
void mien_marks_normals(struct mien_draw *d, const struct mien_map *map, float ui,
                        const struct mien_result *r, int i, const struct mien_marks_points *points);

#endif

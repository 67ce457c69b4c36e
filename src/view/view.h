// The display: everything mien shows of one frame, drawn with OpenGL 3.3 core into the window or
// into an own framebuffer.
//
// Does not: open windows, handle keys, know threads, cameras or networks, decide when to draw.
// Takes plain data (frame, result, settings). An OpenGL context is current on the calling thread,
// always the same, from create to destroy. No OpenGL object is made by mien_view_draw, except a
// texture when the picture's size changes. A program or texture that failed was logged at create;
// what needs it is not drawn.
#ifndef MIEN_VIEW_VIEW_H
#define MIEN_VIEW_VIEW_H

#include "base/why.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "view/hud.h"
#include "view/modes.h"
#include "view/stage.h"
#include <stdbool.h>

// What the audience gets in recordings, through a virtual camera and in a window of its own,
// whatever the operator sees.
#define MIEN_PROGRAMME_NAMES "props|picture|everything|avatar"
enum mien_programme {
    MIEN_PROGRAMME_PROPS, // the picture with what is worn, at the picture's size, not mirrored
    MIEN_PROGRAMME_PICTURE,
    MIEN_PROGRAMME_ALL,    // all that the window shows but menus, lamps, notices and help
    MIEN_PROGRAMME_AVATAR, // the avatar on a plain ground, never the picture; not mirrored
    MIEN_PROGRAMMES
};
// Of one output alone: what the others get, or one of its own (less one, an enum mien_programme).
#define MIEN_PROGRAMME_OF_NAMES "same|" MIEN_PROGRAMME_NAMES

struct mien_edges {
    float left, top, right, bottom; // px
};

struct mien_view_settings {
    enum mien_view_mode mode;
    bool mirror;
    enum mien_hud_level hud;
    bool bars, axes, points, head, curves;
    int help;     // page of the sheet of keys, from 1; 0: it is not shown
    int face;     // whose figures are shown: a face's id; 0 or one that is gone: the first
    bool light;   // what is worn is lit like the face
    bool bare;    // nothing is worn
    float fade;   // of what is drawn over the face: 0 = full strength … 1 = invisible
    float top_px; // kept free for a menu bar
    struct mien_stage_settings stage;
    struct mien_edges kept; // of the window, for menus and pages beside the picture
    float corner_w_px,
        corner_h_px;  // a page in the lower right corner, which only the stage keeps out of
    bool notes_apart; // lamps, notices and the help sheet are left to mien_view_notes
};

struct mien_view; // opaque

struct mien_view_config {
    const struct mien_face_model *model; // borrowed; NULL: no meshes
    int width_px, height_px;             // of the screen, in pixels
    bool offscreen;                      // own framebuffer
};

struct mien_view *
mien_view_create(const struct mien_view_config *c); // NULL: no OpenGL 3.3 (logged)
void mien_view_destroy(struct mien_view *v);        // NULL is fine
// The screen's new size: framebuffer and text are made anew when needed. Not for every frame.
bool mien_view_resize(struct mien_view *v, int width_px, int height_px);
// frame: the very picture that the result belongs to (RGB8 or GRAY8); NULL when there is none yet.
void mien_view_draw(struct mien_view *v, const struct mien_image *frame,
                    const struct mien_result *result, const struct mien_view_settings *s,
                    const struct mien_hud_info *info);
// After mien_view_draw with notes_apart: lamps, notices and the help sheet over it. They are the
// user's own: who records or sends the picture reads it before.
void mien_view_notes(struct mien_view *v, const struct mien_view_settings *s,
                     const struct mien_hud_info *info);
// What every face wears (view/prop.h): only this; NULL or "": nothing. False: it stays as it was;
// *why says why. Not for every frame.
bool mien_view_wear(struct mien_view *v, const char *path, struct mien_why *why);
// One thing more, up to MIEN_WEAR_MAX, and one less.
bool mien_view_wear_too(struct mien_view *v, const char *path, struct mien_why *why);
void mien_view_take_off(struct mien_view *v, const char *path);
// A texture (RGB, its first row the top) of a head that wears this, made when it is asked for the
// first time and kept; 0: it cannot be worn. Between two drawings: another mien_view_draw comes
// before anything that shows the frame.
enum { MIEN_VIEW_THUMBS = 64 };
unsigned mien_view_thumbnail(struct mien_view *v, const char *path);
int mien_view_help_pages(const struct mien_view *v); // of the sheet as it was drawn last; 1 before
// The id of the face that was drawn at this point of the screen, 0 where there is none.
int mien_view_face_at(const struct mien_view *v, const struct mien_result *r, float x_px,
                      float y_px);
void mien_view_size(const struct mien_view *v, int *width_px, int *height_px);
// What was drawn last, into an RGB8 image of the screen's size. False when sizes differ.
bool mien_view_read(struct mien_view *v, struct mien_image *out);
// The same into an RGB8 image of any size: as large as it fits, with black beside it. Another size
// than the last one's makes a framebuffer; otherwise for every frame. False: not of a usable size.
bool mien_view_read_fitted(struct mien_view *v, struct mien_image *out);
// The frame that mien_view_draw showed last, with what is worn on its faces and nothing else, not
// mirrored, into an RGB8 image of any size: fitted as above. result: of that frame. light: as in
// the settings.
bool mien_view_programme(struct mien_view *v, const struct mien_image *frame,
                         const struct mien_result *result, bool light, struct mien_image *out);
struct mien_view_pixels { // four bytes each: blue, green, red and one that says nothing
    uint8_t *data;
    size_t stride; // a multiple of 4
    int width, height;
};
// What the audience gets, of any usable size, while the screen's own picture is the one that was
// drawn last: for a window that is drawn otherwise. What is worn is drawn once a frame for all.
// Another size than the last one's makes a framebuffer. False: the size is not usable.
bool mien_view_compose(struct mien_view *v, enum mien_programme programme,
                       const struct mien_image *frame, const struct mien_result *result, bool light,
                       const struct mien_view_pixels *out);
bool mien_view_wears(const struct mien_view *v); // whether anything is worn
// The avatar (view/avatar.h): it is taken over; NULL: none.
void mien_view_take_avatar(struct mien_view *v, struct mien_avatar *a);
// The person's own head, likewise.
void mien_view_take_head(struct mien_view *v, struct mien_avatar *a);
bool mien_view_stages(const struct mien_view *v, enum mien_stage_shows which); // is it there?
// Whether a point of the screen is on the stage as it was drawn last.
bool mien_view_on_stage(const struct mien_view *v, float x_px, float y_px);
// The avatar alone on its ground, from the front, as the face moves it whose figures were shown
// last, into an RGB8 image of any size. result: of the frame that was drawn last. Without an
// avatar: the ground.
bool mien_view_avatar(struct mien_view *v, const struct mien_result *result,
                      struct mien_image *out);
void mien_view_finish(void); // waits until everything is drawn
// Once the programs are there: gives back what the driver's compiler keeps for the next one.
void mien_view_settle(void);
const char *mien_view_driver(void); // the renderer's name

#endif

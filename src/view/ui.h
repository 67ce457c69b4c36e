// Menus, sliders and dialogs over the picture: Dear ImGui behind a C interface (view/ui.cc, the
// only C++).
//
// Does not: open cameras, files or sinks, change or decide anything: it shows what is and asks for
// actions (view/actions.h). Main thread, with the window's OpenGL context. While nothing of it is
// shown it costs nothing; ImGui's own allocations happen only while something is.
#ifndef MIEN_VIEW_UI_H
#define MIEN_VIEW_UI_H

#include "base/control.h"
#include "base/inbox.h"
#include "base/traffic.h"
#include "view/view.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MIEN_UI_CAMERAS = 8,
    MIEN_UI_CAMERA_MODES = 32,
    MIEN_UI_SINKS = 20,
    MIEN_UI_PRESETS = 24,
    MIEN_UI_OFFERS = 32,
    MIEN_UI_PROPS = 64,
    MIEN_UI_NETWORKS = 16,
    MIEN_UI_MICROPHONES = 12,
    MIEN_UI_GESTURES = 12,
    MIEN_UI_SIDES = 5, // straight, left, right, up, down
    MIEN_UI_PATH = 1024
};

struct mien_ui_camera_mode {
    int width, height; // px
    float fps;         // best
};
struct mien_ui_camera {
    char name[64], device[64];
    char problem[256]; // why it cannot be used; ""
    struct mien_ui_camera_mode mode[MIEN_UI_CAMERA_MODES];
    int modes;
};
struct mien_ui_sink {
    char spec[256]; // as on the command line: "vmc:127.0.0.1:39539"
    enum mien_traffic traffic;
    bool on;
};

// The page of guided calibration. Ranges are of the channels as the face shows them, 0…1.
enum mien_ui_guide_stage {
    MIEN_UI_GUIDE_OFF,
    MIEN_UI_GUIDE_READY, // counts down
    MIEN_UI_GUIDE_STEP,
    MIEN_UI_GUIDE_REVIEW,
    MIEN_UI_GUIDE_KEPT,
};
struct mien_ui_gesture {
    const char *name, *ask; // borrowed
    bool seen, tried;
    bool ranged; // it has a range: rest has none
    float value; // now
    float before[2], after[2];
};
struct mien_ui_guide {
    enum mien_ui_guide_stage stage;
    bool face;     // there is one
    int now, rows; // the step it is at
    float left_s;  // until it begins, or until the step is given up
    float share;   // of what makes the step count: rest's time, a gesture's height; 0…
    struct mien_ui_gesture row[MIEN_UI_GESTURES];
};

// What the menus show. The program fills it; what they ask for goes into `actions`.
struct mien_ui_controls {
    struct mien_inbox *actions;                // of struct mien_action; borrowed
    const struct mien_view_settings *settings; // borrowed
    const struct mien_hud_info *info;          // borrowed
    // Source. waiting: there is none; why: in words, "" = there is no camera.
    bool waiting;
    char why[400];
    struct mien_ui_camera camera[MIEN_UI_CAMERAS];
    int cameras, camera_now; // camera_now: -1 when the source is none of them
    int width, height;       // of the frames, px
    float fps;               // nominal, 0 = unknown
    struct mien_control camera_control[MIEN_CONTROLS];
    int camera_controls; // of the one that is shown; 0 = not known yet, or none
    // Tracking.
    float fov_deg, filter; // fov 0 = unknown; filter: 0 none, 1 default, 2 twice as steady
    int faces;
    bool quality; // every face is looked at twice
    // Face networks.
    char network_name[MIEN_UI_NETWORKS][48];
    int networks, network;
    // The user's own range.
    bool profile_known, profile_on, profile_learning;
    struct mien_ui_guide guide;
    const struct mien_traces *curves; // their channels; NULL = none
    // Props: 0 is none.
    char prop_name[MIEN_UI_PROPS][48];
    int props, prop;
    bool also[MIEN_UI_PROPS]; // worn besides
    bool favourite[MIEN_UI_PROPS];
    unsigned prop_picture[MIEN_UI_PROPS]; // textures; 0: none yet
    bool light;                           // props are lit like the face
    // The avatar: its file, "" = none; what it can do; the ground behind it.
    char avatar[MIEN_UI_PATH], avatar_can[240], ground[16];
    // One's own head: directions that were seen, looks that are kept, whether it is being made, and
    // whether there is one.
    bool head_seen[MIEN_UI_SIDES], head_busy, head_there;
    int head_looks;
    bool presenting; // menus stay away
    // Output.
    bool recording;
    enum mien_programme programme; // what others get
    // Of virtual cameras and of the second window: MIEN_PROGRAMME_OF_NAMES, 0 is the same.
    int camera_programme, window_programme;
    bool audience; // the second window is open
    double recorded_s;
    int64_t recorded_bytes;
    char record_path[MIEN_UI_PATH];
    char sound[128]; // beside it: "off", "default" or a microphone's name
    char microphone[MIEN_UI_MICROPHONES][128];
    int microphones;           // as they were when they were looked for last
    char folder[MIEN_UI_PATH]; // where files go; empty: the current one
    struct mien_ui_sink sink[MIEN_UI_SINKS];
    int sinks;
    struct { // what may be added
        const char *spec, *what;
    } offer[MIEN_UI_OFFERS];
    int offers;
    // Presets: there are; the last one taken or kept, "" = none.
    char preset_name[MIEN_UI_PRESETS][32], preset[32];
    int presets;
};

// The menus in their order; MIEN_UI_SETTINGS is the window that holds all, MIEN_UI_OPEN the dialog,
// MIEN_UI_GUIDE the page of calibration, which is shown while controls.guide has a stage.
#define MIEN_UI_MENU_NAMES \
    "none|source|view|props|track|record|audience|send|head|help|settings|open|calibration"
enum mien_ui_menu {
    MIEN_UI_NONE,
    MIEN_UI_SOURCE,
    MIEN_UI_VIEW,
    MIEN_UI_PROP,
    MIEN_UI_TRACK,
    MIEN_UI_RECORD,
    MIEN_UI_AUDIENCE,
    MIEN_UI_SEND,
    MIEN_UI_HEAD,
    MIEN_UI_HELP,
    MIEN_UI_SETTINGS,
    MIEN_UI_OPEN,
    MIEN_UI_GUIDE,
    MIEN_UI_MARK,   // asks for the words of a mark, which is of the moment when it was asked
    MIEN_UI_CAMERA, // what the camera lets itself be set; again closes it
    MIEN_UI_QUIT,   // asks whether to end while something is written
    MIEN_UI_MENUS
};

struct mien_ui; // opaque

#ifdef __cplusplus
extern "C" {
#endif

// window: SDL_Window, context: its SDL_GLContext. scale: mien_hud_scale. headless: there is no
// mouse, so nothing shows by itself. NULL on failure (logged): the program works without menus.
struct mien_ui *mien_ui_create(void *window, void *context, float scale, bool headless);
void mien_ui_destroy(struct mien_ui *ui); // NULL is fine
void mien_ui_resize(struct mien_ui *ui, int width_px, int height_px, float scale);
// event: SDL_Event. True when the menus keep it for themselves.
bool mien_ui_event(struct mien_ui *ui, const void *event);
// Opens a menu or dialog; MIEN_UI_NONE closes all; MIEN_UI_SETTINGS again closes it.
void mien_ui_show(struct mien_ui *ui, enum mien_ui_menu menu);
// Whether mien_ui_draw would show anything, and the menu bar's height in screen px (else 0).
bool mien_ui_visible(const struct mien_ui *ui, float *bar_px);
// Whether the things to wear were shown when it was drawn last: their pictures are wanted.
bool mien_ui_shows_props(const struct mien_ui *ui);
// What of the window the page or the menu that is shown now keeps for itself.
struct mien_edges mien_ui_page(const struct mien_ui *ui, const struct mien_ui_controls *c,
                               int width_px, int height_px);
// The corner that the page about one's own head has at the lower right; zeros: it is not there.
void mien_ui_head_corner(const struct mien_ui *ui, float *width_px, float *height_px);
// Over what the view has drawn, into the framebuffer that is bound.
void mien_ui_draw(struct mien_ui *ui, const struct mien_ui_controls *c, int width_px,
                  int height_px);
// Whether a file is being written: a recording, records, a report.
bool mien_ui_writes(const struct mien_ui_controls *c);

#ifdef __cplusplus
}
#endif

#endif

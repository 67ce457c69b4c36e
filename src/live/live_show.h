// What the live program shows: window, display, measured times. What keys, menus and dropped files
// ask for goes into one queue of actions (view/actions.h).
//
// Main thread only, but for asking. Does not: start threads, know sources or engines (their actions
// are the session's).
#ifndef MIEN_LIVE_LIVE_SHOW_H
#define MIEN_LIVE_LIVE_SHOW_H

#include "base/stats.h"
#include "live/audience.h"
#include "live/live.h"
#include "live/window.h"
#include "view/actions.h"
#include "view/traces.h"
#include "view/ui.h"
#include "view/view.h"

struct mien_show_config {
    const char *title;
    const struct mien_face_model *model; // borrowed; NULL: no meshes
    const char *source;                  // name to show, borrowed
    int picture_w, picture_h;            // expected size of the frames, px
    int width, height;                   // of the window; 0 = chosen from the picture's size
    bool headless, fullscreen;
    struct mien_view_settings settings;
};

struct mien_show {
    struct mien_window window;
    struct mien_audience audience; // open: controls.audience
    struct mien_view *view;
    struct mien_ui *ui;               // NULL: there are no menus
    struct mien_ui_controls controls; // what menus show
    struct mien_inbox actions;        // asked for, of struct mien_action
    char (*prop_path)[1024];          // of controls.prop_name; [0] is nothing
    // Called with all drawn but menus, lamps, notices and help: for who records or sends the
    // picture. May be NULL.
    void (*capture)(void *arg, const struct mien_shot *shot);
    void *capture_arg;
    const struct mien_bindings *bindings; // the user's keys; NULL: none
    bool menus_in_screenshot;
    struct mien_view_settings settings;
    struct mien_hud_info info;
    const struct mien_shot *shot; // on the screen now, borrowed from the mailbox; NULL = none yet
    bool presenting;              // nothing is drawn but what the audience gets
    bool turning;                 // the mouse turns the figure on the stage
    bool dirty;                   // must be drawn again without a new shot
    bool quit;
    struct mien_traces curves; // of every shot that was drawn
    int64_t drawn_ns;          // end of the last drawing
    int64_t notice_until_ns;
    char notice[400], state[400];
    char worn[200]; // names, for the line of state
    // Measured.
    uint64_t frames;
    int64_t first_ns, last_ns; // when the first and the last shot were on the screen
    int64_t shown_ns[64];      // ring, for the rate now
    struct mien_stats detect_ms, network_ms, fit_ms, draw_ms, latency_ms;
};

// Opens and warms up: everything is compiled before the first frame comes. False: logged.
bool mien_show_open(struct mien_show *s, const struct mien_show_config *c);
void mien_show_close(struct mien_show *s);  // idempotent, accepts a zeroed object
void mien_show_events(struct mien_show *s); // what the user did: asks for actions
// Does one that is the window's own; false: it is the session's.
bool mien_show_act(struct mien_show *s, const struct mien_action *a);
// Some pictures of things to wear, where they are shown and not made yet.
void mien_show_thumbnails(struct mien_show *s);
// Draws the shot (NULL: the last one again), waits until it is on the screen and measures. In
// frame.c, like the way of every frame; its steps are the four functions that follow.
void mien_show_draw(struct mien_show *s, const struct mien_shot *shot);
// The shot becomes the one that is shown (NULL: the last one stays), with the words for it.
void mien_show_take(struct mien_show *s, const struct mien_shot *shot, int64_t now_ns);
// menus: there is room for their bar. notes_apart: without notices and lamps.
void mien_show_paint(struct mien_show *s, bool menus, bool notes_apart);
void mien_show_paint_menus(struct mien_show *s);
// What the second window gets, after mien_show_paint and before all that is the operator's own; and
// shows it there.
void mien_show_compose(struct mien_show *s);
void mien_show_present(struct mien_show *s);
bool mien_show_open_audience(struct mien_show *s, const char **why); // false: why it cannot
// Of an output that has its own (`of`, MIEN_PROGRAMME_OF_NAMES) or the common one.
enum mien_programme mien_show_programme(const struct mien_show *s, int of);
// Notes the times of a drawing from start to end, CLOCK_MONOTONIC.
void mien_show_measure(struct mien_show *s, const struct mien_shot *shot, int64_t start,
                       int64_t end);
void mien_show_notice(struct mien_show *s, const char *text); // for three seconds
void mien_show_notice_for(struct mien_show *s, const char *text, int seconds);
// What is on the screen, as RGB8; out: reused when it has the size. False: no memory.
bool mien_show_picture(struct mien_show *s, struct mien_image *out);
bool mien_show_screenshot(struct mien_show *s, const char *path); // what is on the screen
double mien_show_fps(const struct mien_show *s);                  // over the whole run

#endif

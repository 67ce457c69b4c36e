// A run of the live program: the thread graph (live/live.h), what it shows (live/live_show.h),
// where results go (live/live_out.h), and everything that menus and keys ask for while it runs:
// another source, recording, outputs, settings that are remembered.
//
// Main thread only, except that results are handed to outputs on mien-infer. Does not: parse
// options.
#ifndef MIEN_LIVE_LIVE_SESSION_H
#define MIEN_LIVE_LIVE_SESSION_H

#include "base/claims.h"
#include "base/thread.h"
#include "live/config.h"
#include "live/events.h"
#include "live/live.h"
#include "live/live_out.h"
#include "live/live_show.h"
#include "track/guide.h"

struct mien_session_options {
    const char *source, *screenshot, *record, *out, *net, *detect, *prop, *report, *profile,
        *curves, *marks, *preset, *record_sound, *control, *avatar, *ground;
    const char *folder;     // where files go whose names are not given; NULL or "": the current one
    const char *sinks;      // from the settings: offered, not opened
    const char *favourites; // of things to wear: names, with commas
    int width, height;      // of the window; 0 = chosen
    int capture_w, capture_h, fps;
    bool headless, loop, fullscreen, bars, axes, head, points, quality, light;
    bool show_curves, beside, lit, my_head;
    bool profile_off; // it is not used until asked for
    bool audience;
    bool waits; // nothing may be lost
    int frames, mode, faces, menu, hud, programme, camera_programme, window_programme, figure;
    int mirror;         // every source: 1 is, 0 is not; -1: cameras as mirror_camera says
    bool mirror_camera; // from the settings
    double fov, filter, opacity;
    double smoothing; // as the settings and menus have `filter`: 0 none, 1 the default
    // Of the command line alone.
    const char *size, *capture, *config; // WxH, WxH, FILE
    bool pace, no_config, share, show_settings;
};

struct mien_settings; // live/settings.h

struct mien_ending { // an output that is writing its files' ends
    struct mien_live_out *out;
    char spec[256], file[MIEN_UI_PATH]; // file: told when it is whole; "": nothing is
};

// Its parts, each with the file that opens, runs and closes it.
struct mien_session_outputs {  // session_outputs.c
    struct mien_monitor guard; // of `out` and source.name: mien-infer hands results over
    struct mien_live_out *out[MIEN_UI_SINKS]; // of controls.sink; NULL = off
    struct mien_ending ending[8];
    uint64_t lost; // records that they could not take
    bool failed;
    bool added; // one by the menu
    int opened; // so many were; each has its number
};

struct mien_session_recording { // session_outputs.c
    struct mien_live_out *out;  // NULL = off
    // Media time of its first frame (of this source), of the last one, and what passed with the
    // sources before.
    int64_t first_ns, last_ns, gone_ns;
};

struct mien_session_sound { // session_sound.c
    bool chosen;            // by the user while it ran
    struct mien_thread thread;
    bool lists; // microphones: what follows is mien-sound's
    char name[MIEN_UI_MICROPHONES][128];
    int found;
};

struct mien_session_picture { // session_outputs.c: one that is being saved: mien-save's while busy
    struct mien_thread thread;
    struct mien_image image;
    char path[512];
    bool busy, again, ok; // again: asked for while it was busy
};

struct mien_session_head_state; // session_head.c; NULL until somebody was seen

struct mien_session_source { // session_sources.c: what is shown
    char name[1024];         // written into the records; guarded by outputs.guard
    char shown_name[128];
    char device[64]; // "" when it is no camera
    bool is_camera;
    bool changed; // since the last frame
};

struct mien_session_opening { // session_sources.c: another one comes, by the user's wish (asked) or
    bool on, asked;           // by itself, at this size and rate
    char uri[1024];
    int w, h, fps;
    bool waits;              // another wish of the user's, for afterwards
    struct mien_action next; // which one
};

struct mien_session_cameras {        // session_cameras.c: they come and go
    struct mien_camera_watch *watch; // NULL until it is needed
    struct mien_camera_info *found;  // MIEN_UI_CAMERAS
    bool failed, needed, listed, was_lost;
    bool next_asked;                  // the next camera, when the list has come
    bool wanted;                      // the source that was asked for last is one
    char uri[1024];                   // which one was asked for last; "": any
    char candidate[64], newcomer[64]; // may be shown; appeared while the source's was away
    int64_t newcomer_ns, retry_ns;
    char told[400]; // why a candidate cannot be opened
};

struct mien_session_controls {      // session_controls.c
    struct mien_control_desk *desk; // NULL until it is needed
    struct mien_control found[MIEN_CONTROLS];
    char met[64]; // the device whose remembered settings were asked for last
    bool changed; // by the user
};

struct mien_session_person {     // session_person.c
    struct mien_profile profile; // mien-infer's
    struct mien_profile range;   // the same as it is to be, without what is tried
    char name[64], path[1024];
    enum mien_profile_phase phase; // as last told
    struct mien_guide guide;       // of the page of calibration
    bool guided;                   // it opens at the start
    bool trying;                   // what the guide has found is in use
    bool was_on, stored;           // before it was kept; it is in its file
    char *file;                    // what was in the file before; NULL: there was none
    size_t file_size;
};

struct mien_session_props {          // live_session.c
    int before;                      // as in controls.prop, at the start
    bool also_before[MIEN_UI_PROPS]; // as in controls.also
    char favourites_before[1024];
};

struct mien_session_network { // session_network.c
    int on, asked, file; // of controls.network_name: in use; asked for, or -1; of a path, or -1
    bool chosen;         // by the user while it ran
};

struct mien_session_folder { // session_folder.c
    char path[200];          // whole; empty: the current one
    bool chosen;             // by the user while it ran
};

struct mien_session_mirror { // session_sources.c
    bool of[2];              // files, cameras: as the user has it
    bool before;             // of cameras, at the start
};

struct mien_session_pause { // live_session.c
    bool was;
    uint64_t drops_before, drops; // not the program's fault
};

struct mien_session_curves { // live_session.c
    char before[1024];       // their channels at the start
};

struct mien_session_stage {                // live_session.c
    char avatar[MIEN_UI_PATH], ground[16]; // at the start
};

struct mien_session_loop {  // live_session.c
    bool running;           // nothing may hold it up
    int64_t state_ns;       // when the state is told next
    int64_t first_shown_ns; // from the process's start to the first frame on the screen
};

struct mien_session {
    struct mien_session_options o;
    struct mien_config *config;           // borrowed; NULL = nothing is remembered
    const struct mien_bindings *bindings; // borrowed; NULL = no key is bound by the user
    const struct mien_settings *settings; // borrowed, of `o`; NULL = nothing comes from a file
    struct mien_claims claims;            // of everything that is read and written
    struct mien_inbox events;             // what threads tell (live/events.h)
    struct mien_live *live;
    struct mien_show *show;
    struct mien_session_outputs outputs;
    struct mien_session_recording recording;
    struct mien_session_sound sound;
    struct mien_session_picture picture;
    struct mien_session_head_state *head;
    struct mien_session_source source;
    struct mien_session_opening opening;
    struct mien_session_cameras cameras;
    struct mien_session_controls controls;
    struct mien_session_person person;
    struct mien_mark_feed *marks; // live/marks.h; NULL: nobody sends any
    struct mien_session_props props;
    struct mien_session_network network;
    struct mien_session_folder folder;
    struct mien_session_mirror mirror;
    struct mien_session_pause pause;
    struct mien_session_curves curves;
    struct mien_session_stage stage;
    struct mien_session_loop loop;
};

// Opens, runs until the user or the source ends it, prints the summary, closes. Returns the exit
// status. stopped: asked now and then whether to end.
int mien_session_run(struct mien_session *s, bool (*stopped)(void));

#endif

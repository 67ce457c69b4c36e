// A run of the live program: the thread graph (live/live.h), what it shows (live/live_show.h),
// where results go (live/live_out.h), and everything that menus and keys ask for while it runs:
// another source, recording, outputs, settings that are remembered.
//
// Main thread only, except that results are handed to outputs on mien-infer. Does not: parse
// options.
#ifndef MIEN_LIVE_LIVE_SESSION_H
#define MIEN_LIVE_LIVE_SESSION_H

#include <stdatomic.h>

#include "base/claims.h"
#include "base/thread.h"
#include "live/config.h"
#include "live/live.h"
#include "live/live_out.h"
#include "live/live_show.h"

struct mien_session_options {
    const char *source, *screenshot, *record, *out, *net, *detect, *prop, *report, *profile,
        *curves;
    const char *folder; // where files go whose names are not given; NULL or "": the current one
    const char *sinks;  // from the settings: offered, not opened
    int width, height;  // of the window; 0 = chosen
    int capture_w, capture_h, fps;
    bool headless, loop, fullscreen, bars, axes, head, points, quality, light;
    bool show_curves;
    bool profile_off; // it is not used until asked for
    bool waits;       // nothing may be lost
    int frames, mode, faces, menu, hud, programme;
    int mirror;         // every source: 1 is, 0 is not; -1: cameras as mirror_camera says
    bool mirror_camera; // from the settings
    double fov, filter, opacity;
    double smoothing; // as the settings and menus have `filter`: 0 none, 1 the default
    // Of the command line alone.
    const char *size, *capture, *config; // WxH, WxH, FILE
    bool pace, no_config, share;
};

struct mien_settings; // live/settings.h

struct mien_ending { // an output that is writing its files' ends
    struct mien_live_out *out;
    char spec[256], file[MIEN_UI_PATH]; // file: told when it is whole; "": nothing is
};

struct mien_session {
    struct mien_session_options o;
    struct mien_config *config;           // borrowed; NULL = nothing is remembered
    const struct mien_settings *settings; // borrowed, of `o`; NULL = nothing comes from a file
    struct mien_claims claims;            // of everything that is read and written
    struct mien_live *live;
    struct mien_show *show;
    struct mien_live_out *recording;
    struct mien_monitor outputs;                 // guards `output`: mien-infer hands results to it
    struct mien_live_out *output[MIEN_UI_SINKS]; // of controls.sink; NULL = off
    struct mien_ending ending[8];
    // A picture that is being saved: mien-save's until save_done.
    struct mien_thread save;
    struct mien_image save_picture;
    char save_path[512];
    bool saving, save_ok;
    atomic_bool save_done;
    bool running;           // the frame loop is: nothing may hold it up
    char source_name[1024]; // written into the records; guarded by `outputs`
    char shown_name[128];
    // Of the recording: media time of its first frame (of this source), of the last one, and what
    // passed with the sources before.
    int64_t record_first_ns, record_last_ns, record_gone_ns;
    bool source_changed; // since the last frame
    // Another source is being opened: by the user's wish or by itself, at this size and rate.
    bool opening, opening_asked;
    char opening_uri[1024];
    int opening_w, opening_h, opening_fps;
    int64_t state_ns;
    // Cameras that come and go (session_cameras.c).
    struct mien_camera_watch *watch; // NULL until it is needed
    struct mien_camera_info *found;  // MIEN_UI_CAMERAS
    bool watch_failed, watch_need, listed, was_lost;
    bool next_asked;                  // the next camera, when the list has come
    bool wants_camera;                // the source that was asked for last is one
    char camera_uri[1024];            // which one was asked for last; "": any
    char device[64];                  // of the source, "" when it is no camera
    char candidate[64], newcomer[64]; // may be shown; appeared while the source's was away
    int64_t newcomer_ns, retry_ns;
    char told[400];              // why a candidate cannot be opened
    int64_t first_shown_ns;      // from the process's start to the first frame on the screen
    struct mien_profile profile; // mien-infer's while it is learnt
    char profile_name[64], profile_path[1024];
    enum mien_profile_phase profile_phase; // as last told
    char (*prop_path)[1024];               // of controls.prop_name; [0] is nothing
    int prop_on, prop_before;              // as in controls.prop; before: at the start
    // Of controls.network_name: in use; asked for, or -1; that of a path, or -1.
    int network_on, network_asked, network_file;
    bool network_chosen; // by the user while it ran
    char curves_before[1024];
    char folder[200];   // a whole path; empty: the current one
    bool folder_chosen; // by the user while it ran
    bool sinks_added;   // by the menu
    bool mirrored[2];   // as the user has it: of files, of cameras
    bool mirror_before; // of cameras, at the start
    bool camera_source, was_paused;
    bool output_failed;
    bool refused;                             // what the command line names cannot be used
    uint64_t lost;                            // records that outputs could not take
    uint64_t drops_at_pause, drops_in_pauses; // not the program's fault
    bool to_stdout;
};

// Opens, runs until the user or the source ends it, prints the summary, closes. Returns the exit
// status. stopped: asked now and then whether to end.
int mien_session_run(struct mien_session *s, bool (*stopped)(void));

#endif

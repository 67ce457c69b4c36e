// Shared by the files that make up a session (live/live_session.h); nobody else includes it. Main
// thread only.
#ifndef MIEN_LIVE_SESSION_PARTS_H
#define MIEN_LIVE_SESSION_PARTS_H

#include "live/config.h"
#include "live/live_session.h"

// live_session.c: what a frame changes beside the picture, before it is drawn; shot: NULL when none
// came.
void mien_session_note_shot(struct mien_session *s, const struct mien_shot *shot);

// session_sources.c: cameras, files, exchanging them while it runs.
bool mien_session_is_camera(const char *uri);
struct mien_source_options mien_session_source_options(const struct mien_session *s, int w, int h,
                                                       int fps);
// After the source was opened or exchanged: names, sizes, which camera it is.
void mien_session_note_source(struct mien_session *s, const char *uri);
void mien_session_note_wish(struct mien_session *s, const char *uri); // by the user
void mien_session_find_shown_camera(struct mien_session *s);          // marks it in the menu's list
void mien_session_take_list(struct mien_session *s, const struct mien_camera_info *list, int n);
// Another source, opened in the background. asked: by the user, who is told how it goes, and whose
// choice is remembered; else mien_session_tell_unasked hears of it. The present source stays when
// the other one cannot be opened. False when one is being opened already.
bool mien_session_open_source(struct mien_session *s, const char *uri, int w, int h, int fps,
                              bool asked);
void mien_session_next_camera(struct mien_session *s); // of the menu's list

// session_cameras.c: cameras that come and go.
void mien_session_watch_cameras(struct mien_session *s, int64_t now_ns); // every round
bool mien_session_is_waiting(const struct mien_session *s);              // there is no source
void mien_session_tell_waiting(struct mien_session *s); // what to do while there is no source
void mien_session_tell_unasked(struct mien_session *s, bool ok, const char *reason);
void mien_session_ask_next_camera(struct mien_session *s); // by the user: when the list is fresh
void mien_session_stop_watch(struct mien_session *s);      // idempotent

// session_outputs.c: recording, pictures, sinks, lamps.
bool mien_session_open_outputs(struct mien_session *s); // those of the options
void mien_session_close_outputs(struct mien_session *s);
void mien_session_set_lamps(struct mien_session *s);
// What the audience gets. False: it could not be painted, and is black.
bool mien_session_paint_programme(struct mien_session *s, enum mien_programme p,
                                  const struct mien_shot *shot, struct mien_image *im);
// A shot's time in the recording, which goes on when another source begins its own time anew.
int64_t mien_session_record_time(struct mien_session *s, const struct mien_shot *shot);

// session_controls.c: what the camera lets itself be set.
void mien_session_meet_camera(struct mien_session *s);    // another source may be shown now
void mien_session_close_controls(struct mien_session *s); // idempotent

// session_sound.c: the sound of recordings.
void mien_session_open_sound(struct mien_session *s);              // of the options
const char *mien_session_microphone(const struct mien_session *s); // NULL: no sound is recorded
void mien_session_finish_sound(struct mien_session *s);            // idempotent

// session_person.c: a person's own range, event marks.
void mien_session_guide(struct mien_session *s, const struct mien_shot *shot); // every round
void mien_session_end_guide(struct mien_session *s);                           // idempotent
bool mien_session_open_profile(struct mien_session *s);                        // of the options
bool mien_session_open_marks(struct mien_session *s); // those that others send; false: logged

// session_settings.c: the settings as they are now.
struct mien_session_texts {
    char sinks[MIEN_CONFIG_LINE - 64], curves[MIEN_CONFIG_LINE - 64], props[MIEN_CONFIG_LINE - 64],
        favourites[MIEN_CONFIG_LINE - 64];
};
// A text that nobody has exchanged stays the very one that it was; whole: all are put together, and
// of outputs those that are on. t: where they are.
struct mien_session_options mien_session_present(const struct mien_session *s,
                                                 struct mien_session_texts *t, bool whole);

// session_preset.c
void mien_session_list_presets(struct mien_session *s); // for the menu

// session_head.c: the head of the person whose figures are shown.
void mien_session_keep_look(struct mien_session *s, const struct mien_shot *shot);
// Every round: what the guide shows, and, while the head is on the stage, a new one when there is
// more to make it from.
void mien_session_show_head(struct mien_session *s);
void mien_session_finish_head(
    struct mien_session *s); // waits for one that is being saved; idempotent

// session_claims.c: what is read and written.
bool mien_session_claim_files(struct mien_session *s); // of the options; false: logged

// session_folder.c: where files go that keys and menus make.
bool mien_session_open_folder(struct mien_session *s); // of the options
// A new file's path there, named after the time, and the file itself, empty, so that no other
// program takes the name. False when nothing can be written there; the window says so.
bool mien_session_file(struct mien_session *s, const char *ending, char *path, size_t size);
void mien_session_drop_file(const char *path); // of that, when nothing came of it
// An output to a file without a folder of its own goes there too. False: as above.
bool mien_session_sink_file(struct mien_session *s, char *spec, size_t size);

// session_network.c: the face network.
void mien_session_list_networks(struct mien_session *s);
const char *mien_session_network_name(const struct mien_session *s); // as it is remembered

// session_actions.c
void mien_session_act(struct mien_session *s); // every round: all that was asked for
// The functions of the session's actions, each in the file of what it changes (view/actions.h).
#define MIEN_SESSION_SHOW(run)
#define MIEN_SESSION_SESSION(run) void run(struct mien_session *s, const struct mien_action *a);
#define MIEN_SESSION_RUN(id, by, takes, words, character, label, shown, text, run) \
    MIEN_SESSION_##by(run)
MIEN_ACTION_ROWS(MIEN_SESSION_RUN)

void mien_session_hear(struct mien_session *s); // every round: all that was told
// The functions of events, each in the file of what it concerns (live/events.h).
#define MIEN_SESSION_HEARS(id, run) void run(struct mien_session *s, const struct mien_event *e);
MIEN_EVENT_ROWS(MIEN_SESSION_HEARS)

// session_settings.c: what changed while it ran goes into the settings file.
void mien_session_remember(struct mien_session *s);

#endif

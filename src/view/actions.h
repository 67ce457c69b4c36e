// What can be asked of the live program: one row an action, with the key that asks for it. Keys,
// menus and scripts put actions into one queue; the program takes them out and calls the row's
// function. Menus show a row's words and label, the sheet of keys and --help its line.
//
// Does not: act (live/show_actions.c, live/session_actions.c) or read the keyboard (live/window.c).
#ifndef MIEN_VIEW_ACTIONS_H
#define MIEN_VIEW_ACTIONS_H

#include "base/inbox.h"
#include <stdbool.h>

// identifier; whose function it is (SHOW: what the window itself shows, SESSION: all else); what it
// takes; words, which are its label in menus; key, key's label in menus, and the line of the sheet
// that it begins: what stands at its left and its text, which also names the keys that follow
// without a line of their own; function.
#define MIEN_ACTION_ROWS(X)                                                                        \
    X(MODE, SHOW, NOTHING, "the next overlay", 'm', "m", "m M", MIEN_KEY_SAYS_MODES,               \
      show_next_mode)                                                                              \
    X(MODE_BACK, SHOW, NOTHING, "the previous overlay", 'M', "M", NULL, NULL, show_mode_before)    \
    X(SET_MODE, SHOW, NUMBER, "the overlay of this number", 0, NULL, NULL, NULL, set_mode)         \
    X(FAINTER, SHOW, NOTHING, "fainter", '[', "[", "[ ]", "fainter, stronger", make_fainter)       \
    X(STRONGER, SHOW, NOTHING, "stronger", ']', "]", NULL, NULL, make_stronger)                    \
    X(OPACITY, SHOW, NUMBER, "opacity", 0, NULL, NULL, NULL, set_opacity)                          \
    X(PROP, SHOW, NOTHING, "the next thing to wear", 'g', "g", "g",                                \
      "next thing to wear: glasses, hat …; G the previous one; l its light", wear_next)            \
    X(PROP_BACK, SHOW, NOTHING, "the previous thing to wear", 'G', "G", NULL, NULL, wear_before)   \
    X(WEAR, SHOW, NUMBER, "wear this alone", 0, NULL, NULL, NULL, wear_alone)                      \
    X(WEAR_TOO, SHOW, NUMBER, "put this on too, or take it off", 0, NULL, NULL, NULL,              \
      wear_besides)                                                                                \
    X(FAVOURITE, SHOW, NUMBER, "favourite: shown first", 0, NULL, NULL, NULL, toggle_favourite)    \
    X(LIGHT, SHOW, NOTHING, "light from the face", 'l', "l", NULL, NULL, toggle_light)             \
    X(HEAD, SHOW, NOTHING, "whole head", 'e', "e", "e", "the whole head, or the face only",        \
      toggle_head)                                                                                 \
    X(POINTS, SHOW, NOTHING, "landmarks with uncertainty", 'p', "p", "p",                          \
      "landmark points with their uncertainty", toggle_points)                                     \
    X(AXES, SHOW, NOTHING, "head axes and gaze", 'a', "a", "a", "head axes and gaze", toggle_axes) \
    X(HUD, SHOW, NOTHING, "more or fewer figures", 'h', "h", "h",                                  \
      "one line of status, all figures, or nothing", show_next_figures)                            \
    X(SET_HUD, SHOW, NUMBER, "figures of this level", 0, NULL, NULL, NULL, set_figures)            \
    X(BARS, SHOW, NOTHING, "blendshape bars", 'b', "b", "b", "blendshape bars", toggle_bars)       \
    X(CURVES, SHOW, NOTHING, "live curves", 'v', "v", "v", "live curves; V other channels",        \
      toggle_curves)                                                                               \
    X(CHANNELS, SHOW, NOTHING, "other channels", 'V', "V", NULL, NULL, show_next_channels)         \
    X(SET_CHANNELS, SHOW, NUMBER, "the curves of this set", 0, NULL, NULL, NULL, set_channels)     \
    X(CHANNEL, SHOW, NUMBER, "this channel's curve, or not", 0, NULL, NULL, NULL, toggle_channel)  \
    X(MIRROR, SHOW, NOTHING, "mirror", 'x', "x", "x",                                              \
      "mirror the picture (cameras start mirrored)", toggle_mirror)                                \
    X(NEUTRAL, SESSION, NOTHING, "Take this expression as neutral", 'n', "n", "n",                 \
      "take the current expression as neutral; N undoes it", mien_session_take_neutral)            \
    X(FORGET, SESSION, NOTHING, "Forget the neutral expression", 'N', "N", NULL, NULL,             \
      mien_session_forget_neutral)                                                                 \
    X(LEARN, SESSION, NOTHING, "Calibrate to my face…", 'C', "C", "C",                             \
      "calibrate to your face, gesture by gesture; P uses your own range, or not",                 \
      mien_session_open_guide)                                                                     \
    X(RANGE, SESSION, NOTHING, "use my own range", 'P', "P", NULL, NULL,                           \
      mien_session_toggle_range)                                                                   \
    X(GUIDE_SKIP, SESSION, NOTHING, "Skip", 0, NULL, NULL, NULL, mien_session_skip_gesture)        \
    X(GUIDE_AGAIN, SESSION, NUMBER, "Again", 0, NULL, NULL, NULL, mien_session_repeat_gesture)     \
    X(GUIDE_KEEP, SESSION, NOTHING, "Keep", 0, NULL, NULL, NULL, mien_session_keep_range)          \
    X(GUIDE_UNDO, SESSION, NOTHING, "Undo", 0, NULL, NULL, NULL, mien_session_undo_range)          \
    X(GUIDE_CLOSE, SESSION, NOTHING, "Close", 0, NULL, NULL, NULL, mien_session_close_guide)       \
    X(MARK, SESSION, NOTHING, "Set an event mark", 'k', "k", "k",                                  \
      "set an event mark in records and report; K with words", mien_session_set_mark)              \
    X(WRITE_MARK, SHOW, NOTHING, "Set a mark with words…", 'K', "K", NULL, NULL, write_mark)       \
    X(MARK_AS, SESSION, TEXT, "set a mark with these words", 0, NULL, NULL, NULL,                  \
      mien_session_set_mark)                                                                       \
    X(FACES, SESSION, NUMBER, "faces", '1', "1-8", "1-8",                                          \
      "how many faces are followed; j or a click: whose figures are shown",                        \
      mien_session_set_faces)                                                                      \
    X(FIGURES, SHOW, NOTHING, "the next face's figures", 'j', "j", NULL, NULL, show_next_face)     \
    X(SET_FIGURES, SHOW, NUMBER, "this face's figures", 0, NULL, NULL, NULL, show_face)            \
    X(LESS_SMOOTH, SESSION, NOTHING, "less smoothing", '-', "-", "- +",                            \
      "smoothing; , . field of view; t look twice; T another network", mien_session_smooth_less)   \
    X(SMOOTHER, SESSION, NOTHING, "more smoothing", '+', "+", NULL, NULL,                          \
      mien_session_smooth_more)                                                                    \
    X(SMOOTHING, SESSION, NUMBER, "smoothing", 0, NULL, NULL, NULL, mien_session_set_smoothing)    \
    X(NARROWER, SESSION, NOTHING, "a narrower field of view", ',', ",", NULL, NULL,                \
      mien_session_narrow_view)                                                                    \
    X(WIDER, SESSION, NOTHING, "a wider field of view", '.', ".", NULL, NULL,                      \
      mien_session_widen_view)                                                                     \
    X(FOV, SESSION, NUMBER, "field of view", 0, NULL, NULL, NULL, mien_session_set_fov)            \
    X(QUALITY, SESSION, NOTHING, "look twice (steadier, twice the time)", 't', "t", NULL, NULL,    \
      mien_session_toggle_quality)                                                                 \
    X(NETWORK, SESSION, NOTHING, "the next network", 'T', "T", NULL, NULL,                         \
      mien_session_use_next_network)                                                               \
    X(SET_NETWORK, SESSION, NUMBER, "network", 0, NULL, NULL, NULL, mien_session_use_network)      \
    X(OPEN, SHOW, NOTHING, "Open a picture or video…", 'o', "o", "o",                              \
      "open a picture or video (or drop one here); d the demo clip; c next camera",                \
      show_open_dialog)                                                                            \
    X(SOURCE, SESSION, SOURCE, "open this source", 0, NULL, NULL, NULL, mien_session_show_source)  \
    X(DEMO, SESSION, NOTHING, "Play the demo clip", 'd', "d", NULL, NULL, mien_session_show_demo)  \
    X(CAMERA, SESSION, NOTHING, "the next camera", 'c', "c", NULL, NULL,                           \
      mien_session_show_next_camera)                                                               \
    X(RESCAN, SESSION, NOTHING, "Look for cameras again", 0, NULL, NULL, NULL,                     \
      mien_session_look_for_cameras)                                                               \
    X(CAMERA_PAGE, SESSION, NOTHING, "Camera: exposure, gain, focus …", 'i', "i", "i",             \
      "the camera's own controls: exposure, gain, white balance, focus",                           \
      mien_session_open_controls)                                                                  \
    X(SET_CONTROL, SESSION, TEXT, "set the camera's control", 0, NULL, NULL, NULL,                 \
      mien_session_set_control)                                                                    \
    X(HOLD_RATE, SESSION, NOTHING, "Hold 30 frames a second", 0, NULL, NULL, NULL,                 \
      mien_session_hold_rate)                                                                      \
    X(RESET_CONTROLS, SESSION, NOTHING, "Reset to the camera's defaults", 0, NULL, NULL, NULL,     \
      mien_session_reset_controls)                                                                 \
    X(RECORD, SESSION, NOTHING, "Start recording", 'r', "r", "r",                                  \
      "start or stop recording; s saves a picture", mien_session_toggle_recording)                 \
    X(SCREENSHOT, SESSION, NOTHING, "Save a picture", 's', "s", NULL, NULL,                        \
      mien_session_save_picture)                                                                   \
    X(SAVE_HEAD, SESSION, NOTHING, "Save my head (GLB)", 'H', "H", "H",                            \
      "save the head of the person whose figures are shown, as a GLB file",                        \
      mien_session_save_head)                                                                      \
    X(SOUND, SESSION, TEXT, "a recording's sound", 0, NULL, NULL, NULL, mien_session_use_sound)    \
    X(MICROPHONES, SESSION, NOTHING, "look for microphones", 0, NULL, NULL, NULL,                  \
      mien_session_list_microphones)                                                               \
    X(SAVE_HEAD_OBJ, SESSION, NOTHING, "Save my head (OBJ)", 0, NULL, NULL, NULL,                  \
      mien_session_save_head_obj)                                                                  \
    X(MY_HEAD, SHOW, NOTHING, "My head", 'y', "y", "y",                                            \
      "my head, turned by the mouse; A where it or the avatar is shown", toggle_my_head)           \
    X(STAGE, SHOW, NOTHING, "where it is shown", 'A', "A", NULL, NULL, move_stage)                 \
    X(SET_STAGE, SHOW, NUMBER, "show the avatar, your own head, or neither", 0, NULL, NULL, NULL,  \
      set_stage)                                                                                   \
    X(BESIDE, SHOW, NOTHING, "beside the picture", 0, NULL, NULL, NULL, toggle_beside)             \
    X(SET_FIGURE, SHOW, NUMBER, "how it is drawn", 0, NULL, NULL, NULL, set_figure_look)           \
    X(FRONT, SHOW, NOTHING, "Seen from the front", 0, NULL, NULL, NULL, see_from_front)            \
    X(REST, SHOW, NOTHING, "at rest", 0, NULL, NULL, NULL, toggle_rest)                            \
    X(LIT, SHOW, NOTHING, "lit like the face", 0, NULL, NULL, NULL, toggle_lit)                    \
    X(MEAN, SHOW, NUMBER, "towards the mean face", 0, NULL, NULL, NULL, set_mean)                  \
    X(AVATAR, SHOW, TEXT, "take this avatar", 0, NULL, NULL, NULL, take_avatar)                    \
    X(GROUND, SHOW, TEXT, "the colour behind the avatar", 0, NULL, NULL, NULL, set_ground)         \
    X(PROGRAMME, SHOW, NOTHING, "what others get", 'w', "w", "w",                                  \
      "what others get: picture with what is worn, alone, all that you see, avatar",               \
      give_next_programme)                                                                         \
    X(SET_PROGRAMME, SHOW, NUMBER, "others get this", 0, NULL, NULL, NULL, give_programme)         \
    X(SET_CAMERA_PROGRAMME, SHOW, NUMBER, "virtual cameras get this", 0, NULL, NULL, NULL,         \
      give_camera_programme)                                                                       \
    X(SET_WINDOW_PROGRAMME, SHOW, NUMBER, "the second window gets this", 0, NULL, NULL, NULL,      \
      give_window_programme)                                                                       \
    X(AUDIENCE, SHOW, NOTHING, "second window", 'W', "W", "W",                                     \
      "a second window for the audience, which shows only that; F fills its screen",               \
      toggle_audience)                                                                             \
    X(AUDIENCE_FULLSCREEN, SHOW, NOTHING, "Full screen", 'F', "F", NULL, NULL,                     \
      toggle_audience_fullscreen)                                                                  \
    X(AUDIENCE_SCREEN, SHOW, NOTHING, "Move it to the next screen", 0, NULL, NULL, NULL,           \
      move_audience)                                                                               \
    X(FOLDER, SESSION, TEXT, "files go to this folder", 0, NULL, NULL, NULL,                       \
      mien_session_use_folder)                                                                     \
    X(OUTPUT, SESSION, NUMBER, "this output on, or off", 0, NULL, NULL, NULL,                      \
      mien_session_toggle_output)                                                                  \
    X(ADD_OUTPUT, SESSION, TEXT, "add these outputs", 0, NULL, NULL, NULL, mien_session_add_typed) \
    X(PRESENT, SHOW, NOTHING, "Presentation: only what others get", MIEN_KEY_F5, "F5", "F5",       \
      "presentation: the window shows only that", toggle_presentation)                             \
    X(REPORT, SESSION, NOTHING, "Start a report", 'R', "R", "R",                                   \
      "start or finish a report of the session", mien_session_toggle_report)                       \
    X(PRESET, SESSION, TEXT, "take this preset", 0, NULL, NULL, NULL, mien_session_use_preset)     \
    X(SAVE_PRESET, SESSION, TEXT, "save the settings under this name", 0, NULL, NULL, NULL,        \
      mien_session_save_preset)                                                                    \
    X(PAUSE, SHOW, NOTHING, "pause", ' ', "space", "space", "pause", toggle_pause)                 \
    X(FULLSCREEN, SHOW, NOTHING, "Full screen", 'f', "f", "f", "full screen", toggle_fullscreen)   \
    X(SETTINGS, SHOW, NOTHING, "All settings", '\t', "tab", "tab",                                 \
      "all settings; F10 or the mouse: menus", toggle_settings)                                    \
    X(MENUS, SHOW, NOTHING, "the menus", 0, NULL, NULL, NULL, show_menus)                          \
    X(HELP, SHOW, NOTHING, "Keys", '?', "?", "?", "this sheet", show_next_help)                    \
    X(TOGGLE_HELP, SHOW, NOTHING, "Keys", 0, "?", NULL, NULL, toggle_help)                         \
    X(QUIT, SHOW, NOTHING, "Quit", 'q', "q", "q Esc",                                              \
      "quit (asks while a file is being written); Esc leaves full screen first", leave_or_ask)     \
    X(ESCAPE, SHOW, NOTHING, "one step back", 0, NULL, NULL, NULL, step_back)                      \
    X(LEAVE, SHOW, NOTHING, "quit without asking", 0, NULL, NULL, NULL, leave)
#define MIEN_KEY_F5 '\5'                      // no letter: nobody types it
#define MIEN_KEY_SAYS_MODES "what is drawn: " // the modes follow

#define MIEN_ACTION_ID(id, ...) MIEN_ACTION_##id,
enum mien_action_id { MIEN_ACTION_ROWS(MIEN_ACTION_ID) MIEN_ACTIONS };

enum mien_action_takes {
    MIEN_TAKES_NOTHING,
    MIEN_TAKES_NUMBER,
    MIEN_TAKES_TEXT,
    MIEN_TAKES_SOURCE // text: its URI; width, height, fps: 0 = as it comes
};

struct mien_action_row {
    const char *name; // the identifier
    enum mien_action_takes takes;
    const char *words;
    char character;    // 0: no key; MIEN_ACTION_FACES: '1' … '8'
    const char *label; // NULL without a key
    const char *shown, *text;
};

enum { MIEN_KEY_TEXT = 160, MIEN_ACTION_TEXT = 1024, MIEN_ACTIONS_WAITING = 64 };

struct mien_action { // one that is asked for
    enum mien_action_id id;
    bool quiet; // by what shows the outcome itself: no notice
    double number;
    int width, height, fps;
    char text[MIEN_ACTION_TEXT];
};

#ifdef __cplusplus
extern "C" {
#endif
const struct mien_action_row *mien_action_at(int id);     // NULL outside
const char *mien_action_label(enum mien_action_id id);    // its key in menus: "m"; "" without
const char *mien_action_words(enum mien_action_id id);    // in menus: "pause"
bool mien_action_of_key(char c, struct mien_action *out); // false: the key means nothing
// Into the program's queue, from any thread. False when too many wait already (logged).
bool mien_action_ask(struct mien_inbox *queue, enum mien_action_id id);
bool mien_action_ask_number(struct mien_inbox *queue, enum mien_action_id id, double number);
bool mien_action_ask_text(struct mien_inbox *queue, enum mien_action_id id, const char *text);
// Line i of the sheet: *shown and, returned, its text (text is where it is put together when it has
// to be). NULL past the last.
const char *mien_key_line(int i, const char **shown, char text[MIEN_KEY_TEXT]);
#ifdef __cplusplus
}
#endif

#endif

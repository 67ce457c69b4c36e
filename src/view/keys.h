// Keys of the live window: one row a key. The program acts on a row's action, the menus show its
// label, the sheet of keys and --help its line.
//
// Does not: act (live/live_show.c) or read the keyboard (live/window.c).
#ifndef MIEN_VIEW_KEYS_H
#define MIEN_VIEW_KEYS_H

// action, character, label in menus, and the line of the sheet that it begins: what stands at its
// left and its text, which also names the keys that follow without a line of their own (NULL,
// NULL).
#define MIEN_KEY_ROWS(X)                                                                        \
    X(MODE, 'm', "m", "m M", MIEN_KEY_SAYS_MODES)                                               \
    X(MODE_BACK, 'M', "M", NULL, NULL)                                                          \
    X(FAINTER, '[', "[", "[ ]", "fainter, stronger")                                            \
    X(STRONGER, ']', "]", NULL, NULL)                                                           \
    X(PROP, 'g', "g", "g", "next thing to wear: glasses, hat …; G the one before; l its light") \
    X(PROP_BACK, 'G', "G", NULL, NULL)                                                          \
    X(LIGHT, 'l', "l", NULL, NULL)                                                              \
    X(HEAD, 'e', "e", "e", "the whole head, or the face only")                                  \
    X(POINTS, 'p', "p", "p", "landmark points with their uncertainty")                          \
    X(AXES, 'a', "a", "a", "head axes and gaze")                                                \
    X(HUD, 'h', "h", "h", "one line of state, all figures, or nothing")                         \
    X(BARS, 'b', "b", "b", "blendshape bars")                                                   \
    X(CURVES, 'v', "v", "v", "live curves; V other channels")                                   \
    X(CHANNELS, 'V', "V", NULL, NULL)                                                           \
    X(MIRROR, 'x', "x", "x", "mirror (cameras are, at first)")                                  \
    X(NEUTRAL, 'n', "n", "n", "take the present expression as neutral; N undoes it")            \
    X(FORGET, 'N', "N", NULL, NULL)                                                             \
    X(LEARN, 'C', "C", "C",                                                                     \
      "learn your own range in ten seconds: at rest, then moving; P use it or not")             \
    X(RANGE, 'P', "P", NULL, NULL)                                                              \
    X(MARK, 'k', "k", "k", "set an event mark in records and report")                           \
    X(FACES, '1', "1-8", "1-8",                                                                 \
      "so many faces are followed; j or a click: whose figures are shown")                      \
    X(FIGURES, 'j', "j", NULL, NULL)                                                            \
    X(LESS_SMOOTH, '-', "-", "- +",                                                             \
      "smoothing; , . field of view; t look twice; T another network")                          \
    X(SMOOTHER, '+', "+", NULL, NULL)                                                           \
    X(NARROWER, ',', ",", NULL, NULL)                                                           \
    X(WIDER, '.', ".", NULL, NULL)                                                              \
    X(QUALITY, 't', "t", NULL, NULL)                                                            \
    X(NETWORK, 'T', "T", NULL, NULL)                                                            \
    X(OPEN, 'o', "o", "o",                                                                      \
      "open a picture or video (or drop one here); d the demo clip; c next camera")             \
    X(DEMO, 'd', "d", NULL, NULL)                                                               \
    X(CAMERA, 'c', "c", NULL, NULL)                                                             \
    X(RECORD, 'r', "r", "r", "record, stop recording; s saves a picture")                       \
    X(SCREENSHOT, 's', "s", NULL, NULL)                                                         \
    X(SAVE_HEAD, 'H', "H", "H",                                                                 \
      "save the head of the person whose figures are shown, to be animated elsewhere")          \
    X(PROGRAMME, 'w', "w", "w",                                                                 \
      "what others get: picture with what is worn, alone, all that you see")                    \
    X(PRESENT, MIEN_KEY_F5, "F5", "F5", "presentation: the window shows only that")             \
    X(REPORT, 'R', "R", "R", "begin, finish a report of the session")                           \
    X(PAUSE, ' ', "space", "space", "pause")                                                    \
    X(FULLSCREEN, 'f', "f", "f", "full screen")                                                 \
    X(SETTINGS, '\t', "tab", "tab", "all settings; F10 or the mouse: menus")                    \
    X(HELP, '?', "?", "?", "this sheet")                                                        \
    X(QUIT, 'q', "q", "q Esc",                                                                  \
      "quit; asks while something is recorded; Esc leaves full screen first")
#define MIEN_KEY_F5 '\5'                      // no letter: nobody types it
#define MIEN_KEY_SAYS_MODES "what is drawn: " // the modes follow

#define MIEN_KEY_ID(id, ...) MIEN_ACTION_##id,
enum mien_action { MIEN_KEY_ROWS(MIEN_KEY_ID) MIEN_ACTIONS };

struct mien_key_row {
    char character; // MIEN_ACTION_FACES: '1' … '8'
    const char *label, *shown, *text;
};

enum { MIEN_KEY_TEXT = 160 };

#ifdef __cplusplus
extern "C" {
#endif
const struct mien_key_row *mien_key_at(int action);  // NULL outside
const char *mien_key_label(enum mien_action action); // for menus: "m"
int mien_key_action(char c);                         // -1: the key means nothing
// Line i of the sheet: *shown and, returned, its text (text is where it is put together when it has
// to be). NULL past the last.
const char *mien_key_line(int i, const char **shown, char text[MIEN_KEY_TEXT]);
#ifdef __cplusplus
}
#endif

#endif

// Shared by view/ui.cc and view/ui_parts.cc; nobody else includes it.
#ifndef MIEN_VIEW_UI_PARTS_HH
#define MIEN_VIEW_UI_PARTS_HH

extern "C" {
#include "view/ui.h"
}

#include <string>
#include <vector>

#include <imgui.h>

struct mien_ui_entry { // of a folder
    std::string name;
    bool folder;
};

struct mien_ui {
    ImGuiContext *context;
    bool headless, started_sdl, started_gl;
    bool mark_asked, marking; // for the words of a mark; the dialog is on
    int64_t mark_ns;          // when it was asked for
    char words[80], preset[32];
    bool settings, camera, open_asked, opened; // window shown; dialog asked for, on
    bool guiding;                              // the page of calibration is shown
    bool browsing;                             // the things to wear are shown
    int guide_key;                             // pressed for it (SDL_Keycode), 0: none
    bool quit_asked, quitting, leave;          // the question: asked for, on; answered by key
    bool offering;                             // there is no source: what to do is shown
    bool wearing;                              // the page of things to wear is open
    int part;                                  // of the settings, where they have no tabs
    mien_edges page;                           // what pages have of the window, in window points
    bool heading;       // one's own head is on the stage: its window is shown
    ImVec2 head_corner; // that window with its margin
    bool popup;         // a menu was open when drawn last
    ImVec4 menu_at;     // left, top, right, bottom of it, window points; 0s: none
    int squeezed;       // the open menu that is kept low, so that the picture has room; 0: none
                        // room; 0: none
    int menu;           // to be opened with the next drawing; 0 = none
    bool close_all;
    bool keep;                                                // headless: the bar stays
    int64_t mouse_ns;                                         // when the mouse moved last
    float scale, bar_px;                                      // bar_px: its height
    float pixel_ratio;                                        // screen px per window point
    char folder[MIEN_UI_PATH], path[MIEN_UI_PATH], spec[256]; // of the dialog; of an output
    char files[MIEN_UI_PATH];                                 // where files go, while it is typed
    bool typing, typed;                                       // now; something else than there was
    std::vector<mien_ui_entry> entries;
};

const ImVec4 mien_ui_accent(0.31f, 0.82f, 0.745f, 1), mien_ui_dim(0.62f, 0.667f, 0.706f, 1),
    mien_ui_warm(0.925f, 0.408f, 0.376f, 1), mien_ui_amber(0.94f, 0.733f, 0.36f, 1);

// What a menu (enum mien_ui_menu, SOURCE to HELP) shows, in the menu or in a tab of the settings.
void mien_ui_part(mien_ui *ui, const mien_ui_controls *c, int which);
// What a camera lets itself be set.
void mien_ui_camera_page(const mien_ui_controls *c);
// What pages and the open menu take of a window of this size (window points) beside, below or above
// the picture; all 0: nothing, they lie over it.
mien_edges mien_ui_place(const mien_ui *ui, const mien_ui_controls *c, float width, float height);
// The page of calibration (view/ui_guide.cc), while it has a stage.
void mien_ui_guide_page(mien_ui *ui, const mien_ui_controls *c);
// One's own head: what it is made from, how it is shown, saving it.
void mien_ui_head_part(const mien_ui_controls *c);
// Asks for a source; 0 = as it comes.
void mien_ui_ask_source(const mien_ui_controls *c, const char *uri, int w, int h, int fps);

#endif

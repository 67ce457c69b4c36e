// The window or, without a display, an OpenGL context of its own (SDL2's offscreen driver).
//
// Does not: draw. Main thread only.
#ifndef MIEN_LIVE_WINDOW_H
#define MIEN_LIVE_WINDOW_H

#include <stdbool.h>

struct SDL_Window;
union SDL_Event;

struct mien_window {
    struct SDL_Window *window;
    void *context; // SDL_GLContext
    bool started;  // SDL's video is up
    bool headless, fullscreen, vsync;
    // Sees every event first; true: it was for somebody else. May be NULL.
    bool (*filter)(void *arg, const union SDL_Event *e);
    void *filter_arg;
    // Of MIEN_KEY_CLICK and MIEN_KEY_WHEEL: where, and of MIEN_KEY_DRAG: by how much, of the
    // window's width and height.
    float click_x, click_y, drag_x, drag_y;
    float wheel;   // of MIEN_KEY_WHEEL: steps away from the user
    char *dropped; // text of MIEN_KEY_DROPPED, SDL's
};

// title: UTF-8. False on failure (logged, with the way out: --headless). Cleans up after itself.
bool mien_window_open(struct mien_window *w, const char *title, int width, int height,
                      bool headless, bool fullscreen);
void mien_window_close(struct mien_window *w); // idempotent, accepts a zeroed object
void mien_window_size_px(const struct mien_window *w, int *width_px, int *height_px);
// False, and nothing changes, in full screen or when the display has no room for it.
bool mien_window_resize(struct mien_window *w, int width, int height);
void mien_window_toggle_fullscreen(struct mien_window *w);
void mien_window_show_frame(struct mien_window *w); // swaps the buffers; headless: nothing

enum mien_key { // what the user asked for
    MIEN_KEY_NONE,
    MIEN_KEY_QUIT, // the window was closed
    MIEN_KEY_ESCAPE,
    MIEN_KEY_RESIZED,
    MIEN_KEY_EXPOSED,
    MIEN_KEY_CHARACTER, // *character: a Latin letter (capital with shift), a digit, ' ', '\t' or
                        // one of ?[]+-,.
    MIEN_KEY_CLICK,     // the left button, on the picture
    MIEN_KEY_DRAG,      // the mouse with the left button held
    MIEN_KEY_WHEEL,
    MIEN_KEY_MENU,    // F10
    MIEN_KEY_DROPPED, // a file was dropped on the window: w->dropped, valid until the next poll
};
// The next event that matters, MIEN_KEY_NONE when there is none. Does not wait.
enum mien_key mien_window_poll(struct mien_window *w, char *character);

#endif

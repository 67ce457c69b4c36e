// A second window, for the audience: on another screen where there is one. It has its own full
// screen (a double click, F11 or f in it; Esc leaves it), and what is typed in it is the
// operator's.
//
// Its pixels are ours, and no OpenGL draws in it: a driver that draws on the processor takes as
// long for changing between two windows as for a picture. Main thread only. Does not: know what it
// shows (live_show.c does).
#ifndef MIEN_LIVE_AUDIENCE_H
#define MIEN_LIVE_AUDIENCE_H

#include "live/window.h"
#include "view/view.h"

struct mien_audience { // zero: closed
    struct SDL_Window *window;
    struct SDL_Surface *picture; // what it shows, 32 bits a pixel, of its size
    bool fullscreen;
    bool closing; // the user has closed it
};

// width, height: of the picture; the window fits it. False: logged, and *why says it in words.
bool mien_audience_open(struct mien_audience *a, const struct mien_window *main, int width,
                        int height, const char **why);
void mien_audience_close(struct mien_audience *a); // idempotent, accepts a zeroed object
// Whether the event was this window's own.
bool mien_audience_event(struct mien_audience *a, const union SDL_Event *e);
void mien_audience_toggle_fullscreen(struct mien_audience *a);
bool mien_audience_next_screen(struct mien_audience *a); // false: there is no other
// What it shows, to be filled; of the window's present size. False: no memory (logged).
bool mien_audience_pixels(struct mien_audience *a, struct mien_view_pixels *out);
void mien_audience_show(struct mien_audience *a, const struct mien_window *main);

#endif

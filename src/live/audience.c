// The audience's window.
#include "live/audience.h"

#include <string.h>

#include <SDL2/SDL.h>

#include "base/log.h"
#include "base/mem.h"

// A screen that is not the main window's; its own where there is no other.
static int other_screen(const struct mien_window *main)
{
    int own = SDL_GetWindowDisplayIndex(main->window), n = SDL_GetNumVideoDisplays();
    return n > 1 ? (own == 0 ? 1 : 0) : own;
}

bool mien_audience_open(struct mien_audience *a, const struct mien_window *main, int width,
                        int height, const char **why)
{
    memset(a, 0, sizeof(*a));
    if (main->headless) {
        *why = "a second window needs a display, and this runs without one";
        return false;
    }
    int screen = other_screen(main);
    SDL_Rect room = {0, 0, 1280, 720};
    SDL_GetDisplayUsableBounds(screen, &room);
    while ((width > room.w || height > room.h) && width > 64 && height > 64) {
        width /= 2;
        height /= 2;
    }
    // In a corner where it shares the operator's screen.
    bool shares = screen == SDL_GetWindowDisplayIndex(main->window);
    int x = shares ? room.x + room.w - width : (int)SDL_WINDOWPOS_CENTERED_DISPLAY(screen);
    int y = shares ? room.y + room.h - height : (int)SDL_WINDOWPOS_CENTERED_DISPLAY(screen);
    const char *driver = SDL_GetCurrentVideoDriver();
    if (driver && !strcmp(driver, "x11")) { // others have no other way
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
    }
    a->window = SDL_CreateWindow("mien audience", x, y, width, height, SDL_WINDOW_RESIZABLE);
    if (!a->window || !SDL_GetWindowSurface(a->window)) {
        mien_error("the second window does not open: %s", SDL_GetError());
        mien_audience_close(a);
        SDL_GL_MakeCurrent(main->window, main->context);
        *why = "the second window does not open: the terminal says why";
        return false;
    }
    SDL_GL_MakeCurrent(main->window, main->context);
    SDL_RaiseWindow(main->window);
    return true;
}

void mien_audience_close(struct mien_audience *a)
{
    SDL_FreeSurface(a->picture);
    if (a->window) {
        SDL_DestroyWindow(a->window);
        SDL_ShowCursor(SDL_ENABLE);
    }
    memset(a, 0, sizeof(*a));
}

void mien_audience_toggle_fullscreen(struct mien_audience *a)
{
    bool want = !a->fullscreen;
    if (!a->window) {
        return;
    }
    if (SDL_SetWindowFullscreen(a->window, want ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0)) {
        mien_warn("full screen is not possible here: %s", SDL_GetError());
        return;
    }
    a->fullscreen = want;
    SDL_ShowCursor(want && SDL_GetMouseFocus() == a->window ? SDL_DISABLE : SDL_ENABLE);
}

bool mien_audience_next_screen(struct mien_audience *a)
{
    int n = SDL_GetNumVideoDisplays();
    if (!a->window || n < 2) {
        return false;
    }
    int next = (SDL_GetWindowDisplayIndex(a->window) + 1) % n;
    bool full = a->fullscreen;
    if (full) {
        mien_audience_toggle_fullscreen(a);
    }
    SDL_SetWindowPosition(a->window, (int)SDL_WINDOWPOS_CENTERED_DISPLAY(next),
                          (int)SDL_WINDOWPOS_CENTERED_DISPLAY(next));
    if (full) {
        mien_audience_toggle_fullscreen(a);
    }
    return true;
}

bool mien_audience_pixels(struct mien_audience *a, struct mien_view_pixels *out)
{
    int w = 0, h = 0;
    SDL_GetWindowSize(a->window, &w, &h);
    if (!a->picture || a->picture->w != w || a->picture->h != h) {
        SDL_FreeSurface(a->picture);
        a->picture = SDL_CreateRGBSurfaceWithFormat(0, w, h, 32, SDL_PIXELFORMAT_RGB888);
        if (!a->picture) {
            mien_error("the second window: not enough memory for %d×%d pixels", w, h);
            return false;
        }
    }
    *out = (struct mien_view_pixels){a->picture->pixels, (size_t)a->picture->pitch, w, h};
    return true;
}

void mien_audience_show(struct mien_audience *a, const struct mien_window *main)
{
    SDL_Surface *screen = SDL_GetWindowSurface(a->window);
    if (screen && a->picture) {
        SDL_BlitSurface(a->picture, NULL, screen, NULL);
        SDL_UpdateWindowSurface(a->window);
    }
    SDL_GL_MakeCurrent(main->window, main->context); // SDL may have drawn with one of its own
}

static bool take_key(struct mien_audience *a, SDL_Keycode k)
{
    bool turns = k == SDLK_F11 || k == SDLK_f || (k == SDLK_ESCAPE && a->fullscreen);
    if (turns) {
        mien_audience_toggle_fullscreen(a);
    }
    return turns;
}

static void take_window_event(struct mien_audience *a, int event)
{
    a->closing = a->closing || event == SDL_WINDOWEVENT_CLOSE;
    if (event == SDL_WINDOWEVENT_ENTER || event == SDL_WINDOWEVENT_LEAVE) {
        bool hides = event == SDL_WINDOWEVENT_ENTER && a->fullscreen;
        SDL_ShowCursor(hides ? SDL_DISABLE : SDL_ENABLE);
    }
}

bool mien_audience_event(struct mien_audience *a, const union SDL_Event *e)
{
    if (!a->window) {
        return false;
    }
    Uint32 own = SDL_GetWindowID(a->window);
    switch (e->type) {
    case SDL_WINDOWEVENT:
        if (e->window.windowID == own) {
            take_window_event(a, e->window.event);
        }
        return e->window.windowID == own;
    case SDL_MOUSEBUTTONDOWN:
        if (e->button.windowID == own && e->button.button == SDL_BUTTON_LEFT &&
            e->button.clicks == 2) {
            mien_audience_toggle_fullscreen(a);
        }
        return e->button.windowID == own;
    case SDL_MOUSEBUTTONUP:
        return e->button.windowID == own;
    case SDL_MOUSEMOTION:
        return e->motion.windowID == own;
    case SDL_MOUSEWHEEL:
        return e->wheel.windowID == own;
    case SDL_KEYDOWN:
        return e->key.windowID == own && !e->key.repeat && take_key(a, e->key.keysym.sym);
    default:
        return false;
    }
}

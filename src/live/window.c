// The window or, without a display, an OpenGL context of its own.
#include "live/window.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include <SDL2/SDL.h>

#include "base/log.h"
#include "view/actions.h"

#ifdef __SANITIZE_ADDRESS__
// The leak checker can only name, and be told to leave alone, what Mesa keeps for itself while
// Mesa's libraries are loaded: in this build none is unloaded.
int dlclose(void *handle);
int dlclose(void *handle)
{
    (void)handle;
    return 0;
}
#endif

static bool start(struct mien_window *w, bool headless)
{
    // Software renderers take and return some megabytes for each frame, in blocks of 64 KiB. Given
    // back to the system every time they cost a third of the drawing's processor time in page
    // faults. What is larger is taken seldom, and goes back at once.
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
    mallopt(M_TOP_PAD, 4 << 20);
    SDL_SetMainReady();
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); // Ctrl-C is the program's
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "0");
    // A driver that the user names (SDL_VIDEODRIVER) wins.
    if (headless && !getenv("SDL_VIDEODRIVER")) {
        SDL_SetHint(SDL_HINT_VIDEODRIVER, "offscreen");
    } else if (!headless && !getenv("SDL_VIDEODRIVER") && !getenv("DISPLAY") &&
               !getenv("WAYLAND_DISPLAY")) {
        mien_error("there is no display here (neither DISPLAY nor WAYLAND_DISPLAY is set): use "
                   "--headless, with --screenshot or --record to see something");
        return false;
    }
    if (SDL_InitSubSystem(SDL_INIT_VIDEO)) {
        mien_error("%s does not start: %s%s", headless ? "the offscreen display" : "the display",
                   SDL_GetError(),
                   headless ? "; install libegl1 and libgl1-mesa-dri" : "; try --headless");
        return false;
    }
    w->started = true;
    return true;
}

bool mien_window_open(struct mien_window *w, const char *title, int width, int height,
                      bool headless, bool fullscreen)
{
    memset(w, 0, sizeof(*w));
    w->headless = headless;
    if (!start(w, headless)) {
        return false;
    }
    SDL_GL_SetAttribute(SDL_GL_CONTEXT_PROFILE_MASK, SDL_GL_CONTEXT_PROFILE_CORE);
    SDL_GL_SetAttribute(SDL_GL_CONTEXT_MAJOR_VERSION, 3);
    SDL_GL_SetAttribute(SDL_GL_CONTEXT_MINOR_VERSION, 3);
    SDL_GL_SetAttribute(SDL_GL_DEPTH_SIZE, 24);
    SDL_GL_SetAttribute(SDL_GL_DOUBLEBUFFER, 1);
    Uint32 flags = SDL_WINDOW_OPENGL |
                   (headless ? SDL_WINDOW_HIDDEN : SDL_WINDOW_RESIZABLE | SDL_WINDOW_ALLOW_HIGHDPI);
    if (fullscreen && !headless) {
        flags |= SDL_WINDOW_FULLSCREEN_DESKTOP;
        w->fullscreen = true;
    }
    w->window = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width,
                                 height, flags);
    w->context = w->window ? SDL_GL_CreateContext(w->window) : NULL;
    if (!w->context) {
        mien_error(
            "no OpenGL 3.3 %s: %s; install libgl1-mesa-dri (software) or a graphics driver%s",
            headless ? "without a display" : "window", SDL_GetError(),
            headless ? "" : ", or use --headless");
        mien_window_close(w);
        return false;
    }
    SDL_GL_MakeCurrent(w->window, w->context);
    // Show a frame at the next refresh; drivers without that show it at once.
    w->vsync = !headless && SDL_GL_SetSwapInterval(1) == 0;
    return true;
}

void mien_window_close(struct mien_window *w)
{
    SDL_free(w->dropped);
    if (w->context) {
        SDL_GL_DeleteContext(w->context);
    }
    if (w->window) {
        SDL_DestroyWindow(w->window);
    }
    if (w->started) {
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    }
    memset(w, 0, sizeof(*w));
}

void mien_window_size_px(const struct mien_window *w, int *width_px, int *height_px)
{
    SDL_GL_GetDrawableSize(w->window, width_px, height_px);
}

bool mien_window_resize(struct mien_window *w, int width, int height)
{
    SDL_Rect room;
    if (w->fullscreen || SDL_GetDisplayUsableBounds(SDL_GetWindowDisplayIndex(w->window), &room) ||
        width > room.w || height > room.h) {
        return false;
    }
    SDL_SetWindowSize(w->window, width, height);
    SDL_SetWindowPosition(w->window, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED);
    return true;
}

void mien_window_toggle_fullscreen(struct mien_window *w)
{
    if (w->headless) {
        return;
    }
    bool want = !w->fullscreen;
    if (SDL_SetWindowFullscreen(w->window, want ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0)) {
        mien_warn("full screen is not possible here: %s", SDL_GetError());
        return;
    }
    w->fullscreen = want;
}

void mien_window_show_frame(struct mien_window *w)
{
    if (!w->headless) {
        SDL_GL_SwapWindow(w->window);
    }
}

static enum mien_key key(const SDL_KeyboardEvent *e, char *character)
{
    SDL_Keycode k = e->keysym.sym;
    bool shift = e->keysym.mod & KMOD_SHIFT;
    if (e->keysym.mod & (KMOD_CTRL | KMOD_ALT | KMOD_GUI)) {
        return MIEN_KEY_NONE;
    }
    if (k == SDLK_ESCAPE) {
        return MIEN_KEY_ESCAPE;
    }
    if (k == SDLK_QUESTION || k == SDLK_F1 || (k == SDLK_SLASH && shift)) {
        *character = '?';
        return MIEN_KEY_CHARACTER;
    }
    if (k == SDLK_F11) {
        *character = 'f';
        return MIEN_KEY_CHARACTER;
    }
    if (k == SDLK_F5) {
        *character = MIEN_KEY_F5;
        return MIEN_KEY_CHARACTER;
    }
    if (k == SDLK_F10) {
        return MIEN_KEY_MENU;
    }
    if ((k >= SDLK_a && k <= SDLK_z) || (k >= SDLK_0 && k <= SDLK_9 && !shift) || k == SDLK_SPACE ||
        k == SDLK_TAB) {
        *character = (char)(shift && k >= SDLK_a ? k - 'a' + 'A' : k);
        return MIEN_KEY_CHARACTER;
    }
    return MIEN_KEY_NONE;
}

static void part_of_window(const struct mien_window *w, float x, float y, float *of_width,
                           float *of_height)
{
    int width = 1, height = 1;
    SDL_GetWindowSize(w->window, &width, &height);
    *of_width = x / (float)(width > 0 ? width : 1);
    *of_height = y / (float)(height > 0 ? height : 1);
}

enum mien_key mien_window_poll(struct mien_window *w, char *character)
{
    SDL_Event e;
    SDL_free(w->dropped);
    w->dropped = NULL;
    while (SDL_PollEvent(&e)) {
        enum mien_key k = MIEN_KEY_NONE;
        if (w->filter && w->filter(w->filter_arg, &e)) {
            continue;
        }
        if (e.type == SDL_QUIT) {
            k = MIEN_KEY_QUIT;
        } else if (e.type == SDL_KEYDOWN && !e.key.repeat) {
            k = key(&e.key, character);
        } else if (e.type == SDL_TEXTINPUT && e.text.text[0] && !e.text.text[1] &&
                   strchr("[]+-,.", e.text.text[0])) { // wherever the keyboard has them
            *character = e.text.text[0];
            k = MIEN_KEY_CHARACTER;
        } else if (e.type == SDL_MOUSEBUTTONDOWN && e.button.button == SDL_BUTTON_LEFT) {
            part_of_window(w, (float)e.button.x + 0.5f, (float)e.button.y + 0.5f, &w->click_x,
                           &w->click_y);
            k = MIEN_KEY_CLICK;
        } else if (e.type == SDL_MOUSEMOTION && e.motion.state & SDL_BUTTON_LMASK) {
            part_of_window(w, (float)e.motion.xrel, (float)e.motion.yrel, &w->drag_x, &w->drag_y);
            k = MIEN_KEY_DRAG;
        } else if (e.type == SDL_MOUSEWHEEL && e.wheel.y) {
            int x = 0, y = 0;
            SDL_GetMouseState(&x, &y);
            part_of_window(w, (float)x + 0.5f, (float)y + 0.5f, &w->click_x, &w->click_y);
            w->wheel = (float)e.wheel.y;
            k = MIEN_KEY_WHEEL;
        } else if (e.type == SDL_DROPFILE && e.drop.file) {
            w->dropped = e.drop.file;
            k = MIEN_KEY_DROPPED;
        } else if (e.type == SDL_WINDOWEVENT) {
            k = e.window.event == SDL_WINDOWEVENT_CLOSE          ? MIEN_KEY_QUIT
                : e.window.event == SDL_WINDOWEVENT_SIZE_CHANGED ? MIEN_KEY_RESIZED
                : e.window.event == SDL_WINDOWEVENT_EXPOSED      ? MIEN_KEY_EXPOSED
                                                                 : MIEN_KEY_NONE;
        }
        if (k != MIEN_KEY_NONE) {
            return k;
        }
    }
    return MIEN_KEY_NONE;
}

// A key as a user presses it, for tests that run the window's loop.
#ifndef MIEN_TESTS_PRESS_KEY_H
#define MIEN_TESTS_PRESS_KEY_H

#include <SDL2/SDL.h>
#include <stdbool.h>

static inline void press_key(SDL_Keycode key, bool shift)
{
    SDL_Event e = {
        .key = {.type = SDL_KEYDOWN, .keysym = {.sym = key, .mod = shift ? KMOD_LSHIFT : 0}}};
    SDL_PushEvent(&e);
    e.key.type = SDL_KEYUP;
    SDL_PushEvent(&e);
}

#endif

// SDL's audio capture.
#include "live/microphone.h"

#include <stdio.h>
#include <string.h>

#include <SDL2/SDL.h>

#include "base/clock.h"
#include "base/mem.h"

struct mien_microphone {
    SDL_AudioDeviceID device;
    bool started; // SDL's audio is up
    char name[MIEN_MICROPHONE_NAME];
    struct mien_sound *to;
};

// SDL counts who uses its audio without a lock.
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static bool start(struct mien_why *why)
{
    pthread_mutex_lock(&mutex);
    bool ok = SDL_InitSubSystem(SDL_INIT_AUDIO) == 0;
    pthread_mutex_unlock(&mutex);
    return ok ||
           mien_explain(why,
                        "there is no sound system here (%s): start PipeWire or PulseAudio, or "
                        "record without sound",
                        SDL_GetError());
}

static void stop(void)
{
    pthread_mutex_lock(&mutex);
    SDL_QuitSubSystem(SDL_INIT_AUDIO);
    pthread_mutex_unlock(&mutex);
}

static int list(char name[MIEN_MICROPHONES][MIEN_MICROPHONE_NAME])
{
    int found = SDL_GetNumAudioDevices(1), n = 0;
    for (int i = 0; i < found && n < MIEN_MICROPHONES; i++) {
        const char *text = SDL_GetAudioDeviceName(i, 1);
        if (text) {
            snprintf(name[n++], MIEN_MICROPHONE_NAME, "%s", text);
        }
    }
    return n;
}

int mien_microphone_list(char name[MIEN_MICROPHONES][MIEN_MICROPHONE_NAME], struct mien_why *why)
{
    if (!start(why)) {
        return 0;
    }
    int n = list(name);
    stop();
    return n;
}

// On SDL's thread.
static void hear(void *arg, Uint8 *bytes, int size)
{
    struct mien_microphone *m = arg;
    const int per = MIEN_SOUND_CHANNELS * (int)sizeof(float);
    mien_sound_put(m->to, (const float *)bytes, size / per, mien_now_ns());
}

// The name of the one that is meant; "" for the system's own choice.
static bool choose(struct mien_microphone *m, const char *wanted, struct mien_why *why)
{
    char name[MIEN_MICROPHONES][MIEN_MICROPHONE_NAME];
    int n = list(name);
    if (!strcmp(wanted, MIEN_MICROPHONE_DEFAULT)) {
        return true;
    }
    for (int i = 0; i < n; i++) {
        if (strcasestr(name[i], wanted)) {
            memcpy(m->name, name[i], sizeof(m->name));
            return true;
        }
    }
    mien_explain(why, "no microphone is called \"%.60s\"%s", wanted,
                 n ? "; there is " : ": there is none; plug one in");
    for (int i = 0; i < n; i++) {
        mien_explain_more(why, "%s\"%s\"", i ? ", " : "", name[i]);
    }
    return false;
}

struct mien_microphone *mien_microphone_open(const char *name, struct mien_sound *to,
                                             struct mien_why *why)
{
    struct mien_microphone *m = mien_calloc(1, sizeof(*m));
    if (!m) {
        mien_explain(why, "not enough memory for the microphone");
        return NULL;
    }
    m->to = to;
    m->started = start(why);
    if (!m->started || !choose(m, name, why)) {
        mien_microphone_close(m);
        return NULL;
    }
    SDL_AudioSpec spec = {.freq = MIEN_SOUND_RATE,
                          .format = AUDIO_F32SYS,
                          .channels = MIEN_SOUND_CHANNELS,
                          .samples = MIEN_SOUND_BLOCK,
                          .callback = hear,
                          .userdata = m};
    m->device = SDL_OpenAudioDevice(m->name[0] ? m->name : NULL, 1, &spec, NULL, 0);
    if (!m->device) {
        mien_explain(why, "the microphone%s%s cannot be used (%s): plug one in, or choose another",
                     m->name[0] ? " " : "", m->name, SDL_GetError());
        mien_microphone_close(m);
        return NULL;
    }
    if (!m->name[0]) {
        snprintf(m->name, sizeof(m->name), "the system's microphone");
    }
    SDL_PauseAudioDevice(m->device, 0);
    return m;
}

void mien_microphone_close(struct mien_microphone *m)
{
    if (!m) {
        return;
    }
    if (m->device) {
        SDL_CloseAudioDevice(m->device);
    }
    if (m->started) {
        stop();
    }
    mien_free(m);
}

bool mien_microphone_lost(const struct mien_microphone *m)
{
    return SDL_GetAudioDeviceStatus(m->device) == SDL_AUDIO_STOPPED;
}

const char *mien_microphone_name(const struct mien_microphone *m)
{
    return m->name;
}

// A microphone through SDL (PulseAudio, PipeWire or ALSA, whichever runs).
//
// Nothing is heard before mien_microphone_open and after its close. Each call is of one thread at a
// time, any. Does not: mix, change levels, come back by itself when a microphone was unplugged.
#ifndef MIEN_LIVE_MICROPHONE_H
#define MIEN_LIVE_MICROPHONE_H

#include "base/why.h"
#include "live/sound.h"

struct mien_microphone; // opaque

#define MIEN_MICROPHONE_OFF "off"
#define MIEN_MICROPHONE_DEFAULT "default"
enum { MIEN_MICROPHONES = 12, MIEN_MICROPHONE_NAME = 128 };

// name: the system's ("default"), or one whose name holds this text, in any case. What it hears
// goes into `to`, borrowed until close. NULL: why says so, and what to do.
struct mien_microphone *mien_microphone_open(const char *name, struct mien_sound *to,
                                             struct mien_why *why);
void mien_microphone_close(struct mien_microphone *m);      // NULL is fine
bool mien_microphone_lost(const struct mien_microphone *m); // it was unplugged, or its server ended
const char *mien_microphone_name(const struct mien_microphone *m);
// Those of this machine; may take a moment. Returns how many.
int mien_microphone_list(char name[MIEN_MICROPHONES][MIEN_MICROPHONE_NAME], struct mien_why *why);

#endif

// A filter that is steady when its input is still and follows at once when it moves.
//
// A group of channels that move together shares one gain. The group measures its own noise (third
// differences, which smooth motion hardly enters) and compares the innovations with it: within the
// noise the gain falls like a Kalman filter's for a constant state (1, 1/2, 1/3 … down to a floor);
// beyond it the gain opens to 1 within one or two frames. This is a scalar Kalman filter whose
// process noise is estimated from its innovations (Mehra 1970, "On the identification of variances
// and adaptive Kalman filtering"); the aim, little jitter and little lag, is that of the One Euro
// filter (Casiez et al. 2012), but the threshold is the noise itself and not a speed, so that it
// needs no tuning for each quantity, and a slow drift is followed to within the noise.
// Does not: allocate; know what its channels mean; predict.
#ifndef MIEN_TRACK_FILTER_H
#define MIEN_TRACK_FILTER_H

#include <stdbool.h>
#include <stdint.h>

struct mien_channel {
    float x;    // filtered
    float d;    // low-passed innovation
    float z[3]; // last measurements, newest first
};

struct mien_filter { // of a group; zero-initialise, then set noise_min
    float noise;     // variance a channel, measured
    float noise_min; // lower limit (variance) in the channels' unit, > 0
    float gain;      // last gain, 0…1
    int count;       // updates since reset
};

// One step. channel[index[i]] takes z[index[i]]; index NULL = 0…n-1. dt_s: time since the last
// step. strength: 1 = the default time constant, 0 = no filtering (x = z). Values in z must be
// finite.
void mien_filter_step(struct mien_filter *f, struct mien_channel *channel, const int16_t *index,
                      int n, const float *z, float dt_s, float strength);

#endif

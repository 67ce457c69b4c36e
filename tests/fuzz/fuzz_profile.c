// SRC: src/track/profile.c
// Fuzz entry: a person's profile.
#include "fuzz/fuzz.h"

#include <math.h>

#include "track/profile.h"

bool fuzz_profile(const uint8_t *data, size_t size)
{
    struct fuzz_file f;
    struct mien_profile p = {0};
    float shapes[MIEN_BLENDSHAPES];
    fuzz_file_open(&f, data, size);
    bool good = mien_profile_load(&p, f.path);
    FUZZ_CHECK(p.phase == (good ? MIEN_PROFILE_READY : MIEN_PROFILE_NONE));
    for (int round = 0; good && round < 3; round++) {
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            shapes[i] = 0.5f * (float)round;
        }
        mien_profile_apply(&p, shapes);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            FUZZ_CHECK(shapes[i] >= 0 && shapes[i] <= 1);
        }
    }
    fuzz_file_close(&f);
    return good;
}

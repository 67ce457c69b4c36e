// SRC: src/live/config.c
// Fuzz entry: the settings file.
#include "fuzz/fuzz.h"

#include <math.h>

#include "live/config.h"

bool fuzz_config(const uint8_t *data, size_t size)
{
    struct fuzz_file f;
    struct mien_config c;
    bool yes;
    double x = 0;
    int choice = 0;
    fuzz_file_open(&f, data, size);
    bool good = mien_config_load(&c, f.path);
    FUZZ_CHECK(good == !c.broken && (good || !c.lines));
    FUZZ_CHECK(!mien_config_get_number(&c, "smoothing", 0, 1, &x) || (x >= 0 && x <= 1));
    FUZZ_CHECK(!mien_config_get_choice(&c, "view", "shaded|textured|uv", &choice) || choice < 3);
    mien_config_get_bool(&c, "mirror", &yes);
    if (c.lines < MIEN_CONFIG_LINES) { // what is set is there, whatever the file said before
        mien_config_set_number(&c, "smoothing", 0.25);
        FUZZ_CHECK(mien_config_get_number(&c, "smoothing", 0, 1, &x) && fabs(x - 0.25) < 1e-9);
    }
    mien_config_destroy(&c);
    fuzz_file_close(&f);
    return good;
}

// SRC: src/synth/hair.c
// Fuzz entry: hair meshes, Wavefront OBJ.
#include "fuzz/fuzz.h"

#include <math.h>

#include "synth/assets.h"

bool fuzz_obj(const uint8_t *data, size_t size)
{
    struct mien_synth_hair h = {0};
    char *text = fuzz_copy(data, size);
    bool good = mien_synth_obj_parse(text, "fuzz", &h);
    for (int i = 0; good && i < 3 * h.triangles; i++) {
        FUZZ_CHECK(h.triangle[i] >= 0 && h.triangle[i] < h.vertices);
        FUZZ_CHECK(h.uv_triangle[i] >= 0 && h.uv_triangle[i] < h.uvs);
    }
    for (int i = 0; good && i < 3 * h.vertices; i++) {
        FUZZ_CHECK(isfinite(h.vertex[i]) && isfinite(h.normal[i]));
    }
    mien_synth_hair_destroy(&h);
    mien_free(text);
    return good;
}

// SRC: src/face/model.c
// Fuzz entry: a face model's file. The bytes are changes to the shipped one (fuzz_change_section).
// Its checksum is made right, as an attacker would.
#include "fuzz/fuzz.h"

#include <math.h>

#include "face/model.h"

// The shipped model, read once and kept.
static const uint8_t *read_shipped(size_t *size)
{
    static uint8_t *shipped;
    static size_t bytes;
    if (!shipped) {
        shipped = mien_file_read("models/ict.face", 0, &bytes);
        FUZZ_CHECK(shipped);
    }
    *size = bytes;
    return shipped;
}

static bool all_finite(const float *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) {
            return false;
        }
    }
    return true;
}

// What callers do with a model that was taken: nothing may be read outside, nothing is no number.
static void use(const struct mien_face_model *m)
{
    float identity[MIEN_IDENTITY], blendshape[MIEN_BLENDSHAPES], point[3];
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        identity[i] = i % 2 ? 1 : -1;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        blendshape[i] = 0.5f;
    }
    size_t v3 = 3 * (size_t)m->vertices;
    float *v = mien_calloc(3 * v3, sizeof(*v));
    FUZZ_CHECK(v);
    mien_face_model_vertices(m, identity, blendshape, v);
    FUZZ_CHECK(all_finite(v, v3));
    mien_face_model_normals(m, v, v + v3);
    FUZZ_CHECK(all_finite(v + v3, v3));
    mien_face_model_landmarks(m, identity, blendshape, v);
    FUZZ_CHECK(all_finite(v, 3 * (size_t)m->landmarks));
    for (int k = 0; k < MIEN_IBUG; k++) {
        mien_face_model_ibug(m, k, v, 3, 3, point);
        FUZZ_CHECK(all_finite(point, 3));
    }
    FUZZ_CHECK(all_finite(&m->eye_centre[0][0], 6) && isfinite(m->eye_radius_mm));
    mien_free(v);
}

bool fuzz_face(const uint8_t *data, size_t size)
{
    size_t bytes;
    const uint8_t *shipped = read_shipped(&bytes);
    struct fuzz_file f;
    fuzz_file_open_changed(&f, shipped, bytes, data, size);
    struct mien_face_model m;
    bool good = mien_face_model_load(&m, f.path);
    if (good) {
        use(&m);
        mien_face_model_destroy(&m);
    }
    fuzz_file_close(&f);
    return good;
}

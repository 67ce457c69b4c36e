// SRC: src/view/gltf.c src/view/gltf_data.c src/view/gltf_look.c src/view/avatar.c
// src/view/avatar_read.c src/view/avatar_names.c src/view/avatar_rest.c Fuzz entry: figures that a
// face moves, .gltf, .glb and .vrm, read and posed.
#include "fuzz/fuzz.h"

#include <math.h>

#include "view/avatar.h"

static void check_avatar(struct mien_avatar *a)
{
    struct mien_avatar_drive d = {.turn = {0.1f, 0.5f, -0.2f}, .eye_deg = {{10, 5}, {-10, 5}}};
    for (int i = 0; i < MIEN_AVATAR_CHANNELS; i++) {
        d.channel[i] = 0.5f;
    }
    mien_avatar_pose(a, &d);
    for (int i = 0; i < a->vertices; i++) {
        for (int c = 0; c < 3; c++) {
            FUZZ_CHECK(isfinite(a->vertex[i].position[c]) && isfinite(a->vertex[i].normal[c]));
        }
        FUZZ_CHECK(isfinite(a->vertex[i].uv[0]) && isfinite(a->vertex[i].uv[1]));
    }
    int at = 0;
    for (int i = 0; i < a->parts; i++) { // the parts are all triangles, in order
        const struct mien_avatar_part *k = &a->part[i];
        FUZZ_CHECK(k->first == at && k->count > 0 && k->count % 3 == 0);
        FUZZ_CHECK(k->look.texture < a->textures && k->look.bumps < a->textures);
        at += k->count;
    }
    FUZZ_CHECK(at == a->indices);
    for (int i = 0; i < a->indices; i++) {
        FUZZ_CHECK(a->index[i] < (uint32_t)a->vertices);
    }
    FUZZ_CHECK(isfinite(a->size) && a->size > 0 && isfinite(a->focus[1]));
    char text[240];
    mien_avatar_describe(a, text, sizeof(text));
}

bool fuzz_avatar(const uint8_t *data, size_t size)
{
    static struct mien_avatar a;
    struct mien_why why = {0};
    bool good = mien_avatar_parse(&a, data, size, "tests/fuzz/beside", &why);
    FUZZ_CHECK(good == !*why.text);
    if (good) {
        check_avatar(&a);
    }
    mien_avatar_destroy(&a);
    return good;
}

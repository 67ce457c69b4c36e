// SRC: src/view/gltf.c src/view/gltf_data.c src/view/gltf_look.c src/view/prop.c
// src/view/prop_gltf.c src/base/below.c Fuzz entry: things to wear, .gltf and .glb, with the
// buffers and textures inside or in files beside them (tests/fuzz/beside).
#include "fuzz/fuzz.h"

#include <math.h>

#include "view/prop.h"

static void check_prop(const struct mien_prop *p)
{
    int at = 0;
    FUZZ_CHECK(p->vertices >= 0 && p->indices >= 0 && p->opaque <= p->indices);
    for (int i = 0; i < p->parts; i++) { // the parts are all triangles, in order
        const struct mien_prop_part *k = &p->part[i];
        FUZZ_CHECK(k->first == at && k->count > 0 && k->count % 3 == 0);
        FUZZ_CHECK(k->texture >= -1 && k->texture < p->textures);
        at += k->count;
    }
    FUZZ_CHECK(at == p->indices);
    for (int i = 0; i < p->indices; i++) {
        FUZZ_CHECK(p->index[i] < (uint32_t)p->vertices);
    }
    for (int i = 0; i < p->vertices; i++) {
        const struct mien_prop_vertex *v = &p->vertex[i];
        for (int c = 0; c < 3; c++) {
            FUZZ_CHECK(isfinite(v->position[c]) && isfinite(v->normal[c]));
        }
        FUZZ_CHECK(isfinite(v->gloss) && isfinite(v->uv[0]) && isfinite(v->uv[1]));
    }
    for (int i = 0; i < p->textures; i++) {
        const struct mien_image *im = &p->texture[i].picture;
        FUZZ_CHECK(im->data && im->format == MIEN_FORMAT_RGBA8);
    }
}

bool fuzz_gltf(const uint8_t *data, size_t size)
{
    static struct mien_prop p;
    struct mien_why why = {0};
    bool good = mien_prop_parse(&p, data, size, "tests/fuzz/beside", &why);
    FUZZ_CHECK(good == !*why.text);
    if (good) {
        check_prop(&p);
    }
    mien_prop_destroy(&p);
    return good;
}

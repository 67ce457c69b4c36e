// Reading glTF 2.0: textures, materials, nodes' matrices.
#include "view/gltf_look.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"

enum { REPEAT = 10497, CLAMP = 33071, MIRROR = 33648, NEAREST = 9728 };

static enum mien_gltf_wrap wrap_of(const cJSON *sampler, const char *key)
{
    long mode = mien_gltf_whole(sampler, key, REPEAT, 1 << 20);
    return mode == CLAMP ? MIEN_GLTF_CLAMP : mode == MIRROR ? MIEN_GLTF_MIRROR : MIEN_GLTF_REPEAT;
}

// Decodes the picture, and makes it no larger than can be seen.
static bool load_picture(struct mien_gltf *g, int side_px, struct mien_gltf_texture *t)
{
    struct mien_gltf_bytes bytes;
    struct mien_why why = {0};
    if (!mien_gltf_read_picture(g, t->image, &bytes)) {
        return false;
    }
    struct mien_image *im = &t->picture, small = {0};
    bool ok = mien_image_decode_rgba(bytes.data, bytes.size, MIEN_GLTF_PICTURE_PX, im, &why);
    mien_free(bytes.owned);
    if (!ok) {
        mien_image_destroy(im);
        return mien_gltf_refuse(g, "%s", why.text);
    }
    int side = im->width > im->height ? im->width : im->height;
    if (side > side_px) {
        int w = im->width * side_px / side, h = im->height * side_px / side;
        if (!mien_image_create(&small, w > 0 ? w : 1, h > 0 ? h : 1, MIEN_FORMAT_RGBA8)) {
            mien_image_destroy(im);
            return mien_gltf_refuse(g, "out of memory");
        }
        mien_resize(im, &small);
        mien_image_destroy(im);
        *im = small;
    }
    return true;
}

// Puts before the reason which texture it is that cannot be used: a thing without
// one of its textures would be another, so it is refused as a whole.
static void say_which_texture(struct mien_gltf *g, long index, long image)
{
    struct mien_why why = g->why;
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_IMAGES, image);
    const char *uri = mien_gltf_text(o, "uri"), *name = mien_gltf_text(o, "name");
    name = *uri && strncmp(uri, "data:", 5) != 0 ? uri : name;
    g->why.text[0] = 0;
    if (*name) {
        mien_gltf_refuse(g, "texture %ld, \"%.60s\", cannot be used: %s", index, name, why.text);
    } else {
        mien_gltf_refuse(g, "texture %ld cannot be used: %s", index, why.text);
    }
}

// The place of one of the file's textures; -1 when it cannot be read.
static int find_texture(struct mien_gltf *g, struct mien_gltf_textures *all, long index)
{
    const cJSON *o = mien_gltf_element(g, MIEN_GLTF_TEXTURES, index);
    const cJSON *sampler = mien_gltf_element(g, MIEN_GLTF_SAMPLERS, mien_gltf_index(o, "sampler"));
    long shrunk = mien_gltf_whole(sampler, "minFilter", -1, 1 << 20);
    struct mien_gltf_texture t = {
        .wrap = {wrap_of(sampler, "wrapS"), wrap_of(sampler, "wrapT")},
        .nearest = mien_gltf_whole(sampler, "magFilter", shrunk, 1 << 20) == NEAREST,
        .image = mien_gltf_index(o, "source")};
    for (int i = 0; i < all->count; i++) {
        const struct mien_gltf_texture *k = &all->item[i];
        if (k->image == t.image && k->nearest == t.nearest &&
            !memcmp(k->wrap, t.wrap, sizeof(t.wrap))) {
            return i;
        }
    }
    if (all->count == all->room) {
        mien_gltf_refuse(g, "it has more than %d textures", all->room);
        return -1;
    }
    if (!load_picture(g, all->side_px, &t)) {
        say_which_texture(g, index, t.image);
        return -1;
    }
    all->item[all->count] = t;
    return all->count++;
}

// KHR_texture_transform: scaled, then turned, then moved.
static void transform_uv(const cJSON *info, struct mien_gltf_look *l)
{
    const cJSON *t = mien_gltf_item(mien_gltf_item(info, "extensions"), "KHR_texture_transform");
    float scale[2] = {1, 1}, angle = (float)mien_gltf_number(t, "rotation", 0);
    mien_gltf_numbers(t, "scale", 2, scale);
    mien_gltf_numbers(t, "offset", 2, l->off);
    l->set = (int)mien_gltf_whole(t, "texCoord", l->set, 7);
    float c = cosf(angle), s = sinf(angle);
    memcpy(l->turn, (float[4]){scale[0] * c, scale[1] * s, -scale[0] * s, scale[1] * c},
           sizeof(l->turn));
}

bool mien_gltf_has_texture(const struct mien_gltf_look *l)
{
    return l->texture >= 0 || l->surface >= 0 || l->bumps >= 0 || l->glows >= 0 || l->shades >= 0;
}

// A texture at the same place as the base colour's into *texture; one of another place is left out:
// a vertex has one place in its textures. False: it cannot be read.
static bool add_texture(struct mien_gltf *g, struct mien_gltf_textures *all, const cJSON *info,
                        struct mien_gltf_look *l, int *texture)
{
    struct mien_gltf_look own = {.set = (int)mien_gltf_whole(info, "texCoord", 0, 7)};
    if (!info) {
        return true;
    }
    transform_uv(info, &own);
    if (!mien_gltf_has_texture(l)) {
        l->set = own.set; // the first one
        memcpy(l->turn, own.turn, sizeof(own.turn));
        memcpy(l->off, own.off, sizeof(own.off));
    }
    if (l->set == own.set && !memcmp(l->turn, own.turn, sizeof(own.turn)) &&
        !memcmp(l->off, own.off, sizeof(own.off))) {
        *texture = find_texture(g, all, mien_gltf_index(info, "index"));
        return *texture >= 0;
    }
    return true;
}

static bool read_glow(struct mien_gltf *g, struct mien_gltf_textures *all, const cJSON *m,
                      struct mien_gltf_look *l)
{
    const cJSON *strength =
        mien_gltf_item(mien_gltf_item(m, "extensions"), "KHR_materials_emissive_strength");
    float by = fminf(fmaxf((float)mien_gltf_number(strength, "emissiveStrength", 1), 0), 100);
    mien_gltf_numbers(m, "emissiveFactor", 3, l->glow);
    for (int c = 0; c < 3; c++) {
        l->glow[c] = fminf(fmaxf(l->glow[c] * by, 0), 100);
    }
    bool any = l->glow[0] + l->glow[1] + l->glow[2] > 0;
    return !any || add_texture(g, all, mien_gltf_item(m, "emissiveTexture"), l, &l->glows);
}

// VRM 1.0's toon material: VRMC_materials_mtoon-1.0, "Lit & Shade".
static bool read_toon(struct mien_gltf *g, struct mien_gltf_textures *all, const cJSON *toon,
                      struct mien_gltf_look *l)
{
    float sharp = fminf(fmaxf((float)mien_gltf_number(toon, "shadingToonyFactor", 0.9), 0), 1);
    float shift = fminf(fmaxf((float)mien_gltf_number(toon, "shadingShiftFactor", 0), -1), 1);
    mien_gltf_numbers(toon, "shadeColorFactor", 3, l->shade);
    l->toon[0] = sharp - 1 - shift;
    l->toon[1] = 1 - sharp - shift;
    return add_texture(g, all, mien_gltf_item(toon, "shadeMultiplyTexture"), l, &l->shades);
}

// VRM 0.x says beside glTF's materials what Unity's shaders are given: its colours are sRGB.
static bool read_unity(struct mien_gltf *g, struct mien_gltf_textures *all, long material,
                       struct mien_gltf_look *l)
{
    const cJSON *vrm = mien_gltf_item(mien_gltf_item(g->root, "extensions"), "VRM"),
                *o = material < 0 ? NULL
                                  : cJSON_GetArrayItem(mien_gltf_item(vrm, "materialProperties"),
                                                       (int)material);
    const char *shader = mien_gltf_text(o, "shader");
    if (!strncmp(shader, "VRM/Unlit", 9)) {
        l->flat_light = true;
    }
    if (strcmp(shader, "VRM/MToon") != 0) {
        return true;
    }
    const cJSON *number = mien_gltf_item(o, "floatProperties"),
                *color = mien_gltf_item(o, "vectorProperties");
    float shift = fminf(fmaxf((float)mien_gltf_number(number, "_ShadeShift", 0), -1), 1);
    float sharp = fminf(fmaxf((float)mien_gltf_number(number, "_ShadeToony", 0.9), 0), 1);
    float rgba[4] = {0.97f, 0.81f, 0.86f, 1}; // MToon's own
    mien_gltf_numbers(color, "_ShadeColor", 4, rgba);
    for (int c = 0; c < 3; c++) {
        l->shade[c] = powf(fminf(fmaxf(rgba[c], 0), 1), 2.2f);
    }
    l->flat_light = true;
    l->toon[0] = shift;
    l->toon[1] = 1 + sharp * (shift - 1);
    long shades = mien_gltf_index(mien_gltf_item(o, "textureProperties"), "_ShadeTexture");
    if (shades < 0 || l->texture < 0) {
        return true;
    }
    l->shades = find_texture(g, all, shades);
    return l->shades >= 0;
}

bool mien_gltf_read_look(struct mien_gltf *g, struct mien_gltf_textures *all, long material,
                         struct mien_gltf_look *l)
{
    *l = (struct mien_gltf_look){.color = {0.8f, 0.8f, 0.8f, 1},
                                 .gloss = 0.2f,
                                 .cutoff = -1,
                                 .texture = -1,
                                 .surface = -1,
                                 .bumps = -1,
                                 .bump_scale = 1,
                                 .glows = -1,
                                 .shades = -1,
                                 .turn = {1, 0, 0, 1}};
    const cJSON *m = mien_gltf_element(g, MIEN_GLTF_MATERIALS, material);
    const cJSON *pbr = mien_gltf_item(m, "pbrMetallicRoughness"),
                *info = mien_gltf_item(pbr, "baseColorTexture");
    const char *mode = mien_gltf_text(m, "alphaMode");
    if (info) {
        l->set = (int)mien_gltf_whole(info, "texCoord", 0, 7);
        transform_uv(info, l);
        l->texture = find_texture(g, all, mien_gltf_index(info, "index"));
        memcpy(l->color, (float[4]){1, 1, 1, 1}, sizeof(l->color));
    }
    if (pbr) {
        mien_gltf_numbers(pbr, "baseColorFactor", 4, l->color);
        l->gloss = 1 - fminf(fmaxf((float)mien_gltf_number(pbr, "roughnessFactor", 1), 0), 1);
        l->metal = fminf(fmaxf((float)mien_gltf_number(pbr, "metallicFactor", 1), 0), 1);
    }
    if (info && l->texture < 0) {
        return false;
    }
    if (all->surfaces &&
        !add_texture(g, all, mien_gltf_item(pbr, "metallicRoughnessTexture"), l, &l->surface)) {
        return false;
    }
    l->blended = !strcmp(mode, "BLEND");
    if (!strcmp(mode, "MASK")) {
        l->cutoff = fmaxf((float)mien_gltf_number(m, "alphaCutoff", 0.5), 0);
    }
    const cJSON *bumps = mien_gltf_item(m, "normalTexture"),
                *more = mien_gltf_item(m, "extensions"),
                *toon = mien_gltf_item(more, "VRMC_materials_mtoon");
    l->both_sides = cJSON_IsTrue(mien_gltf_item(m, "doubleSided"));
    l->flat_light = toon || mien_gltf_item(more, "KHR_materials_unlit");
    l->bump_scale = (float)mien_gltf_number(bumps, "scale", 1);
    return !all->bumps ||
           (add_texture(g, all, bumps, l, &l->bumps) && read_glow(g, all, m, l) &&
            (!toon || read_toon(g, all, toon, l)) && (toon || read_unity(g, all, material, l)));
}

void mien_gltf_local_matrix(const cJSON *node, float m[16])
{
    if (mien_gltf_numbers(node, "matrix", 16, m)) {
        return;
    }
    float t[3] = {0, 0, 0}, q[4] = {0, 0, 0, 1}, s[3] = {1, 1, 1};
    mien_gltf_numbers(node, "translation", 3, t);
    mien_gltf_numbers(node, "rotation", 4, q);
    mien_gltf_numbers(node, "scale", 3, s);
    float x = q[0], y = q[1], z = q[2], w = q[3];
    const float R[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - z * w),     2 * (x * z + y * w),
                        2 * (x * y + z * w),     1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
                        2 * (x * z - y * w),     2 * (y * z + x * w),     1 - 2 * (x * x + y * y)};
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 3; i++) {
            m[c * 4 + i] = R[i * 3 + c] * s[c];
        }
        m[c * 4 + 3] = 0;
        m[12 + c] = t[c];
    }
    m[15] = 1;
}

void mien_gltf_point(const float m[16], const float v[3], float out[3])
{
    for (int i = 0; i < 3; i++) {
        out[i] = m[i] * v[0] + m[4 + i] * v[1] + m[8 + i] * v[2] + m[12 + i];
    }
}

void mien_gltf_normalise(float n[3])
{
    float length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);
    bool good = isfinite(length) && length > 1e-12f;
    for (int c = 0; c < 3; c++) {
        n[c] = good ? n[c] / length : (float)(c == 2);
    }
}

void mien_gltf_normal(const float m[16], const float v[3], float out[3])
{
    double n[3], most = 0;
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        n[i] = 0;
        for (int c = 0; c < 3; c++) {
            int d = (c + 1) % 3, e = (c + 2) % 3;
            n[i] +=
                ((double)m[4 * d + j] * m[4 * e + k] - (double)m[4 * e + j] * m[4 * d + k]) * v[c];
        }
        most = fmax(most, fabs(n[i]));
    }
    for (int i = 0; i < 3; i++) {
        out[i] = most > 0 && isfinite(most) ? (float)(n[i] / most) : 0;
    }
    mien_gltf_normalise(out);
}

void mien_gltf_free_textures(struct mien_gltf_texture *item, int count)
{
    for (int i = 0; i < count; i++) {
        mien_image_destroy(&item[i].picture);
    }
}

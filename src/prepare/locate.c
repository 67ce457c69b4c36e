// Runs the engine on one picture, enlarged when asked to, and maps what it found back.
#include "prepare/locate.h"

#include <string.h>

#include "face/crop.h"

bool mien_locator_create(struct mien_locator *k, const char *net, bool quality)
{
    memset(k, 0, sizeof *k);
    if (!net) {
        return true;
    }
    k->engine = mien_engine_create(
        &(struct mien_engine_config){.net_path = net, .still = true, .quality = quality});
    k->jpeg = mien_jpeg_decoder_create();
    return k->engine && k->jpeg;
}

void mien_locator_destroy(struct mien_locator *k)
{
    mien_engine_destroy(k->engine);
    mien_jpeg_decoder_destroy(k->jpeg);
    mien_image_destroy(&k->picture);
    mien_image_destroy(&k->large);
    memset(k, 0, sizeof *k);
}

static void to_picture(float *px, int times)
{
    *px = (*px + 0.5f) / (float)times - 0.5f;
}

int mien_locator_run(struct mien_locator *k, const void *jpeg, size_t bytes, int times)
{
    if (!k->engine ||
        !mien_jpeg_decode(k->jpeg, jpeg, bytes, MIEN_FORMAT_RGB8, false, &k->picture, NULL)) {
        return 0;
    }
    const struct mien_image *look = &k->picture;
    if (times > 1) {
        int w = times * k->picture.width, h = times * k->picture.height;
        if (k->large.width != w || k->large.height != h) {
            mien_image_destroy(&k->large);
            if (!mien_image_create(&k->large, w, h, MIEN_FORMAT_RGB8)) {
                return 0;
            }
        }
        mien_resize(&k->picture, &k->large);
        look = &k->large;
    }
    if (!mien_engine_run(k->engine, look, 0, &k->result)) {
        return 0;
    }
    for (int i = 0; i < k->result.count && times > 1; i++) {
        struct mien_face_result *f = &k->result.face[i];
        for (int l = 0; l < f->landmark_count; l++) {
            to_picture(&f->landmark_px[l][0], times);
            to_picture(&f->landmark_px[l][1], times);
            f->landmark_sigma_px[l] /= (float)times;
        }
        for (int c = 0; c < 4; c++) {
            to_picture(&f->box_px[c], times);
        }
    }
    return k->result.count;
}

void mien_locator_label(const struct mien_face_result *f, struct mien_label *l)
{
    l->mask |= MIEN_LABEL_LANDMARKS | MIEN_LABEL_BOX;
    for (int i = 0; i < f->landmark_count; i++) {
        memcpy(l->landmark_px[i], f->landmark_px[i], sizeof l->landmark_px[i]);
        l->landmark_weight[i] = 1;
    }
    mien_crop_bounds((const float(*)[2])l->landmark_px, f->landmark_count, l->box_px);
}

// `mien bench synth`: how fast one core renders people with their labels.
#include "bench/bench.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "synth/render.h"

int mien_bench_synth(const struct mien_bench *b)
{
    const int size = b->size;
    static struct mien_synth_assets assets;
    struct mien_face_model model;
    struct mien_synth_renderer *r = NULL;
    struct mien_image im = {0};
    int status = 2;
    if (!mien_face_model_load(&model, NULL)) {
        return 2;
    }
    if (!mien_synth_assets_load(&assets, &model, mien_data_dir(), b->textures, 0)) {
        goto out;
    }
    status = 1;
    r = mien_synth_renderer_create(&assets, size, size);
    if (!r || !mien_image_create(&im, size, size, MIEN_FORMAT_RGB8)) {
        goto out;
    }
    const struct mien_synth_series series = {.seed = 1};
    long done = -2; // two to warm up
    double bytes = 0;
    int64_t cpu_ns = 0;
    int64_t begin = 0;
    for (uint64_t i = 0; done < 8 || (double)(mien_now_ns() - begin) < b->seconds * 1e9; i++) {
        struct mien_label label;
        int quality = 90;
        void *jpeg = NULL;
        size_t n = 0;
        if (done == 0) {
            begin = mien_now_ns();
            cpu_ns = mien_process_cpu_ns();
        }
        mien_synth_render_index(r, &series, i, &im, &label, &quality);
        if (!mien_jpeg_encode(&im, quality, &jpeg, &n)) {
            goto out;
        }
        mien_free(jpeg);
        bytes += done >= 0 ? (double)n : 0;
        done++;
    }
    double wall = (double)(mien_now_ns() - begin) * 1e-9, n = (double)done;
    const double cpu = (double)(mien_process_cpu_ns() - cpu_ns) * 1e-9;
    printf("people: %d hairs, %d environments, %d backgrounds, %d skins\n", assets.hairs,
           assets.environments, assets.backgrounds, assets.textures);
    printf("synth: %dx%d, one core: %.0f pictures/s, %.2f ms of processor time a picture; %ld "
           "pictures, %.1f kB each\n",
           size, size, n / wall, cpu / n * 1e3, done, bytes / n * 1e-3);
    status = 0;
out:
    mien_image_destroy(&im);
    mien_synth_renderer_destroy(r);
    mien_synth_assets_destroy(&assets);
    mien_face_model_destroy(&model);
    return status;
}

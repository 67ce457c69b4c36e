// Sinks that make pictures, meshes and videos: names, scratch pictures, counting.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "out/mesh.h"
#include "out/overlay.h"
#include "out/sink.h"
#include "out/video.h"

// DIR/NAME without an ending; NAME is the source's last part.
static bool base_name(const char *dir, const char *source, char *out, size_t size)
{
    const char *leaf = strrchr(source, '/');
    leaf = leaf ? leaf + 1 : source;
    const char *dot = strrchr(leaf, '.');
    int n = dot && dot > leaf ? (int)(dot - leaf) : (int)strlen(leaf);
    int got = snprintf(out, size, "%s/%.*s", dir, n, leaf);
    if (got < 0 || (size_t)got + 16 >= size) {
        mien_error("%s/%s: the name is too long", dir, leaf);
        return false;
    }
    return true;
}

struct overlay_sink {
    struct mien_sink sink;
    char path[1024]; // the folder, or the video's file
    struct mien_overlay *overlay;
    struct mien_image scratch;
    unsigned parts;
    // Video only.
    struct mien_video_writer *video;
    double frames_per_s;
    bool have_first;
    int64_t first_ns;
};

static bool overlay_close(struct mien_sink *s)
{
    struct overlay_sink *o = (struct overlay_sink *)s;
    bool ok = mien_video_writer_close(o->video);
    mien_overlay_destroy(o->overlay);
    mien_image_destroy(&o->scratch);
    mien_free(o);
    return ok;
}

static struct overlay_sink *overlay_sink(const char *name, const char *path,
                                         const struct mien_face_model *m, unsigned parts)
{
    struct overlay_sink *o = mien_calloc(1, sizeof(*o));
    if (!o) {
        return NULL;
    }
    if (strlen(path) >= sizeof(o->path)) {
        mien_error("%s: the name is too long", path);
        mien_free(o);
        return NULL;
    }
    strcpy(o->path, path);
    o->overlay = mien_overlay_create(m);
    if (!o->overlay) {
        mien_free(o);
        return NULL;
    }
    o->sink.name = name;
    o->sink.close = overlay_close;
    o->parts = parts;
    return o;
}

static bool overlay_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct overlay_sink *o = (struct overlay_sink *)s;
    char base[1200], path[1240];
    if (!f->picture) {
        return true;
    }
    if (!base_name(o->path, f->source, base, sizeof(base)) ||
        !mien_overlay_canvas(&o->scratch, f->picture)) {
        return false;
    }
    mien_overlay_draw(o->overlay, &o->scratch, f->result, o->parts);
    snprintf(path, sizeof(path), "%s.png", base);
    return mien_png_save(path, &o->scratch);
}

struct mien_sink *mien_sink_overlay(const char *dir, const struct mien_face_model *m,
                                    unsigned parts)
{
    struct overlay_sink *o = mien_dir_make(dir) ? overlay_sink("overlay", dir, m, parts) : NULL;
    if (!o) {
        return NULL;
    }
    o->sink.write = overlay_write;
    return &o->sink;
}

static bool video_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct overlay_sink *o = (struct overlay_sink *)s;
    if (!f->picture) {
        return true;
    }
    int64_t t = f->result->times.capture_ns;
    if (!o->video) {
        o->video = mien_video_writer_open(o->path, f->picture->width, f->picture->height,
                                          o->frames_per_s, 0);
        if (!o->video) {
            return false;
        }
    }
    if (!mien_overlay_canvas(&o->scratch, f->picture)) {
        return false;
    }
    mien_overlay_draw(o->overlay, &o->scratch, f->result, o->parts);
    if (!o->have_first) {
        o->have_first = true;
        o->first_ns = t;
    }
    return mien_video_writer_add(o->video, &o->scratch, t - o->first_ns);
}

struct mien_sink *mien_sink_video(const char *path, double frames_per_s,
                                  const struct mien_face_model *m, unsigned parts)
{
    struct overlay_sink *o = overlay_sink("video", path, m, parts);
    if (!o) {
        return NULL;
    }
    o->frames_per_s = frames_per_s > 0 ? frames_per_s : 30;
    o->sink.write = video_write;
    return &o->sink;
}

struct mesh_sink {
    struct mien_sink sink;
    char dir[1024];
    struct mien_posed posed;
};

static bool mesh_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct mesh_sink *k = (struct mesh_sink *)s;
    char base[1200];
    if (!base_name(k->dir, f->source, base, sizeof(base))) {
        return false;
    }
    size_t end = strlen(base);
    for (int i = 0; i < f->result->count; i++) {
        if (!mien_posed_set(&k->posed, &f->result->camera, &f->result->face[i])) {
            continue;
        }
        if (i) {
            snprintf(base + end, sizeof(base) - end, "-%d", i + 1);
        }
        if (!mien_mesh_save_obj(&k->posed, f->picture, base) ||
            !mien_mesh_save_ply(&k->posed, f->picture, base)) {
            return false;
        }
    }
    return true;
}

static bool mesh_close(struct mien_sink *s)
{
    struct mesh_sink *k = (struct mesh_sink *)s;
    mien_posed_destroy(&k->posed);
    mien_free(k);
    return true;
}

struct mien_sink *mien_sink_mesh(const char *dir, const struct mien_face_model *m)
{
    struct mesh_sink *k = mien_calloc(1, sizeof(*k));
    if (!k) {
        return NULL;
    }
    if (strlen(dir) >= sizeof(k->dir)) {
        mien_error("%s: the name is too long", dir);
        mien_free(k);
        return NULL;
    }
    strcpy(k->dir, dir);
    if (!mien_dir_make(dir) || !mien_posed_create(&k->posed, m)) {
        mien_free(k);
        return NULL;
    }
    k->sink = (struct mien_sink){.name = "mesh", .write = mesh_write, .close = mesh_close};
    return &k->sink;
}

// Sinks that make pictures, meshes and videos: names, scratch pictures, counting.
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/claims.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "sink/mesh.h"
#include "sink/overlay.h"
#include "sink/sink.h"
#include "sink/video.h"

enum { BASE = 1200, NUMBERS = 10000, ENDINGS = 5, HEAD = 512 };

// The files of a folder that a sink names after its sources.
struct naming {
    const char *what; // "--overlay"
    char dir[1024];
    const char *const *ending; // of the files that a base has, ENDINGS at most
    int endings;
    bool plain; // only characters that other files can say
    struct mien_claims *claims, own;
};

static bool open_folder(struct naming *n, const char *dir, struct mien_claims *claims)
{
    if (strlen(dir) >= sizeof(n->dir)) {
        mien_error("%s: the name is too long", dir);
        return false;
    }
    strcpy(n->dir, dir);
    n->claims = claims ? claims : &n->own;
    return mien_dir_make(dir);
}

// There is none, or it is one that such a sink made: all say so near their beginnings.
static bool is_ours(const char *path)
{
    char head[HEAD];
    struct stat st;
    if (stat(path, &st) != 0) {
        return errno == ENOENT;
    }
    FILE *f = S_ISREG(st.st_mode) ? fopen(path, "rb") : NULL;
    if (!f) {
        return false;
    }
    size_t n = fread(head, 1, sizeof(head), f);
    fclose(f);
    return memmem(head, n, MIEN_MADE, strlen(MIEN_MADE)) != NULL;
}

// Blanks and line ends of Unicode, and its control characters. s: a sequence of n > 1 bytes.
static bool is_gap(const char *s, int n)
{
    static const char *const gaps[] = {"\u1680", "\u2028", "\u2029", "\u202f", "\u205f", "\u3000"};
    const unsigned char *b = (const unsigned char *)s;
    bool gap = (n == 2 && b[0] == 0xC2 && b[1] <= 0xA0) ||               // U+0080 to U+00A0
               (n == 3 && b[0] == 0xE2 && b[1] == 0x80 && b[2] <= 0x8A); // U+2000 to U+200A
    for (size_t i = 0; i < MIEN_COUNT(gaps); i++) {
        gap = gap || !strncmp(s, gaps[i], 3);
    }
    return gap;
}

// A stem that OBJ and MTL can name, whose words end at blanks and whose lines at line ends.
static void make_plain(char *stem)
{
    char *to = stem;
    for (const char *s = stem; *s;) {
        int n = mien_utf8_length(s);
        bool good = (n > 1 && !is_gap(s, n)) || (n == 1 && isalnum(*s)) || strchr("._+", *s) ||
                    (*s == '-' && to > stem);
        for (int i = 0; i < (n > 1 ? n : 1); i++) {
            *to++ = good ? *s : '_';
            s++;
        }
    }
    *to = 0;
}

// DIR/NAME without an ending; NAME is the source's last part. Where a file of this name is read,
// was written before, or is somebody else's, a number is added. number: the first to try; 1: none.
static bool choose(struct naming *k, const char *source, int number, char base[BASE])
{
    char stem[BASE], path[ENDINGS][BASE + 16];
    const char *leaf = strrchr(source, '/'), *list[ENDINGS];
    leaf = leaf ? leaf + 1 : source;
    const char *dot = strrchr(leaf, '.');
    int n = dot && dot > leaf ? (int)(dot - leaf) : (int)strlen(leaf);
    snprintf(stem, sizeof(stem), "%.*s", n, leaf);
    if (k->plain) {
        make_plain(stem);
    }
    for (int i = number; i < NUMBERS; i++) {
        char again[16] = "";
        bool ours = true;
        snprintf(again, sizeof(again), i > 1 ? "-%d" : "", i);
        if (snprintf(base, BASE, "%s/%s%s", k->dir, stem, again) >= BASE) {
            mien_error("%s: the name is too long", base);
            return false;
        }
        for (int e = 0; e < k->endings; e++) {
            snprintf(path[e], sizeof(path[e]), "%s%s", base, k->ending[e]);
            list[e] = path[e];
            ours = ours && is_ours(path[e]);
        }
        if (ours && mien_claims_take(k->claims, k->what, list, k->endings)) {
            if (i > number) {
                mien_info("%s: %s goes to %s%s, since that name is taken without the number",
                          source, k->what, base, k->ending[0]);
            }
            return true;
        }
    }
    mien_error("%s: every name up to %s%s is taken; give another folder", source, base,
               k->ending[0]);
    return false;
}

struct overlay_sink {
    struct mien_sink sink;
    char path[1024];      // the video's file
    struct naming naming; // the pictures' files
    struct mien_overlay *overlay;
    struct mien_image scratch;
    unsigned parts;
    // Video only.
    struct mien_video_writer *video;
    double frames_per_s;
    const char *sound_of; // borrowed; NULL: none
    bool have_first;
    int64_t first_ns;
};

static bool overlay_close(struct mien_sink *s)
{
    struct overlay_sink *o = (struct overlay_sink *)s;
    bool ok = mien_video_writer_close(o->video);
    mien_overlay_destroy(o->overlay);
    mien_image_destroy(&o->scratch);
    mien_claims_destroy(&o->naming.own);
    return ok;
}

static bool overlay_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct overlay_sink *o = (struct overlay_sink *)s;
    char base[BASE], path[BASE + 16];
    if (!f->picture) {
        return true;
    }
    if (!choose(&o->naming, f->source, 1, base) || !mien_overlay_canvas(&o->scratch, f->picture)) {
        return false;
    }
    mien_overlay_draw(o->overlay, &o->scratch, f->result, o->parts);
    snprintf(path, sizeof(path), "%s.png", base);
    return mien_png_save_noted(path, &o->scratch, MIEN_MADE "overlay");
}

struct mien_sink *mien_sink_overlay(const char *dir, const struct mien_face_model *m,
                                    unsigned parts, struct mien_claims *claims)
{
    static const struct mien_sink_type type = {.name = "overlay",
                                               .size = sizeof(struct overlay_sink),
                                               .write = overlay_write,
                                               .close = overlay_close};
    static const char *const ending[] = {".png"};
    struct overlay_sink *o = mien_sink_create(&type);
    if (!o) {
        return NULL;
    }
    o->naming = (struct naming){.what = "--overlay", .ending = ending, .endings = 1};
    o->parts = parts;
    if (!(o->overlay = mien_overlay_create(m)) || !open_folder(&o->naming, dir, claims)) {
        mien_sink_close(&o->sink);
        return NULL;
    }
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
        o->video =
            mien_video_writer_open(o->path, f->picture->width, f->picture->height, o->frames_per_s,
                                   0, &(struct mien_video_sound){.of = o->sound_of});
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
                                  const struct mien_face_model *m, unsigned parts,
                                  const char *sound_of)
{
    static const struct mien_sink_type type = {.name = "video",
                                               .size = sizeof(struct overlay_sink),
                                               .write = video_write,
                                               .close = overlay_close};
    struct overlay_sink *o = NULL;
    if (strlen(path) >= sizeof(o->path)) {
        mien_error("%s: the name is too long", path);
        return NULL;
    }
    o = mien_sink_create(&type);
    if (!o) {
        return NULL;
    }
    strcpy(o->path, path);
    o->frames_per_s = frames_per_s > 0 ? frames_per_s : 30;
    o->sound_of = sound_of;
    o->parts = parts;
    if (!(o->overlay = mien_overlay_create(m))) {
        mien_sink_close(&o->sink);
        return NULL;
    }
    return &o->sink;
}

struct mesh_sink {
    struct mien_sink sink;
    struct naming naming;
    struct mien_posed posed;
};

static bool mesh_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct mesh_sink *k = (struct mesh_sink *)s;
    char base[BASE];
    for (int i = 0; i < f->result->count; i++) {
        if (!mien_posed_set(&k->posed, &f->result->camera, &f->result->face[i])) {
            continue;
        }
        if (!choose(&k->naming, f->source, i + 1, base) ||
            !mien_mesh_save_obj(&k->posed, f->picture, f->source, base) ||
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
    mien_claims_destroy(&k->naming.own);
    return true;
}

struct mien_sink *mien_sink_mesh(const char *dir, const struct mien_face_model *m,
                                 struct mien_claims *claims)
{
    static const struct mien_sink_type type = {
        .name = "mesh", .size = sizeof(struct mesh_sink), .write = mesh_write, .close = mesh_close};
    static const char *const ending[ENDINGS] = {".obj", ".mtl", ".png", "-photo.png", ".ply"};
    struct mesh_sink *k = mien_sink_create(&type);
    if (!k) {
        return NULL;
    }
    k->naming =
        (struct naming){.what = "--mesh", .ending = ending, .endings = ENDINGS, .plain = true};
    if (!open_folder(&k->naming, dir, claims) || !mien_posed_create(&k->posed, m)) {
        mien_sink_close(&k->sink);
        return NULL;
    }
    return &k->sink;
}

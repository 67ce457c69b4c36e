// glTF 2.0 binary: one person's head with ARKit-named morph targets and what it did, as an
// animation.
//
// Axes: sink/convention.h, metres. Node "head" carries the mesh and is animated in translation,
// rotation and weights; node "camera" is the camera that saw it. Morph targets are sparse
// accessors, named in meshes[0].extras.targetNames. The head's shape is the identity known last.
// Frames without the face have no key.
//
// What a killed program leaves opens, and has all but the last second: the file has room for more
// keys than there are, and each second the new ones are written into it, and then their number into
// its JSON, which has blanks there. It is written whole, by renaming, when its room is used up (the
// new one has twice as much; the head's shape is then the newest) and at close, without room to
// spare.
//
// Keys wait in a nameless file, not in memory: 26 MB an hour at 30 frames a second.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "base/version.h"
#include "face/material.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/glb.h"
#include "sink/sinks.h"

enum { KEYS_FIRST = 32, TRACKS = 4, BLOCK = 64 };
static const int widths[TRACKS] = {1, 3, 4,
                                   MIEN_BLENDSHAPES}; // time, translation, rotation, weights

struct key {
    float time_s, q[4], t[3], weight[MIEN_BLENDSHAPES];
};

struct gltf_sink {
    struct mien_sink sink;
    const struct mien_face_model *model;
    char path[1024];
    bool stream; // a pipe gets the file at its end
    struct mien_save save;
    FILE *store; // all keys, one after the other
    struct key first, last;
    size_t keys, room;           // room: for so many keys has the next file that is not the last
    size_t written, file_room;   // keys that the file says, and that it has room for
    off_t counts_at, at[TRACKS]; // in the file: where the keys' number is said, and where they are
    int first_view;
    int64_t next_ns;
    bool have_first;
    int64_t first_ns;
    int id;
    float identity[MIEN_IDENTITY];
    struct mien_camera camera;
    char network[MIEN_NETWORK_NAME]; // of the last key; other than plain characters are "_"
};

static bool add_mesh(struct mien_glb *f, const struct gltf_sink *s, struct mien_growing *json)
{
    const struct mien_face_model *m = s->model;
    size_t V = (size_t)m->vertices;
    float *at = mien_calloc(V, 3 * sizeof(float)),
          *normal = mien_calloc(V, MIEN_NORMAL_ROOM * sizeof(float));
    uint32_t *index = mien_calloc((size_t)m->triangles * 3 + V, sizeof(uint32_t));
    struct mien_shut shut = {{0}};
    bool ok = at && normal && index;
    if (ok) {
        mien_face_model_vertices(m, s->identity, NULL, at);
        mien_shut_lips(m, at);
        ok = mien_shut_find(&shut, m, at);
    }
    if (ok) {
        mien_face_model_normals(m, at, normal);
        for (size_t i = 0; i < 3 * V; i++) {
            at[i] *= 0.001f;
        }
        int position = mien_glb_add_floats(f, at, V, 3, "VEC3", MIEN_GLB_ARRAY, true);
        int normals = mien_glb_add_floats(f, normal, V, 3, "VEC3", MIEN_GLB_ARRAY, false);
        int target[MIEN_BLENDSHAPES];
        f->shut = &shut;
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            target[i] = mien_glb_add_target(f, m, i, NULL, V, index, at);
        }
        mien_glb_print(json, "\"meshes\":[{\"name\":\"head\",\"primitives\":[");
        bool first = true;
        for (int g = 0; g < MIEN_MATERIALS; g++) {
            unsigned parts = mien_material_at(g)->parts;
            size_t n = 0;
            for (int t = 0; t < m->triangles; t++) {
                for (int k = 0; k < 3 && (parts >> m->part[t] & 1); k++) {
                    index[n++] = (uint32_t)m->triangle[3 * t + k];
                }
            }
            if (!n) {
                continue;
            }
            int a = mien_glb_begin_accessor(
                f, mien_glb_add_view(f, index, n * sizeof(*index), MIEN_GLB_ELEMENT), MIEN_GLB_UINT,
                "SCALAR", n);
            mien_glb_print(&f->accessors, "}");
            mien_glb_print(
                json,
                "%s{\"attributes\":{\"POSITION\":%d,\"NORMAL\":%d},\"indices\":%d,\"material\":%d",
                first ? "" : ",", position, normals, a, g);
            first = false;
            mien_glb_end_primitive(json, target, -1);
        }
        mien_glb_end_meshes(json, NULL);
    }
    f->shut = NULL;
    mien_shut_destroy(&shut);
    mien_free(at);
    mien_free(normal);
    mien_free(index);
    return ok;
}

// Numbers of a key in the order of the tracks.
static const float *track_of(const struct key *k, int track)
{
    const float *const v[TRACKS] = {&k->time_s, k->t, k->q, k->weight};
    return v[track];
}

// Reads or writes all of it; false with errno.
static bool transfer(int fd, void *data, size_t size, off_t at, bool out)
{
    for (char *p = data; size > 0;) {
        ssize_t n = out ? pwrite(fd, p, size, at) : pread(fd, p, size, at);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            errno = n ? errno : EIO;
            return false;
        }
        p += n;
        at += n;
        size -= (size_t)n;
    }
    return true;
}

// A track's numbers of the keys from `from`, at most BLOCK of them, into v. Their number; 0: none
// are left, or they cannot be read (logged; *ok is then false).
static size_t read_track(const struct gltf_sink *s, int track, size_t from, float *v, bool *ok)
{
    struct key block[BLOCK];
    size_t n = s->keys - from < BLOCK ? s->keys - from : BLOCK, width = (size_t)widths[track];
    if (n && !transfer(fileno(s->store), block, n * sizeof(*block), (off_t)(from * sizeof(*block)),
                       false)) {
        mien_error("%s: its keys cannot be read back from the temporary file: %s", s->path,
                   strerror(errno));
        *ok = false;
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(v + i * width, track_of(&block[i], track), width * sizeof(float));
    }
    return n;
}

// A track with room for so many keys, as it stands in the file.
static bool write_track(const struct gltf_sink *s, int track, size_t room, FILE *out)
{
    float v[BLOCK * MIEN_BLENDSHAPES];
    size_t width = (size_t)widths[track];
    bool ok = true;
    for (size_t n, from = 0; (n = read_track(s, track, from, v, &ok)) > 0; from += n) {
        fwrite(v, width * sizeof(float), n, out);
    }
    memset(v, 0, sizeof(v));
    for (size_t k = s->keys; k < room; k++) {
        fwrite(v, width * sizeof(float), 1, out);
    }
    return ok;
}

// The accessors of the tracks, whose views begin with `view`: always of the same length.
static void animation_accessors(struct mien_growing *g, const struct gltf_sink *s, int view)
{
    static const char *const types[TRACKS] = {"SCALAR", "VEC3", "VEC4", "SCALAR"};
    for (int i = 0; i < TRACKS; i++) {
        size_t count = i == 3 ? s->keys * MIEN_BLENDSHAPES : s->keys;
        mien_glb_print(g,
                       "%s{\"componentType\":%d,\"type\":\"%s\",\"count\":%12zu,\"bufferView\":%6d",
                       i ? "," : "", MIEN_GLB_FLOAT, types[i], count, view + i);
        if (i == 0) {
            size_t end = g->size + 64;
            mien_glb_numbers(g, "min", &s->first.time_s, 1);
            mien_glb_numbers(g, "max", &s->last.time_s, 1);
            mien_glb_print(g, "%*s", end > g->size ? (int)(end - g->size) : 0, "");
        }
        mien_glb_print(g, "}");
    }
}

// room: for so many keys. Their bytes follow those of f->bin.
static void add_animation(struct mien_glb *f, struct gltf_sink *s, struct mien_growing *json,
                          size_t room)
{
    if (!s->keys) {
        return;
    }
    for (int i = 0; i < TRACKS; i++) {
        size_t size = room * (size_t)widths[i] * sizeof(float);
        s->at[i] = (off_t)(f->bin.size + f->tracks_size);
        mien_glb_name_view(f, size, 0);
        f->tracks_size += size;
    }
    mien_glb_print(&f->accessors, f->accessor_count ? "," : "");
    s->counts_at = (off_t)f->accessors.size;
    s->first_view = f->view_count - TRACKS;
    animation_accessors(&f->accessors, s, s->first_view);
    int first = f->accessor_count;
    f->accessor_count += TRACKS;
    static const char *const paths[] = {"translation", "rotation", "weights"};
    mien_glb_print(json, ",\"animations\":[{\"name\":\"take\",\"samplers\":[");
    for (int i = 0; i < 3; i++) {
        mien_glb_print(json, "%s{\"input\":%d,\"output\":%d,\"interpolation\":\"LINEAR\"}",
                       i ? "," : "", first, first + i + 1);
    }
    mien_glb_print(json, "],\"channels\":[");
    for (int i = 0; i < 3; i++) {
        mien_glb_print(json, "%s{\"sampler\":%d,\"target\":{\"node\":1,\"path\":\"%s\"}}",
                       i ? "," : "", i, paths[i]);
    }
    mien_glb_print(json, "]}]");
}

static void add_nodes(const struct gltf_sink *s, struct mien_growing *json)
{
    mien_glb_print(json, "\"scene\":0,\"scenes\":[{\"nodes\":[0]}],\"nodes\":[{\"name\":\"mien\","
                         "\"children\":[1,2]},{\"name\":\"head\",\"mesh\":0");
    if (s->keys) {
        mien_glb_numbers(json, "translation", s->first.t, 3);
        mien_glb_numbers(json, "rotation", s->first.q, 4);
    }
    mien_glb_print(json,
                   "},{\"name\":\"camera\",\"camera\":0}],\"cameras\":[{\"type\":\"perspective\","
                   "\"perspective\":{\"znear\":0.01,\"yfov\":");
    double h = s->camera.height_px, w = s->camera.width_px, f = s->camera.f_px;
    bool known = h > 0 && w > 0 && f > 0;
    mien_glb_number(json, known ? 2 * atan(0.5 * h / f) : 1);
    if (known) {
        mien_glb_print(json, ",\"aspectRatio\":");
        mien_glb_number(json, w / h);
    }
    mien_glb_print(json, "}}],\"materials\":[");
    for (int i = 0; i < MIEN_MATERIALS; i++) {
        mien_glb_print(json, i ? "," : "");
        mien_glb_add_material(json, mien_material_at(i), -1);
    }
    mien_glb_print(json, "],");
}

// What stands before the animation's bytes, in *out.
static bool make_head(struct gltf_sink *s, size_t room, struct mien_growing *out,
                      struct mien_glb *f)
{
    struct mien_growing json = {.ok = true};
    mien_glb_print(&json,
                   "{\"asset\":{\"version\":\"2.0\",\"generator\":\"mien " MIEN_VERSION "\"");
    if (s->network[0]) {
        mien_glb_print(&json, ",\"extras\":{\"network\":\"%s\"}", s->network);
    }
    mien_glb_print(&json, "},");
    add_nodes(s, &json);
    bool ok = add_mesh(f, s, &json);
    add_animation(f, s, &json, room);
    size_t accessors_at;
    mien_glb_wrap(f, &json, out, &accessors_at);
    s->counts_at += (off_t)accessors_at;
    for (int i = 0; i < TRACKS; i++) {
        s->at[i] += (off_t)out->size;
    }
    mien_glb_put(out, f->bin.data, f->bin.size);
    ok = ok && f->bin.ok && out->ok;
    if (ok && out->size + f->tracks_size > UINT32_MAX) {
        mien_error("%s: longer than glTF files can be (4 GiB)", s->path);
        ok = false;
    }
    free(json.data);
    return ok;
}

static bool save(struct gltf_sink *s, bool last)
{
    struct mien_glb f = {.bin.ok = true, .views.ok = true, .accessors.ok = true};
    struct mien_growing out = {.ok = true};
    size_t room = last ? s->keys : s->room;
    bool ok = make_head(s, room, &out, &f) && mien_save_begin(&s->save, s->path);
    if (ok) {
        fwrite(out.data, 1, out.size, s->save.file);
        for (int i = 0; i < TRACKS && ok && s->keys; i++) {
            ok = write_track(s, i, room, s->save.file);
        }
        s->save.quick = !last;
        ok = mien_save_end(&s->save, ok) && ok;
    }
    if (ok) {
        s->written = s->keys;
        s->file_room = s->keys ? s->room : 0;
    }
    mien_glb_destroy(&f);
    free(out.data);
    return ok;
}

static bool put_at(const struct gltf_sink *s, void *data, size_t size, off_t at)
{
    if (!transfer(fileno(s->save.kept), data, size, at, true)) {
        mien_error("%s: writing failed: %s", s->path, strerror(errno));
        return false;
    }
    return true;
}

static bool write_new_keys(struct gltf_sink *s)
{
    float v[BLOCK * MIEN_BLENDSHAPES];
    bool ok = true;
    for (int i = 0; i < TRACKS && ok; i++) {
        size_t key_size = (size_t)widths[i] * sizeof(float);
        for (size_t n, from = s->written; ok && (n = read_track(s, i, from, v, &ok)) > 0;
             from += n) {
            ok = put_at(s, v, n * key_size, s->at[i] + (off_t)(from * key_size));
        }
    }
    struct mien_growing g = {.ok = true};
    animation_accessors(&g, s, s->first_view);
    ok = ok && g.ok && put_at(s, g.data, g.size, s->counts_at);
    free(g.data);
    s->written = ok ? s->keys : s->written;
    return ok;
}

// What cannot be written now (it is logged) may be at the end, which counts.
static void keep_up(struct gltf_sink *s)
{
    if (s->stream || s->keys == s->written || mien_now_ns() < s->next_ns) {
        return;
    }
    bool ok = s->keys <= s->file_room ? write_new_keys(s) : save(s, false);
    s->next_ns = mien_now_ns() + (ok ? 1 : 60) * MIEN_NS_PER_S;
}

static bool add_key(struct gltf_sink *s, float time_s, const struct mien_face_result *f)
{
    struct key k = {.time_s = time_s};
    mien_convention_gltf(&f->pose, k.q, k.t);
    float length = 0;
    bool good = true;
    for (int i = 0; i < 4; i++) {
        length += k.q[i] * k.q[i];
        good = good && isfinite(k.q[i]) && (i == 3 || isfinite(k.t[i]));
    }
    if (!good || length < 0.5f) {
        return true; // no pose, no key
    }
    // The nearer of q and -q, so that no turn goes the long way round.
    if (s->keys) {
        const float *o = s->last.q;
        float dot = o[0] * k.q[0] + o[1] * k.q[1] + o[2] * k.q[2] + o[3] * k.q[3];
        length = dot < 0 ? -sqrtf(length) : sqrtf(length);
    } else {
        length = sqrtf(length);
    }
    for (int i = 0; i < 4; i++) {
        k.q[i] /= length;
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        k.weight[i] = mien_unit(f->action[i]);
    }
    if (!transfer(fileno(s->store), &k, sizeof(k), (off_t)(s->keys * sizeof(k)), true)) {
        mien_error("%s: its keys cannot be kept in a temporary file in %s: %s; make room there",
                   s->path, P_tmpdir, strerror(errno));
        return false;
    }
    s->first = s->keys ? s->first : k;
    s->last = k;
    s->keys++;
    s->room = s->keys > s->room ? 2 * s->room : s->room;
    keep_up(s);
    return true;
}

static void gltf_idle(struct mien_sink *sink)
{
    keep_up((struct gltf_sink *)sink);
}

static bool gltf_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct gltf_sink *s = (struct gltf_sink *)sink;
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &s->id);
    int64_t now = frame->result->times.capture_ns;
    if (!s->have_first) {
        s->first_ns = now;
        s->have_first = true;
    }
    s->camera = frame->result->camera;
    float time_s = (float)((double)(now - s->first_ns) * 1e-9);
    if (!f || (s->keys && time_s <= s->last.time_s) || time_s < 0) {
        return true; // keys rise strictly
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        s->identity[i] = isfinite(f->identity[i]) ? f->identity[i] : 0;
    }
    snprintf(s->network, sizeof(s->network), "%s", frame->result->network);
    for (char *p = s->network; *p; p++) {
        *p = *p <= ' ' || *p > '~' || *p == '"' || *p == '\\' ? '_' : *p;
    }
    return add_key(s, time_s, f);
}

static bool gltf_close(struct mien_sink *sink)
{
    struct gltf_sink *s = (struct gltf_sink *)sink;
    bool ok = save(s, true);
    mien_save_close(&s->save);
    fclose(s->store);
    return ok;
}

static bool open_gltf(struct mien_sink *sink, const struct mien_sink_target *to,
                      const struct mien_sink_context *c)
{
    struct gltf_sink *s = (struct gltf_sink *)sink;
    s->model = c->model;
    s->stream = mien_save_is_stream(to->path);
    snprintf(s->path, sizeof(s->path), "%s", to->path);
    s->room = KEYS_FIRST;
    s->store = tmpfile();
    if (!s->store) {
        mien_error("%s: no temporary file can be made in %s for its keys: %s; make room there",
                   s->path, P_tmpdir, strerror(errno));
        return false;
    }
    // Written at once: a place that cannot be written to shows before a take, not after.
    if (!s->stream && !save(s, false)) {
        mien_save_close(&s->save);
        fclose(s->store);
        return false;
    }
    return true;
}

const struct mien_sink_type mien_sink_gltf = {
    .name = "glTF",
    .size = sizeof(struct gltf_sink),
    .open = open_gltf,
    .write = gltf_write,
    .idle = gltf_idle,
    .close = gltf_close,
};

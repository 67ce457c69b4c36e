// `mien image`: faces in pictures. Every picture is a scene of its own.
#include "app/commands.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "live/files.h"
#include "live/outputs.h"
#include "sink/sinks.h"

struct list {
    char **path;
    size_t count, room;
};

static bool add(struct list *l, const char *path)
{
    if (l->count == l->room) {
        size_t room = l->room ? 2 * l->room : 64;
        char **p = mien_realloc_array(l->path, room, sizeof(*p));
        if (!p) {
            return false;
        }
        l->path = p;
        l->room = room;
    }
    l->path[l->count] = strdup(path);
    return l->path[l->count] && ++l->count;
}

static void free_list(struct list *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->path[i]);
    }
    free(l->path);
}

static int is_picture(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');
    return dot && d->d_name[0] != '.' &&
           (!strcasecmp(dot, ".jpg") || !strcasecmp(dot, ".jpeg") || !strcasecmp(dot, ".png"));
}

// A file as it is; a folder's pictures in natural order (2 before 10). False when there are none.
static bool expand(struct list *l, const char *arg)
{
    struct stat st;
    if (stat(arg, &st)) {
        mien_error("%s: %s", arg, strerror(errno));
        return false;
    }
    if (!S_ISDIR(st.st_mode)) {
        return add(l, arg);
    }
    struct dirent **entry = NULL;
    int n = scandir(arg, &entry, is_picture, versionsort);
    if (n <= 0) {
        mien_error("%s: %s", arg,
                   n < 0 ? strerror(errno) : "no .jpg, .jpeg or .png in this folder");
        free(entry);
        return false;
    }
    bool ok = true;
    size_t length = strlen(arg);
    while (length > 1 && arg[length - 1] == '/') {
        length--;
    }
    for (int i = 0; i < n; i++) {
        char path[4096];
        int got = snprintf(path, sizeof(path), "%.*s/%s", (int)length, arg, entry[i]->d_name);
        ok = got > 0 && (size_t)got < sizeof(path) && add(l, path) && ok;
        free(entry[i]);
    }
    free(entry);
    return ok;
}

struct options {
    struct mien_engine_options engine;
    const char *json, *csv, *overlay, *mesh, *md5;
    bool share;
};

static bool names_output(const struct options *o)
{
    return o->json || o->csv || o->overlay || o->mesh || o->md5;
}

static bool open_outputs(const struct options *o, const struct mien_face_model *m,
                         struct mien_claims *claims, struct mien_outputs *out)
{
    return (!o->json || mien_outputs_add(out, mien_sink_open("jsonl", o->json, NULL))) &&
           (!o->csv || mien_outputs_add(out, mien_sink_open("csv", o->csv, NULL))) &&
           (!o->md5 || mien_outputs_add(out, mien_sink_open("md5", o->md5, NULL))) &&
           (!o->overlay ||
            mien_outputs_add(out, mien_sink_overlay(o->overlay, m, MIEN_OVERLAY_ALL, claims))) &&
           (!o->mesh || mien_outputs_add(out, mien_sink_mesh(o->mesh, m, claims))) &&
           (names_output(o) || mien_outputs_add(out, mien_sink_open("jsonl", "-", NULL)));
}

// Before anything is opened.
static bool claim(struct mien_claims *c, const struct list *l, const struct options *o,
                  const struct mien_opt *opts)
{
    bool ok = true;
    for (size_t i = 0; i < l->count && ok; i++) {
        ok = mien_claims_read(c, "the picture", l->path[i]);
    }
    return ok && mien_files_models(c, o->engine.net, o->engine.detect, o->engine.face) &&
           mien_args_claim(opts, c) &&
           (names_output(o) || mien_claims_write(c, "the results", "-"));
}

struct tally {
    size_t done, broken, empty, faces;
    bool lost_output;
};

static void run(struct mien_engine *e, const struct list *l, struct mien_outputs *out,
                struct tally *t)
{
    struct mien_result *result = mien_calloc(1, sizeof(*result));
    struct mien_image picture = {0};
    struct mien_progress progress = {0};
    mien_progress_begin(&progress, "looking", "pictures", 0, (long long)l->count);
    for (size_t i = 0; result && i < l->count && !mien_stop_asked(); i++) {
        if (!mien_image_load_to_search(l->path[i], &picture)) {
            t->broken++;
            continue;
        }
        if (!mien_engine_run(e, &picture, 0, result)) {
            t->broken++;
        } else {
            result->frame = i;
            t->done++;
            t->faces += (size_t)result->count;
            t->empty += result->count == 0;
            struct mien_sink_frame f = {l->path[i], &picture, result};
            if (!mien_outputs_write(out, &f)) {
                t->lost_output = true;
            }
        }
        mien_image_destroy(&picture);
        if (t->lost_output) {
            break;
        }
        mien_progress_update(&progress, (long long)(i + 1), NULL);
    }
    mien_progress_end(&progress, (long long)(t->done + t->broken));
    mien_image_destroy(&picture);
    mien_free(result);
}

int mien_cmd_image(int argc, char **argv)
{
    struct options o = {.engine = {.max_faces = MIEN_FACES_MAX, .quality = true}};
    const struct mien_command command = {
        .name = "image",
        .synopsis = "PICTURE|FOLDER… [options]",
        .summary = "Finds faces in pictures and fits the 3D face to each.",
        .example = "mien image photo.jpg --overlay seen/ --mesh meshes/\n"
                   "  mien image pictures/ --json faces.jsonl",
        .min_args = 1,
        .max_args = -1,
    };
    const struct mien_opt opts[] = {
        {"json", 'j', MIEN_OPT_OUTPUT, &o.json, "FILE",
         "results as JSON lines, one a picture; - is standard output, and what happens when no "
         "output is named",
         0, 0},
        {"csv", 0, MIEN_OPT_OUTPUT, &o.csv, "FILE", "results as a table, one row a face", 0, 0},
        {"overlay", 'o', MIEN_OPT_STRING, &o.overlay, "DIR",
         "the pictures with mesh, landmarks and axes drawn over them, as PNG", 0, 0},
        {"mesh", 'm', MIEN_OPT_STRING, &o.mesh, "DIR",
         "each face as OBJ with texture and as PLY with colours", 0, 0},
        {"md5", 0, MIEN_OPT_OUTPUT, &o.md5, "FILE", "digests of the results, to compare runs", 0,
         0},
        MIEN_FILES_SHARE_OPT(o.share),
        MIEN_ENGINE_OPTS(o.engine),
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    int nargs = 0;
    if (!args) {
        return 1;
    }
    int status = mien_args_parse(&command, opts, argc, argv, args, &nargs);
    if (status) {
        mien_free(args);
        return status == 1 ? 0 : status;
    }
    struct list list = {0};
    struct mien_outputs out = {0};
    struct mien_claims claims = {0};
    struct tally t = {0};
    struct mien_engine *e = NULL;
    size_t missing = 0;
    for (int i = 0; i < nargs; i++) {
        missing += !expand(&list, args[i]);
    }
    status = 2;
    mien_files_private(o.share);
    mien_stop_install();
    if (!list.count || !claim(&claims, &list, &o, opts)) {
        goto done;
    }
    e = mien_engine_create(&(struct mien_engine_config){
        .face_path = o.engine.face,
        .net_path = o.engine.net,
        .detect_path = o.engine.detect,
        .fov_deg = (float)o.engine.fov_deg,
        .max_faces = o.engine.max_faces,
        .quality = o.engine.quality,
        .still = true,
        .clock_ns = mien_now_ns,
    });
    if (!e || !open_outputs(&o, mien_engine_model(e), &claims, &out)) {
        goto done;
    }
    run(e, &list, &out, &t);
    bool closed = mien_outputs_close(&out);
    char broken[64] = "";
    if (t.broken + missing) {
        snprintf(broken, sizeof(broken), ", %zu not readable", t.broken + missing);
    }
    mien_info("%zu pictures, %zu faces, %zu without a face%s%s", t.done, t.faces, t.empty, broken,
              mien_stop_asked() ? " (stopped early)" : "");
    bool clean = !t.broken && !missing && !t.lost_output && closed && !mien_stop_asked();
    status = t.done == 0 && !mien_stop_asked() ? 2 : clean ? 0 : 1;
done:
    mien_outputs_close(&out);
    mien_engine_destroy(e);
    mien_claims_destroy(&claims);
    free_list(&list);
    mien_free(args);
    return status;
}

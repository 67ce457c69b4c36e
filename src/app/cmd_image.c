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
#include "base/thread.h"
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

static bool is_naming_output(const struct options *o)
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
           (is_naming_output(o) || mien_outputs_add(out, mien_sink_open("jsonl", "-", NULL)));
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
           (is_naming_output(o) || mien_claims_write(c, "the results", "-"));
}

struct tally {
    size_t done, broken, empty, faces;
    bool lost_output;
};

struct job { // a picture's, in the place of the ring that its number has
    struct mien_image picture;
    struct mien_result result;
    bool looked_at, ok;
};

// Reads a picture and looks at it.
static void look(struct mien_engine *e, const char *path, struct job *j)
{
    j->ok = mien_image_load_to_search(path, &j->picture) &&
            mien_engine_run(e, &j->picture, 0, &j->result);
}

// What was found goes out. False when there is nowhere left to write to.
static bool deliver(const struct list *l, size_t i, struct job *j, struct mien_outputs *out,
                    struct tally *t)
{
    if (!j->ok) {
        t->broken++;
    } else {
        j->result.frame = i;
        t->done++;
        t->faces += (size_t)j->result.count;
        t->empty += j->result.count == 0;
        struct mien_sink_frame f = {l->path[i], &j->picture, &j->result};
        t->lost_output = !mien_outputs_write(out, &f);
    }
    mien_image_destroy(&j->picture);
    return !t->lost_output;
}

// Threads that look at pictures ahead of the one that writes, each with an engine of its own. They
// take the pictures in order, and are never further ahead than the ring is long.
struct crew {
    const struct list *list;
    struct mien_engine *first; // the others' are beside it
    struct job *job;           // ring
    size_t ring;
    struct mien_monitor monitor; // guards what follows, and job[].looked_at
    size_t taken, written;
    bool first_taken, ended;
};

static void *look_ahead(void *arg)
{
    struct crew *c = arg;
    pthread_mutex_lock(&c->monitor.mutex);
    bool first = !c->first_taken;
    c->first_taken = true;
    pthread_mutex_unlock(&c->monitor.mutex);
    // One for which there is no memory is missed by nobody: the first looks at all, if need be.
    struct mien_engine *e = first ? c->first : mien_engine_create_beside(c->first);
    pthread_mutex_lock(&c->monitor.mutex);
    while (e && !c->ended && c->taken < c->list->count) {
        if (c->taken >= c->written + c->ring) {
            pthread_cond_wait(&c->monitor.cond, &c->monitor.mutex);
            continue;
        }
        size_t i = c->taken++;
        struct job *j = &c->job[i % c->ring];
        pthread_mutex_unlock(&c->monitor.mutex);
        look(e, c->list->path[i], j);
        pthread_mutex_lock(&c->monitor.mutex);
        j->looked_at = true;
        pthread_cond_broadcast(&c->monitor.cond);
    }
    pthread_mutex_unlock(&c->monitor.mutex);
    if (!first) {
        mien_engine_destroy(e);
    }
    return NULL;
}

// Waits until a picture was looked at; with one thread, looks at it.
static struct job *next(struct crew *c, size_t i, bool alone)
{
    struct job *j = &c->job[i % c->ring];
    if (alone) {
        look(c->first, c->list->path[i], j);
        return j;
    }
    pthread_mutex_lock(&c->monitor.mutex);
    while (!j->looked_at) {
        pthread_cond_wait(&c->monitor.cond, &c->monitor.mutex);
    }
    pthread_mutex_unlock(&c->monitor.mutex);
    return j;
}

static void release(struct crew *c, struct job *j)
{
    pthread_mutex_lock(&c->monitor.mutex);
    j->looked_at = false;
    c->written++;
    pthread_cond_broadcast(&c->monitor.cond);
    pthread_mutex_unlock(&c->monitor.mutex);
}

static void run(struct mien_engine *e, const struct list *l, int threads, struct mien_outputs *out,
                struct tally *t)
{
    enum { THREADS = 64 };
    int wanted = threads > 0 ? threads : mien_cpu_count();
    wanted = wanted < THREADS ? wanted : THREADS;
    wanted = (size_t)wanted < l->count ? wanted : (int)l->count;
    struct crew c = {.list = l, .first = e, .ring = wanted > 1 ? 2 * (size_t)wanted : 1};
    struct mien_thread thread[THREADS] = {0};
    int started = 0;
    c.job = mien_calloc(c.ring, sizeof(*c.job));
    if (!c.job || !mien_monitor_init(&c.monitor)) {
        mien_free(c.job);
        return;
    }
    while (wanted > 1 && started < wanted &&
           mien_thread_start(&thread[started], "mien-look", look_ahead, &c)) {
        started++;
    }
    struct mien_progress progress = {0};
    mien_progress_begin(&progress, "looking", "pictures", 0, (long long)l->count);
    for (size_t i = 0; i < l->count && !mien_stop_asked(); i++) {
        struct job *j = next(&c, i, !started);
        if (!deliver(l, i, j, out, t)) {
            break;
        }
        release(&c, j);
        mien_progress_update(&progress, (long long)(i + 1), NULL);
    }
    mien_progress_end(&progress, (long long)(t->done + t->broken));
    pthread_mutex_lock(&c.monitor.mutex);
    c.ended = true;
    pthread_cond_broadcast(&c.monitor.cond);
    pthread_mutex_unlock(&c.monitor.mutex);
    for (int i = 0; i < started; i++) {
        mien_thread_join(&thread[i]);
    }
    for (size_t i = 0; i < c.ring; i++) {
        mien_image_destroy(&c.job[i].picture);
    }
    mien_free(c.job);
    mien_monitor_destroy(&c.monitor);
}

int mien_cmd_image(int argc, char **argv)
{
    struct options o = {.engine = {.quality = true}};
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
         "results as JSON lines, one per picture; - is standard output, the default when no output "
         "is named",
         0, 0},
        {"csv", 0, MIEN_OPT_OUTPUT, &o.csv, "FILE", "results as a table, one row per face", 0, 0},
        {"overlay", 0, MIEN_OPT_STRING, &o.overlay, "DIR",
         "the pictures with mesh, landmarks and axes drawn over them, as PNG", 0, 0},
        {"mesh", 0, MIEN_OPT_STRING, &o.mesh, "DIR",
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
    run(e, &list, o.engine.threads, &out, &t);
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

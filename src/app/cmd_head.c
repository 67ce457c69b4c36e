// `mien head`: one person's own head from pictures, folders or videos: the shape from all
// pictures together, the skin from the best of each direction.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "live/files.h"
#include "live/outputs.h"
#include "scan/head_scan.h"
#include "source/source.h"

// A long video is looked at so many times, evenly spread.
enum { LOOKS_MOST = 60 };

struct options {
    struct mien_engine_options engine;
    const char *out;
    int side;
    bool share;
};

struct label { // of what the scan compares
    const char *uri;
    int number; // of a picture in what was given, from 1; 0: a video
};

// Every picture of a folder, every k-th frame of a video. False when it cannot be read.
static bool look_through(struct mien_head_scan *s, const char *uri, struct label *label)
{
    struct mien_source *source = mien_source_open(uri, NULL, NULL);
    if (!source) {
        return false;
    }
    const struct mien_source_info *info = mien_source_info(source);
    bool video = !strcmp(info->kind, "video");
    int64_t frames = info->frames > 0 ? info->frames : 30 * LOOKS_MOST;
    int64_t every = video && frames > LOOKS_MOST ? frames / LOOKS_MOST : 1;
    struct mien_frame f = {0};
    bool ok = true;
    int before = s->looked;
    while (ok && !mien_stop_asked()) {
        enum mien_source_status got = mien_source_read(source, &f, mien_now_ns() + MIEN_NS_PER_S);
        if (got == MIEN_SOURCE_TIMEOUT) {
            continue;
        }
        if (got != MIEN_SOURCE_OK || (video && s->looked - before >= LOOKS_MOST)) {
            ok = got == MIEN_SOURCE_OK || got == MIEN_SOURCE_END;
            break;
        }
        if (!video || s->looked == before) {
            if (s->sources < MIEN_HEAD_SOURCES) {
                label[s->sources] = (struct label){uri, video ? 0 : s->looked - before + 1};
            }
            mien_head_scan_next(s);
        }
        ok = f.index % (uint64_t)every != 0 || mien_head_scan_look(s, &f.rgb);
    }
    mien_frame_destroy(&f);
    mien_source_close(source);
    return ok;
}

static bool ends_with(const char *path, const char *end)
{
    size_t n = strlen(path), m = strlen(end);
    return n > m && !strcasecmp(path + n - m, end);
}

static bool claim_file(void *arg, const char *path)
{
    return mien_claims_read(arg, "the picture or video", path);
}

// The files that an OBJ brings along are written too.
static bool claim(struct mien_claims *c, const struct options *o, const struct mien_opt *opts,
                  const char *const *source, int n)
{
    static const char *const beside[] = {".mtl", "-skin.png", "-eyes.png"};
    bool ok = mien_files_models(c, o->engine.net, o->engine.detect, o->engine.face);
    for (int i = 0; i < n && ok; i++) {
        ok = mien_source_files(source[i], claim_file, c);
    }
    ok = ok && mien_args_claim(opts, c);
    for (size_t i = 0; ok && ends_with(o->out, ".obj") && i < MIEN_COUNT(beside); i++) {
        char path[1300];
        snprintf(path, sizeof(path), "%.*s%s", (int)strlen(o->out) - 4, o->out, beside[i]);
        ok = mien_claims_write(c, "--out", path);
    }
    return ok;
}

// Before minutes of work rather than after them.
static bool can_be_written(const char *path)
{
    struct mien_save save = {0};
    bool ok = mien_save_is_stream(path) || mien_save_begin(&save, path);
    mien_save_close(&save);
    return ok;
}

// Below it somebody else is likelier by seven to one.
static const float somebody_else = -2;

// "FOLDER, picture N", or what was given alone where that is one picture or a video.
static void name_source(const struct mien_head_scan *s, const struct label *label, int i, char *out,
                        size_t size)
{
    const int end = s->sources < MIEN_HEAD_SOURCES ? s->sources : MIEN_HEAD_SOURCES;
    const bool several = label[i].number > 1 || (i + 1 < end && label[i + 1].number == 2);
    if (several) {
        snprintf(out, size, "%.900s, picture %d", label[i].uri, label[i].number);
    } else {
        snprintf(out, size, "%.900s", label[i].uri);
    }
}

static void warn_of_strangers(const struct mien_head_scan *s, const struct label *label)
{
    char name[2][1024];
    int other[2] = {0, 0}, shown = 0;
    for (int i = 0; i < s->sources && i < MIEN_HEAD_SOURCES; i++) {
        if (s->source[i].looks) {
            other[shown > 0] = i;
            shown++;
        }
    }
    if (shown == 2 && mien_head_scan_likeness(s, other[0]) < somebody_else) {
        name_source(s, label, other[0], name[0], sizeof(name[0]));
        name_source(s, label, other[1], name[1], sizeof(name[1]));
        mien_warn("%s and %s seem to show two people: give pictures of one alone", name[0],
                  name[1]);
    }
    for (int i = 0; shown > 2 && i < s->sources && i < MIEN_HEAD_SOURCES; i++) {
        if (mien_head_scan_likeness(s, i) < somebody_else) { // false of NAN
            name_source(s, label, i, name[0], sizeof(name[0]));
            mien_warn("%s seems to show somebody else than the rest does: leave it out if so",
                      name[0]);
        }
    }
}

static void tell(const struct mien_head_scan *s, const struct mien_head *h, const char *out)
{
    int directions = 0;
    float sigma = 0;
    for (int i = 0; i < MIEN_DIRECTIONS; i++) {
        directions += s->known.side[i].looks > 0;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sigma += h->sigma[i] / MIEN_IDENTITY;
    }
    mien_info("%s: %d looks from %d directions%s; the uncertainty left is %.0f %% of how much "
              "people differ%s",
              out, s->known.looks, directions, s->without ? ", others without a face" : "",
              (double)(100 * sigma), directions < 3 ? "; pictures from both sides would help" : "");
    if (s->refined && s->kept.count > 1) {
        mien_info("refined on %d of them together, by %d patches of skin that were found again%s",
                  s->kept.count, s->found.patches,
                  s->camera_known ? "" : "; the field of view too");
    }
}

int mien_cmd_head(int argc, char **argv)
{
    struct options o = {.side = 1024};
    const struct mien_command command = {
        .name = "head",
        .synopsis = "PICTURE|FOLDER|VIDEO… --out FILE.glb|FILE.obj [options]",
        .summary = "Makes one person's own head, which can be animated, from pictures or videos.",
        .example = "mien head left.jpg front.jpg right.jpg --out head.glb\n"
                   "  mien head turning.mp4 --out head.obj",
        .min_args = 1,
        .max_args = -1,
    };
    const struct mien_opt opts[] = {
        {"out", 'o', MIEN_OPT_OUTPUT, &o.out, "FILE",
         "the head: .glb (with 52 ARKit-named morph targets and textures inside) or .obj", 0, 0},
        {"size", 0, MIEN_OPT_INT, &o.side, "PX", "side of the face's texture", 128, 4096},
        {"fov", 0, MIEN_OPT_FLOAT, &o.engine.fov_deg, "DEG", MIEN_HELP_FOV, 0, 170},
        {"net", 0, MIEN_OPT_INPUT, &o.engine.net, "NAME", MIEN_HELP_NET, 0, 0},
        {"detector", 0, MIEN_OPT_INPUT, &o.engine.detect, "FILE", MIEN_HELP_DETECTOR, 0, 0},
        {"face", 0, MIEN_OPT_INPUT, &o.engine.face, "FILE", MIEN_HELP_FACE, 0, 0},
        MIEN_FILES_SHARE_OPT(o.share),
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    struct label *label = mien_calloc(MIEN_HEAD_SOURCES, sizeof(*label));
    struct mien_head_scan *s = mien_calloc(1, sizeof(*s));
    struct mien_head *h = mien_calloc(1, sizeof(*h));
    struct mien_claims claims = {0};
    int nargs = 0, missing = 0;
    int status =
        args && label && s && h ? mien_args_parse(&command, opts, argc, argv, args, &nargs) : 2;
    if (status) {
        status = status == 1 ? 0 : status;
        goto done;
    }
    status = 2;
    if (!o.out || (!ends_with(o.out, ".glb") && !ends_with(o.out, ".obj"))) {
        mien_error("mien head: --out is missing, or is neither FILE.glb nor FILE.obj");
        goto done;
    }
    mien_files_private(o.share);
    mien_stop_install();
    if (!claim(&claims, &o, opts, args, nargs) || !can_be_written(o.out) ||
        !mien_head_scan_open(
            s, &(struct mien_head_scan_options){.net = o.engine.net,
                                                .detect = o.engine.detect,
                                                .face = o.engine.face,
                                                .fov_deg = (float)o.engine.fov_deg})) {
        goto done;
    }
    struct mien_progress bar = {0};
    mien_progress_begin(&bar, "looking", "sources", 0, nargs);
    for (int i = 0; i < nargs && !mien_stop_asked(); i++) {
        missing += !look_through(s, args[i], label);
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, nargs);
    if (!s->known.looks) {
        mien_error("no face in %d picture%s that %s looked at: there is no head to make; take one "
                   "that shows a face, a fifth of the picture high at least",
                   s->looked, s->looked == 1 ? "" : "s", s->looked == 1 ? "was" : "were");
        goto done;
    }
    warn_of_strangers(s, label);
    status = 1;
    if (mien_head_scan_finish(s, o.side, h) &&
        (ends_with(o.out, ".obj") ? mien_head_save_obj : mien_head_save_glb)(h, o.out)) {
        tell(s, h, o.out);
        status = missing ? 1 : 0;
    }
done:
    if (s) {
        mien_head_scan_close(s);
    }
    if (h) {
        mien_image_destroy(&h->skin);
    }
    mien_claims_destroy(&claims);
    mien_free(h);
    mien_free(s);
    mien_free(label);
    mien_free(args);
    return status;
}

// `mien head`: one person's own head from pictures, folders or videos: the shape from all looks
// together, the skin from the best of each direction.
#include "app/commands.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/stop.h"
#include "base/args.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/portrait.h"
#include "image/luma.h"
#include "live/files.h"
#include "live/outputs.h"
#include "nn/registry.h"
#include "sink/head.h"
#include "sink/texture.h"
#include "source/source.h"
#include "track/evidence.h"

// A long video is looked at so many times, evenly spread.
enum { LOOKS_MOST = 60, KEPT_PX = 900 };

struct options {
    struct mien_engine_options engine;
    const char *out;
    int side;
    bool share;
};

// The best look from a direction, cut out around the face.
struct view {
    struct mien_image picture;
    float f_px, score;
};

struct scan {
    struct mien_engine *engine;
    struct mien_portrait *portrait;
    struct mien_result result;
    struct mien_evidence known;
    struct view view[MIEN_DIRECTIONS];
    int looked, without, several;
};

// How much fine detail the middle of the face shows: mean step of luma between neighbours, times
// the face's size up to what a texture can hold.
static float sharpness(const struct mien_image *im, const float box[4])
{
    int x0 = (int)fmaxf(0, box[0] + 0.2f * (box[2] - box[0])),
        x1 = (int)fminf((float)im->width - 2, box[2] - 0.2f * (box[2] - box[0])),
        y0 = (int)fmaxf(0, box[1] + 0.2f * (box[3] - box[1])),
        y1 = (int)fminf((float)im->height - 2, box[3] - 0.2f * (box[3] - box[1]));
    double sum = 0;
    long n = 0;
    for (int y = y0; y < y1; y++) {
        const uint8_t *p = im->data + (size_t)y * im->stride;
        for (int x = x0; x < x1; x++, n++) {
            const uint8_t *a = p + 3 * (size_t)x, *b = a + 3, *c = a + im->stride;
            int here = (int)mien_luma_256(a[0], a[1], a[2]);
            sum += abs((int)mien_luma_256(b[0], b[1], b[2]) - here) +
                   abs((int)mien_luma_256(c[0], c[1], c[2]) - here);
        }
    }
    return n ? (float)(sum / (double)n) * fminf(1, (box[3] - box[1]) / 400) : 0;
}

// The picture around the face, no larger than needed, into *v. False when memory is short (logged).
static bool cut_out(const struct mien_image *im, const float box[4], float f_px, struct view *v)
{
    float side = 1.9f * fmaxf(box[2] - box[0], box[3] - box[1]);
    float cx = 0.5f * (box[0] + box[2]), cy = 0.5f * (box[1] + box[3]) - 0.06f * side;
    float scale = fminf(1, KEPT_PX / side);
    int px = (int)fmaxf(32, scale * side);
    struct mien_affine map = {
        {side / (float)px, 0, cx - 0.5f * side, 0, side / (float)px, cy - 0.5f * side}};
    if ((v->picture.width != px || !v->picture.data)) {
        mien_image_destroy(&v->picture);
        if (!mien_image_create(&v->picture, px, px, MIEN_FORMAT_RGB8)) {
            return false;
        }
    }
    mien_warp(im, &map, &v->picture, 0);
    v->f_px = f_px * (float)px / side;
    return true;
}

static bool look(struct scan *s, const struct mien_image *im)
{
    struct mien_portrait_answer answer;
    struct mien_result *r = &s->result;
    s->looked++;
    if (!mien_engine_run(s->engine, im, 0, r) || r->count == 0) {
        s->without++;
        return true;
    }
    const struct mien_face_result *f = &r->face[0];
    int direction = mien_evidence_direction(f->pose.R);
    if (direction < 0) {
        s->without++;
        return true;
    }
    mien_portrait_look(s->portrait, im, &f->crop, true, &answer);
    mien_evidence_add(&s->known, mien_portrait_people(s->portrait), direction, answer.identity,
                      answer.sigma);
    struct view *v = &s->view[direction];
    // Shut eyes and an open mouth are no skin for a head at rest.
    float moved = f->blendshape[MIEN_BS_EYE_BLINK_LEFT] + f->blendshape[MIEN_BS_EYE_BLINK_RIGHT] +
                  2 * f->blendshape[MIEN_BS_JAW_OPEN];
    float score = sharpness(im, f->box_px) / (1 + 2 * moved);
    if (score > v->score || !v->picture.data) {
        v->score = score;
        return cut_out(im, f->box_px, r->camera.f_px, v);
    }
    return true;
}

// Every picture of a folder, every k-th frame of a video. False when it cannot be read.
static bool look_through(struct scan *s, const char *uri)
{
    struct mien_source *source = mien_source_open(uri, NULL, NULL, 0);
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
        ok = f.index % (uint64_t)every != 0 || look(s, &f.rgb);
    }
    mien_frame_destroy(&f);
    mien_source_close(source);
    return ok;
}

// Mean colour of the pixels around the irises' centres, over all views: the darker half, so that
// neither glints nor lids count.
static void iris_colour(const struct mien_image *im, const struct mien_face_result *f,
                        const struct mien_face_model *m, double sum[4])
{
    for (int e = 0; e < 2; e++) {
        const float *c = f->landmark_px[m->iris[e]];
        float r = 0.018f * (f->box_px[3] - f->box_px[1]);
        for (int k = 0; k < 16; k++) {
            float a = (float)k * (float)M_PI / 8;
            int x = (int)lroundf(c[0] + r * cosf(a)), y = (int)lroundf(c[1] + r * sinf(a));
            if (f->lids.shut[e] || x < 0 || y < 0 || x >= im->width || y >= im->height) {
                continue;
            }
            const uint8_t *p = im->data + (size_t)y * im->stride + 3 * (size_t)x;
            if (p[0] + p[1] + p[2] < 420) {
                for (int j = 0; j < 3; j++) {
                    sum[j] += p[j];
                }
                sum[3]++;
            }
        }
    }
}

// The skin, from each direction's best look fitted anew with the shape that all say.
static bool paint(struct scan *s, int side, struct mien_head *h)
{
    struct mien_texture t;
    struct mien_posed posed = {0};
    double iris[4] = {0};
    bool ok = mien_texture_create(&t, h->model, side) && mien_posed_create(&posed, h->model);
    mien_engine_hold_identity(s->engine, h->identity);
    // The straightest first: the others' colours are brought to its.
    for (int n = 0; ok && n < MIEN_DIRECTIONS; n++) {
        int d = (MIEN_DIRECTIONS / 2 + (n % 2 ? 1 : -1) * ((n + 1) / 2) + MIEN_DIRECTIONS) %
                MIEN_DIRECTIONS;
        struct view *v = &s->view[d];
        if (!v->picture.data) {
            continue;
        }
        float fov = 2 * atanf(0.5f * (float)v->picture.width / v->f_px) * 180 / (float)M_PI;
        mien_engine_set_fov(s->engine, fov);
        struct mien_result *r = &s->result;
        if (mien_engine_run(s->engine, &v->picture, 0, r) && r->count > 0 &&
            mien_posed_set(&posed, &r->camera, &r->face[0])) {
            mien_texture_add(&t, &posed, &v->picture);
            iris_colour(&v->picture, &r->face[0], h->model, iris);
        }
    }
    for (int k = 0; k < 3; k++) {
        static const float brown[3] = {84, 58, 40};
        h->iris_rgb[k] = iris[3] > 8 ? (float)(iris[k] / iris[3]) : brown[k];
    }
    ok = ok && mien_texture_finish(&t, &h->skin);
    mien_posed_destroy(&posed);
    mien_texture_destroy(&t);
    return ok;
}

static bool open_scan(struct scan *s, const struct options *o)
{
    char file[1024];
    s->engine = mien_engine_create(&(struct mien_engine_config){
        .face_path = o->engine.face,
        .net_path = o->engine.net,
        .detect_path = o->engine.detect,
        .portrait_path = "", // this program asks it itself
        .fov_deg = (float)o->engine.fov_deg,
        .max_faces = 1,
        .quality = true,
        .still = true,
    });
    if (!s->engine) {
        return false;
    }
    if (!mien_network_portrait(o->engine.net, file, sizeof(file))) {
        mien_error("there is no portrait network for %s: a head's shape cannot be read without one",
                   o->engine.net ? o->engine.net : "models/face.net");
        return false;
    }
    s->portrait = mien_portrait_load(file, mien_engine_model(s->engine), false);
    return s->portrait != NULL;
}

static void close_scan(struct scan *s)
{
    for (int i = 0; i < MIEN_DIRECTIONS; i++) {
        mien_image_destroy(&s->view[i].picture);
    }
    mien_portrait_destroy(s->portrait);
    mien_engine_destroy(s->engine);
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

static void tell(const struct scan *s, const char *out)
{
    int directions = 0;
    float sigma = 0;
    for (int i = 0; i < MIEN_DIRECTIONS; i++) {
        directions += s->known.side[i].looks > 0;
    }
    for (int i = 0; i < MIEN_IDENTITY; i++) {
        sigma += s->known.sigma[i] / MIEN_IDENTITY;
    }
    mien_info("%s: %d looks from %d directions%s; what is left uncertain is %.0f %% of how people "
              "differ%s",
              out, s->known.looks, directions, s->without ? ", others without a face" : "",
              (double)(100 * sigma),
              directions < 3 ? "; pictures from both sides would tell more" : "");
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
        {"fov", 0, MIEN_OPT_FLOAT, &o.engine.fov_deg, "DEG",
         "horizontal field of view of the camera; 0: focal length 4 times the longer side", 0, 170},
        {"net", 0, MIEN_OPT_INPUT, &o.engine.net, "NAME", "face network: standard, or a file", 0,
         0},
        {"detector", 0, MIEN_OPT_INPUT, &o.engine.detect, "FILE",
         "detector instead of models/detect.net", 0, 0},
        {"face", 0, MIEN_OPT_INPUT, &o.engine.face, "FILE", "face model instead of models/ict.face",
         0, 0},
        MIEN_FILES_SHARE_OPT(o.share),
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof(*args));
    struct scan *s = mien_calloc(1, sizeof(*s));
    struct mien_head *h = mien_calloc(1, sizeof(*h));
    struct mien_claims claims = {0};
    int nargs = 0, missing = 0;
    int status = args && s && h ? mien_args_parse(&command, opts, argc, argv, args, &nargs) : 2;
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
    if (!claim(&claims, &o, opts, args, nargs) || !open_scan(s, &o)) {
        goto done;
    }
    struct mien_progress bar = {0};
    mien_progress_begin(&bar, "looking", "sources", 0, nargs);
    for (int i = 0; i < nargs && !mien_stop_asked(); i++) {
        missing += !look_through(s, args[i]);
        mien_progress_update(&bar, i + 1, NULL);
    }
    mien_progress_end(&bar, nargs);
    if (!s->known.looks) {
        mien_error("no face in the %d pictures that were looked at: there is no head to make",
                   s->looked);
        goto done;
    }
    status = 1;
    h->model = mien_engine_model(s->engine);
    h->looks = s->known.looks;
    memcpy(h->identity, s->known.mean, sizeof(h->identity));
    memcpy(h->sigma, s->known.sigma, sizeof(h->sigma));
    if (paint(s, o.side, h) &&
        (ends_with(o.out, ".obj") ? mien_head_save_obj : mien_head_save_glb)(h, o.out)) {
        tell(s, o.out);
        status = missing ? 1 : 0;
    }
done:
    if (s) {
        close_scan(s);
    }
    if (h) {
        mien_image_destroy(&h->skin);
    }
    mien_claims_destroy(&claims);
    mien_free(h);
    mien_free(s);
    mien_free(args);
    return status;
}

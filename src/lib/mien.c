// libmien: the public functions over the engine.
//
// Does not: compute anything itself but the mesh's place in the camera's frame.
#include "lib/mien.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "engine/engine.h"
#include "nn/registry.h"

_Static_assert((int)MIEN_FACE_LIMIT == (int)MIEN_FACES_MAX, "faces");
_Static_assert((int)MIEN_LANDMARK_LIMIT == (int)MIEN_LANDMARKS_MAX, "landmarks");
_Static_assert((int)MIEN_IBUG_COUNT == (int)MIEN_IBUG, "landmarks of iBUG");
_Static_assert((int)MIEN_BLENDSHAPE_COUNT == (int)MIEN_BLENDSHAPES, "blendshapes");
_Static_assert((int)MIEN_IDENTITY_COUNT == (int)MIEN_IDENTITY, "identity");
_Static_assert((int)MIEN_EXPRESSION_COUNT == (int)MIEN_EXPRESSIONS, "expressions");

struct mien {
    struct mien_engine *engine;
    const struct mien_face_model *model;
    struct mien_result result;
    struct mien_face face[MIEN_FACE_LIMIT];
    struct mien_face_base base[MIEN_FACE_LIMIT]; // of those whose vertices were asked for
    char error[512];
};

// The folder of models of an installed library (LIB/../share/mien/models, also below
// LIB/x86_64-linux-gnu) or of a build tree (build/release). False when none has them.
static bool find_beside_library(char *out, size_t size)
{
    static const char *const places[] = {"../share/mien/models", "../../share/mien/models",
                                         "../../models", "../../../models"};
    Dl_info info;
    if (!dladdr(&places, &info) || !info.dli_fname) {
        return false;
    }
    const char *slash = strrchr(info.dli_fname, '/');
    int n = slash ? (int)(slash - info.dli_fname) : 1;
    for (size_t i = 0; i < MIEN_COUNT(places); i++) {
        char file[1200];
        int m = snprintf(out, size, "%.*s/%s", n, slash ? info.dli_fname : ".", places[i]);
        if (m > 0 && (size_t)m < size) {
            snprintf(file, sizeof(file), "%s/ict.face", out);
            if (access(file, R_OK) == 0) {
                return true;
            }
        }
    }
    return false;
}

static bool open_engine(struct mien *m, const struct mien_options *o)
{
    char dir[1024], file[256], face[1100], net[1300], detect[1100], portrait[1100];
    struct mien_engine_config c = {.fov_deg = o->fov_deg,
                                   .max_faces = o->max_faces,
                                   .still = o->still != 0,
                                   .quality = o->quality != 0,
                                   .lean = true,
                                   .filter = o->filter};
    const char *models = o->model_dir;
    if (!models && !getenv("MIEN_HOME") && find_beside_library(dir, sizeof(dir))) {
        models = dir;
    }
    c.net_path = o->network;
    if (!mien_network_file(o->network, file, sizeof(file))) {
        mien_error("network: \"%s\" is not a name; \"standard\" and \"clean\" are", o->network);
        return false;
    }
    if (models) { // otherwise the engine looks where the program does
        snprintf(face, sizeof(face), "%.1000s/ict.face", models);
        snprintf(net, sizeof(net), "%.1000s/%s", models, file);
        if (!mien_network_detector(o->network, models, detect, sizeof(detect))) {
            snprintf(detect, sizeof(detect), "%.1000s/detect.net", models);
        }
        bool has = mien_network_portrait(o->network, models, portrait, sizeof(portrait));
        c.portrait_path = has ? portrait : "";
        c.face_path = face;
        c.net_path = net;
        c.detect_path = detect;
    }
    if (o->max_faces < 0 || o->max_faces > MIEN_FACE_LIMIT || !(o->fov_deg >= 0) ||
        !(o->fov_deg < 180)) {
        mien_error("max_faces is 0…%d and fov_deg is from 0 to below 180", MIEN_FACE_LIMIT);
        return false;
    }
    m->engine = mien_engine_create(&c);
    return m->engine != NULL;
}

struct mien *mien_create(const struct mien_options *options, char *why, size_t why_size)
{
    static const struct mien_options defaults = {0};
    char said[512] = "out of memory";
    mien_log_capture(said, sizeof(said));
    struct mien *m = mien_calloc(1, sizeof(*m));
    bool ok = m && open_engine(m, options ? options : &defaults);
    mien_log_capture(NULL, 0);
    if (!ok) {
        if (why && why_size) {
            snprintf(why, why_size, "%s", said);
        }
        mien_destroy(m);
        return NULL;
    }
    m->model = mien_engine_model(m->engine);
    return m;
}

void mien_destroy(struct mien *m)
{
    for (int i = 0; m && i < MIEN_FACE_LIMIT; i++) {
        mien_face_base_destroy(&m->base[i]);
    }
    if (m) {
        mien_engine_destroy(m->engine);
        mien_free(m);
    }
}

static void copy_face(struct mien_face *out, const struct mien_face_result *f)
{
    out->id = f->id;
    out->state = (int)f->state;
    out->confidence = f->confidence;
    memcpy(out->box_px, f->box_px, sizeof(out->box_px));
    memcpy(out->R, f->pose.R, sizeof(out->R));
    memcpy(out->t_mm, f->pose.t, sizeof(out->t_mm));
    out->yaw_deg = f->yaw_deg;
    out->pitch_deg = f->pitch_deg;
    out->roll_deg = f->roll_deg;
    memcpy(out->landmark68, f->ibug_px, sizeof(out->landmark68));
    out->landmark_count = f->landmark_count;
    memcpy(out->landmark_px, f->landmark_px, sizeof(out->landmark_px));
    memcpy(out->landmark_sigma_px, f->landmark_sigma_px, sizeof(out->landmark_sigma_px));
    memcpy(out->blendshape, f->blendshape, sizeof(out->blendshape));
    memcpy(out->action, f->action, sizeof(out->action));
    memcpy(out->expression, f->expression, sizeof(out->expression));
    out->expression_class = f->expression_class;
    memcpy(out->gaze_deg, f->gaze_deg, sizeof(out->gaze_deg));
    out->eye_shut[0] = f->lids.shut[0];
    out->eye_shut[1] = f->lids.shut[1];
    out->blinks = f->lids.blinks;
    out->expression_sure = f->expression_sure;
    memcpy(out->identity, f->identity, sizeof(out->identity));
    memcpy(out->identity_sigma, f->identity_sigma, sizeof(out->identity_sigma));
    out->identity_looks = f->identity_looks;
    out->fit_error = f->fit_rms;
}

int mien_run(struct mien *m, const uint8_t *rgb, int width, int height, ptrdiff_t stride,
             int64_t time_ns)
{
    m->error[0] = 0;
    m->result.count = 0;
    if (!rgb || width < 8 || height < 8 || width > 16384 || height > 16384 ||
        stride < 3 * (ptrdiff_t)width) {
        snprintf(m->error, sizeof(m->error),
                 "a picture of %d×%d pixels with %td bytes a row: sides are 8 to 16384 and a row "
                 "has at least three bytes a pixel",
                 width, height, stride);
        return -1;
    }
    struct mien_image frame = {.data = (uint8_t *)rgb, // only read
                               .width = width,
                               .height = height,
                               .stride = (size_t)stride,
                               .format = MIEN_FORMAT_RGB8};
    mien_log_capture(m->error, sizeof(m->error));
    bool ok = mien_engine_run(m->engine, &frame, time_ns, &m->result);
    mien_log_capture(NULL, 0);
    for (int i = 0; ok && i < m->result.count; i++) {
        copy_face(&m->face[i], &m->result.face[i]);
    }
    return ok ? m->result.count : -1;
}

int mien_face_count(const struct mien *m)
{
    return m->result.count;
}

const struct mien_face *mien_face(const struct mien *m, int i)
{
    return i >= 0 && i < m->result.count ? &m->face[i] : NULL;
}

float mien_focal_px(const struct mien *m)
{
    return m->result.camera.f_px;
}

void mien_reset(struct mien *m)
{
    mien_engine_reset(m->engine);
    m->result.count = 0;
}

void mien_calibrate(struct mien *m, int forget)
{
    mien_engine_calibrate_neutral(m->engine, forget != 0);
}

float mien_compare_identities(const struct mien *m, const float a[MIEN_IDENTITY_COUNT],
                              const float b[MIEN_IDENTITY_COUNT])
{
    return mien_engine_compare(m->engine, a, b);
}

const char *mien_error_text(const struct mien *m)
{
    return m->error;
}

int mien_face_vertices(struct mien *m, int i, int in_camera, float *xyz_mm)
{
    if (i < 0 || i >= m->result.count) {
        return -1;
    }
    const struct mien_face_result *f = &m->result.face[i];
    if (!m->base[i].vertices && !mien_face_base_init(&m->base[i], m->model)) {
        return -1;
    }
    mien_face_base_pose(&m->base[i], f->identity, f->blendshape, xyz_mm);
    for (int v = 0; in_camera && v < m->model->vertices; v++) {
        float *p = xyz_mm + 3 * v, turned[3];
        mien_mat3_mul_vec(f->pose.R, p, turned);
        for (int k = 0; k < 3; k++) {
            p[k] = turned[k] + f->pose.t[k];
        }
    }
    return 0;
}

int mien_vertex_count(const struct mien *m)
{
    return m->model->vertices;
}

const int32_t *mien_triangles(const struct mien *m, int *count)
{
    *count = m->model->triangles;
    return m->model->triangle;
}

const float *mien_uv(const struct mien *m, int *count)
{
    *count = m->model->uvs;
    return m->model->uv;
}

const int32_t *mien_uv_triangles(const struct mien *m, int *count)
{
    *count = m->model->triangles;
    return m->model->uv_triangle;
}

int mien_landmark_count(const struct mien *m)
{
    return m->model->landmarks;
}

const char *mien_landmark_name(const struct mien *m, int i)
{
    return i >= 0 && i < m->model->landmarks ? m->model->landmark[i].name : NULL;
}

const char *mien_version(void)
{
    return MIEN_VERSION;
}

size_t mien_face_size(void)
{
    return sizeof(struct mien_face);
}

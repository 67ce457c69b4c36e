// Finds network files by name, loads one, and runs crops through it.
#include "engine/observe.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/crop.h"
#include "nn/net.h"

struct mien_observer {
    struct mien_net *net;
    struct mien_net_io in;
    float mean, scale;
    int output[MIEN_BRANCHES]; // -1: the network lacks the branch
    int landmarks;
    float *input;
    void *workspace;
};

static bool bind_outputs(struct mien_observer *o, const char *path, const struct mien_face_model *m)
{
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        o->output[b] = mien_net_find_output(o->net, mien_branch_name(b));
        if (o->output[b] < 0) {
            if (b == MIEN_BRANCH_LANDMARKS || b == MIEN_BRANCH_POSE) {
                mien_error("%s: no output \"%s\": this is not a face network", path,
                           mien_branch_name(b));
                return false;
            }
            continue;
        }
        struct mien_net_io io = mien_net_output(o->net, o->output[b]);
        long long got = (long long)io.c * io.h * io.w, want = mien_branch_size(b, m->landmarks);
        if (got != want) {
            mien_error(
                "%s: output \"%s\" has %lld numbers where the face model needs %lld: network "
                "and model are not of the same make",
                path, mien_branch_name(b), got, want);
            return false;
        }
    }
    return true;
}

bool mien_network_file(const char *name, char *file, size_t size)
{
    size_t n = name ? strlen(name) : 0;
    if (strchr(name ? name : "", '/') || (n > 4 && !strcmp(name + n - 4, ".net"))) {
        return false;
    }
    if (!n || !strcmp(name, "standard")) {
        snprintf(file, size, "face.net");
    } else {
        snprintf(file, size, "face-%s.net", name);
    }
    return true;
}

void mien_network_label(const char *net, char label[MIEN_NETWORK_NAME])
{
    char file[64];
    const char *slash = net ? strrchr(net, '/') : NULL;
    bool shipped = mien_network_file(net, file, sizeof(file));
    snprintf(label, MIEN_NETWORK_NAME, "%s",
             shipped && (!net || !*net) ? "standard"
             : slash                    ? slash + 1
                                        : net);
}

bool mien_network_detector(const char *net, const char *folder, char *path, size_t size)
{
    char face[256], beside[1024], in[1024];
    if (!mien_network_file(net, face, sizeof(face))) { // a path
        const char *slash = strrchr(net, '/'), *file = slash ? slash + 1 : net;
        snprintf(face, sizeof(face), "%s", file);
        snprintf(beside, sizeof(beside), "%.*s", slash ? (int)(slash - net) : 1, slash ? net : ".");
        folder = beside;
    }
    if (strncmp(face, "face-", 5) != 0) {
        return false;
    }
    for (int i = 0; folder ? i == 0 : mien_find_folder(i, "models", in, sizeof(in)); i++) {
        int n = snprintf(path, size, "%s/detect%s", folder ? folder : in, face + strlen("face"));
        if ((size_t)n < size && (folder || in[0]) && access(path, R_OK) == 0) {
            return true;
        }
    }
    return false;
}

// face-NAME.net: its NAME; false when the file is called otherwise.
static bool network_name(const char *file, char name[MIEN_NETWORK_NAME])
{
    size_t n = strlen(file);
    if (n < 10 || n - 9 >= MIEN_NETWORK_NAME || strncmp(file, "face-", 5) != 0 ||
        strcmp(file + n - 4, ".net") != 0) {
        return false;
    }
    snprintf(name, MIEN_NETWORK_NAME, "%.*s", (int)(n - 9), file + 5);
    char same[256];
    return strcmp(name, "standard") != 0 && mien_network_file(name, same, sizeof(same));
}

// Keeps the list sorted behind "standard", each name once.
static int insert(char (*list)[MIEN_NETWORK_NAME], int n, int max, const char *name)
{
    int at = 1;
    while (at < n && strcmp(list[at], name) < 0) {
        at++;
    }
    if (n == max || (at < n && !strcmp(list[at], name))) {
        return n;
    }
    memmove(list + at + 1, list + at, (size_t)(n - at) * sizeof(*list));
    snprintf(list[at], sizeof(*list), "%s", name);
    return n + 1;
}

int mien_network_list(char (*list)[MIEN_NETWORK_NAME], int max)
{
    char folder[1024], name[MIEN_NETWORK_NAME];
    if (max < 1) {
        return 0;
    }
    snprintf(list[0], sizeof(*list), "standard");
    int n = 1;
    for (int i = 0; mien_find_folder(i, "models", folder, sizeof(folder)); i++) {
        DIR *d = folder[0] ? opendir(folder) : NULL;
        for (struct dirent *e; d && (e = readdir(d));) {
            if (network_name(e->d_name, name)) {
                n = insert(list, n, max, name);
            }
        }
        if (d) {
            closedir(d);
        }
    }
    return n;
}

// The file of a network's name, or the given one.
static bool network_path(const char *name, char *path, size_t size)
{
    char file[256];
    if (mien_network_file(name, file, sizeof(file))) {
        return mien_find_file("models", file, path, size);
    }
    return (size_t)snprintf(path, size, "%s", name) < size;
}

struct mien_observer *mien_observer_load(const char *net, const struct mien_face_model *m)
{
    char path[1024];
    if (!network_path(net, path, sizeof(path))) {
        return NULL;
    }
    struct mien_observer *o = mien_calloc(1, sizeof(*o));
    if (!o) {
        return NULL;
    }
    o->net = mien_net_load(path);
    if (!o->net || !bind_outputs(o, path, m)) {
        goto fail;
    }
    o->in = mien_net_input(o->net);
    if ((o->in.c != 1 && o->in.c != 3) || o->in.h != o->in.w || o->in.w < 8) {
        mien_error("%s: its input is %d×%d×%d; a face network takes a square picture of 1 or 3 "
                   "channels",
                   path, o->in.c, o->in.h, o->in.w);
        goto fail;
    }
    o->mean = mien_net_input_mean(o->net);
    o->scale = mien_net_input_scale(o->net);
    o->landmarks = m->landmarks;
    o->input = mien_calloc((size_t)o->in.c * (size_t)o->in.h * (size_t)o->in.w, sizeof(float));
    o->workspace = mien_calloc(1, mien_net_workspace_bytes(o->net) + 64);
    if (!o->input || !o->workspace) {
        goto fail;
    }
    return o;
fail:
    mien_observer_destroy(o);
    return NULL;
}

void mien_observer_destroy(struct mien_observer *o)
{
    if (!o) {
        return;
    }
    mien_net_destroy(o->net);
    mien_free(o->input);
    mien_free(o->workspace);
    mien_free(o);
}

void mien_observer_look(struct mien_observer *o, const struct mien_image *frame,
                        const struct mien_crop *crop, bool mirror, struct mien_estimate *out)
{
    struct mien_affine map =
        mien_affine_crop(crop->cx_px, crop->cy_px, crop->side_px, crop->roll_rad, o->in.w, mirror);
    // The edge is repeated outside the picture, as in training.
    mien_warp_to_float(frame, &map, o->in.c, o->in.w, o->in.h, -1, o->mean, o->scale, o->input);
    mien_net_forward(o->net, o->input, o->workspace);
    const float *raw[MIEN_BRANCHES];
    for (int b = 0; b < MIEN_BRANCHES; b++) {
        raw[b] = o->output[b] < 0 ? NULL : mien_net_output_data(o->net, o->workspace, o->output[b]);
    }
    mien_estimate_decode(raw, o->landmarks, out);
}

struct mien_calibration mien_observer_calibration(const struct mien_observer *o)
{
    struct mien_calibration c = mien_calibration_none();
    float v[MIEN_CALIBRATION_NUMBERS];
    if (mien_net_numbers(o->net, "calibration", v, MIEN_CALIBRATION_NUMBERS) && v[3] > 0) {
        c = (struct mien_calibration){v[0], v[1], v[2], v[3]};
    }
    return c;
}

void mien_estimate_mirror(const struct mien_face_model *m, struct mien_estimate *e)
{
    for (int i = 0; i < e->landmarks; i++) {
        int k = m->landmark[i].mirror;
        if (k < i) {
            continue;
        }
        float x = e->landmark[i][0], y = e->landmark[i][1], s = e->landmark_sigma[i];
        e->landmark[i][0] = -e->landmark[k][0];
        e->landmark[i][1] = e->landmark[k][1];
        e->landmark_sigma[i] = e->landmark_sigma[k];
        if (k != i) {
            e->landmark[k][0] = -x;
            e->landmark[k][1] = y;
            e->landmark_sigma[k] = s;
        }
    }
    mien_rotation_mirror(e->pose.R);
    e->pose.x = -e->pose.x;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        int k = mien_blendshape_mirror(i);
        if (k > i) {
            float b = e->blendshape[i];
            e->blendshape[i] = e->blendshape[k];
            e->blendshape[k] = b;
        }
    }
    float left[2] = {e->gaze_rad[0][0], e->gaze_rad[0][1]};
    e->gaze_rad[0][0] = -e->gaze_rad[1][0];
    e->gaze_rad[0][1] = e->gaze_rad[1][1];
    e->gaze_rad[1][0] = -left[0];
    e->gaze_rad[1][1] = left[1];
}

void mien_estimate_rescale(struct mien_estimate *e, float times)
{
    for (int i = 0; i < e->landmarks; i++) {
        e->landmark[i][0] *= times;
        e->landmark[i][1] *= times;
        e->landmark_sigma[i] *= times;
    }
    e->pose.x *= times;
    e->pose.y *= times;
    e->pose.log_s += logf(times);
}

static void mix(float *a, const float *b, int n, float share)
{
    for (int i = 0; i < n; i++) {
        a[i] += share * (b[i] - a[i]);
    }
}

void mien_estimate_average(struct mien_estimate *a, const struct mien_estimate *b, float share)
{
    mix(&a->landmark[0][0], &b->landmark[0][0], 2 * a->landmarks, share);
    mix(a->landmark_sigma, b->landmark_sigma, a->landmarks, share);
    float d[6], e[6];
    mien_rotation_to_6d(a->pose.R, d);
    mien_rotation_to_6d(b->pose.R, e);
    mix(d, e, 6, share);
    mien_rotation_from_6d(d, a->pose.R);
    mix(&a->pose.x, &b->pose.x, 1, share);
    mix(&a->pose.y, &b->pose.y, 1, share);
    mix(&a->pose.log_s, &b->pose.log_s, 1, share);
    mix(a->blendshape, b->blendshape, MIEN_BLENDSHAPES, share);
    mix(a->expression, b->expression, MIEN_EXPRESSIONS, share);
    mix(&a->gaze_rad[0][0], &b->gaze_rad[0][0], 4, share);
    mix(&a->presence, &b->presence, 1, share);
}

void mien_sight_from_estimate(const struct mien_camera *camera, const struct mien_crop *crop,
                              const struct mien_estimate *est, struct mien_sight *out)
{
    out->presence = est->presence;
    for (int i = 0; i < est->landmarks; i++) {
        mien_crop_to_px(crop, est->landmark[i], out->landmark_px[i]);
        out->sigma_px[i] = est->landmark_sigma[i] * 0.5f * crop->side_px;
    }
    mien_pose_from_crop(camera, crop, &est->pose, &out->pose);
    memcpy(out->identity, est->identity, sizeof(out->identity));
    memcpy(out->blendshape, est->blendshape, sizeof(out->blendshape));
    memcpy(out->expression, est->expression, sizeof(out->expression));
    for (int eye = 0; eye < 2; eye++) {
        mien_crop_gaze_to_camera(camera, crop, est->gaze_rad[eye], out->gaze_deg[eye]);
    }
}

// VMC protocol (protocol.vmc.info, 2.x) and the OSC of Face Cap: poses and weights as OSC messages.
//
// The messages are made once; a frame fills in the numbers and serialises them into a buffer made
// at open: bundles that no network on the way has to cut (VMC), or one datagram a message (Face
// Cap). A frame ends with VMC's Apply, in its last bundle. Bones are rotations against a
// head that looks straight ahead, shared between neck and head; their positions are zero, because
// the receiver's avatar has its own. Unity's frame (sink/convention.h).
#include <math.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "face/gaze.h"
#include "late/osc.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/net.h"
#include "sink/sinks.h"

// Bytes of a datagram: what fits everywhere, tunnels and IPv6 included (RFC 8200: 1280 with heads).
enum { DATAGRAM = 1200, BUNDLES = 8 };
enum { BONE_NECK, BONE_HEAD, BONE_LEFT_EYE, BONE_RIGHT_EYE, BONES };
static const char *const bone_name[BONES] = {"Neck", "Head", "LeftEye", "RightEye"};
// Part of the head's rotation that the neck takes: about what necks do in small turns.
static const float neck_part = 0.35f;

struct vmc_sink {
    struct mien_sink sink;
    struct mien_udp udp;
    lo_bundle full[BUNDLES], idle; // with a face, without one
    int bundles;
    lo_arg **ok, **time, **idle_ok, **idle_time, **bone[BONES];
    lo_arg **weight[MIEN_BLENDSHAPES], **vrm[MIEN_VRM_COUNT];
    bool have_first;
    int64_t first_ns;
    int id;
    char buffer[DATAGRAM];
};

// liblo's arguments lie at multiples of four bytes, its union wants eight.
static void set_f(lo_arg *a, float v)
{
    memcpy(a, &v, sizeof(v));
}

static void set_i(lo_arg *a, int32_t v)
{
    memcpy(a, &v, sizeof(v));
}

// A message: format of s (the text), i and f (zeros). NULL when out of memory.
static lo_message make(const char *format, const char *text)
{
    lo_message m = lo_message_new();
    bool ok = m != NULL;
    for (const char *c = format; ok && *c; c++) {
        ok = !(*c == 's'   ? lo_message_add_string(m, text)
               : *c == 'i' ? lo_message_add_int32(m, 0)
                           : lo_message_add_float(m, 0));
    }
    if (!ok && m) {
        lo_message_free(m);
    }
    return ok ? m : NULL;
}

// Takes m; its arguments (without any: something). NULL when out of memory.
static lo_arg **enclose(lo_bundle b, const char *path, lo_message m)
{
    if (!m || lo_bundle_add_message(b, path, m)) {
        lo_message_free(m);
        return NULL;
    }
    return lo_message_get_argc(m) ? lo_message_get_argv(m) : (lo_arg **)m;
}

// A message of the frame, in its last bundle or, where that is full, in another.
static lo_arg **add(struct vmc_sink *v, const char *path, const char *format, const char *text)
{
    lo_message m = make(format, text);
    size_t room = v->bundles ? DATAGRAM - lo_bundle_length(v->full[v->bundles - 1]) : 0;
    if (m && lo_message_length(m, path) + 4 > room) { // its size goes before it
        lo_bundle next = v->bundles < BUNDLES ? lo_bundle_new(LO_TT_IMMEDIATE) : NULL;
        if (!next) {
            lo_message_free(m);
            return NULL;
        }
        v->full[v->bundles++] = next;
    }
    return m ? enclose(v->full[v->bundles - 1], path, m) : NULL;
}

static bool make_messages(struct vmc_sink *v)
{
    v->idle = lo_bundle_new(LO_TT_IMMEDIATE);
    if (!v->idle) {
        return false;
    }
    v->idle_ok = enclose(v->idle, "/VMC/Ext/OK", make("iiii", NULL));
    v->idle_time = enclose(v->idle, "/VMC/Ext/T", make("f", NULL));
    v->ok = add(v, "/VMC/Ext/OK", "iiii", NULL);
    v->time = add(v, "/VMC/Ext/T", "f", NULL);
    lo_arg **root = add(v, "/VMC/Ext/Root/Pos", "sfffffff", "root");
    bool ok = v->idle_ok && v->idle_time && v->ok && v->time && root;
    if (ok) {
        set_f(root[7], 1);
    }
    for (int i = 0; ok && i < BONES; i++) {
        v->bone[i] = add(v, "/VMC/Ext/Bone/Pos", "sfffffff", bone_name[i]);
        ok = v->bone[i] != NULL;
    }
    for (int i = 0; ok && i < MIEN_BLENDSHAPES; i++) {
        v->weight[i] = add(v, "/VMC/Ext/Blend/Val", "sf", mien_blendshape_name(i));
        ok = v->weight[i] != NULL;
    }
    for (int i = 0; ok && i < MIEN_VRM_COUNT; i++) {
        v->vrm[i] = add(v, "/VMC/Ext/Blend/Val", "sf", mien_vrm_name(i));
        ok = v->vrm[i] != NULL;
    }
    return ok && add(v, "/VMC/Ext/Blend/Apply", "", NULL);
}

static void set_bone(lo_arg **bone, const float R[9])
{
    float q[4];
    mien_convention_unity(R, q);
    for (int i = 0; i < 4; i++) {
        set_f(bone[4 + i], isfinite(q[i]) ? q[i] : i == 3);
    }
}

static void fill(struct vmc_sink *v, const struct mien_face_result *f)
{
    float whole[3], part[3], R[9];
    mien_mat3_log(f->pose.R, whole);
    for (int b = BONE_NECK; b <= BONE_HEAD; b++) {
        for (int i = 0; i < 3; i++) {
            part[i] = whole[i] * (b == BONE_NECK ? neck_part : 1 - neck_part);
        }
        mien_mat3_exp(part, R);
        set_bone(v->bone[b], R);
    }
    for (int eye = 0; eye < 2; eye++) {
        mien_gaze_rotation(f->pose.R, f->gaze_deg[eye], R);
        set_bone(v->bone[eye ? BONE_RIGHT_EYE : BONE_LEFT_EYE], R);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        set_f(v->weight[i][1], mien_unit(f->action[i]));
    }
    float vrm[MIEN_VRM_COUNT];
    mien_vrm_weights(f, vrm);
    for (int i = 0; i < MIEN_VRM_COUNT; i++) {
        set_f(v->vrm[i][1], vrm[i]);
    }
}

static bool vmc_write(struct mien_sink *s, const struct mien_sink_frame *frame)
{
    struct vmc_sink *v = (struct vmc_sink *)s;
    int64_t now = frame->result->times.capture_ns;
    if (!v->have_first) {
        v->first_ns = now;
        v->have_first = true;
    }
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &v->id);
    lo_arg **ok = f ? v->ok : v->idle_ok;
    set_i(ok[0], 1);         // loaded
    set_i(ok[1], 3);         // calibrated
    set_i(ok[2], 0);         // in the normal mode
    set_i(ok[3], f != NULL); // tracking
    set_f((f ? v->time : v->idle_time)[0], (float)((double)(now - v->first_ns) * 1e-9));
    if (f) {
        fill(v, f);
    }
    for (int i = 0; i < (f ? v->bundles : 1); i++) {
        size_t size = 0;
        lo_bundle_serialise(f ? v->full[i] : v->idle, v->buffer, &size);
        mien_udp_send(&v->udp, v->buffer, size);
    }
    return true;
}

static bool vmc_close(struct mien_sink *s)
{
    struct vmc_sink *v = (struct vmc_sink *)s;
    mien_udp_close(&v->udp);
    for (int i = 0; i < v->bundles; i++) {
        lo_bundle_free_recursive(v->full[i]);
    }
    if (v->idle) {
        lo_bundle_free_recursive(v->idle);
    }
    return true;
}

static bool load_osc(const char *kind)
{
    struct mien_why why;
    bool ok = mien_osc_load(&why);
    if (!ok) {
        mien_error("%s: %s", kind, why.text);
    }
    return ok;
}

static bool open_vmc(struct mien_sink *sink, const struct mien_sink_target *to,
                     const struct mien_sink_context *c)
{
    struct vmc_sink *v = (struct vmc_sink *)sink;
    v->udp.fd = -1;
    if (!load_osc("vmc")) {
        return false;
    }
    if (!make_messages(v)) {
        mien_error("VMC: not enough memory for the messages");
    } else if (mien_udp_open(&v->udp, "VMC", &to->address)) {
        return true;
    }
    vmc_close(sink);
    return false;
}

const struct mien_sink_type mien_sink_vmc = {
    .name = "VMC",
    .size = sizeof(struct vmc_sink),
    .open = open_vmc,
    .write = vmc_write,
    .close = vmc_close,
};

enum { CAP_HT, CAP_HR, CAP_HRQ, CAP_ELR, CAP_ERR, CAP_W, CAP_MESSAGES };
static const struct {
    const char *path, *format;
} cap_message[CAP_MESSAGES] = {{"/HT", "fff"}, {"/HR", "fff"}, {"/HRQ", "ffff"},
                               {"/ELR", "ff"}, {"/ERR", "ff"}, {"/W", "if"}};

struct facecap_sink {
    struct mien_sink sink;
    struct mien_udp udp;
    lo_message message[CAP_MESSAGES];
    lo_arg **arg[CAP_MESSAGES];
    int id;
    char buffer[256];
};

static void send_cap(struct facecap_sink *c, int i)
{
    size_t size = 0;
    lo_message_serialise(c->message[i], cap_message[i].path, c->buffer, &size);
    mien_udp_send(&c->udp, c->buffer, size);
}

static bool facecap_write(struct mien_sink *s, const struct mien_sink_frame *frame)
{
    struct facecap_sink *c = (struct facecap_sink *)s;
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &c->id);
    if (!f) {
        return true;
    }
    float deg[3], q[4], t[3], R[9];
    mien_convention_arkit(f->pose.R, deg);
    mien_convention_gltf(&f->pose, q, t);
    for (int i = 0; i < 3; i++) {
        set_f(c->arg[CAP_HT][i], t[i]);
        set_f(c->arg[CAP_HR][i], deg[i]);
    }
    for (int i = 0; i < 4; i++) {
        set_f(c->arg[CAP_HRQ][i], q[i]);
    }
    for (int eye = 0; eye < 2; eye++) {
        mien_gaze_rotation(f->pose.R, f->gaze_deg[eye], R);
        mien_convention_arkit(R, deg);
        set_f(c->arg[CAP_ELR + eye][0], deg[0]);
        set_f(c->arg[CAP_ELR + eye][1], deg[1]);
    }
    for (int i = 0; i < CAP_W; i++) {
        send_cap(c, i);
    }
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        set_i(c->arg[CAP_W][0], i);
        set_f(c->arg[CAP_W][1], mien_unit(f->action[i]));
        send_cap(c, CAP_W);
    }
    return true;
}

static bool facecap_close(struct mien_sink *s)
{
    struct facecap_sink *c = (struct facecap_sink *)s;
    mien_udp_close(&c->udp);
    for (int i = 0; i < CAP_MESSAGES; i++) {
        lo_message_free(c->message[i]);
    }
    return true;
}

static bool open_facecap(struct mien_sink *sink, const struct mien_sink_target *to,
                         const struct mien_sink_context *c)
{
    struct facecap_sink *s = (struct facecap_sink *)sink;
    s->udp.fd = -1;
    if (!load_osc("facecap")) {
        return false;
    }
    bool ok = true;
    for (int i = 0; ok && i < CAP_MESSAGES; i++) {
        s->message[i] = lo_message_new();
        ok = s->message[i] != NULL;
        for (const char *p = cap_message[i].format; ok && *p; p++) {
            ok = !(*p == 'i' ? lo_message_add_int32(s->message[i], 0)
                             : lo_message_add_float(s->message[i], 0));
        }
        ok = ok && (s->arg[i] = lo_message_get_argv(s->message[i]));
    }
    if (!ok) {
        mien_error("Face Cap: not enough memory for the messages");
    } else if (mien_udp_open(&s->udp, "Face Cap", &to->address)) {
        return true;
    }
    facecap_close(sink);
    return false;
}

const struct mien_sink_type mien_sink_facecap = {
    .name = "Face Cap",
    .size = sizeof(struct facecap_sink),
    .open = open_facecap,
    .write = facecap_write,
    .close = facecap_close,
};

// iFacialMocap's UDP text: "name-value|…=head#rx,ry,rz,tx,ty,tz|rightEye#rx,ry,rz|leftEye#…|".
//
// A client says "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719" to the port and is sent every
// frame, to the address that it spoke from; with "|sendDataVersion=v2" after it, names and values
// are joined by & instead of -. It asks again to stay: anybody can ask in another's name, so half a
// minute after its last word a client is forgotten, and at once when its computer has said ten
// times that nobody listens there. "to=HOST:PORT" sends without being asked. Weights are whole
// numbers 0…100, angles degrees (sink/convention.h), positions metres. TCP is not spoken.
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/gaze.h"
#include "sink/avatar.h"
#include "sink/convention.h"
#include "sink/net.h"
#include "sink/sinks.h"

enum { CLIENTS = 8, TEXT = 2048, REFUSALS = 10 };
static const int64_t patience_ns = 30 * MIEN_NS_PER_S;
static const char hello[] = "iFacialMocap_sahuasouryya9218sauhuiayeta91555dy3719";

struct client {
    struct sockaddr_storage address;
    socklen_t size; // 0: free
    bool second_version;
    int refusals;     // since it asked last
    int64_t asked_ns; // last
};

struct ifm_sink {
    struct mien_sink sink;
    struct mien_udp udp; // to=HOST
    int fd;              // server, or -1
    struct client client[CLIENTS];
    bool said_full;
    int id;
    char name[MIEN_BLENDSHAPES][32];
    char text[TEXT];
};

// "mouthSmileLeft" -> "mouthSmile_L"; mouthLeft, jawLeft and the like are directions and stay.
static void short_name(int i, char out[32])
{
    snprintf(out, 32, "%s", mien_blendshape_name(i));
    if (mien_blendshape_mirror(i) == i || i == MIEN_BS_JAW_LEFT || i == MIEN_BS_JAW_RIGHT ||
        i == MIEN_BS_MOUTH_LEFT || i == MIEN_BS_MOUTH_RIGHT) {
        return;
    }
    char *end = strstr(out, "Left");
    bool left = end != NULL;
    end = left ? end : strstr(out, "Right");
    if (end) {
        strcpy(end, left ? "_L" : "_R");
    }
}

// Numbers without the locale, four decimals.
static int put_number(char *p, size_t room, float v)
{
    long long n = isfinite(v) && fabsf(v) < 1e6f ? llround((double)v * 1e4) : 0;
    unsigned long long u = (unsigned long long)(n < 0 ? -n : n);
    return snprintf(p, room, "%s%llu.%04llu", n < 0 ? "-" : "", u / 10000, u % 10000);
}

static size_t put_list(char *p, size_t room, const char *name, const float *v, int n)
{
    size_t at = (size_t)snprintf(p, room, "%s#", name);
    for (int i = 0; i < n; i++) {
        at += (size_t)put_number(p + at, room - at, v[i]);
        at += (size_t)snprintf(p + at, room - at, "%s", i + 1 < n ? "," : "|");
    }
    return at;
}

// 52 names of at most 20 characters, 12 numbers of at most 12: the buffer is large enough.
static size_t compose(struct ifm_sink *s, const struct mien_face_result *f, char joint)
{
    char *p = s->text;
    size_t at = 0;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        at += (size_t)snprintf(p + at, TEXT - at, "%s%c%d|", s->name[i], joint,
                               (int)lroundf(100 * mien_unit(f->action[i])));
    }
    float head[6], eye[2][3], R[9], q[4];
    mien_convention_arkit(f->pose.R, head);
    mien_convention_gltf(&f->pose, q, head + 3);
    for (int e = 0; e < 2; e++) {
        mien_gaze_rotation(f->pose.R, f->gaze_deg[e], R);
        mien_convention_arkit(R, eye[e]);
    }
    at += put_list(p + at, TEXT - at, "=head", head, 6);
    at += put_list(p + at, TEXT - at, "rightEye", eye[1], 3);
    at += put_list(p + at, TEXT - at, "leftEye", eye[0], 3);
    return at;
}

static bool is_same_client(const struct client *c, const struct sockaddr_storage *a, socklen_t size)
{
    return c->size == size && !memcmp(&c->address, a, size);
}

static void greet(struct ifm_sink *s, const struct sockaddr_storage *a, socklen_t size, bool second)
{
    struct client *c = NULL;
    for (int i = 0; i < CLIENTS; i++) {
        if (is_same_client(&s->client[i], a, size)) {
            s->client[i].second_version = second;
            s->client[i].refusals = 0;
            s->client[i].asked_ns = mien_now_ns();
            return;
        }
        c = !c && !s->client[i].size ? &s->client[i] : c;
    }
    char text[300];
    mien_address_text((const struct sockaddr *)a, size, text, sizeof(text));
    if (!c) {
        if (!s->said_full) {
            mien_warn("iFacialMocap: %s wants to listen too, but there are %d already", text,
                      CLIENTS);
        }
        s->said_full = true;
        return;
    }
    *c = (struct client){
        .address = *a, .size = size, .second_version = second, .asked_ns = mien_now_ns()};
    mien_info("iFacialMocap: sending to %s", text);
}

static void forget(struct ifm_sink *s, struct client *c, const char *why)
{
    char text[300];
    mien_address_text((const struct sockaddr *)&c->address, c->size, text, sizeof(text));
    mien_info("iFacialMocap: no longer sending to %s: %s", text, why);
    c->size = 0;
    s->said_full = false;
}

static void forget_silent(struct ifm_sink *s)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct client *c = &s->client[i];
        if (c->size && mien_now_ns() - c->asked_ns > patience_ns) {
            forget(s, c, "it has not asked again (to=HOST:PORT sends to those that do not ask)");
        }
    }
}

// Reads what other computers have answered to packets (ip(7), IP_RECVERR): an unconnected socket
// does not say to whom an error belongs.
static void hear_refusals(struct ifm_sink *s)
{
    for (int i = 0; i < CLIENTS * 2; i++) {
        struct sockaddr_storage to;
        memset(&to, 0, sizeof(to));
        struct msghdr m = {.msg_name = &to, .msg_namelen = sizeof(to)};
        if (recvmsg(s->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return;
        }
        for (int k = 0; k < CLIENTS; k++) {
            struct client *c = &s->client[k];
            if (is_same_client(c, &to, m.msg_namelen) && ++c->refusals >= REFUSALS) {
                forget(s, c, "nobody listens there");
            }
        }
    }
}

static void ifm_idle(struct mien_sink *sink)
{
    struct ifm_sink *s = (struct ifm_sink *)sink;
    char in[256];
    for (int i = 0; s->fd >= 0 && i < 16; i++) { // a flood does not hold us up
        struct sockaddr_storage from;
        memset(&from, 0, sizeof(from));
        socklen_t size = sizeof(from);
        ssize_t n =
            recvfrom(s->fd, in, sizeof(in) - 1, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            break;
        }
        if (n < 0) {
            hear_refusals(s);
            continue;
        }
        in[n] = 0;
        size_t length = strlen(hello);
        if (!strncmp(in, hello, length)) {
            greet(s, &from, size, strstr(in + length, "sendDataVersion=v2") != NULL);
        }
    }
    forget_silent(s);
}

static void send_to(struct ifm_sink *s, const struct client *c, size_t size)
{
    for (int i = 0; i < 2; i++) {
        ssize_t n = sendto(s->fd, s->text, size, MSG_DONTWAIT | MSG_NOSIGNAL,
                           (const struct sockaddr *)&c->address, c->size);
        if (n >= 0 || errno == EAGAIN) {
            return;
        }
        hear_refusals(s); // the answer to an earlier packet; this one has not been sent yet
        if (!c->size) {
            return;
        }
    }
}

static bool ifm_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct ifm_sink *s = (struct ifm_sink *)sink;
    ifm_idle(sink);
    const struct mien_face_result *f = mien_avatar_pick(frame->result, &s->id);
    for (int second = 0; f && second < 2; second++) {
        size_t size = 0;
        for (int i = 0; i < CLIENTS; i++) {
            if (s->client[i].size && s->client[i].second_version == (second == 1)) {
                size = size ? size : compose(s, f, second ? '&' : '-');
                send_to(s, &s->client[i], size);
            }
        }
        if (s->udp.fd >= 0 && !second) {
            size = size ? size : compose(s, f, '-');
            mien_udp_send(&s->udp, s->text, size);
        }
    }
    return true;
}

static bool ifm_close(struct mien_sink *sink)
{
    struct ifm_sink *s = (struct ifm_sink *)sink;
    mien_udp_close(&s->udp);
    if (s->fd >= 0) {
        close(s->fd);
    }
    return true;
}

static bool open_ifacialmocap(struct mien_sink *sink, const struct mien_sink_target *to,
                              const struct mien_sink_context *c)
{
    struct ifm_sink *s = (struct ifm_sink *)sink;
    s->udp.fd = s->fd = -1;
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        short_name(i, s->name[i]);
    }
    if (to->unasked) {
        return mien_udp_open(&s->udp, "iFacialMocap", &to->address);
    }
    if (!mien_udp_listen(&s->fd, "iFacialMocap", &to->address)) {
        return false;
    }
    int on = 1;
    setsockopt(s->fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
    return true;
}

const struct mien_sink_type mien_sink_ifacialmocap = {
    .name = "iFacialMocap",
    .size = sizeof(struct ifm_sink),
    .open = open_ifacialmocap,
    .write = ifm_write,
    .idle = ifm_idle,
    .close = ifm_close,
};

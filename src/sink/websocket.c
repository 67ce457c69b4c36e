// JSON over WebSocket, and the page that shows it: http://127.0.0.1:8765/ in a browser.
//
// A client gets one text message on connecting, {"hello":1, "blendshapes":[…], "expressions":[…],
// "vertices":N, "triangles":[…]}, then for each frame the object of the JSON lines (sink/sink.h)
// and, for each face in it, a binary message: "MESH", u32 frame, u32 index of the face, u32 N,
// int16[N][3] head frame in units of 0.01 mm, little-endian. A client that is slow misses frames;
// nobody waits. Pages from elsewhere are refused (sink/welcome.h). The server answers while frames
// are written and in idle: it has no thread, and keeps the time itself, since libwebsockets' own
// timeouts do not run in a service that never waits. A connection that asks for nothing is closed
// after a while, the oldest of many at once; so is a client that no longer answers pings.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "late/websockets.h"
#include "sink/net.h"
#include "sink/records.h"
#include "sink/sinks.h"
#include "sink/welcome.h"

enum { CLIENTS = 16, JSON_ROOM = 256 * 1024, MESH_HEAD = 16, ROUNDS = 6 };
// Connections in all, and those of them that have not become clients.
enum { GUESTS = 128, VISITORS = 32 };
static const int64_t visit_ns = 15 * MIEN_NS_PER_S;          // without a request
static const int64_t ping_ns = 20 * MIEN_NS_PER_S;           // silence until a client is pinged
static const int64_t client_silence_ns = 60 * MIEN_NS_PER_S; // until it is gone

struct buffer { // payload starts LWS_PRE bytes in, as libwebsockets wants it
    uint8_t *data;
    size_t size;
};

struct guest { // a connection
    struct lws *wsi;
    int64_t heard_ns;      // when it came, asked or answered last
    struct client *client; // NULL: has asked for no WebSocket yet
    bool leaves;
};

struct ws_sink {
    struct mien_sink sink;
    const struct mien_face_model *model;
    struct lws_context *context;
    struct lws_http_mount mount;
    char folder[1024];
    bool loopback;
    char name[3][300]; // this computer's: as given, its own, its own in the local network
    struct guest guest[GUESTS];
    int guests, clients;
    bool said_refused, said_full;
    struct buffer hello, json, mesh[MIEN_FACES_MAX];
    int meshes;
    uint64_t sequence;     // of the frame in json and mesh; 0: none yet
    struct mien_text text; // writes into json
    int *vertex;           // (vertices) the model's vertices that are sent
    int vertices;
    struct mien_face_base base[MIEN_FACES_MAX];
    float *posed; // (V,3)
};

struct client {
    bool greeted;
    int stage;         // 0 waits for a frame, 1… mesh stage - 1 is next
    uint64_t sequence; // of the last JSON sent
    int64_t pinged_ns;
    bool ping; // is due
};

static bool is_shown(uint8_t part)
{
    return part == MIEN_PART_FACE || part == MIEN_PART_EYEBALL_LEFT ||
           part == MIEN_PART_EYEBALL_RIGHT;
}

static bool make_hello(struct ws_sink *s)
{
    const struct mien_face_model *m = s->model;
    int *place = mien_calloc((size_t)m->vertices, sizeof(int));
    s->vertex = mien_calloc((size_t)m->vertices, sizeof(int));
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    bool ok = place && s->vertex && f;
    if (ok) {
        fputs("{\"hello\":1,\"blendshapes\":[", f);
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            fprintf(f, "%s\"%s\"", i ? "," : "", mien_blendshape_name(i));
        }
        fputs("],\"expressions\":[", f);
        for (int i = 0; i < MIEN_EXPRESSIONS; i++) {
            fprintf(f, "%s\"%s\"", i ? "," : "", mien_expression_name(i));
        }
        fputs("],\"triangles\":[", f);
        const char *comma = "";
        for (int t = 0; t < m->triangles; t++) {
            for (int k = 0; k < 3 && is_shown(m->part[t]); k++, comma = ",") {
                int v = m->triangle[3 * t + k];
                if (!place[v]) {
                    s->vertex[s->vertices] = v;
                    place[v] = ++s->vertices;
                }
                fprintf(f, "%s%d", comma, place[v] - 1);
            }
        }
        fprintf(f, "],\"vertices\":%d,\"unit_mm\":0.01}", s->vertices);
    }
    ok = (!f || fclose(f) == 0) && ok;
    s->hello.data = ok ? mien_calloc(LWS_PRE + size, 1) : NULL;
    if (s->hello.data) {
        memcpy(s->hello.data + LWS_PRE, text, size);
        s->hello.size = size;
    }
    free(text);
    mien_free(place);
    return s->hello.data != NULL;
}

static bool make_buffers(struct ws_sink *s)
{
    s->json.data = mien_calloc(LWS_PRE + JSON_ROOM, 1);
    s->posed = mien_calloc((size_t)s->model->vertices, 3 * sizeof(float));
    bool ok = s->json.data && s->posed;
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        s->mesh[i].data = mien_calloc(LWS_PRE + MESH_HEAD + 6 * (size_t)s->vertices, 1);
        ok = ok && s->mesh[i].data && mien_face_base_init(&s->base[i], s->model);
    }
    s->text.file = ok ? fmemopen(s->json.data + LWS_PRE, JSON_ROOM, "w") : NULL;
    if (s->text.file) {
        setvbuf(s->text.file, s->text.buffer, _IOFBF, sizeof(s->text.buffer));
    }
    return s->text.file != NULL;
}

static void compose(struct ws_sink *s, const struct mien_sink_frame *frame)
{
    const struct mien_result *r = frame->result;
    rewind(s->text.file);
    mien_record_json(&s->text, frame);
    if (fflush(s->text.file) || ferror(s->text.file)) { // does not fit: never seen, never sent
        clearerr(s->text.file);
        return;
    }
    s->json.size = (size_t)ftell(s->text.file);
    s->meshes = r->count;
    for (int i = 0; i < r->count; i++) {
        const struct mien_face_result *f = &r->face[i];
        mien_face_base_pose(&s->base[i], f->identity, f->blendshape, s->posed);
        uint8_t *p = s->mesh[i].data + LWS_PRE;
        memcpy(p, "MESH", 4);
        p = mien_put_u32_le(p + 4, (uint32_t)r->frame);
        p = mien_put_u32_le(p, (uint32_t)i);
        p = mien_put_u32_le(p, (uint32_t)s->vertices);
        for (int v = 0; v < s->vertices; v++) {
            for (int k = 0; k < 3; k++) {
                float x = 100 * s->posed[3 * s->vertex[v] + k];
                int q = x > -32767 && x < 32767 ? (int)lroundf(x) : 0;
                *p++ = (uint8_t)(q & 255);
                *p++ = (uint8_t)(q >> 8 & 255);
            }
        }
        s->mesh[i].size = (size_t)(p - s->mesh[i].data) - LWS_PRE;
    }
    s->sequence++;
}

static int send_buffer(struct lws *wsi, struct buffer *b, enum lws_write_protocol kind)
{
    return lws_write(wsi, b->data + LWS_PRE, b->size, kind) < (int)b->size ? -1 : 0;
}

// The next message of this client; asks to be called again while there is more.
static int send_next(struct ws_sink *s, struct lws *wsi, struct client *c)
{
    int rc = 0;
    if (c->ping && !c->stage) {    // between the messages of two frames
        uint8_t ping[LWS_PRE + 4]; // libwebsockets tells of no empty answers
        memcpy(ping + LWS_PRE, "mien", 4);
        c->ping = false;
        rc = lws_write(wsi, ping + LWS_PRE, 4, LWS_WRITE_PING) < 4 ? -1 : 0;
    } else if (!c->greeted) {
        c->greeted = true;
        rc = send_buffer(wsi, &s->hello, LWS_WRITE_TEXT);
    } else if (c->stage > 0) {
        if (c->stage <= s->meshes) {
            rc = send_buffer(wsi, &s->mesh[c->stage - 1], LWS_WRITE_BINARY);
        }
        c->stage = c->stage < s->meshes ? c->stage + 1 : 0;
    } else if (c->sequence != s->sequence) {
        c->sequence = s->sequence;
        c->stage = s->meshes > 0;
        rc = send_buffer(wsi, &s->json, LWS_WRITE_TEXT);
    }
    if (!rc && (c->stage || c->ping || c->sequence != s->sequence)) {
        lws_callback_on_writable(wsi);
    }
    return rc;
}

// A header of a request into out; false: it does not fit.
static bool header(struct lws *wsi, enum lws_token_indexes token, char *out, size_t size)
{
    int n = lws_hdr_total_length(wsi, token);
    *out = 0;
    return n == 0 || (n > 0 && (size_t)n < size && lws_hdr_copy(wsi, out, (int)size, token) == n);
}

static bool welcome(struct ws_sink *s, struct lws *wsi)
{
    const char *const names[] = {s->name[0], s->name[1], s->name[2], NULL};
    char host[300], origin[320];
    bool whole = header(wsi, WSI_TOKEN_HOST, host, sizeof(host));
    whole = header(wsi, WSI_TOKEN_ORIGIN, origin, sizeof(origin)) && whole;
    bool ok = whole && mien_welcome(host, origin, s->loopback, names);
    if (!ok && !s->said_refused) {
        mien_name_make_plain(host);
        mien_name_make_plain(origin);
        if (whole && !*origin) {
            mien_warn("WebSocket: refused a request to \"%s\": ask for this computer's address "
                      "instead of a name",
                      host);
        } else {
            mien_warn("WebSocket: refused a request to \"%s\" by a page of \"%s\"", host,
                      whole ? origin : "a very long address");
        }
        s->said_refused = true;
    }
    return ok;
}

static struct guest *guest_of(struct ws_sink *s, const struct lws *wsi)
{
    for (int i = 0; i < s->guests; i++) {
        if (s->guest[i].wsi == wsi) {
            return &s->guest[i];
        }
    }
    return NULL;
}

static void hear(struct ws_sink *s, const struct lws *wsi)
{
    struct guest *g = guest_of(s, wsi);
    if (g) {
        g->heard_ns = mien_now_ns();
    }
}

static int come(struct ws_sink *s, struct lws *wsi)
{
    if (s->guests == GUESTS) {
        return -1;
    }
    s->guest[s->guests++] = (struct guest){.wsi = wsi, .heard_ns = mien_now_ns()};
    return 0;
}

static void leave(struct ws_sink *s, const struct lws *wsi)
{
    struct guest *g = s ? guest_of(s, wsi) : NULL;
    if (g) {
        memmove(g, g + 1, (size_t)(s->guest + --s->guests - g) * sizeof(*g));
    }
}

static int become_client(struct ws_sink *s, struct lws *wsi, struct client *c)
{
    struct guest *g = guest_of(s, wsi);
    *c = (struct client){0};
    s->clients++;
    if (!g) {
        return -1;
    }
    g->client = c;
    c->pinged_ns = g->heard_ns = mien_now_ns();
    lws_callback_on_writable(wsi);
    return 0;
}

static bool has_room(struct ws_sink *s)
{
    if (s->clients >= CLIENTS && !s->said_full) {
        mien_warn("WebSocket: one more client wants to connect, but there are %d already", CLIENTS);
        s->said_full = true;
    }
    return s->clients < CLIENTS;
}

// libwebsockets sees the end of the stream in its next round and frees what it has. Asked to close
// a connection it would wait for the other side, by timeouts that do not run here.
static void send_away(struct guest *g)
{
    g->leaves = true;
    shutdown(lws_get_socket_fd(g->wsi), SHUT_RDWR);
}

static void send_away_silent(struct ws_sink *s)
{
    int64_t now = mien_now_ns();
    for (int i = 0; i < s->guests; i++) {
        struct guest *g = &s->guest[i];
        int64_t silence = now - g->heard_ns;
        if (silence > (g->client ? client_silence_ns : visit_ns)) {
            send_away(g);
        } else if (g->client && silence > ping_ns && now - g->client->pinged_ns > ping_ns) {
            g->client->ping = true;
            g->client->pinged_ns = now;
            lws_callback_on_writable(g->wsi);
        }
    }
}

// Of too many visitors those unheard for longest go, so that one who asks at once gets in.
static void thin_out_visitors(struct ws_sink *s)
{
    for (int visitors = VISITORS + 1; visitors > VISITORS;) {
        struct guest *oldest = NULL;
        visitors = 0;
        for (int i = 0; i < s->guests; i++) {
            struct guest *g = &s->guest[i];
            bool counts = !g->client && !g->leaves;
            visitors += counts;
            oldest = counts && (!oldest || g->heard_ns < oldest->heard_ns) ? g : oldest;
        }
        if (visitors > VISITORS) {
            send_away(oldest);
        }
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t size)
{
    struct lws_context *context = lws_get_context(wsi);
    struct ws_sink *s = context ? lws_context_user(context) : NULL;
    struct client *c = user;
    switch (reason) {
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return come(s, wsi);
    case LWS_CALLBACK_WSI_DESTROY:
        leave(s, wsi);
        return 0;
    case LWS_CALLBACK_FILTER_HTTP_CONNECTION:
        hear(s, wsi);
        return welcome(s, wsi) ? 0 : -1;
    case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
        return welcome(s, wsi) && has_room(s) ? 0 : -1;
    case LWS_CALLBACK_ESTABLISHED:
        return become_client(s, wsi, c);
    case LWS_CALLBACK_CLOSED:
        s->clients--;
        s->said_full = false;
        return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return send_next(s, wsi, c);
    case LWS_CALLBACK_RECEIVE: // clients have nothing to say
    case LWS_CALLBACK_RECEIVE_PONG:
        hear(s, wsi);
        return 0;
    default:
        return lws_callback_http_dummy(wsi, reason, user, in, size);
    }
}

static const struct lws_protocols protocols[] = {
    {"mien", on_event, sizeof(struct client), 1024, 0, NULL, 0}, {NULL, NULL, 0, 0, 0, NULL, 0}};

static void service(struct ws_sink *s)
{
    for (int i = 0; i < ROUNDS; i++) {
        lws_service(s->context, -1); // what is there, without waiting
        thin_out_visitors(s);
    }
    send_away_silent(s);
}

static bool ws_write(struct mien_sink *sink, const struct mien_sink_frame *frame)
{
    struct ws_sink *s = (struct ws_sink *)sink;
    if (s->clients > 0) {
        compose(s, frame);
        lws_callback_on_writable_all_protocol(s->context, &protocols[0]);
    }
    service(s);
    return true;
}

static void ws_idle(struct mien_sink *sink)
{
    service((struct ws_sink *)sink);
}

static bool ws_close(struct mien_sink *sink)
{
    struct ws_sink *s = (struct ws_sink *)sink;
    if (s->context) {
        lws_context_destroy(s->context);
    }
    if (s->text.file) {
        fclose(s->text.file);
    }
    mien_free(s->hello.data);
    mien_free(s->json.data);
    for (int i = 0; i < MIEN_FACES_MAX; i++) {
        mien_free(s->mesh[i].data);
        mien_face_base_destroy(&s->base[i]);
    }
    mien_free(s->vertex);
    mien_free(s->posed);
    return true;
}

static void on_log(int level, const char *line)
{
    mien_log(level == LLL_ERR ? MIEN_LOG_WARN : MIEN_LOG_DEBUG, "WebSocket: %.*s",
             (int)strcspn(line, "\n"), line);
}

// The address as a number, because libwebsockets takes names for interfaces.
static bool resolve(struct ws_sink *s, const struct mien_address *a, char *numeric, size_t size,
                    bool *any)
{
    struct addrinfo want = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list = NULL;
    int rc = getaddrinfo(a->host, a->port, &want, &list);
    if (rc) {
        mien_error("ws: \"%s\" cannot be resolved: %s", a->host, gai_strerror(rc));
        return false;
    }
    getnameinfo(list->ai_addr, list->ai_addrlen, numeric, (socklen_t)size, NULL, 0, NI_NUMERICHOST);
    s->loopback = mien_address_is_loopback(list->ai_addr);
    snprintf(s->name[0], sizeof(s->name[0]), "%s", a->host);
    if (!gethostname(s->name[1], 256)) {
        snprintf(s->name[2], sizeof(s->name[2]), "%.250s.local", s->name[1]);
    }
    freeaddrinfo(list);
    *any = !strcmp(numeric, "0.0.0.0") || !strcmp(numeric, "::");
    return true;
}

static bool listen_on(struct ws_sink *s, const struct mien_address *a)
{
    char numeric[128];
    bool any;
    if (!resolve(s, a, numeric, sizeof(numeric), &any)) {
        return false;
    }
    struct mien_why why;
    if (!mien_websockets_load(&why)) {
        mien_error("ws: %s", why.text);
        return false;
    }
    lws_set_log_level(LLL_ERR | LLL_WARN, on_log);
    s->mount = (struct lws_http_mount){.mountpoint = "/",
                                       .mountpoint_len = 1,
                                       .origin = s->folder,
                                       .def = "index.html",
                                       .origin_protocol = LWSMPRO_FILE};
    struct lws_context_creation_info info = {
        .port = atoi(a->port),
        .iface = any ? NULL : numeric,
        .protocols = protocols,
        .mounts = &s->mount,
        .user = s,
        .gid = -1,
        .uid = -1,
        .fd_limit_per_thread = GUESTS,
        .options = LWS_SERVER_OPTION_HTTP_HEADERS_SECURITY_BEST_PRACTICES_ENFORCE |
                   LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND |
                   (strchr(numeric, ':') ? 0 : LWS_SERVER_OPTION_DISABLE_IPV6),
    };
    s->context = lws_create_context(&info);
    if (!s->context) {
        mien_error("ws: cannot listen on %s port %s: is another program there already?", numeric,
                   a->port);
        return false;
    }
    if (!s->loopback) {
        mien_warn("WebSocket: anybody who reaches %s port %s can see the face's data", numeric,
                  a->port);
    }
    mien_info(strchr(numeric, ':') ? "WebSocket: the page is http://[%s]:%s/"
                                   : "WebSocket: the page is http://%s:%s/",
              any ? "127.0.0.1" : numeric, a->port);
    return true;
}

static bool open_ws(struct mien_sink *sink, const struct mien_sink_target *to,
                    const struct mien_sink_context *c)
{
    struct ws_sink *s = (struct ws_sink *)sink;
    char page[1024];
    s->model = c->model;
    bool ok = mien_find_file("assets", "web/index.html", page, sizeof(page));
    if (ok) {
        snprintf(s->folder, sizeof(s->folder), "%.*s", (int)(strrchr(page, '/') - page), page);
    }
    ok = ok && make_hello(s) && make_buffers(s) && listen_on(s, &to->address);
    if (!ok) {
        ws_close(sink);
    }
    return ok;
}

const struct mien_sink_type mien_sink_ws = {
    .name = "WebSocket",
    .size = sizeof(struct ws_sink),
    .open = open_ws,
    .write = ws_write,
    .idle = ws_idle,
    .close = ws_close,
};

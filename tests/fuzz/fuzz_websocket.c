// SRC: src/sink/websocket.c src/sink/welcome.c src/sink/net.c
// Fuzz entry: what somebody sends to the WebSocket's port, in two pieces. After it a good request
// is answered still, and what got in had asked for this computer.
#include "fuzz/fuzz.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>

#include "face/model.h"
#include "sink/sinks.h"
#include "sink/welcome.h"

struct server {
    struct mien_sink *sink;
    struct sockaddr_in address;
};

// A model of one triangle, on a free port.
static void start(struct server *s)
{
    static struct mien_face_model model;
    static const int32_t triangle[3] = {0, 1, 2};
    static const uint8_t part[1] = {MIEN_PART_FACE};
    char where[32];
    socklen_t n = sizeof(s->address);
    model =
        (struct mien_face_model){.vertices = 3, .triangles = 1, .triangle = triangle, .part = part};
    s->address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (int i = 0; i < 5 && !s->sink; i++) { // another program may take the port first
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        s->address.sin_port = 0;
        FUZZ_CHECK(bind(fd, (struct sockaddr *)&s->address, n) == 0 &&
                   getsockname(fd, (struct sockaddr *)&s->address, &n) == 0);
        close(fd);
        snprintf(where, sizeof(where), "127.0.0.1:%d", ntohs(s->address.sin_port));
        s->sink = mien_sink_open("ws", where, &(struct mien_sink_context){.model = &model});
    }
    FUZZ_CHECK(s->sink);
}

static void say(int fd, const void *data, size_t size)
{
    if (size) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL); // refused once the other side has closed
        FUZZ_CHECK(n <= (ssize_t)size);
    }
}

// A connection. Each run uses up a port for a minute when the server closes first: it waits for
// one.
static int reach(const struct server *s)
{
    const struct linger at_once = {.l_onoff = 1};
    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        if (connect(fd, (const struct sockaddr *)&s->address, sizeof(s->address)) == 0) {
            return fd;
        }
        FUZZ_CHECK(errno == EADDRNOTAVAIL || errno == EINTR); // libFuzzer's clock is a signal
        close(fd);
        usleep(100000);
    }
}

// Sends the two pieces, serves, and returns what came back (zero-terminated).
static void ask(struct server *s, const void *a, size_t a_size, const void *b, size_t b_size,
                char *answer, size_t room)
{
    int fd = reach(s);
    say(fd, a, a_size);
    mien_sink_idle(s->sink);
    say(fd, b, b_size);
    mien_sink_idle(s->sink);
    ssize_t n = recv(fd, answer, room - 1, MSG_DONTWAIT);
    answer[n > 0 ? n : 0] = 0;
    close(fd);
    mien_sink_idle(s->sink);
}

static bool mentions(const uint8_t *data, size_t size, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= size; i++) {
        if (!strncasecmp((const char *)data + i, word, n)) {
            return true;
        }
    }
    return false;
}

bool fuzz_websocket(const uint8_t *data, size_t size)
{
    static const char good[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static struct server s;
    static char answer[1 << 16];
    if (!s.sink) {
        start(&s);
    }
    size_t half = size % 2 ? size / 2 : size;
    ask(&s, data, half, data + half, size - half, answer, sizeof(answer));
    bool in = !strncmp(answer, "HTTP/1.1 101", 12), page = !strncmp(answer, "HTTP/1.1 200", 12);
    FUZZ_CHECK(!(in || page) || mentions(data, size, "127.") || mentions(data, size, "localhost") ||
               mentions(data, size, "["));
    ask(&s, good, strlen(good), "", 0, answer, sizeof(answer));
    FUZZ_CHECK(!strncmp(answer, "HTTP/1.1 101", 12));
    char *text = fuzz_copy(data, size), *origin = text + strcspn(text, "\n");
    origin += *origin == '\n';
    text[strcspn(text, "\n")] = 0;
    mien_welcome(text, origin, size % 3 != 0, NULL);
    mien_free(text);
    return in || page;
}

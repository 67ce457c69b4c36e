// Resolves addresses once and sends UDP without waiting.
#include "sink/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

bool mien_address_is_loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)sa)->sin_addr.s_addr) >> 24 == 127;
    }
    const struct in6_addr *six = &((const struct sockaddr_in6 *)sa)->sin6_addr;
    return sa->sa_family == AF_INET6 &&
           (IN6_IS_ADDR_LOOPBACK(six) || (IN6_IS_ADDR_V4MAPPED(six) && six->s6_addr[12] == 127));
}

void mien_address_text(const struct sockaddr *sa, socklen_t size, char *out, size_t out_size)
{
    char host[200] = "?", port[16] = "?";
    getnameinfo(sa, size, host, sizeof(host), port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(out, out_size, sa->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

// The first address for which a socket can be made and connected or bound.
static int open_socket(const char *name, const struct mien_address *a, bool listen, char *text,
                       size_t text_size)
{
    struct addrinfo want = {.ai_family = AF_UNSPEC,
                            .ai_socktype = SOCK_DGRAM,
                            .ai_flags = AI_NUMERICSERV | (listen ? AI_PASSIVE : 0)};
    struct addrinfo *list = NULL;
    int rc = getaddrinfo(a->host, a->port, &want, &list);
    if (rc) {
        mien_error("%s: \"%s\" cannot be resolved: %s", name, a->host, gai_strerror(rc));
        return -1;
    }
    int fd = -1, error = 0;
    for (struct addrinfo *i = list; i && fd < 0; i = i->ai_next) {
        fd = socket(i->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (fd < 0) {
            error = errno;
            continue;
        }
        if (listen ? bind(fd, i->ai_addr, i->ai_addrlen) : connect(fd, i->ai_addr, i->ai_addrlen)) {
            error = errno;
            close(fd);
            fd = -1;
            continue;
        }
        mien_address_text(i->ai_addr, i->ai_addrlen, text, text_size);
        if (!mien_address_is_loopback(i->ai_addr)) {
            mien_warn(listen ? "%s: anybody who reaches %s can ask for the face's data"
                             : "%s: the face's data leaves this computer for %s",
                      name, text);
        }
    }
    freeaddrinfo(list);
    if (fd < 0) {
        mien_error("%s: cannot %s %s port %s: %s", name, listen ? "listen on" : "send to", a->host,
                   a->port, strerror(error));
    }
    return fd;
}

bool mien_udp_open(struct mien_udp *u, const char *name, const struct mien_address *a)
{
    memset(u, 0, sizeof(*u));
    u->name = name;
    u->fd = open_socket(name, a, false, u->peer, sizeof(u->peer));
    return u->fd >= 0;
}

bool mien_udp_listen(int *fd, const char *name, const struct mien_address *a)
{
    char text[300];
    *fd = open_socket(name, a, true, text, sizeof(text));
    if (*fd >= 0) {
        mien_info("%s: listening on %s", name, text);
    }
    return *fd >= 0;
}

void mien_udp_send(struct mien_udp *u, const void *data, size_t size)
{
    enum { CALM = 30 }; // sends without an error until a state counts as over
    ssize_t n = send(u->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == ECONNREFUSED) {
        // The answer to an earlier packet; this one has not been sent yet.
        if (!u->refused) {
            mien_info("%s: nobody listens on %s yet", u->name, u->peer);
        }
        u->refused = true;
        u->quiet = 0;
        n = send(u->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (n == (ssize_t)size) {
        u->sent++;
        if (++u->quiet == CALM && (u->refused || u->dropping)) {
            mien_info("%s: packets go through to %s", u->name, u->peer);
            u->refused = u->dropping = false;
        }
        return;
    }
    u->lost++;
    u->quiet = 0;
    if (n < 0 && errno == ECONNREFUSED) {
        return; // said above
    }
    if (!u->dropping) {
        mien_warn("%s: packets to %s are dropped: %s", u->name, u->peer, strerror(errno));
    }
    u->dropping = true;
}

void mien_udp_close(struct mien_udp *u)
{
    if (u->fd >= 0 && u->name) {
        close(u->fd);
        mien_debug("%s: %llu packets sent to %s, %llu dropped", u->name, u->sent, u->peer, u->lost);
    }
    u->fd = -1;
}

uint8_t *mien_put_u32_be(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (24 - 8 * i));
    }
    return p + 4;
}

static uint32_t bits(float v)
{
    uint32_t u;
    v = isfinite(v) ? v : 0;
    memcpy(&u, &v, 4);
    return u;
}

uint8_t *mien_put_f32_be(uint8_t *p, float v)
{
    return mien_put_u32_be(p, bits(v));
}

uint8_t *mien_put_u32_le(uint8_t *p, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
    return p + 4;
}

uint8_t *mien_put_f32_le(uint8_t *p, float v)
{
    return mien_put_u32_le(p, bits(v));
}

uint8_t *mien_put_f64_le(uint8_t *p, double v)
{
    uint64_t u;
    v = isfinite(v) ? v : 0;
    memcpy(&u, &v, 8);
    for (int i = 0; i < 8; i++) {
        p[i] = (uint8_t)(u >> (8 * i));
    }
    return p + 8;
}

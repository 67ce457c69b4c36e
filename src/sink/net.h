// UDP for sinks: a sender that never waits.
//
// Names are resolved at open. A send that cannot go at once is dropped and counted; whether anybody
// listens is said once each time it changes. Does not: receive for others, retry, use threads.
#ifndef MIEN_SINK_NET_H
#define MIEN_SINK_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "sink/address.h"

// Whether this address stays on this computer.
bool mien_address_is_loopback(const struct sockaddr *sa);
// "127.0.0.1:39539", "[::1]:39539"
void mien_address_text(const struct sockaddr *sa, socklen_t size, char *out, size_t out_size);

struct mien_udp {
    int fd;           // -1: closed
    const char *name; // of the sink, for messages
    char peer[300];
    bool refused;  // said that nobody listens
    bool dropping; // said that packets are dropped
    int quiet;     // sends since the last refusal or drop
    unsigned long long sent, lost;
};

// A non-blocking socket connected to a. Off loopback: one notice. False on failure (logged).
bool mien_udp_open(struct mien_udp *u, const char *name, const struct mien_address *a);
void mien_udp_send(struct mien_udp *u, const void *data, size_t size);
void mien_udp_close(struct mien_udp *u); // idempotent; says how many packets went

// A non-blocking socket bound to a; *fd. Off loopback: one notice. False on failure (logged).
bool mien_udp_listen(int *fd, const char *name, const struct mien_address *a);

// Little-endian and big-endian writers into a packet: return the place after it.
uint8_t *mien_put_u32_be(uint8_t *p, uint32_t v);
uint8_t *mien_put_f32_be(uint8_t *p, float v);
uint8_t *mien_put_u32_le(uint8_t *p, uint32_t v);
uint8_t *mien_put_f32_le(uint8_t *p, float v); // not finite: 0
uint8_t *mien_put_f64_le(uint8_t *p, double v);

#endif

// Addresses as they are written on the command line. Does not: resolve names or know sockets.
#ifndef MIEN_SINK_ADDRESS_H
#define MIEN_SINK_ADDRESS_H

#include "base/why.h"

struct mien_address {
    char host[256], port[8];
};

// "", "HOST", "HOST:PORT", ":PORT", "PORT", "[IPV6]:PORT" or a bare IPv6 address, over the defaults
// given. False: *why says what is wrong.
bool mien_address_parse(const char *text, const char *host, int port, struct mien_address *a,
                        struct mien_why *why);

#endif

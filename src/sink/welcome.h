// Which requests a server for browsers may answer, by their Host and Origin.
//
// Any page can make a browser send requests here, and point a name of its own at this computer
// (DNS rebinding). So the Host must be an address, or a name that is surely ours, and a page that
// asks must have come from here.
// Does not: know a protocol; tell programs apart that are no browsers (they say what they like).
#ifndef MIEN_SINK_WELCOME_H
#define MIEN_SINK_WELCOME_H

#include <stdbool.h>

// host: the Host header, an address or name with ":PORT" or without. Good are addresses and
// "localhost", and `names`, ended by NULL (NULL: none); where the server listens on loopback, only
// loopback's addresses and "localhost". origin: the Origin header, "" when there is none; else it
// must be "http://" and the same host.
bool mien_welcome(const char *host, const char *origin, bool loopback, const char *const *names);

#endif

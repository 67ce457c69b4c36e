// Parses addresses: hosts, ports, IPv6 in brackets.
#include "sink/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool set_port(struct mien_address *a, const char *text, size_t n, struct mien_why *why)
{
    char *end;
    long port = strtol(text, &end, 10);
    if (n == 0 || n > 5 || end != text + n || text[0] < '0' || text[0] > '9' || port < 1 ||
        port > 65535) {
        return mien_explain(why, "a port is a number from 1 to 65535");
    }
    snprintf(a->port, sizeof(a->port), "%ld", port);
    return true;
}

bool mien_address_parse(const char *text, const char *host, int port, struct mien_address *a,
                        struct mien_why *why)
{
    snprintf(a->host, sizeof(a->host), "%s", host);
    snprintf(a->port, sizeof(a->port), "%d", port);
    if (strlen(text) >= sizeof(a->host)) {
        return mien_explain(why, "the host's name is too long");
    }
    if (text[0] == '[') {
        const char *end = strchr(text, ']');
        struct in6_addr six;
        if (!end || (end[1] && end[1] != ':')) {
            return mien_explain(why, "an IPv6 address with a port is written [ADDRESS]:PORT");
        }
        snprintf(a->host, sizeof(a->host), "%.*s", (int)(end - text - 1), text + 1);
        if (inet_pton(AF_INET6, a->host, &six) != 1 && !strchr(a->host, '%')) {
            return mien_explain(why, "what stands between [ and ] is not an IPv6 address");
        }
        return !end[1] || set_port(a, end + 2, strlen(end + 2), why);
    }
    const char *colon = strchr(text, ':');
    if (!colon) {
        if (text[0] && strspn(text, "0123456789") == strlen(text)) {
            return set_port(a, text, strlen(text), why);
        }
        if (text[0]) {
            strcpy(a->host, text);
        }
        return true;
    }
    if (strchr(colon + 1, ':')) { // two colons and more: IPv6 as it is
        struct in6_addr six;
        if (inet_pton(AF_INET6, text, &six) != 1) {
            return mien_explain(why, "this is neither HOST:PORT nor an IPv6 address");
        }
        strcpy(a->host, text);
        return true;
    }
    if (colon > text) {
        snprintf(a->host, sizeof(a->host), "%.*s", (int)(colon - text), text);
    }
    return set_port(a, colon + 1, strlen(colon + 1), why);
}

// Which requests a server for browsers may answer, by their Host and Origin.
#include "sink/welcome.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "sink/net.h"

// Splits "HOST[:PORT]" or "[IPV6][:PORT]"; the host without brackets. False: it is neither.
static bool split(const char *text, char *host, size_t size, bool *bracketed)
{
    *bracketed = text[0] == '[';
    const char *begin = text + *bracketed;
    size_t n = strcspn(begin, *bracketed ? "]" : ":");
    const char *rest = begin + n + (*bracketed && begin[n]);
    if (!n || n >= size || (*bracketed && !begin[n])) {
        return false;
    }
    snprintf(host, size, "%.*s", (int)n, begin);
    return !*rest || (rest[0] == ':' && strlen(rest) <= 6 &&
                      strspn(rest + 1, "0123456789") == strlen(rest + 1));
}

bool mien_welcome(const char *host, const char *origin, bool loopback, const char *const *names)
{
    static const char scheme[] = "http://";
    size_t n = strlen(scheme);
    char name[256];
    bool bracketed;
    if (*origin && (strncmp(origin, scheme, n) != 0 || strcasecmp(origin + n, host) != 0)) {
        return false;
    }
    if (!split(host, name, sizeof(name), &bracketed)) {
        return false;
    }
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (bracketed) {
        return inet_pton(AF_INET6, name, &six.sin6_addr) == 1 &&
               (!loopback || mien_address_is_loopback((const struct sockaddr *)&six));
    }
    if (inet_pton(AF_INET, name, &four.sin_addr) == 1) {
        return !loopback || mien_address_is_loopback((const struct sockaddr *)&four);
    }
    bool ours = !strcasecmp(name, "localhost");
    for (; !ours && !loopback && names && *names; names++) {
        ours = **names && !strcasecmp(name, *names);
    }
    return ours;
}

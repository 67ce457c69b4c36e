// The table of libwebsockets. Calls none of the functions.
#define MIEN_WEBSOCKETS_ITSELF
#include "late/websockets.h"

#include "late/late.h"

MIEN_LATE_TABLE(websockets, MIEN_WEBSOCKETS_FUNCTIONS, "libwebsockets, which --out ws sends with,",
                MIEN_SO_websockets)

// libwebsockets, loaded when asked for (late/late.h). Include this in place of the library's
// headers.
//
// A function that is called for the first time gets its name in both lists.
#ifndef MIEN_LATE_WEBSOCKETS_H
#define MIEN_LATE_WEBSOCKETS_H

#include <libwebsockets.h>

#include <stdbool.h>

#include "base/why.h"

// clang-format off
#define MIEN_WEBSOCKETS_FUNCTIONS(X) \
    X(lws_callback_http_dummy) \
    X(lws_callback_on_writable) \
    X(lws_callback_on_writable_all_protocol) \
    X(lws_context_destroy) \
    X(lws_context_user) \
    X(lws_create_context) \
    X(lws_get_context) \
    X(lws_get_socket_fd) \
    X(lws_hdr_copy) \
    X(lws_hdr_total_length) \
    X(lws_service) \
    X(lws_set_log_level) \
    X(lws_write)
// clang-format on

struct mien_websockets {
#define MIEN_WEBSOCKETS_POINTER(f) __typeof__(f) *f;
    MIEN_WEBSOCKETS_FUNCTIONS(MIEN_WEBSOCKETS_POINTER)
};

// To be asked before any of the functions is called. False: it cannot be loaded; *why says so,
// and what to install.
bool mien_websockets_load(struct mien_why *why);
const struct mien_websockets *mien_websockets(void); // all NULL before it is loaded

#ifndef MIEN_WEBSOCKETS_ITSELF // but for the table's own file
#define lws_callback_http_dummy (mien_websockets()->lws_callback_http_dummy)
#define lws_callback_on_writable (mien_websockets()->lws_callback_on_writable)
#define lws_callback_on_writable_all_protocol \
    (mien_websockets()->lws_callback_on_writable_all_protocol)
#define lws_context_destroy (mien_websockets()->lws_context_destroy)
#define lws_context_user (mien_websockets()->lws_context_user)
#define lws_create_context (mien_websockets()->lws_create_context)
#define lws_get_context (mien_websockets()->lws_get_context)
#define lws_get_socket_fd (mien_websockets()->lws_get_socket_fd)
#define lws_hdr_copy (mien_websockets()->lws_hdr_copy)
#define lws_hdr_total_length (mien_websockets()->lws_hdr_total_length)
#define lws_service (mien_websockets()->lws_service)
#define lws_set_log_level (mien_websockets()->lws_set_log_level)
#define lws_write (mien_websockets()->lws_write)
#endif

#endif

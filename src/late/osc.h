// liblo (OSC messages), loaded when asked for (late/late.h). Include this in place of the library's
// headers.
//
// A function that is called for the first time gets its name in both lists.
#ifndef MIEN_LATE_OSC_H
#define MIEN_LATE_OSC_H

#include <lo/lo.h>
#include <lo/lo_lowlevel.h>

#include <stdbool.h>

#include "base/why.h"

// clang-format off
#define MIEN_OSC_FUNCTIONS(X) \
    X(lo_bundle_add_message) \
    X(lo_bundle_free_recursive) \
    X(lo_bundle_length) \
    X(lo_bundle_new) \
    X(lo_bundle_serialise) \
    X(lo_message_add_float) \
    X(lo_message_add_int32) \
    X(lo_message_add_string) \
    X(lo_message_deserialise) \
    X(lo_message_free) \
    X(lo_message_get_argc) \
    X(lo_message_get_argv) \
    X(lo_message_get_types) \
    X(lo_message_length) \
    X(lo_message_new) \
    X(lo_message_serialise)
// clang-format on

struct mien_osc {
#define MIEN_OSC_POINTER(f) __typeof__(f) *f;
    MIEN_OSC_FUNCTIONS(MIEN_OSC_POINTER)
};

// To be asked before any of the functions is called. False: it cannot be loaded; *why says so,
// and what to install.
bool mien_osc_load(struct mien_why *why);
const struct mien_osc *mien_osc(void); // all NULL before it is loaded

#ifndef MIEN_OSC_ITSELF // but for the table's own file
#define lo_bundle_add_message (mien_osc()->lo_bundle_add_message)
#define lo_bundle_free_recursive (mien_osc()->lo_bundle_free_recursive)
#define lo_bundle_length (mien_osc()->lo_bundle_length)
#define lo_bundle_new (mien_osc()->lo_bundle_new)
#define lo_bundle_serialise (mien_osc()->lo_bundle_serialise)
#define lo_message_add_float (mien_osc()->lo_message_add_float)
#define lo_message_add_int32 (mien_osc()->lo_message_add_int32)
#define lo_message_add_string (mien_osc()->lo_message_add_string)
#define lo_message_deserialise (mien_osc()->lo_message_deserialise)
#define lo_message_free (mien_osc()->lo_message_free)
#define lo_message_get_argc (mien_osc()->lo_message_get_argc)
#define lo_message_get_argv (mien_osc()->lo_message_get_argv)
#define lo_message_get_types (mien_osc()->lo_message_get_types)
#define lo_message_length (mien_osc()->lo_message_length)
#define lo_message_new (mien_osc()->lo_message_new)
#define lo_message_serialise (mien_osc()->lo_message_serialise)
#endif

#endif

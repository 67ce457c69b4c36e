// The table of liblo (OSC messages). Calls none of the functions.
#define MIEN_OSC_ITSELF
#include "late/osc.h"

#include "late/late.h"

MIEN_LATE_TABLE(osc, MIEN_OSC_FUNCTIONS,
                "liblo, which makes and reads OSC messages (--out vmc, facecap; --marks osc),",
                MIEN_SO_lo)

// Rendered people as a source: "synth:seed=1,frames=300".
#include "source/internal.h"

#include <stdio.h>

bool mien_synth_source_open(struct mien_source *s, const char *spec, char *reason, size_t size)
{
    (void)s;
    snprintf(reason, size, "synth:%s: this build cannot render people as a source", spec);
    return false;
}

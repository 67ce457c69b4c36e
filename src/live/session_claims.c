// What a session reads and writes (base/claims.h). Before anything is opened all that the options
// name is held against each other; while it runs, outputs and sources claim their files as they are
// opened.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>

#include "live/files.h"

// Each of the list, and the whole, which may be one file.
static bool claim_props(struct mien_claims *c, const char *list)
{
    char name[1024];
    bool ok = mien_claims_read(c, "--prop", list);
    for (const char *p = strchr(list, ',') ? list : ""; ok && *p; p += *p == ',') {
        size_t n = strcspn(p, ",");
        snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), p);
        ok = !*name || mien_claims_read(c, "--prop", name);
        p += n;
    }
    return ok;
}

static bool claim_inputs(struct mien_session *s, struct mien_claims *c)
{
    const struct mien_session_options *o = &s->o;
    bool settings = s->config && !s->config->broken && s->config->path[0];
    return mien_files_source(c, o->source) && mien_files_models(c, o->net, o->detect, NULL) &&
           (!o->prop || claim_props(c, o->prop)) &&
           (!o->avatar || !*o->avatar || mien_claims_read(c, "--avatar", o->avatar)) &&
           (!settings || mien_claims_write(c, "the settings file", s->config->path)) &&
           (!s->person.path[0] || mien_claims_write(c, "the profile", s->person.path)) &&
           (!o->screenshot || mien_claims_write(c, "--screenshot", o->screenshot));
}

bool mien_session_claim_files(struct mien_session *s)
{
    const struct mien_session_options *o = &s->o;
    struct mien_claims all = {0};
    bool ok = claim_inputs(s, &all) &&
              (!o->report || mien_claims_write(&all, "--report", o->report)) &&
              (!o->record || mien_claims_write(&all, "--record", o->record)) &&
              mien_files_sinks(&all, NULL, o->out);
    mien_claims_destroy(&all);
    return ok && claim_inputs(s, &s->claims);
}

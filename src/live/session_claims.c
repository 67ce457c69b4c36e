// What a session reads and writes (base/claims.h). Before anything is opened all that the options
// name is held against each other; while it runs, outputs and sources claim their files as they are
// opened.
#include "live/session_parts.h"

#include "live/files.h"

static bool claim_inputs(struct mien_session *s, struct mien_claims *c)
{
    const struct mien_session_options *o = &s->o;
    bool settings = s->config && !s->config->broken && s->config->path[0];
    return mien_files_source(c, o->source) && mien_files_models(c, o->net, o->detect, NULL) &&
           (!o->prop || mien_claims_read(c, "--prop", o->prop)) &&
           (!settings || mien_claims_write(c, "the settings file", s->config->path)) &&
           (!s->person.path[0] || mien_claims_write(c, "the profile", s->person.path)) &&
           (!o->screenshot || mien_claims_write(c, "--screenshot", o->screenshot));
}

bool mien_session_claim(struct mien_session *s)
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

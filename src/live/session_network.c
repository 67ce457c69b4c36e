// The face network of a session: which ones there are, and exchanging them while it runs.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "nn/registry.h"

// A file that was named on the command line stands behind the named networks.
static const char *value_of(const struct mien_session *s, int i)
{
    return i == s->network.file ? s->o.net : s->show->controls.network_name[i];
}

void mien_session_list_networks(struct mien_session *s)
{
    struct mien_ui_controls *c = &s->show->controls;
    const char *net = mien_live_network_replaced(s->live) ? NULL : s->o.net;
    char same[1100];
    _Static_assert(sizeof(c->network_name[0]) == MIEN_NETWORK_NAME, "names are copied whole");
    c->networks = mien_network_list(c->network_name, MIEN_UI_NETWORKS - 1);
    c->network = 0;
    s->network.file = -1;
    for (int i = 0; net && *net && i < c->networks; i++) {
        c->network = strcmp(c->network_name[i], net) ? c->network : i;
    }
    if (net && *net && !mien_network_file(net, same, sizeof(same))) {
        s->network.file = c->network = c->networks++;
        mien_network_label(net, c->network_name[c->network]);
    }
    s->network.on = c->network;
    s->network.asked = -1;
    if (mien_live_network_replaced(s->live)) {
        char text[400];
        snprintf(text, sizeof(text),
                 "the network %.100s, used last time, cannot be used now: using standard",
                 s->o.net);
        mien_show_notice_for(s->show, text, 6);
    }
}

// Of those that were chosen: one after the other, the last one counts.
static void load_chosen(struct mien_session *s)
{
    const struct mien_ui_controls *c = &s->show->controls;
    char text[400];
    if (s->network.asked < 0 && c->network != s->network.on) {
        s->network.asked = c->network;
        snprintf(text, sizeof(text), "loading the network %s", c->network_name[c->network]);
        mien_show_notice(s->show, text);
        mien_live_use_network(s->live, value_of(s, c->network));
    }
}

void mien_session_use_network(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    s->network.chosen = true;
    if (c->networks < 2) {
        mien_show_notice(s->show,
                         "there is no other network: one would be a file models/face-NAME.net");
    }
    c->network = a->number >= 0 && a->number < c->networks ? (int)a->number : 0;
    load_chosen(s);
}

void mien_session_use_next_network(struct mien_session *s, const struct mien_action *a)
{
    const struct mien_ui_controls *c = &s->show->controls;
    int next = c->networks ? (c->network + 1) % c->networks : 0;
    mien_session_use_network(s, &(struct mien_action){.number = next});
}

void mien_session_take_network(struct mien_session *s, const struct mien_event *e)
{
    struct mien_ui_controls *c = &s->show->controls;
    char text[400];
    bool used = e->number;
    const char *name = c->network_name[s->network.asked];
    if (used) {
        s->network.on = s->network.asked;
        snprintf(text, sizeof(text), "network %s", name);
    } else {
        c->network = c->network == s->network.asked ? s->network.on : c->network;
        snprintf(text, sizeof(text), "%s cannot be used, so %s stays in use: %.299s", name,
                 c->network_name[s->network.on], e->text);
    }
    s->network.asked = -1;
    mien_show_notice_for(s->show, text, used ? 3 : 6);
    load_chosen(s);
}

const char *mien_session_network_name(const struct mien_session *s)
{
    return value_of(s, s->network.on);
}

// The head of the person whose figures are shown: the best looks are kept while it runs, and saved
// as one file when asked.
#include "live/session_parts.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "scan/scan.h"
#include "view/hud.h"

enum { KEPT_PX = 512, TEXTURE_PX = 1024 };
// Looks nearer to one another are alike.
static const int64_t look_every_ns = 200 * MIEN_NS_PER_MS;

// What is being saved is the thread's until it has told of it; no look is kept meanwhile.
struct mien_session_head_state {
    struct mien_scan kept;
    struct mien_scan_found found; // the thread's
    bool camera_known;
    int id; // of the face whose looks they are
    int64_t next_ns;
    struct mien_head head;
    struct mien_thread thread;
    char path[512];
    bool busy, again, ok; // again: asked for while it was busy
    struct mien_inbox *events;
};

static struct mien_session_head_state *state_of(struct mien_session *s)
{
    if (!s->head) {
        s->head = mien_calloc(1, sizeof(*s->head));
        if (s->head) {
            s->head->kept.side_px = KEPT_PX;
            s->head->events = &s->events;
        }
    }
    return s->head;
}

void mien_session_keep_look(struct mien_session *s, const struct mien_shot *shot)
{
    struct mien_session_head_state *h = state_of(s);
    int i = mien_hud_face(&shot->result, s->show->settings.face);
    int64_t now = mien_now_ns();
    if (!h || h->busy || i < 0 || i >= shot->result.count || now < h->next_ns) {
        return;
    }
    const struct mien_face_result *f = &shot->result.face[i];
    if (f->id != h->id) {
        mien_scan_forget(&h->kept);
        h->id = f->id;
    }
    h->next_ns = now + look_every_ns;
    mien_scan_offer(&h->kept, &shot->picture, &shot->result.camera, f); // short of memory: logged
    h->head.looks = f->identity_looks;
    memcpy(h->head.identity, f->identity, sizeof(h->head.identity));
    memcpy(h->head.sigma, f->identity_sigma, sizeof(h->head.sigma));
}

static void *run_save(void *arg)
{
    struct mien_session_head_state *h = arg;
    struct mien_scan_known known = {
        .identity = h->head.identity, .sigma = h->head.sigma, .camera = h->camera_known};
    // What the looks say is the head's shape where there is nothing to refine.
    mien_scan_refine(&h->kept, h->head.model, &known, &h->found);
    struct mien_head head = h->head;
    memcpy(head.identity, h->found.identity, sizeof(head.identity));
    memcpy(head.sigma, h->found.sigma, sizeof(head.sigma));
    h->ok = mien_views_paint(h->found.frame, h->kept.count, TEXTURE_PX, &head) &&
            mien_head_save_glb(&head, h->path);
    h->head.skin = head.skin;
    mien_event_tell(h->events, MIEN_EVENT_HEAD, 0, NULL);
    return NULL;
}

static void finish_save(struct mien_session *s, struct mien_session_head_state *h)
{
    char text[600];
    mien_thread_join(&h->thread);
    h->busy = false;
    if (!h->ok) {
        mien_session_drop_file(h->path);
    }
    snprintf(text, sizeof(text),
             h->ok ? "your head is saved: %.300s (%d sides seen%s)" : "could not save %.300s",
             h->path, mien_scan_directions(&h->kept),
             mien_scan_directions(&h->kept) < 3 ? "; turn to both sides and save again" : "");
    mien_show_notice_for(s->show, text, 5);
}

void mien_session_end_head(struct mien_session *s, const struct mien_event *e)
{
    struct mien_session_head_state *h = s->head;
    if (h && h->busy) {
        finish_save(s, h);
        if (h->again) {
            mien_action_ask(&s->show->actions, MIEN_ACTION_SAVE_HEAD);
        }
    }
}

void mien_session_save_head(struct mien_session *s, const struct mien_action *a)
{
    struct mien_session_head_state *h = s->head;
    if (h) {
        h->again = h->busy; // the next one when this one is saved
    }
    if (h && h->busy) {
        return;
    }
    if (!h || !h->kept.count || !mien_live_model(s->live)) {
        mien_show_notice(s->show, "nobody was seen yet whose head could be saved");
        return;
    }
    if (!mien_session_file(s, "glb", h->path, sizeof(h->path))) {
        return; // told
    }
    h->head.model = mien_live_model(s->live);
    h->camera_known = s->show->controls.fov_deg > 0;
    h->busy = true;
    if (!mien_thread_start(&h->thread, "mien-head", run_save, h)) {
        run_save(h); // here, then
    }
}

void mien_session_finish_head(struct mien_session *s)
{
    struct mien_session_head_state *h = s->head;
    if (!h) {
        return;
    }
    if (h->busy) {
        finish_save(s, h);
    }
    mien_scan_destroy(&h->kept);
    mien_image_destroy(&h->head.skin);
    mien_free(h);
    s->head = NULL;
}

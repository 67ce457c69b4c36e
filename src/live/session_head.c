// The head of the person whose figures are shown: the best looks are kept while it runs, and saved
// as one file when asked.
#include "live/session_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "scan/scan.h"
#include "view/hud.h"

enum { KEPT_PX = 512, TEXTURE_PX = 1024, TEXTURE_SHOWN_PX = 512 };
// Looks nearer to one another are alike.
static const int64_t look_every_ns = 200 * MIEN_NS_PER_MS;
// The head on the stage is made anew so long after the last one at the earliest.
static const int64_t anew_after_ns = 8 * MIEN_NS_PER_S;

enum task { SHOW, SAVE_GLB, SAVE_OBJ };

// What is being made is the thread's until it has told of it; no look is kept meanwhile.
struct mien_session_head_state {
    struct mien_scan kept;
    struct mien_scan_found found; // the thread's
    bool camera_known;
    int id; // of the face whose looks they are
    int64_t next_ns;
    struct mien_head head;
    struct mien_avatar shown; // made for the stage, not taken over yet
    struct mien_thread thread;
    enum task task;
    char path[512];
    bool busy, again, ok; // again: asked for while it was busy
    enum mien_action_id again_id;
    int shown_directions; // that the head on the stage was made from; 0: there is none
    int64_t shown_ns;     // when it was finished
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
        h->shown_directions = 0;
    }
    h->next_ns = now + look_every_ns;
    mien_scan_offer(&h->kept, &shot->picture, &shot->result.camera, f); // short of memory: logged
    h->head.looks = f->identity_looks;
    memcpy(h->head.identity, f->looked_identity, sizeof(h->head.identity));
    memcpy(h->head.sigma, f->looked_sigma, sizeof(h->head.sigma));
}

// As the file that is saved, but for the mean face to compare with, so that both are one and the
// same head.
static bool make_shown(struct mien_session_head_state *h, const struct mien_head *head)
{
    void *data = NULL;
    size_t size = 0;
    struct mien_why why = {0};
    bool ok = mien_head_make_glb(head, true, &data, &size);
    if (ok && !mien_avatar_parse(&h->shown, data, size, NULL, &why)) {
        mien_error("your head cannot be shown: %s", why.text);
        ok = false;
    }
    free(data);
    return ok;
}

static void *run_task(void *arg)
{
    struct mien_session_head_state *h = arg;
    struct mien_scan_known known = {
        .identity = h->head.identity, .sigma = h->head.sigma, .camera = h->camera_known};
    // What the looks say is the head's shape where there is nothing to refine.
    mien_scan_refine(&h->kept, h->head.model, &known, &h->found);
    struct mien_head head = h->head;
    memcpy(head.identity, h->found.identity, sizeof(head.identity));
    memcpy(head.sigma, h->found.sigma, sizeof(head.sigma));
    int side = h->task == SHOW ? TEXTURE_SHOWN_PX : TEXTURE_PX;
    h->ok = mien_views_paint(h->found.frame, h->kept.count, side, &head) &&
            (h->task == SHOW       ? make_shown(h, &head)
             : h->task == SAVE_GLB ? mien_head_save_glb(&head, h->path)
                                   : mien_head_save_obj(&head, h->path));
    h->head.skin = head.skin;
    mien_event_tell(h->events, MIEN_EVENT_HEAD, 0, NULL);
    return NULL;
}

static void finish_save(struct mien_session *s, struct mien_session_head_state *h)
{
    char text[600];
    if (!h->ok) {
        mien_session_drop_file(h->path);
    }
    snprintf(text, sizeof(text),
             h->ok ? "your head is saved: %.300s (%d sides seen%s)" : "could not save %.300s",
             h->path, mien_scan_directions(&h->kept),
             mien_scan_directions(&h->kept) < 3 ? "; turn to both sides and save again" : "");
    mien_show_notice_for(s->show, text, 5);
}

static void finish_task(struct mien_session *s, struct mien_session_head_state *h)
{
    mien_thread_join(&h->thread);
    h->busy = false;
    if (h->task != SHOW) {
        finish_save(s, h);
    } else if (h->ok) {
        mien_view_take_head(s->show->view, &h->shown);
        h->shown_directions = mien_scan_directions(&h->kept);
        s->show->dirty = true;
    }
    h->shown_ns = h->task == SHOW ? mien_now_ns() : h->shown_ns;
}

void mien_session_end_head(struct mien_session *s, const struct mien_event *e)
{
    struct mien_session_head_state *h = s->head;
    if (h && h->busy) {
        finish_task(s, h);
        if (h->again) {
            mien_action_ask(&s->show->actions, h->again_id);
        }
    }
}

static void start_task(struct mien_session *s, struct mien_session_head_state *h, enum task task)
{
    h->head.model = mien_live_model(s->live);
    h->camera_known = s->show->controls.fov_deg > 0;
    h->task = task;
    h->busy = true;
    if (!mien_thread_start(&h->thread, "mien-head", run_task, h)) {
        run_task(h); // here, then
    }
}

static void save(struct mien_session *s, enum mien_action_id id, enum task task, const char *ending)
{
    struct mien_session_head_state *h = s->head;
    if (h) {
        h->again = h->busy; // the next one when this one is made
        h->again_id = id;
    }
    if (h && h->busy) {
        return;
    }
    if (!h || !h->kept.count || !mien_live_model(s->live)) {
        mien_show_notice(s->show, "there is no head to save yet: nobody has been seen");
        return;
    }
    if (mien_session_file(s, ending, h->path, sizeof(h->path))) { // else told
        start_task(s, h, task);
    }
}

void mien_session_save_head(struct mien_session *s, const struct mien_action *a)
{
    save(s, MIEN_ACTION_SAVE_HEAD, SAVE_GLB, "glb");
}

void mien_session_save_head_obj(struct mien_session *s, const struct mien_action *a)
{
    save(s, MIEN_ACTION_SAVE_HEAD_OBJ, SAVE_OBJ, "obj");
}

// Which of the sides (MIEN_UI_SIDES) a look shows; -1: one in between.
static int side_of(const struct mien_face_result *f)
{
    static const float straight_deg = 10, turned_deg = 22, nodded_deg = 11;
    float yaw = f->yaw_deg, pitch = f->pitch_deg;
    return fabsf(yaw) < straight_deg && fabsf(pitch) < straight_deg ? 0
           : yaw > turned_deg                                       ? 1
           : yaw < -turned_deg                                      ? 2
           : pitch > nodded_deg                                     ? 3
           : pitch < -nodded_deg                                    ? 4
                                                                    : -1;
}

void mien_session_show_head(struct mien_session *s)
{
    struct mien_session_head_state *h = s->head;
    struct mien_ui_controls *c = &s->show->controls;
    if (!h || s->show->settings.stage.shows != MIEN_STAGE_HEAD) {
        return;
    }
    int directions = mien_scan_directions(&h->kept), sides = 0;
    memset(c->head_seen, 0, sizeof(c->head_seen));
    for (int i = 0; i < h->kept.count; i++) {
        int side = side_of(&h->kept.frame[i].face);
        if (side >= 0) {
            sides += !c->head_seen[side];
            c->head_seen[side] = true;
        }
    }
    c->head_looks = h->kept.count;
    c->head_there = mien_view_stages(s->show->view, MIEN_STAGE_HEAD);
    // The first look at once, for something to see; then when there are more directions, the last
    // side at once.
    bool more = directions > h->shown_directions;
    bool due = !h->shown_directions || sides == MIEN_UI_SIDES ||
               mien_now_ns() - h->shown_ns > anew_after_ns;
    if (!h->busy && more && due && h->kept.count && mien_live_model(s->live)) {
        start_task(s, h, SHOW);
    }
    c->head_busy = h->busy;
}

void mien_session_finish_head(struct mien_session *s)
{
    struct mien_session_head_state *h = s->head;
    if (!h) {
        return;
    }
    if (h->busy) {
        finish_task(s, h);
    }
    mien_scan_destroy(&h->kept);
    mien_image_destroy(&h->head.skin);
    mien_avatar_destroy(&h->shown);
    mien_free(h);
    s->head = NULL;
}

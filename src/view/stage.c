// Which figure stands on the stage, how a face moves it, and where it is drawn.
#include "view/stage.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

// A figure comes to rest, and wakes up, in about this time.
static const float settle_s = 0.3f;

bool mien_stage_colour(const char *text, uint8_t rgb[3])
{
    static const struct {
        const char *name;
        uint8_t rgb[3];
    } named[] = {{"black", {0, 0, 0}},
                 {"grey", {40, 44, 49}},
                 {"white", {255, 255, 255}},
                 {"green", {0, 177, 64}}, // what studios' keys are made for
                 {"blue", {0, 71, 187}}};
    unsigned v;
    char rest;
    for (size_t i = 0; i < MIEN_COUNT(named); i++) {
        if (!strcmp(text, named[i].name)) {
            memcpy(rgb, named[i].rgb, 3);
            return true;
        }
    }
    if (strlen(text) != 7 || strspn(text + 1, "0123456789abcdefABCDEF") != 6 ||
        sscanf(text, "#%6x%c", &v, &rest) != 1) {
        return false;
    }
    rgb[0] = (uint8_t)(v >> 16);
    rgb[1] = (uint8_t)(v >> 8);
    rgb[2] = (uint8_t)v;
    return true;
}

bool mien_stage_init(struct mien_stage *s)
{
    memset(s, 0, sizeof(*s));
    for (int i = 0; i < 3; i++) {
        mien_layer_init(&s->layer[i]);
    }
    return mien_figure_programs_init(&s->programs);
}

void mien_stage_destroy(struct mien_stage *s)
{
    for (int i = 0; i < MIEN_STAGES; i++) {
        mien_figure_destroy(&s->figure[i]);
    }
    for (int i = 0; i < 3; i++) {
        mien_layer_destroy(&s->layer[i]);
    }
    mien_figure_programs_destroy(&s->programs);
}

bool mien_stage_has(const struct mien_stage *s, enum mien_stage_shows which)
{
    return which > MIEN_STAGE_OFF && which < MIEN_STAGES && s->figure[which].there;
}

void mien_stage_move(struct mien_stage *s, const struct mien_stage_settings *how,
                     const struct mien_result *r, int i)
{
    enum mien_stage_shows which = how->shows;
    if (!mien_stage_has(s, which)) {
        return;
    }
    int64_t now = r->times.capture_ns, was = s->moved_ns[which];
    float step_s = fminf(fmaxf((float)(now - was) / (float)MIEN_NS_PER_S, 0), 0.2f);
    float *present = &s->present[which];
    bool own = which == MIEN_STAGE_HEAD, first = !was;
    if (was && now == was && s->mean == how->mean && s->rest == how->rest) {
        return; // it stands as this result has it
    }
    s->mean = how->mean;
    s->rest = how->rest;
    s->moved_ns[which] = now;
    if (i >= 0 && i < r->count) {
        mien_avatar_drive_by(&r->face[i], own, &s->last[which]);
        *present = first ? 1 : fminf(1, *present + step_s / settle_s);
    } else {
        *present = fmaxf(0, *present - step_s / settle_s);
    }
    struct mien_avatar_drive d = {0};
    if (!own || !how->rest) {
        mien_avatar_drive_toward(&d, &s->last[which], *present);
    }
    d.channel[MIEN_AVATAR_MEAN] = own ? how->mean : 0;
    mien_figure_pose(&s->figure[which], &d);
}

void mien_stage_take_light(struct mien_stage *s, const float light[MIEN_SH])
{
    for (int i = 0; i < MIEN_SH; i++) {
        s->light[i] += (s->light_known ? 0.15f : 1) * (light[i] - s->light[i]);
    }
    s->light_known = true;
}

void mien_stage_draw(struct mien_stage *s, const struct mien_stage_settings *how, GLuint target,
                     struct mien_rect rect, int height_px, bool mirror, int whose)
{
    int x = (int)lroundf(rect.x), w = (int)lroundf(rect.w), h = (int)lroundf(rect.h);
    int y = height_px - (int)lroundf(rect.y) - h;
    if (w < 1 || h < 1) {
        return;
    }
    struct mien_figure_view view = {.look = how->look,
                                    .turn_deg = how->turn_deg,
                                    .lift_deg = how->lift_deg,
                                    .zoom = how->zoom > 0 ? how->zoom : 1,
                                    .light = how->lit && s->light_known ? s->light : NULL};
    struct mien_layer *layer = &s->layer[whose];
    bool there = mien_stage_has(s, how->shows);
    if (there) {
        mien_figure_draw(&s->figure[how->shows], &s->programs, &view, layer, w, h);
    }
    glBindFramebuffer(GL_FRAMEBUFFER, target);
    glEnable(GL_SCISSOR_TEST);
    glScissor(x, y, w, h);
    glClearColor((float)how->back[0] / 255, (float)how->back[1] / 255, (float)how->back[2] / 255,
                 1);
    glClear(GL_COLOR_BUFFER_BIT);
    glDisable(GL_SCISSOR_TEST);
    if (there) {
        struct mien_map map = {rect, w, h, mirror};
        mien_layer_show(layer, &map, height_px);
    }
}

// The figure on the stage: files, places, grounds.
#include "live/live_stage.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/log.h"

bool mien_stage_is_avatar(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot &&
           (!strcasecmp(dot, ".glb") || !strcasecmp(dot, ".gltf") || !strcasecmp(dot, ".vrm"));
}

static const char *leaf(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void put_away(struct mien_show *s)
{
    struct mien_stage_settings *stage = &s->settings.stage;
    mien_view_take_avatar(s->view, NULL);
    s->controls.avatar[0] = s->controls.avatar_can[0] = 0;
    if (stage->shows == MIEN_STAGE_AVATAR) {
        stage->shows = MIEN_STAGE_OFF;
    }
    if (s->controls.programme == MIEN_PROGRAMME_AVATAR) {
        s->controls.programme = MIEN_PROGRAMME_PROPS;
    }
}

bool mien_stage_take(struct mien_show *s, const char *path)
{
    struct mien_ui_controls *c = &s->controls;
    struct mien_avatar a;
    struct mien_why why = {0};
    char text[300];
    if (!*path) {
        put_away(s);
        return true;
    }
    if (!mien_avatar_load(&a, path, &why)) {
        mien_error("%s cannot be an avatar: %s; take another glTF (.glb, .gltf) or VRM file, or "
                   "export this one again",
                   path, why.text);
        snprintf(text, sizeof(text), "%.80s: %.200s", leaf(path), why.text);
        mien_show_notice_for(s, text, 6);
        return false;
    }
    mien_avatar_describe(&a, c->avatar_can, sizeof(c->avatar_can));
    mien_info("%s: %s", path, c->avatar_can);
    mien_view_take_avatar(s->view, &a);
    snprintf(c->avatar, sizeof(c->avatar), "%s", path);
    if (s->settings.stage.shows != MIEN_STAGE_AVATAR) {
        s->settings.stage.shows = MIEN_STAGE_AVATAR;
        s->settings.stage.beside = false;
    }
    c->programme = MIEN_PROGRAMME_AVATAR;
    snprintf(text, sizeof(text), "%.80s; others get it instead of the picture (w)", leaf(path));
    mien_show_notice_for(s, text, 5);
    return true;
}

bool mien_stage_set_ground(struct mien_show *s, const char *colour)
{
    if (!mien_stage_colour(colour, s->settings.stage.back)) {
        return false;
    }
    snprintf(s->controls.ground, sizeof(s->controls.ground), "%s", colour);
    return true;
}

static enum mien_stage_shows what_there_is(const struct mien_show *s)
{
    return mien_view_stages(s->view, MIEN_STAGE_AVATAR) ? MIEN_STAGE_AVATAR : MIEN_STAGE_HEAD;
}

const char *mien_stage_next(struct mien_show *s)
{
    struct mien_stage_settings *stage = &s->settings.stage;
    bool off = stage->shows == MIEN_STAGE_OFF, beside = stage->beside;
    stage->shows = off ? what_there_is(s) : beside ? MIEN_STAGE_OFF : stage->shows;
    stage->beside = !off && !beside;
    static const char *const told[2][2] = {
        {"the avatar instead of the picture", "the avatar beside the picture"},
        {"your head instead of the picture", "your head beside the picture"}};
    return stage->shows == MIEN_STAGE_OFF ? "the picture alone"
                                          : told[stage->shows == MIEN_STAGE_HEAD][stage->beside];
}

void mien_stage_toggle_head(struct mien_show *s)
{
    struct mien_stage_settings *stage = &s->settings.stage;
    if (stage->shows == MIEN_STAGE_HEAD) {
        stage->shows =
            mien_view_stages(s->view, MIEN_STAGE_AVATAR) ? MIEN_STAGE_AVATAR : MIEN_STAGE_OFF;
    } else {
        stage->shows = MIEN_STAGE_HEAD;
        stage->beside = true;
    }
}

// The table of actions. Does not: hold anything that changes.
#include "view/actions.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/modes.h"

#define ROW(id, by, takes, words, character, label, shown, text, run) \
    [MIEN_ACTION_##id] = {#id, MIEN_TAKES_##takes, words, character, label, shown, text},
static const struct mien_action_row rows[MIEN_ACTIONS] = {MIEN_ACTION_ROWS(ROW)};

const struct mien_action_row *mien_action_at(int id)
{
    return id >= 0 && id < MIEN_ACTIONS ? &rows[id] : NULL;
}

const char *mien_action_label(enum mien_action_id id)
{
    return rows[id].label ? rows[id].label : "";
}

const char *mien_action_words(enum mien_action_id id)
{
    return rows[id].words;
}

bool mien_action_of_key(char c, struct mien_action *out)
{
    bool digit = c >= '1' && c <= '8';
    for (int i = 0; i < MIEN_ACTIONS && c; i++) {
        if (rows[i].character == (digit ? '1' : c)) {
            *out =
                (struct mien_action){.id = (enum mien_action_id)i, .number = digit ? c - '0' : 0};
            return true;
        }
    }
    return false;
}

bool mien_action_ask(struct mien_inbox *queue, enum mien_action_id id)
{
    return mien_inbox_put(queue, &(struct mien_action){.id = id});
}

bool mien_action_ask_number(struct mien_inbox *queue, enum mien_action_id id, double number)
{
    return mien_inbox_put(queue, &(struct mien_action){.id = id, .number = number});
}

bool mien_action_ask_text(struct mien_inbox *queue, enum mien_action_id id, const char *text)
{
    struct mien_action a = {.id = id};
    snprintf(a.text, sizeof(a.text), "%s", text);
    return mien_inbox_put(queue, &a);
}

const char *mien_key_line(int i, const char **shown, char text[MIEN_KEY_TEXT])
{
    for (int k = 0; k < MIEN_ACTIONS; k++) {
        if (!rows[k].shown || i-- > 0) {
            continue;
        }
        *shown = rows[k].shown;
        if (k != MIEN_ACTION_MODE) {
            return rows[k].text;
        }
        snprintf(text, MIEN_KEY_TEXT, "%s", rows[k].text);
        for (int m = 0; m < MIEN_VIEW_MODES; m++) {
            size_t n = strlen(text);
            snprintf(text + n, MIEN_KEY_TEXT - n, "%s%s", m ? ", " : "",
                     mien_view_mode_at(m)->word);
        }
        return text;
    }
    return NULL;
}

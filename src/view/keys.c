// The table of keys. Does not: hold anything that changes.
#include "view/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "view/modes.h"

#define ROW(id, character, label, shown, text) [MIEN_ACTION_##id] = {character, label, shown, text},
static const struct mien_key_row rows[MIEN_ACTIONS] = {MIEN_KEY_ROWS(ROW)};

const struct mien_key_row *mien_key_at(int action)
{
    return action >= 0 && action < MIEN_ACTIONS ? &rows[action] : NULL;
}

const char *mien_key_label(enum mien_action action)
{
    return rows[action].label;
}

int mien_key_action(char c)
{
    if (c >= '1' && c <= '8') {
        return MIEN_ACTION_FACES;
    }
    for (int i = 0; i < MIEN_ACTIONS; i++) {
        if (rows[i].character == c) {
            return i;
        }
    }
    return -1;
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

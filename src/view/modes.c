// The table of modes. Does not: hold anything that changes.
#include "view/modes.h"

#include <stddef.h>

#define ROW(id, name, label, word, what, shader, draws) \
    [MIEN_VIEW_##id] = {name, label, word, what, shader, draws},
static const struct mien_view_mode_row rows[MIEN_VIEW_MODES] = {MIEN_VIEW_MODE_ROWS(ROW)};

const struct mien_view_mode_row *mien_view_mode_at(int mode)
{
    return mode >= 0 && mode < MIEN_VIEW_MODES ? &rows[mode] : NULL;
}

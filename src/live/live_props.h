// The things to wear that there are: mien's own (assets/props) and the user's
// ($XDG_DATA_HOME/mien/props, else ~/.local/share/mien/props).
#ifndef MIEN_LIVE_LIVE_PROPS_H
#define MIEN_LIVE_LIVE_PROPS_H

#include "view/ui.h"

// Fills controls' names and path (MIEN_UI_PROPS of them); the first is "nothing" with path "".
void mien_props_list(struct mien_ui_controls *c, char (*path)[1024]);
// The length of the first name in a list with commas: all of it when it is a file as a whole.
size_t mien_props_first(const struct mien_ui_controls *c, const char *list);
// The entry of a name; a path to a file is added to the list. -1 when there is neither (logged).
int mien_props_find(struct mien_ui_controls *c, char (*path)[1024], const char *want);

#endif

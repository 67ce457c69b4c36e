// The things to wear that there are, mien's own (assets/props) and the user's
// ($XDG_DATA_HOME/mien/props, else ~/.local/share/mien/props), and putting them on.
//
// Does not: draw them (view/wear.h).
#ifndef MIEN_LIVE_LIVE_PROPS_H
#define MIEN_LIVE_LIVE_PROPS_H

#include "live/live_show.h"

// Fills controls' names and path (MIEN_UI_PROPS of them); the first is "nothing" with path "".
void mien_props_list(struct mien_ui_controls *c, char (*path)[1024]);
// Puts on what controls choose (prop, also), without what cannot be used; the window says so.
// False: something could not.
bool mien_props_put_on(struct mien_show *s);
// The same for a list: one thing or several with commas, names or files. False too when one of them
// is not there (logged).
bool mien_props_wear(struct mien_show *s, const char *list);
// Favourites: names, with commas; those that are not there are left out.
void mien_props_set_favourites(struct mien_ui_controls *c, const char *list);
void mien_props_favourites(const struct mien_ui_controls *c, char *list, size_t size);

#endif

// The things to wear: listing, choosing, putting on.
#include "live/live_props.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/log.h"

static bool is_prop(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot &&
           (!strcasecmp(dot, ".glb") || !strcasecmp(dot, ".gltf") || !strcasecmp(dot, ".png"));
}

// Sorted by name from `first` on; the user's come after mien's own.
static void add(struct mien_ui_controls *c, char (*path)[1024], int first, const char *folder,
                const char *file)
{
    char name[48], full[1024];
    const char *slash = strrchr(file, '/'), *base = slash ? slash + 1 : file;
    int n = folder ? snprintf(full, sizeof(full), "%s/%s", folder, file)
                   : snprintf(full, sizeof(full), "%s", file);
    if (c->props >= MIEN_UI_PROPS || n < 0 || (size_t)n >= sizeof(full)) {
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
    int at = c->props++;
    while (at > first && strcasecmp(c->prop_name[at - 1], name) > 0) {
        memcpy(c->prop_name[at], c->prop_name[at - 1], sizeof(name));
        memcpy(path[at], path[at - 1], sizeof(full));
        at--;
    }
    memcpy(c->prop_name[at], name, sizeof(name));
    memcpy(path[at], full, sizeof(full));
}

static void add_folder(struct mien_ui_controls *c, char (*path)[1024], const char *folder)
{
    DIR *d = opendir(folder);
    int first = c->props;
    for (struct dirent *e; d && (e = readdir(d));) {
        if (is_prop(e->d_name)) {
            add(c, path, first, folder, e->d_name);
        }
    }
    if (d) {
        closedir(d);
    }
}

void mien_props_list(struct mien_ui_controls *c, char (*path)[1024])
{
    char folder[1024];
    snprintf(c->prop_name[0], sizeof(c->prop_name[0]), "nothing");
    path[0][0] = 0;
    c->props = 1;
    if (mien_find_file("assets", "props/glasses.glb", folder, sizeof(folder))) {
        *strrchr(folder, '/') = 0;
        add_folder(c, path, folder);
    }
    const char *xdg = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n = xdg && xdg[0] == '/' ? snprintf(folder, sizeof(folder), "%s/mien/props", xdg)
            : home ? snprintf(folder, sizeof(folder), "%s/.local/share/mien/props", home)
                   : -1;
    if (n > 0 && (size_t)n < sizeof(folder)) {
        add_folder(c, path, folder);
    }
}

// The length of the first name in a list with commas: all of it when it is a file as a whole.
static size_t first_length(const struct mien_ui_controls *c, const char *list)
{
    size_t all = strlen(list);
    for (int i = 0; i < c->props; i++) {
        if (!strcmp(c->prop_name[i], list)) {
            return all;
        }
    }
    return mien_file_exists(list) ? all : strcspn(list, ",");
}

// The entry of a name; a path to a file is added to the list. -1 when there is neither (logged).
static int find(struct mien_ui_controls *c, char (*path)[1024], const char *want)
{
    for (int i = 0; i < c->props; i++) {
        if (!strcmp(c->prop_name[i], want)) {
            return i;
        }
    }
    if (mien_file_exists(want) && c->props < MIEN_UI_PROPS) {
        add(c, path, c->props, NULL, want);
        return c->props - 1;
    }
    mien_error("there is nothing to wear called \"%s\", nor such a file; the menu Props lists what "
               "there is",
               want);
    return -1;
}

void mien_props_set_favourites(struct mien_ui_controls *c, const char *list)
{
    for (const char *p = list ? list : ""; *p;) {
        size_t n = strcspn(p, ",");
        for (int i = 1; i < c->props; i++) {
            c->favourite[i] = c->favourite[i] ||
                              (strlen(c->prop_name[i]) == n && !strncmp(c->prop_name[i], p, n));
        }
        p += n + (p[n] == ',');
    }
}

void mien_props_favourites(const struct mien_ui_controls *c, char *list, size_t size)
{
    size_t n = 0;
    list[0] = 0;
    for (int i = 1; i < c->props; i++) {
        if (c->favourite[i] && n + strlen(c->prop_name[i]) + 2 < size) {
            n += (size_t)snprintf(list + n, size - n, "%s%s", n ? "," : "", c->prop_name[i]);
        }
    }
}

static void say_refused(struct mien_show *s, int i, const char *reason)
{
    char text[800];
    mien_error("%s cannot be worn: %s", s->prop_path[i], reason);
    snprintf(text, sizeof(text), "%s: %s", s->controls.prop_name[i], reason);
    mien_show_notice(s, text);
}

bool mien_props_put_on(struct mien_show *s)
{
    struct mien_ui_controls *c = &s->controls;
    struct mien_view *v = s->view;
    struct mien_why why;
    bool ok = c->prop > 0 || mien_view_wear(v, NULL, NULL);
    for (int i = 1; i < c->props; i++) {
        if (i != c->prop && !c->also[i]) {
            mien_view_take_off(v, s->prop_path[i]);
        }
    }
    for (int i = 1; i < c->props; i++) {
        if ((i == c->prop || c->also[i]) && !mien_view_wear_too(v, s->prop_path[i], &why)) {
            say_refused(s, i, why.text);
            c->prop = i == c->prop ? 0 : c->prop;
            c->also[i] = ok = false;
        }
    }
    return ok;
}

static bool choose(struct mien_show *s, const char *list)
{
    struct mien_ui_controls *c = &s->controls;
    char name[1024];
    bool ok = true;
    for (const char *p = list; ok && *p;) {
        size_t n = first_length(c, p);
        snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name) - 1), p);
        int i = find(c, s->prop_path, name);
        ok = i >= 0;
        if (ok && !c->prop) {
            c->prop = i;
        } else if (ok && i != c->prop) {
            c->also[i] = i > 0;
        }
        p += n + (p[n] == ',');
    }
    return ok;
}

bool mien_props_wear(struct mien_show *s, const char *list)
{
    bool there = choose(s, list);
    return mien_props_put_on(s) && there;
}

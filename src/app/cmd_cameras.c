// `mien cameras`: which cameras this machine has and what they offer.
#include "app/commands.h"

#include <stdio.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/args.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/name.h"
#include "source/controls.h"
#include "source/source.h"

enum { MAX_CAMERAS = 64 };

static void print_text(const struct mien_camera_info *c, bool quiet)
{
    if (quiet) {
        printf("%s\t%s\n", c->device, c->name);
        return;
    }
    printf("%s  %s\n", c->device, c->name[0] ? c->name : "(name unknown)");
    if (c->by_id[0]) {
        printf("    by-id: %s\n", c->by_id);
    }
    if (c->problem[0]) {
        printf("    %s\n", c->problem);
    }
    for (int i = 0; i < c->modes; i++) {
        const struct mien_camera_mode *m = &c->mode[i];
        printf("    %-4s %4d x %-4d", m->format, m->width, m->height);
        if (m->fps > 0) {
            printf("  %6.4g fps", m->fps);
        }
        puts(m->usable ? "" : "  (not a format that mien reads)");
    }
}

// A line a control, with what it may be.
static void print_controls(const char *device)
{
    struct mien_control list[MIEN_CONTROLS];
    struct mien_why why;
    int n = mien_controls_list(device, list, MIEN_CONTROLS, &why);
    if (n < 0) {
        printf("    %s\n", why.text);
    }
    for (int i = 0; i < n; i++) {
        const struct mien_control *c = &list[i];
        printf("    %s=%d", c->key, c->value);
        if (c->kind == MIEN_CONTROL_SWITCH) {
            printf("  0 or 1");
        } else if (c->kind == MIEN_CONTROL_NUMBER) {
            printf("  %d…%d", c->min, c->max);
        }
        for (int k = 0; k < c->items; k++) {
            printf("%s%d \"%s\"", k ? ", " : "  ", c->item[k].value, c->item[k].name);
        }
        printf(", default %d%s\n", c->usual,
               c->fixed   ? "; read-only"
               : c->ruled ? "; governed by an automatic control"
                          : "");
    }
}

static void add_controls(cJSON *o, const char *device)
{
    struct mien_control list[MIEN_CONTROLS];
    int n = mien_controls_list(device, list, MIEN_CONTROLS, NULL);
    cJSON *a = cJSON_AddArrayToObject(o, "controls");
    for (int i = 0; i < n; i++) {
        const struct mien_control *c = &list[i];
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "name", c->key);
        cJSON_AddNumberToObject(e, "value", c->value);
        cJSON_AddNumberToObject(e, "min", c->min);
        cJSON_AddNumberToObject(e, "max", c->max);
        cJSON_AddNumberToObject(e, "step", c->step);
        cJSON_AddNumberToObject(e, "default", c->usual);
        cJSON_AddBoolToObject(e, "inactive", c->ruled);
        cJSON_AddItemToArray(a, e);
    }
}

// What a device calls itself need not be UTF-8.
static void add_name(cJSON *o, const char *key, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (f) {
        mien_name_json(f, name);
        fclose(f);
        cJSON_AddRawToObject(o, key, text);
    }
    free(text);
}

static cJSON *to_json(const struct mien_camera_info *c)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "device", c->device);
    add_name(o, "name", c->name);
    add_name(o, "bus", c->bus);
    add_name(o, "by_id", c->by_id);
    add_name(o, "problem", c->problem);
    cJSON *modes = cJSON_AddArrayToObject(o, "modes");
    for (int i = 0; i < c->modes; i++) {
        const struct mien_camera_mode *m = &c->mode[i];
        cJSON *e = cJSON_CreateObject();
        cJSON_AddStringToObject(e, "format", m->format);
        cJSON_AddNumberToObject(e, "width", m->width);
        cJSON_AddNumberToObject(e, "height", m->height);
        cJSON_AddNumberToObject(e, "fps", m->fps);
        cJSON_AddBoolToObject(e, "usable", m->usable);
        cJSON_AddItemToArray(modes, e);
    }
    return o;
}

int mien_cmd_cameras(int argc, char **argv)
{
    bool json = false, quiet = false, controls = false;
    const struct mien_command cmd = {
        .name = "cameras",
        .synopsis = "[options]",
        .summary = "List the cameras of this machine and the picture sizes they offer.",
        .example = "mien cameras\nmien cameras --controls"};
    const struct mien_opt opts[] = {
        {"json", 0, MIEN_OPT_BOOL, &json, NULL, "Print one JSON array.", 0, 0},
        {"controls", 0, MIEN_OPT_BOOL, &controls, NULL,
         "Also print the controls of each, for mien live --control.", 0, 0},
        {"quiet", 0, MIEN_OPT_BOOL, &quiet, NULL, "Print only device and name.", 0, 0},
        {0}};
    const char *args[8];
    int nargs;
    if (argc > (int)MIEN_COUNT(args)) {
        mien_error("cameras: too many arguments; `mien cameras --help` lists the options");
        return 2;
    }
    int r = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (r) {
        return r == 1 ? 0 : 2;
    }
    struct mien_camera_info *list = mien_calloc(MAX_CAMERAS, sizeof *list);
    if (!list) {
        return 1;
    }
    int n = mien_camera_list(list, MAX_CAMERAS);
    if (json) {
        cJSON *a = cJSON_CreateArray();
        for (int i = 0; i < n; i++) {
            cJSON *o = to_json(&list[i]);
            if (controls) {
                add_controls(o, list[i].device);
            }
            cJSON_AddItemToArray(a, o);
        }
        char *text = cJSON_Print(a);
        if (text) {
            puts(text);
        }
        cJSON_free(text);
        cJSON_Delete(a);
    } else {
        for (int i = 0; i < n; i++) {
            print_text(&list[i], quiet);
            if (controls && !list[i].problem[0]) {
                print_controls(list[i].device);
            }
        }
    }
    mien_free(list);
    if (!n) {
        mien_error("%s", mien_camera_none_text());
        return 1;
    }
    return 0;
}

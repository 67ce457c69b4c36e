// A camera's controls through V4L2.
#include "source/controls.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "source/internal.h"

static int open_device(const char *device, struct mien_why *why)
{
    int fd = open(device, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        mien_v4l2_explain(errno, "opening", device, why);
    }
    return fd;
}

static void make_key(const char *name, char *key, size_t size)
{
    size_t n = 0;
    for (; *name && n + 1 < size; name++) {
        if (isalnum((unsigned char)*name)) {
            key[n++] = (char)tolower((unsigned char)*name);
        } else if (n && key[n - 1] != '_') {
            key[n++] = '_';
        }
    }
    n -= n && key[n - 1] == '_';
    key[n] = 0;
}

static void list_items(int fd, struct mien_control *c, bool numbers)
{
    for (int i = c->min; i <= c->max && c->items < MIEN_CONTROL_ITEMS; i++) {
        struct v4l2_querymenu m = {.id = c->id, .index = (uint32_t)i};
        if (mien_v4l2_ioctl(fd, VIDIOC_QUERYMENU, &m) < 0) {
            continue; // indices may have holes
        }
        c->item[c->items].value = i;
        if (numbers) {
            snprintf(c->item[c->items].name, sizeof(c->item[0].name), "%lld", (long long)m.value);
        } else {
            snprintf(c->item[c->items].name, sizeof(c->item[0].name), "%.32s", (char *)m.name);
        }
        c->items++;
    }
}

// False: it is none that people set to a number.
static bool describe(int fd, const struct v4l2_query_ext_ctrl *q, struct mien_control *c)
{
    bool numbers = q->type == V4L2_CTRL_TYPE_INTEGER_MENU;
    bool choice = q->type == V4L2_CTRL_TYPE_MENU || numbers;
    bool on_off = q->type == V4L2_CTRL_TYPE_BOOLEAN;
    if ((q->type != V4L2_CTRL_TYPE_INTEGER && !choice && !on_off) || q->elems > 1 ||
        (q->flags & (V4L2_CTRL_FLAG_DISABLED | V4L2_CTRL_FLAG_WRITE_ONLY))) {
        return false;
    }
    *c = (struct mien_control){.id = q->id,
                               .kind = choice   ? MIEN_CONTROL_CHOICE
                                       : on_off ? MIEN_CONTROL_SWITCH
                                                : MIEN_CONTROL_NUMBER,
                               .min = (int)q->minimum,
                               .max = (int)q->maximum,
                               .step = q->step ? (int)q->step : 1,
                               .usual = (int)q->default_value,
                               .ruled = q->flags & V4L2_CTRL_FLAG_INACTIVE,
                               .fixed = q->flags & V4L2_CTRL_FLAG_READ_ONLY};
    snprintf(c->name, sizeof(c->name), "%.32s", q->name);
    make_key(c->name, c->key, sizeof(c->key));
    struct v4l2_control v = {.id = q->id};
    if (mien_v4l2_ioctl(fd, VIDIOC_G_CTRL, &v) < 0) {
        return false;
    }
    c->value = v.value;
    if (choice) {
        list_items(fd, c, numbers);
    }
    return true;
}

static int list_open(int fd, struct mien_control *list, int max)
{
    const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL;
    struct v4l2_query_ext_ctrl q = {.id = next};
    int n = 0;
    // A driver that gave the same one again would never end.
    for (uint32_t last = 0;
         n < max && mien_v4l2_ioctl(fd, VIDIOC_QUERY_EXT_CTRL, &q) == 0 && q.id > last;
         last = q.id & ~next, q = (struct v4l2_query_ext_ctrl){.id = last | next}) {
        n += describe(fd, &q, &list[n]);
    }
    return n;
}

int mien_controls_list(const char *device, struct mien_control *list, int max, struct mien_why *why)
{
    int fd = open_device(device, why);
    if (fd < 0) {
        return -1;
    }
    int n = list_open(fd, list, max);
    close(fd);
    return n;
}

static bool set_open(int fd, const char *device, const struct mien_control *c, int value,
                     struct mien_why *why)
{
    struct v4l2_control v = {.id = c->id, .value = value};
    if (mien_v4l2_ioctl(fd, VIDIOC_S_CTRL, &v) == 0) {
        return true;
    }
    if (errno == EACCES || errno == EIO || errno == EBUSY || errno == EINVAL) {
        return mien_explain(why, "%s does not take %s=%d%s", device, c->key, value,
                            c->ruled ? ": another control is on automatic; set that to manual first"
                                     : " now");
    }
    mien_v4l2_explain(errno, "setting a control", device, why);
    return false;
}

// The one of that name, or the only one that begins so.
static const struct mien_control *find(const struct mien_control *list, int n, const char *device,
                                       const char *name, struct mien_why *why)
{
    const struct mien_control *found = NULL;
    int hits = 0;
    for (int i = 0; i < n; i++) {
        if (!strcmp(list[i].key, name)) {
            return &list[i];
        }
        if (!strncmp(list[i].key, name, strlen(name))) {
            found = &list[i];
            hits++;
        }
    }
    if (hits == 1) {
        return found;
    }
    mien_explain(why, "%s has %s control \"%s\"; it has", device, hits ? "more than one" : "no",
                 name);
    for (int i = 0; i < n; i++) {
        mien_explain_more(why, "%s %s", i ? "," : "", list[i].key);
    }
    if (!n) {
        mien_explain_more(why, " none");
    }
    return NULL;
}

static bool read_value(const struct mien_control *c, const char *text, int *value,
                       struct mien_why *why)
{
    char *end;
    long number = strtol(text, &end, 10);
    bool plain = end != text && !*end;
    if (!strcasecmp(text, "default")) {
        *value = c->usual;
        return true;
    }
    if (c->kind == MIEN_CONTROL_SWITCH && (!strcasecmp(text, "on") || !strcasecmp(text, "off"))) {
        *value = !strcasecmp(text, "on");
        return true;
    }
    int hits = 0;
    for (int i = 0; i < c->items && !(plain && c->item[i].value == number); i++) {
        if (strcasestr(c->item[i].name, text)) {
            *value = c->item[i].value;
            hits++;
        }
    }
    if (c->kind == MIEN_CONTROL_CHOICE && hits == 1) {
        return true;
    }
    if (plain && number >= c->min && number <= c->max) {
        *value = c->min + (int)((number - c->min) / c->step) * c->step;
        return true;
    }
    if (c->kind != MIEN_CONTROL_CHOICE) {
        return mien_explain(why, "%s=%s: a number from %d to %d, or default", c->key, text, c->min,
                            c->max);
    }
    mien_explain(why, "%s=%s: default, or one of", c->key, text);
    for (int i = 0; i < c->items; i++) {
        mien_explain_more(why, "%s \"%s\"", i ? "," : "", c->item[i].name);
    }
    return false;
}

// The next NAME=VALUE of *text. False: there is none more, or it is not written so.
static bool split(const char **text, char name[64], char value[64])
{
    size_t n = strcspn(*text, ","), k = strcspn(*text, "=");
    bool ok = k < n && k > 0 && k < 64 && n - k - 1 > 0 && n - k - 1 < 64;
    if (ok) {
        snprintf(name, 64, "%.*s", (int)k, *text);
        snprintf(value, 64, "%.*s", (int)(n - k - 1), *text + k + 1);
        *text += n + ((*text)[n] == ',');
    }
    return ok;
}

bool mien_controls_check(const char *text, struct mien_why *why)
{
    char name[64], value[64];
    const char *p = text;
    while (*p && split(&p, name, value)) {
    }
    return !*p || mien_explain(why,
                               "\"%.80s\" is not NAME=VALUE, with commas between them; "
                               "`mien cameras --controls` lists them",
                               text);
}

bool mien_v4l2_set_controls(int fd, const char *device, const char *text, struct mien_why *why)
{
    struct mien_control list[MIEN_CONTROLS];
    char name[64], value[64];
    bool ok = mien_controls_check(text, why);
    while (ok && *text && split(&text, name, value)) {
        int number = 0, n = list_open(fd, list, MIEN_CONTROLS); // one may rule another
        const struct mien_control *c = find(list, n, device, name, why);
        ok = c && read_value(c, value, &number, why) && set_open(fd, device, c, number, why);
    }
    return ok;
}

bool mien_controls_set(const char *device, const char *text, struct mien_why *why)
{
    int fd = open_device(device, why);
    bool ok = fd >= 0 && mien_v4l2_set_controls(fd, device, text, why);
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

bool mien_controls_reset(const char *device, struct mien_why *why)
{
    struct mien_control list[MIEN_CONTROLS];
    int fd = open_device(device, why);
    if (fd < 0) {
        return false;
    }
    // What is automatic by default rules its neighbour, which then refuses: that is no failure.
    int n = list_open(fd, list, MIEN_CONTROLS);
    for (int i = 0; i < n; i++) {
        if (!list[i].fixed && list[i].value != list[i].usual) {
            set_open(fd, device, &list[i], list[i].usual, NULL);
        }
    }
    close(fd);
    return true;
}

static const struct mien_control *of_id(const struct mien_control *list, int n, uint32_t id)
{
    for (int i = 0; i < n; i++) {
        if (list[i].id == id && !list[i].fixed) {
            return &list[i];
        }
    }
    return NULL;
}

bool mien_controls_hold_rate(const char *device, double frames_per_s, char *said, size_t said_size,
                             struct mien_why *why)
{
    struct mien_control list[MIEN_CONTROLS];
    int fd = open_device(device, why);
    if (fd < 0) {
        return false;
    }
    int n = list_open(fd, list, MIEN_CONTROLS);
    const struct mien_control *slower = of_id(list, n, V4L2_CID_EXPOSURE_AUTO_PRIORITY);
    const struct mien_control *mode = of_id(list, n, V4L2_CID_EXPOSURE_AUTO);
    const struct mien_control *time = of_id(list, n, V4L2_CID_EXPOSURE_ABSOLUTE); // 100 µs
    int most = (int)floor(10000 / frames_per_s);
    bool manual = mode && mode->value == V4L2_EXPOSURE_MANUAL, ok = true, did = false;
    if (slower) {
        ok = set_open(fd, device, slower, 0, why);
        did = ok;
    }
    // Automatic, and nothing that keeps it short: by hand, then.
    if (ok && time && mode && !manual && !slower) {
        ok = manual = set_open(fd, device, mode, V4L2_EXPOSURE_MANUAL, why);
    }
    if (ok && time && (manual || !mode)) {
        int value = time->value < most ? time->value : most < time->min ? time->min : most;
        ok = set_open(fd, device, time, value, why);
        did = ok;
    }
    close(fd);
    if (ok && !did) {
        return mien_explain(why, "this camera's exposure cannot be set: more light, or a smaller "
                                 "size, keeps its rate");
    }
    snprintf(said, said_size, "holds %.0f a second: %s", frames_per_s,
             manual ? "the exposure is fixed, and short enough"
                    : "dim light makes it darker, not slower");
    return ok;
}

void mien_controls_text(const struct mien_control *list, int n, char *text, size_t text_size)
{
    size_t at = 0;
    text[0] = 0;
    for (int i = 0; i < n; i++) {
        if (!list[i].fixed && !list[i].ruled && list[i].value != list[i].usual &&
            at + sizeof(list[i].key) + 16 < text_size) {
            at += (size_t)snprintf(text + at, text_size - at, "%s%s=%d", at ? "," : "", list[i].key,
                                   list[i].value);
        }
    }
}

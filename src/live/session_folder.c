// Where the files go that keys and menus make: recordings, pictures, reports, records.
#include "live/session_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "live/settings.h"
#include "sink/sinks.h"

// What is typed as a whole path: "~" is the user's own folder, nothing the current one. False with
// the reason when there is no such path.
static bool resolve(const char *text, char *out, size_t size, struct mien_why *why)
{
    const char *home = getenv("HOME");
    char here[MIEN_UI_PATH];
    int n = -1;
    while (*text == ' ') {
        text++;
    }
    if (text[0] == '~' && (text[1] == '/' || !text[1])) {
        if (!home) {
            return mien_explain(why, "HOME is not set");
        }
        n = snprintf(out, size, "%s%s", home, text + 1);
    } else if (*text == '/' || !*text) {
        n = snprintf(out, size, "%s", text);
    } else if (getcwd(here, sizeof(here))) {
        n = snprintf(out, size, "%s/%s", strcmp(here, "/") ? here : "", text);
    }
    if (n < 0 || (size_t)n >= size) {
        return mien_explain(why, "the path is too long");
    }
    if (strchr(out, ',')) { // it separates outputs
        return mien_explain(why, "a comma is in it");
    }
    while (n > 1 && (out[n - 1] == '/' || out[n - 1] == ' ')) {
        out[--n] = 0;
    }
    return true;
}

// Made when missing. False with the reason when nothing can be written there.
static bool is_ready(const char *folder, struct mien_why *why)
{
    char logged[512];
    mien_log_capture(logged, sizeof(logged)); // it is told by who asked
    bool there = !*folder || mien_dir_make(folder);
    mien_log_capture(NULL, 0);
    if (there && !access(*folder ? folder : ".", W_OK | X_OK)) {
        return true;
    }
    return mien_explain(why, "%s",
                        errno == EEXIST ? "a file of that name is in the way" : strerror(errno));
}

static void tell(struct mien_session *s, const char *folder, const char *why)
{
    char text[800];
    snprintf(text, sizeof(text),
             "%.200s cannot be written (%s): choose another folder in the menu Record",
             *folder ? folder : "the current folder", why);
    mien_warn("%s", text);
    mien_show_notice_for(s->show, text, 6);
}

// Whether files can be written there now; the window says when not.
static bool check_folder(struct mien_session *s)
{
    struct mien_why why;
    if (!is_ready(s->folder.path, &why)) {
        tell(s, s->folder.path, why.text);
        return false;
    }
    return true;
}

bool mien_session_open_folder(struct mien_session *s)
{
    struct mien_why why;
    const char *text = s->o.folder ? s->o.folder : "";
    bool ok = resolve(text, s->folder.path, sizeof(s->folder.path), &why);
    bool recalled = mien_settings_recalled(s->settings, &s->o.folder);
    // One of the settings may come back, on a disk that is not there yet: it is tried at its use.
    ok = ok && (recalled || !*text || is_ready(s->folder.path, &why));
    if (!ok && recalled) {
        mien_warn("the folder \"%s\" of the settings is left out: %s", text, why.text);
        s->folder.path[0] = 0;
        return true;
    }
    if (!ok) {
        mien_error("--folder %s cannot be written: %s; give a folder that can", text, why.text);
    }
    return ok;
}

void mien_session_use_folder(struct mien_session *s, const struct mien_action *a)
{
    struct mien_ui_controls *c = &s->show->controls;
    char folder[sizeof(s->folder.path)], text[400];
    struct mien_why why;
    if (!strcmp(a->text, s->folder.path)) {
        return;
    }
    if (!resolve(a->text, folder, sizeof(folder), &why) || !is_ready(folder, &why)) {
        tell(s, a->text, why.text);
    } else {
        if (strcmp(folder, s->folder.path) != 0) {
            memcpy(s->folder.path, folder, sizeof(folder));
            s->folder.chosen = true;
        }
        snprintf(text, sizeof(text), "files go to %.300s", *folder ? folder : "the current folder");
        mien_show_notice(s->show, text);
    }
    snprintf(c->folder, sizeof(c->folder), "%s", s->folder.path);
}

bool mien_session_file(struct mien_session *s, const char *ending, char *path, size_t size)
{
    time_t now = time(NULL);
    struct tm tm;
    char stamp[32], again[8] = "";
    if (!check_folder(s)) {
        return false;
    }
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", localtime_r(&now, &tm));
    for (int i = 2; i < 100; i++) { // never over another one of the same second
        snprintf(path, size, "%s%smien-%s%s.%s", s->folder.path, *s->folder.path ? "/" : "", stamp,
                 again, ending);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            close(fd);
            return true;
        }
        if (errno != EEXIST) {
            break;
        }
        snprintf(again, sizeof(again), "-%d", i);
    }
    tell(s, s->folder.path, strerror(errno));
    return false;
}

void mien_session_drop_file(const char *path)
{
    struct stat st;
    if (!lstat(path, &st) && S_ISREG(st.st_mode) && st.st_size == 0) {
        unlink(path);
    }
}

bool mien_session_sink_file(struct mien_session *s, char *spec, size_t size)
{
    char full[sizeof(s->folder.path) + 256];
    const char *colon = strchr(spec, ':');
    if (mien_sink_traffic(spec) != MIEN_TRAFFIC_FILE || !colon || colon[1] == '/' ||
        !strcmp(colon + 1, "-") || !*s->folder.path) {
        return true;
    }
    if (!check_folder(s)) {
        return false;
    }
    int n = snprintf(full, sizeof(full), "%.*s:%s/%s", (int)(colon - spec), spec, s->folder.path,
                     colon + 1);
    if (n < 0 || (size_t)n >= size) {
        tell(s, s->folder.path, "the path is too long");
        return false;
    }
    memcpy(spec, full, (size_t)n + 1);
    return true;
}

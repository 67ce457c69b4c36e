// Loads libraries and looks up their functions. Does not know which there are.
#include "late/late.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { LIBRARIES_MAX = 5 };

// Debian's packages are called by the library's name and version: libavformat59.
static void package_of(const char *library, char *out, size_t size)
{
    const char *so = strstr(library, ".so.");
    snprintf(out, size, "%.*s%s", so ? (int)(so - library) : 200, library, so ? so + 4 : "");
}

static bool open_all(const struct mien_late *l, void *handle[LIBRARIES_MAX], int *count,
                     struct mien_why *why)
{
    for (*count = 0; *count < LIBRARIES_MAX && l->libraries[*count]; ++*count) {
        handle[*count] = dlopen(l->libraries[*count], RTLD_LAZY | RTLD_LOCAL);
        if (!handle[*count]) {
            char package[256];
            package_of(l->libraries[*count], package, sizeof(package));
            return mien_explain(
                why, "%s cannot be loaded (%s): install it (on Debian: apt-get install %s)",
                l->what, dlerror(), package);
        }
    }
    return true;
}

static void *find(void *const handle[LIBRARIES_MAX], int count, const char *name)
{
    void *found = NULL;
    for (int i = 0; i < count && !found; i++) {
        found = dlsym(handle[i], name);
    }
    return found;
}

static bool fill(const struct mien_late *l, struct mien_why *why)
{
    void *handle[LIBRARIES_MAX];
    int count = 0;
    bool linked = true;
    for (size_t i = 0; i < l->count; i++) {
        linked = linked && l->function[i].linked;
    }
    if (!linked && !open_all(l, handle, &count, why)) {
        return false;
    }
    for (size_t i = 0; i < l->count; i++) {
        const struct mien_late_function *f = &l->function[i];
        void *found = f->linked ? f->linked : find(handle, count, f->name);
        if (!found) {
            return mien_explain(
                why,
                "%s has no function %s: another version than the one that mien was built "
                "with is installed; install that one, or build mien anew",
                l->what, f->name);
        }
        memcpy((char *)l->table + f->offset, &found, sizeof(found));
    }
    return true;
}

bool mien_late_load(const struct mien_late *l, struct mien_why *why)
{
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; // guards every table's filling
    pthread_mutex_lock(&mutex);
    *l->full = *l->full || fill(l, why);
    bool ok = *l->full;
    pthread_mutex_unlock(&mutex);
    return ok;
}

// Claims the files of sources, sinks and models. Opens none of them.
#include "live/files.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "nn/registry.h"
#include "sink/sinks.h"
#include "source/source.h"

void mien_files_private(bool share)
{
    if (!share) {
        umask(umask(077) | 077);
    }
}

static bool read_one(void *c, const char *path)
{
    return mien_claims_read(c, "the source", path);
}

bool mien_files_source(struct mien_claims *c, const char *uri)
{
    return mien_source_files(uri, read_one, c);
}

bool mien_files_sinks(struct mien_claims *c, const char *who, const char *list)
{
    char kind[16], path[1024], what[32];
    while (mien_sinks_next_file(&list, kind, path)) {
        snprintf(what, sizeof(what), "--out %s", kind);
        if (!mien_claims_write(c, who ? who : what, path)) {
            return false;
        }
    }
    return true;
}

static bool read_shipped(struct mien_claims *c, const char *what, const char *name)
{
    char path[1024], unused[256];
    mien_log_capture(unused, sizeof(unused)); // who needs it says that it is absent
    bool there = mien_find_file("models", name, path, sizeof(path));
    mien_log_capture(NULL, 0);
    return !there || mien_claims_read(c, what, path);
}

bool mien_files_models(struct mien_claims *c, const char *net, const char *detect, const char *face)
{
    char file[1024];
    bool ok = !mien_network_file(net, file, sizeof(file))
                  ? mien_claims_read(c, "the face network", net)
                  : read_shipped(c, "the face network", file);
    if (!detect && mien_network_detector(net, NULL, file, sizeof(file))) {
        detect = file;
    }
    ok = ok && (detect ? mien_claims_read(c, "the detector", detect)
                       : read_shipped(c, "the detector", "detect.net"));
    return ok && (face ? mien_claims_read(c, "the face model", face)
                       : read_shipped(c, "the face model", "ict.face"));
}

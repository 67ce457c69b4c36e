// What tests of sinks that write need: the face model and a folder.
#ifndef MIEN_TESTS_SINKS_FOLDER_H
#define MIEN_TESTS_SINKS_FOLDER_H

#include "folder.h"
#include "model_scene.h"

static char dir[64];

static inline const char *in_dir(const char *name)
{
    return folder_path(dir, name);
}

static inline int set_up(void **state)
{
    return folder_make(dir, "sinks") ? load_model(state) : -1;
}

static inline int tear_down(void **state)
{
    return drop_model(state) || folder_remove(dir);
}

#endif

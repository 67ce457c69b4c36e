// What `mien train` and `mien eval` share: data given as a list, and the face model.
#ifndef MIEN_APP_LEARN_OPTIONS_H
#define MIEN_APP_LEARN_OPTIONS_H

#include "learn/dataset.h"

// Takes "--data SPEC" (or "--data=SPEC"), which may come several times, out of argv; the option
// table knows single values only. spec: room for MIEN_DATASET_SOURCES. Returns the number found, or
// -1 after explaining a mistake.
int mien_take_data_options(int *argc, char **argv, const char **spec);

#endif

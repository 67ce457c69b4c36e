// Options of `mien train` that are lists: which tasks are learned, how many labels are kept.
#ifndef MIEN_APP_TRAIN_OPTIONS_H
#define MIEN_APP_TRAIN_OPTIONS_H

#include <stdbool.h>

#include "learn/sample.h"

// "landmarks=1,pose=0.5" changes these weights; NULL none. False after explaining a mistake.
bool mien_parse_weights(const char *text, float *weight);
// What --help says of them. Returns text.
enum { MIEN_WEIGHTS_HELP = 320 };
const char *mien_describe_weights(char text[MIEN_WEIGHTS_HELP]);

// "landmarks,pose": every other task gets weight 0; sigma goes with landmarks. NULL keeps all.
// False after explaining a mistake.
bool mien_parse_tasks(const char *text, float *weight);
// "landmarks=0.25,pose=0.5" or "all=0.1" -> share of training records that lose the label. NULL
// loses none. False after explaining a mistake.
bool mien_parse_fractions(const char *text, float drop[MIEN_LABEL_KINDS]);

#endif

// Takes repeated --data options out of argv before the option table sees it.
#include "app/learn_options.h"

#include <string.h>

#include "base/log.h"

int mien_take_data_options(int *argc, char **argv, const char **spec)
{
    int kept = 0, found = 0;
    bool ended = false;
    for (int i = 0; i < *argc; i++) {
        const char *value = NULL;
        ended = ended || !strcmp(argv[i], "--");
        if (!ended && !strcmp(argv[i], "--data")) {
            if (i + 1 >= *argc) {
                mien_error(
                    "--data needs a value: PACK[:WEIGHT[:no-KIND,…]] or a folder of backgrounds");
                return -1;
            }
            value = argv[++i];
        } else if (!ended && !strncmp(argv[i], "--data=", 7)) {
            value = argv[i] + 7;
        } else {
            argv[kept++] = argv[i];
            continue;
        }
        if (found == MIEN_DATASET_SOURCES) {
            mien_error("at most %d --data options", MIEN_DATASET_SOURCES);
            return -1;
        }
        spec[found++] = value;
    }
    argv[kept] = NULL;
    *argc = kept;
    return found;
}

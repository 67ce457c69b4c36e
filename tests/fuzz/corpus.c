// Writes the seed corpus: corpus DIR image|container. Small, and made here from nothing.
#include "fuzz/corpus.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"

int main(int argc, char **argv)
{
    if (argc != 3 || !mien_dir_make(argv[1])) {
        fprintf(stderr, "usage: corpus DIR image|container\n");
        return 2;
    }
    struct seed seeds[SEEDS];
    int n = !strcmp(argv[2], "image") ? seeds_image(seeds) : seeds_container(seeds);
    for (int i = 0; i < n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/seed%02d", argv[1], i);
        if (!mien_file_save(path, seeds[i].data, seeds[i].size)) {
            return 1;
        }
    }
    seeds_free(seeds, n);
    return n > 0 ? 0 : 1;
}

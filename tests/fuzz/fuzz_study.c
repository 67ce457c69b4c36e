// SRC: src/learn/study.c
// Fuzz entry: the list of a study's runs.
#include "fuzz/fuzz.h"

#include "learn/study.h"

bool fuzz_study(const uint8_t *data, size_t size)
{
    static struct mien_study s;
    static const char *const define[] = {"DATA=data", "OUT=out"};
    struct fuzz_file f;
    fuzz_file_open(&f, data, size);
    bool good = mien_study_load(&s, f.path, define, 2);
    FUZZ_CHECK(good ? s.runs > 0 && s.runs <= MIEN_STUDY_RUNS : !s.runs);
    for (int i = 0; i < s.runs; i++) {
        const struct mien_study_run *r = &s.run[i];
        char folder[1200];
        FUZZ_CHECK(r->seeds > 0 && r->seeds <= MIEN_STUDY_SEEDS && r->name[0]);
        mien_study_folder(r, r->seeds - 1, "/nowhere", folder, sizeof(folder));
        FUZZ_CHECK(!strstr(folder, "/../"));
        for (int k = 0; k < r->options; k++) {
            FUZZ_CHECK(r->option[k] && r->option[k][0]);
        }
    }
    mien_study_collect(&s, "/nowhere");
    mien_study_destroy(&s);
    fuzz_file_close(&f);
    return good;
}

// Replays the corpora of the fuzz entries (tests/fuzz), truncations of each input, and seeded
// mutations. A file of a corpus is called good_… or bad_… by what its reader must say to it. The
// sanitizer builds make this worth having.
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "fuzz/fuzz.h"

#include "fuzz/fuzz_avatar.c"
#include "fuzz/fuzz_checkpoint.c"
#include "fuzz/fuzz_config.c"
#include "fuzz/fuzz_container.c"
#include "fuzz/fuzz_desc.c"
#include "fuzz/fuzz_exif.c"
#include "fuzz/fuzz_face.c"
#include "fuzz/fuzz_gltf.c"
#include "fuzz/fuzz_hdr.c"
#include "fuzz/fuzz_image.c"
#include "fuzz/fuzz_landmarks.c"
#include "fuzz/fuzz_marks.c"
#include "fuzz/fuzz_net.c"
#include "fuzz/fuzz_obj.c"
#include "fuzz/fuzz_pack.c"
#include "fuzz/fuzz_png.c"
#include "fuzz/fuzz_profile.c"
#include "fuzz/fuzz_study.c"
#include "fuzz/fuzz_websocket.c"

static void mutate(struct mien_rng *r, uint8_t *data, size_t size, bool plain)
{
    static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
    for (uint32_t k = 1 + mien_rng_below(r, 5); k > 0; k--) {
        uint32_t at = mien_rng_below(r, (uint32_t)size);
        data[at] = plain ? (uint8_t)mien_rng_u32(r) : special[mien_rng_below(r, 6)];
    }
}

static void replay_file(const char *path, bool good, fuzz_entry run, int mutations)
{
    struct mien_rng r;
    size_t size;
    uint8_t *data = mien_file_read(path, 0, &size);
    assert_non_null(data);
    uint8_t *copy = malloc(size ? size : 1); // an exact block: reading past it is caught
    memcpy(copy, data, size);
    if (run(copy, size) != good) {
        fail_msg("%s was %s", path, good ? "refused" : "taken");
    }
    free(copy);
    for (size_t k = 0; k < size; k += 1 + size / 100) {
        copy = malloc(k ? k : 1);
        memcpy(copy, data, k);
        run(copy, k);
        free(copy);
    }
    mien_rng_seed(&r, 42, size);
    copy = malloc(size ? size : 1);
    for (int m = 0; m < mutations && size; m++) {
        memcpy(copy, data, size);
        mutate(&r, copy, size, m % 2 == 0);
        run(copy, size);
    }
    free(copy);
    mien_free(data);
}

// Every file of a corpus; there must be some of both kinds.
static void replay(const char *name, fuzz_entry run, int mutations)
{
    char folder[64], path[400];
    int good = 0, bad = 0;
    snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
    DIR *d = opendir(folder);
    assert_non_null(d);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (const struct dirent *e; (e = readdir(d));) {
        if (e->d_name[0] == '.') {
            continue;
        }
        bool is_good = !strncmp(e->d_name, "good_", 5);
        assert_true(is_good || !strncmp(e->d_name, "bad_", 4));
        good += is_good;
        bad += !is_good;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        replay_file(path, is_good, run, mutations);
    }
    closedir(d);
    assert_true(good > 0 && bad > 0);
}

#define ENTRY(name, mutations)                 \
    static void replay_##name(void **state)    \
    {                                          \
        replay(#name, fuzz_##name, mutations); \
    }
ENTRY(avatar, 200)
ENTRY(checkpoint, 500)
ENTRY(config, 200)
ENTRY(container, 2000)
ENTRY(desc, 200)
ENTRY(exif, 2000)
ENTRY(face, 5)
ENTRY(gltf, 200)
ENTRY(hdr, 500)
ENTRY(image, 400)
ENTRY(landmarks, 500)
ENTRY(marks, 300)
ENTRY(net, 100)
ENTRY(obj, 500)
ENTRY(pack, 200)
ENTRY(png, 200)
ENTRY(profile, 500)
ENTRY(study, 200)
ENTRY(websocket, 20)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_avatar),    cmocka_unit_test(replay_checkpoint),
        cmocka_unit_test(replay_face),      cmocka_unit_test(replay_config),
        cmocka_unit_test(replay_container), cmocka_unit_test(replay_desc),
        cmocka_unit_test(replay_exif),      cmocka_unit_test(replay_gltf),
        cmocka_unit_test(replay_hdr),       cmocka_unit_test(replay_image),
        cmocka_unit_test(replay_landmarks), cmocka_unit_test(replay_marks),
        cmocka_unit_test(replay_net),       cmocka_unit_test(replay_obj),
        cmocka_unit_test(replay_pack),      cmocka_unit_test(replay_png),
        cmocka_unit_test(replay_profile),   cmocka_unit_test(replay_study),
        cmocka_unit_test(replay_websocket),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Replays the fuzz corpus, every truncation of it, and seeded mutations through the fuzz entries.
// The sanitizer builds make this worth having.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/rng.h"
#include "fuzz/corpus.h"
#include "fuzz/fuzz.h"

#include "fuzz/fuzz_container.c"
#include "fuzz/fuzz_image.c"

static void replay(struct seed *seeds, int n, int (*run)(const uint8_t *, size_t), int mutations)
{
    assert_true(n > 0);
    struct mien_rng r;
    mien_rng_seed(&r, 42, 0);
    for (int i = 0; i < n; i++) {
        struct seed *s = &seeds[i];
        assert_true(s->size > 0);
        assert_int_equal(run(s->data, s->size), 0);
        for (size_t k = 0; k < s->size; k += 1 + s->size / 200) {
            uint8_t *exact = malloc(k ? k : 1); // an exact block: reading past it is caught
            memcpy(exact, s->data, k);
            run(exact, k);
            free(exact);
        }
        uint8_t *copy = malloc(s->size);
        for (int m = 0; m < mutations; m++) {
            memcpy(copy, s->data, s->size);
            for (uint32_t k = 1 + mien_rng_below(&r, 5); k > 0; k--) {
                static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff};
                uint32_t at = mien_rng_below(&r, (uint32_t)s->size);
                copy[at] = m % 2 ? special[mien_rng_below(&r, 6)] : (uint8_t)mien_rng_u32(&r);
            }
            run(copy, s->size);
        }
        free(copy);
    }
    seeds_free(seeds, n);
}

static void images(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    struct seed s[SEEDS];
    int n = seeds_image(s);
    assert_int_equal(n, 8);
    for (int i = 0; i < n; i++) { // the seeds themselves are good pictures
        struct mien_image im;
        assert_true(mien_image_load_memory(s[i].data, s[i].size, "seed", &im));
        mien_image_destroy(&im);
    }
    replay(s, n, fuzz_image, 400);
}

static void containers(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    struct seed s[SEEDS];
    replay(s, seeds_container(s), fuzz_container, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(images),
        cmocka_unit_test(containers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// Unit tests of learn/pack: what is written is read, cut and damaged files lose only their tail.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "learn/pack.h"
#include "run_tests.h"

#define PATH "build/test_pack.tmp"

static void write_some(int from, int to, bool append)
{
    struct mien_pack_writer w;
    assert_true(mien_pack_writer_open(&w, PATH, append));
    assert_int_equal(w.count, from);
    for (int i = from; i < to; i++) {
        char jpeg[64];
        memset(jpeg, i, sizeof jpeg);
        struct mien_label l = {.mask = (uint32_t)i,
                               .width = 48,
                               .height = 48 + i,
                               .jpeg_bytes = (uint32_t)(1 + 7 * i % 60)};
        l.landmark_px[3][1] = (float)i;
        assert_true(mien_pack_write(&w, &l, jpeg));
    }
    assert_int_equal(w.count, to);
    assert_true(mien_pack_writer_close(&w, true));
    assert_true(mien_pack_writer_close(&w, true)); // idempotent
}

static void expect(size_t count)
{
    struct mien_pack p;
    assert_true(mien_pack_open(&p, PATH));
    assert_int_equal(p.count, count);
    for (size_t i = 0; i < p.count; i++) {
        struct mien_label l;
        const uint8_t *jpeg = NULL;
        mien_pack_get(&p, i, &l, &jpeg);
        assert_int_equal(l.mask, i);
        assert_int_equal(l.height, 48 + i);
        assert_true(l.landmark_px[3][1] == (float)i);
        assert_int_equal(l.jpeg_bytes, 1 + 7 * i % 60);
        for (size_t k = 0; k < l.jpeg_bytes; k++) {
            assert_int_equal(jpeg[k], i);
        }
    }
    mien_pack_close(&p);
    mien_pack_close(&p);
}

static void round_trip(void **state)
{
    (void)state;
    write_some(0, 20, false);
    expect(20);
    write_some(20, 33, true);
    expect(33);
    write_some(0, 0, false);
    expect(0);
}

static void cut_anywhere(void **state)
{
    (void)state;
    write_some(0, 5, false);
    size_t size = 0;
    char *data = mien_file_read(PATH, 0, &size);
    assert_non_null(data);
    const size_t record = sizeof(struct mien_label);
    size_t end[6] = {16};
    for (size_t i = 0; i < 5; i++) {
        end[i + 1] = end[i] + record + 1 + 7 * i % 60;
    }
    assert_int_equal(end[5], size);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(truncate(PATH, 0), 0);
        assert_true(mien_file_save(PATH, data, end[i + 1] - 1));
        expect(i);
        write_some((int)i, 7, true); // goes on after the last whole record
        expect(7);
    }
    mien_free(data);
}

static void others_are_refused(void **state)
{
    (void)state;
    struct mien_pack p;
    assert_false(mien_pack_open(&p, "build/there-is-none.pack"));
    assert_true(mien_file_save(PATH, "MIENPAC", 7));
    assert_false(mien_pack_open(&p, PATH));
    assert_true(mien_file_save(PATH, "something else entirely", 23));
    assert_false(mien_pack_open(&p, PATH));
    // a record whose size points outside
    write_some(0, 2, false);
    size_t size = 0;
    char *data = mien_file_read(PATH, 0, &size);
    assert_non_null(data);
    const uint32_t huge = 0xfffffff0u;
    memcpy(data + 16 + offsetof(struct mien_label, jpeg_bytes), &huge, 4);
    assert_true(mien_file_save(PATH, data, size));
    expect(0);
    mien_free(data);
    remove(PATH);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(round_trip), cmocka_unit_test(cut_anywhere),
          cmocka_unit_test(others_are_refused))

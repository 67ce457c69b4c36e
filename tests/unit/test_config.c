// The settings file: what is read, kept, changed and refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "live/config.h"
#include "live/files.h"

static char dir[64], path[128];

static int set_up(void **state)
{
    snprintf(dir, sizeof(dir), "/tmp/mien-config-XXXXXX");
    if (!mkdtemp(dir)) {
        return -1;
    }
    snprintf(path, sizeof(path), "%s/sub/config", dir);
    return 0;
}

static int tear_down(void **state)
{
    char sub[128];
    snprintf(sub, sizeof(sub), "%s/sub", dir);
    unlink(path);
    rmdir(sub);
    rmdir(dir);
    return 0;
}

static void write_text(const char *text, size_t n)
{
    char sub[128];
    snprintf(sub, sizeof(sub), "%s/sub", dir);
    assert_true(mien_dir_make(sub));
    assert_true(mien_file_save(path, text, n));
}

static void starts_empty_and_remembers(void **state)
{
    struct mien_config c;
    assert_true(mien_config_load(&c, path));
    assert_null(mien_config_get(&c, "mode"));
    mien_config_set(&c, "mode", "shaded");
    mien_config_set_number(&c, "opacity", 0.5);
    mien_config_set_bool(&c, "mirror", true);
    assert_true(mien_config_save(&c)); // makes the folder
    mien_config_destroy(&c);
    assert_true(mien_config_load(&c, path));
    int mode = 0;
    double opacity = 0;
    bool mirror = false;
    assert_true(mien_config_get_choice(&c, "mode", "wireframe|shaded", &mode));
    assert_true(mien_config_get_number(&c, "opacity", 0, 1, &opacity));
    assert_true(mien_config_get_bool(&c, "mirror", &mirror));
    assert_int_equal(mode, 1);
    assert_true(opacity == 0.5 && mirror);
    mien_config_destroy(&c);
    mien_config_destroy(&c);
}

static void keeps_what_it_does_not_know(void **state)
{
    static const char text[] = "# mine\n\nfuture-key = a = b\nmode=off\nmode = textured\nlast = 1";
    write_text(text, strlen(text));
    struct mien_config c;
    assert_true(mien_config_load(&c, path));
    assert_string_equal(mien_config_get(&c, "future-key"), "a = b");
    assert_string_equal(mien_config_get(&c, "mode"), "textured"); // the last one counts
    mien_config_set(&c, "mode", "textured");
    assert_false(c.changed);
    mien_config_set(&c, "mode", "shaded");
    mien_config_set(&c, "bad", "two\nlines");
    assert_true(mien_config_save(&c));
    mien_config_destroy(&c);
    size_t size;
    char *got = mien_file_read(path, 0, &size);
    assert_string_equal(got, "# mine\n\nfuture-key = a = b\nmode=off\nmode = shaded\nlast = 1\n");
    mien_free(got);
}

static void refuses_bad_values(void **state)
{
    static const char text[] = "opacity = 7\nfov = much\nmirror = perhaps\nmode = nothing\n"
                               "no equals sign\n= 3\nsp ace = 1\nfine = 2\nempty =\n";
    write_text(text, strlen(text));
    struct mien_config c;
    double x = -1;
    bool b = false;
    int i = -1;
    assert_true(mien_config_load(&c, path));
    assert_false(mien_config_get_number(&c, "opacity", 0, 1, &x));
    assert_false(mien_config_get_number(&c, "fov", 0, 170, &x));
    assert_false(mien_config_get_bool(&c, "mirror", &b));
    assert_false(mien_config_get_choice(&c, "mode", "a|b", &i));
    assert_null(mien_config_get(&c, "sp ace"));
    assert_string_equal(mien_config_get(&c, "empty"), "");
    assert_true(x == -1 && !b && i == -1);
    assert_true(mien_config_get_number(&c, "fine", 0, 9, &x) && x == 2);
    mien_config_destroy(&c);
}

static void leaves_a_broken_file_alone(void **state)
{
    static const char text[] = "MIEN\0\1\2\3 = 5\n";
    write_text(text, sizeof(text));
    struct mien_config c;
    assert_false(mien_config_load(&c, path));
    assert_null(mien_config_get(&c, "MIEN"));
    mien_config_set(&c, "mode", "off");
    assert_true(mien_config_save(&c)); // nothing done
    mien_config_destroy(&c);
    size_t size;
    char *got = mien_file_read(path, 0, &size);
    assert_int_equal(size, sizeof(text));
    mien_free(got);
    char *longer = mien_calloc(5000, 1);
    memset(longer, 'x', 4999);
    write_text(longer, 4999);
    assert_false(mien_config_load(&c, path));
    mien_config_destroy(&c);
    mien_free(longer);
}

// Faces are personal: what is written is for its owner alone, unless it is to be shared; a stricter
// mask stays.
static void what_is_written_is_private(void **state)
{
    static const struct {
        mode_t before;
        bool share;
        mode_t after;
    } cases[] = {{022, false, 077}, {022, true, 022}, {0, false, 077}, {0277, false, 0277}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        mode_t own = umask(cases[i].before);
        mien_files_private(cases[i].share);
        assert_int_equal(umask(own), cases[i].after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_private),
        cmocka_unit_test_setup_teardown(starts_empty_and_remembers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keeps_what_it_does_not_know, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_bad_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(leaves_a_broken_file_alone, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

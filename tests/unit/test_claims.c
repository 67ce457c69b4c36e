// What a run reads and writes: nothing is destroyed by another name.
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/claims.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "folder.h"
#include "run_tests.h"

static char dir[64];
static struct mien_claims claims;
static char said[512];

static int set_up(void **state)
{
    return folder_make(dir, "claims") && !chdir(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    mien_claims_destroy(&claims);
    mien_claims_destroy(&claims);
    return folder_remove(dir);
}

static bool writes(const char *what, const char *path)
{
    said[0] = 0;
    mien_log_capture(said, sizeof(said));
    bool ok = mien_claims_write(&claims, what, path);
    mien_log_capture(NULL, 0);
    assert_true(ok == !said[0]);
    return ok;
}

// A file that was written and replaced: its old inode may become another file's.
static void old_inodes_are_free(void **state)
{
    assert_true(mien_file_save("model.glb", "old", 3));
    assert_true(writes("gltf", "model.glb"));
    assert_int_equal(rename("model.glb", "moved.glb"), 0);
    assert_true(mien_file_save("model.glb", "new", 3));
    assert_true(writes("--record", "moved.glb"));
    assert_false(writes("--csv", "model.glb"));
    assert_false(writes("--csv", "moved.glb"));
    assert_int_equal(link("model.glb", "link.glb"), 0);
    mien_claims_release(&claims, "gltf");
    assert_true(writes("--csv", "model.glb"));
    assert_false(writes("--overlay", "link.glb"));
}

static void inputs_are_known_by_any_name(void **state)
{
    assert_true(mien_file_save("clip.mp4", "film", 4));
    assert_int_equal(symlink("clip.mp4", "soft"), 0);
    assert_int_equal(link("clip.mp4", "hard"), 0);
    assert_int_equal(mkdir("sub", 0777), 0);
    assert_int_equal(symlink("sub", "way"), 0);
    assert_true(mien_claims_read(&claims, "the source", "clip.mp4"));
    assert_true(mien_claims_read(&claims, "the source", "clip.mp4"));
    assert_true(mien_claims_read(&claims, "--net", "clean")); // no file of this name
    assert_true(mien_claims_read(&claims, "the source", "sub"));
    char whole[128];
    snprintf(whole, sizeof(whole), "%s/clip.mp4", dir);
    const char *const names[] = {"clip.mp4",        "soft", "hard", "./sub/../clip.mp4",
                                 "way/../clip.mp4", whole};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        assert_false(writes("--overlay", names[i]));
        assert_non_null(strstr(said, "--overlay"));
        assert_non_null(strstr(said, names[i]));
        assert_non_null(strstr(said, "another name"));
    }
    assert_true(writes("--csv", "clean"));
    // Replaced in the meantime, it is still what is read.
    assert_true(mien_file_save("clip.mp4", "another", 7));
    assert_false(writes("--csv", "clip.mp4"));
    int fd = open("clip.mp4", O_RDWR);
    assert_true(fd >= 0);
    snprintf(whole, sizeof(whole), "/proc/self/fd/%d", fd);
    assert_true(mien_claims_read(&claims, "the source", "clip.mp4"));
    close(fd);
}

static void outputs_are_apart(void **state)
{
    assert_int_equal(mkdir("sub", 0777), 0);
    assert_int_equal(symlink("sub", "way"), 0);
    assert_int_equal(symlink("sub/later", "dangling"), 0);
    assert_true(writes("--csv", "sub/later"));
    const char *const names[] = {"sub/later", "way/later", "dangling", "sub//later"};
    for (int made = 0; made < 2; made++) { // before it is there, and after
        for (size_t i = 0; i < MIEN_COUNT(names); i++) {
            assert_false(writes("--json", names[i]));
            assert_non_null(strstr(said, "--csv"));
        }
        assert_true(mien_file_save("sub/later", "x", 1));
        assert_false(mien_claims_read(&claims, "the source", "way/later"));
    }
    assert_true(writes("--json", "later")); // of another folder
    // Several may write what keeps nothing; nobody else is let through.
    assert_true(writes("--md5", "/dev/null") && writes("--report", "/dev/null"));
    assert_true(mkfifo("pipe", 0600) == 0 && writes("--md5", "pipe"));
    assert_false(writes("--report", "pipe"));
    mien_claims_release(&claims, "--md5");
    assert_true(writes("--report", "pipe"));
    mien_claims_release(&claims, "--csv");
    assert_true(writes("--csv", "dangling"));
    assert_false(writes("--json", "sub/later"));
}

static void standard_output_is_one(void **state)
{
    int was = dup(STDOUT_FILENO), fd = open("out", O_WRONLY | O_CREAT, 0600);
    fflush(stdout);
    dup2(fd, STDOUT_FILENO);
    bool first = writes("--json", "-"), again = writes("--csv", "-");
    bool device = writes("--csv", "/dev/stdout"), file = writes("--csv", "out");
    dup2(was, STDOUT_FILENO);
    close(was);
    close(fd);
    assert_true(first && !again && !device && !file);
}

static void free_names_are_taken_together(void **state)
{
    assert_true(mien_file_save("x.png", "photograph", 10));
    assert_true(mien_claims_read(&claims, "the picture", "x.png"));
    assert_false(mien_claims_take(&claims, "--mesh", (const char *const[]){"x.obj", "x.png"}, 2));
    assert_true(mien_claims_take(&claims, "--mesh", (const char *const[]){"x.obj", "x-2.png"}, 2));
    assert_false(mien_claims_take(&claims, "--overlay", (const char *const[]){"x-2.png"}, 1));
    // Many of them: the table grows.
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 3000; i++) {
            snprintf(name, sizeof(name), "n%d", i);
            const char *one = name;
            assert_true(mien_claims_take(&claims, "--overlay", &one, 1) == (round == 0));
        }
    }
}

RUN_TESTS(NULL, NULL,
          cmocka_unit_test_setup_teardown(inputs_are_known_by_any_name, set_up, tear_down),
          cmocka_unit_test_setup_teardown(old_inodes_are_free, set_up, tear_down),
          cmocka_unit_test_setup_teardown(outputs_are_apart, set_up, tear_down),
          cmocka_unit_test_setup_teardown(standard_output_is_one, set_up, tear_down),
          cmocka_unit_test_setup_teardown(free_names_are_taken_together, set_up, tear_down))

// Writing files: links, devices, pipes, modes, temporary names, other writers, full disks.
// LINK: -Wl,--wrap=open -Wl,--wrap=fsync -Wl,--wrap=rename
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "folder.h"
#include "run_tests.h"

static char dir[64];
static int attacks; // so many links lie where a temporary file is to be made
static char last_temporary[PATH_MAX];

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    mode_t mode = flags & O_CREAT ? va_arg(list, mode_t) : 0;
    va_end(list);
    if (flags & O_CREAT && strstr(path, ".mien-")) {
        snprintf(last_temporary, sizeof(last_temporary), "%s", path);
        if (attacks > 0) {
            attacks--;
            assert_int_equal(symlink("victim", path), 0);
        }
    }
    return __real_open(path, flags, mode);
}

static struct stat synced; // the file that reached the disk last
static bool sync_fails;
static int renames, unsynced; // unsynced: what was put in place had not reached the disk

int __real_fsync(int fd);
int __wrap_fsync(int fd)
{
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return fstat(fd, &synced);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    struct stat st;
    assert_int_equal(stat(from, &st), 0);
    renames++;
    unsynced += st.st_ino != synced.st_ino || st.st_size != synced.st_size;
    return __real_rename(from, to);
}

static const char *in_dir(const char *name)
{
    static char path[4][256];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof(path[next]), "%s/%s", dir, name);
    return path[next];
}

static bool save(const char *name, const char *text)
{
    return mien_file_save(in_dir(name), text, strlen(text));
}

static void expect_text(const char *name, const char *text)
{
    size_t size = 0;
    char *got = mien_file_read(in_dir(name), 0, &size);
    assert_non_null(got);
    assert_string_equal(got, text);
    mien_free(got);
}

static mode_t mode_of(const char *name)
{
    struct stat st;
    assert_int_equal(lstat(in_dir(name), &st), 0);
    return st.st_mode;
}

static int count_files(void)
{
    int n = 0;
    DIR *d = opendir(dir);
    assert_non_null(d);
    for (struct dirent *e; (e = readdir(d));) {
        n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
    }
    closedir(d);
    return n;
}

static int set_up(void **state)
{
    umask(022);
    return folder_make(dir, "save") && !chdir(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

static void links_are_followed(void **state)
{
    assert_true(save("real", "old"));
    assert_int_equal(mkdir(in_dir("sub"), 0777), 0);
    assert_int_equal(symlink("../real", in_dir("sub/link")), 0);
    assert_int_equal(symlink("sub/link", in_dir("chain")), 0);
    assert_int_equal(symlink("sub/fresh", in_dir("dangling")), 0);
    assert_true(save("chain", "new"));
    expect_text("real", "new");
    assert_true(S_ISLNK(mode_of("chain")) && S_ISLNK(mode_of("sub/link")));
    assert_true(save("dangling", "made"));
    assert_true(S_ISLNK(mode_of("dangling")));
    expect_text("sub/fresh", "made");
    assert_int_equal(symlink("loop", in_dir("loop")), 0);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(save("loop", "x"));
    assert_false(save("sub", "x"));
    assert_false(save("none/x", "x"));
    mien_log_set_level(MIEN_LOG_INFO);
    // Bit by bit too.
    int fd = mien_save_open(in_dir("chain"));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "bits", 4), 4);
    close(fd);
    expect_text("real", "bits");
    assert_true(S_ISLNK(mode_of("chain")));
}

static void devices_and_pipes_are_written_through(void **state)
{
    char got[8] = "";
    assert_int_equal(mkfifo(in_dir("pipe"), 0600), 0);
    int reader = __real_open(in_dir("pipe"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_true(save("pipe", "through"));
    assert_int_equal(read(reader, got, sizeof(got)), 7);
    assert_memory_equal(got, "through", 7);
    assert_true(S_ISFIFO(mode_of("pipe")));
    close(reader);
    assert_int_equal(symlink("/dev/full", in_dir("full")), 0);
    assert_int_equal(symlink("/dev/null", in_dir("null")), 0);
    assert_true(mien_save_is_stream(in_dir("null")));
    assert_true(save("null", "gone"));
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(save("full", "no room"));
    mien_log_set_level(MIEN_LOG_INFO);
    struct stat st;
    assert_true(!stat(in_dir("full"), &st) && S_ISCHR(st.st_mode));
    assert_true(!stat(in_dir("null"), &st) && S_ISCHR(st.st_mode));
}

// What is reached through /proc, as /dev/stdout is, belongs to whoever opened it.
static void open_files_are_written_through(void **state)
{
    char path[64];
    assert_true(save("out", "before"));
    assert_false(mien_save_is_stream(in_dir("out")));
    struct stat before, after;
    assert_int_equal(stat(in_dir("out"), &before), 0);
    int out = __real_open(in_dir("out"), O_WRONLY);
    assert_true(out >= 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", out);
    assert_true(mien_save_is_stream(path));
    assert_true(mien_file_save(path, "AFTER", 5));
    assert_int_equal(stat(in_dir("out"), &after), 0);
    assert_true(before.st_ino == after.st_ino);
    // Standard output by another name goes on where it stands.
    fflush(stdout);
    int stdout_was = dup(STDOUT_FILENO);
    assert_int_equal(ftruncate(out, 0), 0);
    assert_int_equal(write(out, "first,", 6), 6);
    dup2(out, STDOUT_FILENO);
    bool ok = mien_file_save("/dev/stdout", "second", 6);
    dup2(stdout_was, STDOUT_FILENO);
    close(stdout_was);
    close(out);
    assert_true(ok);
    expect_text("out", "first,second");
}

static void modes_are_kept(void **state)
{
    assert_true(save("own", "a"));
    assert_int_equal(mode_of("own") & 0777, 0644);
    assert_int_equal(chmod(in_dir("own"), 0660), 0);
    assert_true(save("own", "b"));
    assert_int_equal(mode_of("own") & 0777, 0660);
    umask(077);
    assert_true(save("private", "c"));
    assert_int_equal(mode_of("private") & 0777, 0600);
    umask(022);
    if (geteuid() != 0) {
        assert_int_equal(chmod(in_dir("own"), 0440), 0);
        mien_log_set_level(MIEN_LOG_ERROR + 1);
        assert_false(save("own", "c"));
        mien_log_set_level(MIEN_LOG_INFO);
        expect_text("own", "b");
    }
}

static void temporary_files_cannot_be_foreseen(void **state)
{
    char first[PATH_MAX];
    assert_true(save("victim", "untouched"));
    assert_int_equal(symlink("victim", in_dir("x.tmp")), 0);
    assert_int_equal(symlink("victim", in_dir("x.part")), 0);
    assert_true(save("x", "1"));
    snprintf(first, sizeof(first), "%s", last_temporary);
    assert_true(save("x", "2"));
    assert_string_not_equal(first, last_temporary);
    expect_text("victim", "untouched");
    assert_int_equal(count_files(), 4); // nothing is left behind
    attacks = 3;
    assert_true(save("x", "3"));
    assert_int_equal(attacks, 0);
    expect_text("victim", "untouched");
    expect_text("x", "3");
    assert_int_equal(mode_of("x") & S_IFMT, S_IFREG);
}

static void two_writers_of_one_file_are_refused(void **state)
{
    int fd = mien_save_open(in_dir("table"));
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "row", 3), 3);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_int_equal(mien_save_open(in_dir("table")), -1);
    assert_false(save("table", "other"));
    expect_text("table", "row");
    close(fd);
    fd = mien_save_open(in_dir("table"));
    assert_true(fd >= 0);
    close(fd);
    // A page that is written again and again is its writer's until that one ends.
    struct mien_save page = {0};
    for (int i = 0; i < 3; i++) {
        assert_true(mien_save_begin(&page, in_dir("page")));
        fprintf(page.file, "page %d", i);
        assert_true(mien_save_end(&page, true));
        assert_false(save("page", "other"));
        assert_int_equal(mien_save_open(in_dir("page")), -1);
    }
    mien_log_set_level(MIEN_LOG_INFO);
    expect_text("page", "page 2");
    mien_save_close(&page);
    mien_save_close(&page);
    assert_true(save("page", "other"));
}

static void what_is_not_whole_is_not_put_in_place(void **state)
{
    assert_true(save("x", "old"));
    struct mien_save s = {0};
    assert_true(mien_save_begin(&s, in_dir("x")));
    fputs("half", s.file);
    assert_false(mien_save_end(&s, false));
    mien_save_close(&s);
    expect_text("x", "old");
    static char big[1 << 16];
    memset(big, 'b', sizeof(big) - 1);
    struct rlimit was, low;
    getrlimit(RLIMIT_FSIZE, &was);
    low = (struct rlimit){4096, was.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &low);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    bool ok = save("x", big);
    mien_log_set_level(MIEN_LOG_INFO);
    setrlimit(RLIMIT_FSIZE, &was);
    assert_false(ok);
    expect_text("x", "old");
    assert_int_equal(count_files(), 1);
}

// A power cut finds the old file or the new one, whole: the new one is on the disk before it takes
// the old one's place, but for what is written anew soon; where the disk says no, the old one
// stays.
static void files_reach_the_disk_first(void **state)
{
    (void)state;
    renames = unsynced = 0;
    assert_true(save("a", "old"));
    assert_true(save("a", "new"));
    assert_int_equal(renames, 2);
    assert_int_equal(unsynced, 0);
    struct mien_save s = {.quick = true};
    assert_true(mien_save_begin(&s, in_dir("b")));
    fputs("often", s.file);
    assert_true(mien_save_end(&s, true));
    assert_int_equal(unsynced, 1);
    assert_true(mien_save_begin(&s, in_dir("b"))); // quick counts once
    fputs("for good", s.file);
    assert_true(mien_save_end(&s, true));
    assert_int_equal(unsynced, 1);
    mien_save_close(&s);
    sync_fails = true;
    assert_false(save("a", "lost"));
    sync_fails = false;
    expect_text("a", "new");
    assert_int_equal(count_files(), 2);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test_setup_teardown(links_are_followed, set_up, tear_down),
          cmocka_unit_test_setup_teardown(devices_and_pipes_are_written_through, set_up, tear_down),
          cmocka_unit_test_setup_teardown(open_files_are_written_through, set_up, tear_down),
          cmocka_unit_test_setup_teardown(modes_are_kept, set_up, tear_down),
          cmocka_unit_test_setup_teardown(temporary_files_cannot_be_foreseen, set_up, tear_down),
          cmocka_unit_test_setup_teardown(two_writers_of_one_file_are_refused, set_up, tear_down),
          cmocka_unit_test_setup_teardown(files_reach_the_disk_first, set_up, tear_down),
          cmocka_unit_test_setup_teardown(what_is_not_whole_is_not_put_in_place, set_up, tear_down))

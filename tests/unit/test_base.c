// Unit tests of base/.
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/half.h"
#include "base/log.h"
#include "base/job.h"
#include "base/mailbox.h"
#include "base/mem.h"
#include "base/pool.h"
#include "base/inbox.h"
#include "base/queue.h"
#include "base/rng.h"
#include "base/stats.h"
#include "run_tests.h"

static void log_is_captured(void **state)
{
    char said[24] = "";
    mien_log_capture(said, sizeof(said));
    mien_error("cannot open %s", "x");
    assert_string_equal(said, "cannot open x");
    mien_info("no trouble"); // not kept
    assert_string_equal(said, "cannot open x");
    mien_warn("%s", "a message that is longer than its room");
    assert_string_equal(said, "a message that is longe");
    mien_log_capture(NULL, 0);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    mien_error("this goes nowhere");
    mien_log_set_level(MIEN_LOG_INFO);
    assert_string_equal(said, "a message that is longe");
}

static void sizes_overflow(void **state)
{
    size_t out = 0;
    assert_false(mien_mul_size(SIZE_MAX / 2, 3, &out));
    assert_false(mien_add_size(SIZE_MAX, 1, &out));
    assert_true(mien_mul_size(6, 7, &out));
    assert_int_equal(out, 42);
    assert_null(mien_calloc(SIZE_MAX / 2, 3));
    assert_null(mien_calloc(SIZE_MAX, 1));
}

static void arena_measures_then_carves(void **state)
{
    struct mien_arena a = {0};
    assert_null(mien_arena_take(&a, 10, 4));
    assert_null(mien_arena_take(&a, 3, 8));
    assert_int_equal(a.used, 64 + 24);
    size_t need = a.used;
    assert_true(mien_arena_init(&a, need));
    char *x = mien_arena_take(&a, 10, 4);
    char *y = mien_arena_take(&a, 3, 8);
    assert_non_null(x);
    assert_int_equal(y - x, 64);
    assert_null(mien_arena_take(&a, 1, 1));
    mien_arena_destroy(&a);
    mien_arena_destroy(&a);
}

static void random_is_reproducible_and_fair(void **state)
{
    struct mien_rng a = {0}, b = {0}, c = {0};
    mien_rng_seed(&a, 7, 1);
    mien_rng_seed(&b, 7, 1);
    mien_rng_seed(&c, 7, 2);
    int same = 0;
    for (int i = 0; i < 1000; i++) {
        uint32_t v = mien_rng_u32(&a);
        assert_int_equal(v, mien_rng_u32(&b));
        same += v == mien_rng_u32(&c);
    }
    assert_true(same < 3);
    double sum = 0, square = 0;
    for (int i = 0; i < 100000; i++) {
        double v = mien_rng_normal(&a);
        sum += v;
        square += v * v;
        float u = mien_rng_float(&a);
        assert_true(u >= 0 && u < 1);
        assert_true(mien_rng_below(&a, 5) < 5);
    }
    assert_true(fabs(sum / 1e5) < 0.02);
    assert_true(fabs(square / 1e5 - 1) < 0.03);
}

static void quantiles(void **state)
{
    struct mien_stats *s = mien_calloc(1, sizeof *s);
    assert_true(mien_stats_quantile(s, 0.5) == 0);
    for (int i = 1; i <= 101; i++) {
        mien_stats_add(s, i);
    }
    assert_true(mien_stats_mean(s) == 51);
    assert_true(mien_stats_quantile(s, 0.5) == 51);
    assert_true(mien_stats_quantile(s, 0) == 1);
    assert_true(mien_stats_quantile(s, 1) == 101);
    assert_true(fabs(mien_stats_quantile(s, 0.955) - 96.5) < 1e-9);
    mien_free(s);
}

static void square(void *arg, size_t i, int worker)
{
    ((size_t *)arg)[i] += i * i;
}

static void pool_runs_each_index_once(void **state)
{
    static size_t out[1000];
    struct mien_pool *p = mien_pool_create(4);
    assert_non_null(p);
    for (int round = 1; round <= 50; round++) {
        mien_pool_run(p, MIEN_COUNT(out), square, out);
    }
    mien_pool_run(p, 0, square, out);
    for (size_t i = 0; i < MIEN_COUNT(out); i++) {
        assert_int_equal(out[i], 50 * i * i);
    }
    mien_pool_destroy(p);
}

static void add_one(void *arg)
{
    ++*(int *)arg;
}

// In line a job is done when it was begun, by a thread some time later; work that is under way when
// it is destroyed is waited for.
static void a_job_is_done_once_for_each_beginning(void **state)
{
    (void)state;
    for (int apart = 0; apart < 2; apart++) {
        struct mien_job j;
        int done = 0;
        assert_true(mien_job_init(&j, apart ? "mien-test" : NULL, add_one, &done));
        for (int i = 1; i <= 20; i++) {
            assert_int_equal(mien_job_state(&j), MIEN_JOB_IDLE);
            mien_job_begin(&j);
            while (apart && mien_job_state(&j) != MIEN_JOB_DONE) {
                sched_yield();
            }
            assert_int_equal(mien_job_state(&j), MIEN_JOB_DONE);
            assert_int_equal(done, i);
            mien_job_end(&j);
        }
        mien_job_begin(&j);
        mien_job_destroy(&j);
        mien_job_destroy(&j);
        assert_in_range(done, 20, 21);
    }
}

static void mailbox_keeps_the_newest(void **state)
{
    int slot[3] = {0};
    struct mien_mailbox m;
    assert_true(mien_mailbox_init(&m, &slot[0], &slot[1], &slot[2]));
    assert_null(mien_mailbox_take(&m, 0));
    for (int i = 1; i <= 3; i++) {
        *(int *)mien_mailbox_back(&m) = i;
        mien_mailbox_post(&m);
    }
    int *got = mien_mailbox_take(&m, mien_now_ns() + MIEN_NS_PER_S);
    assert_non_null(got);
    assert_int_equal(*got, 3);
    *(int *)mien_mailbox_back(&m) = 4;
    mien_mailbox_post(&m);
    assert_int_equal(*got, 3); // stays until the next take
    uint64_t posted = 0, dropped = 0;
    mien_mailbox_counts(&m, &posted, &dropped);
    assert_int_equal(posted, 4);
    assert_int_equal(dropped, 2);
    int64_t start = mien_now_ns();
    assert_int_equal(*(int *)mien_mailbox_take(&m, 0), 4);
    assert_null(mien_mailbox_take(&m, start + 20 * MIEN_NS_PER_MS));
    assert_true(mien_now_ns() - start >= 20 * MIEN_NS_PER_MS);
    mien_mailbox_stop(&m);
    assert_null(mien_mailbox_take(&m, mien_now_ns() + 60 * MIEN_NS_PER_S));
    assert_true(mien_mailbox_stopped(&m));
    mien_mailbox_destroy(&m);
}

static void *produce(void *arg)
{
    static int item[1000];
    for (int i = 0; i < 1000; i++) {
        item[i] = i;
        mien_queue_push(arg, &item[i]);
    }
    mien_queue_close(arg);
    return NULL;
}

enum { TELLERS = 3, TOLD = 500 };

static void *run_teller(void *arg)
{
    static atomic_int next;
    struct mien_inbox *b = arg;
    int me = next++;
    for (int i = 0; i < TOLD; i++) {
        int value[2] = {me, i};
        mien_inbox_put(b, value); // there is room for all
    }
    return NULL;
}

// Values of several threads come once each, those of one thread in their order; a full one refuses
// and keeps what it has.
static void inbox_keeps_the_order(void **state)
{
    struct mien_inbox b = {0};
    struct mien_thread thread[TELLERS] = {0};
    int value[2] = {0}, seen[TELLERS] = {0}, all = 0;
    char said[400];
    (void)state;
    assert_false(mien_inbox_put(&b, value)); // never initialised
    assert_true(mien_inbox_init(&b, "numbers", sizeof(value), 5));
    assert_false(mien_inbox_take(&b, value));
    for (int i = 0; i < 5; i++) {
        assert_true(mien_inbox_put(&b, (int[2]){0, i}));
    }
    mien_log_capture(said, sizeof(said));
    assert_false(mien_inbox_put(&b, (int[2]){0, 5}));
    mien_log_capture(NULL, 0);
    for (int i = 0; i < 5; i++) {
        assert_true(mien_inbox_take(&b, value) && value[1] == i);
    }
    mien_inbox_destroy(&b);
    assert_true(mien_inbox_init(&b, "numbers", sizeof(value), TELLERS * TOLD));
    for (int i = 0; i < TELLERS; i++) {
        assert_true(mien_thread_start(&thread[i], "teller", run_teller, &b));
    }
    while (all < TELLERS * TOLD) {
        if (mien_inbox_take(&b, value)) {
            assert_int_equal(value[1], seen[value[0]]++);
            all++;
        }
    }
    for (int i = 0; i < TELLERS; i++) {
        mien_thread_join(&thread[i]);
        assert_int_equal(seen[i], TOLD);
    }
    assert_false(mien_inbox_take(&b, value));
    mien_inbox_destroy(&b);
    mien_inbox_destroy(&b); // idempotent
}

static void queue_is_ordered_bounded_and_drains(void **state)
{
    struct mien_queue q;
    struct mien_thread t = {0};
    assert_true(mien_queue_init(&q, 4));
    assert_true(mien_thread_start(&t, "producer", produce, &q));
    int want = 0;
    for (int *v; (v = mien_queue_pop(&q, mien_now_ns() + 60 * MIEN_NS_PER_S));) {
        assert_int_equal(*v, want++);
    }
    assert_int_equal(want, 1000);
    mien_thread_join(&t);
    assert_false(mien_queue_push(&q, &want));
    mien_queue_destroy(&q);
    assert_true(mien_queue_init(&q, 1));
    assert_true(mien_queue_try_push(&q, &want));
    assert_false(mien_queue_try_push(&q, &want));
    assert_int_equal(q.dropped, 1);
    mien_queue_destroy(&q);
}

static void options(void **state)
{
    bool flag = true;
    int n = 3, choice = 0, level = 1, third = -1;
    double f = 1;
    const char *s = NULL;
    const struct mien_opt opts[] = {
        {.name = "flag", .letter = 'f', .type = MIEN_OPT_BOOL, .value = &flag, .help = "a"},
        {.name = "number",
         .letter = 'n',
         .type = MIEN_OPT_INT,
         .value = &n,
         .arg = "N",
         .help = "b",
         .min = 0,
         .max = 9},
        {.name = "float", .type = MIEN_OPT_FLOAT, .value = &f, .arg = "X", .help = "c"},
        {.name = "text", .type = MIEN_OPT_STRING, .value = &s, .arg = "TEXT", .help = "d"},
        {.name = "mode",
         .type = MIEN_OPT_CHOICE,
         .value = &choice,
         .arg = "on|off|auto",
         .help = "e"},
        {.name = "level",
         .type = MIEN_OPT_CHOICE,
         .value = &level,
         .arg = "off|low|high",
         .help = "f"},
        {.name = "third", .type = MIEN_OPT_SWITCH, .value = &third, .help = "g"},
        {0},
    };
    const struct mien_command cmd = {
        .name = "x", .synopsis = "FILE…", .summary = "test", .min_args = 0, .max_args = 2};
    static const struct {
        const char *argv[8];
        int argc, rc;
    } cases[] = {
        {{"x", "--no-flag", "-n5", "--float=2.5", "--text", "-", "a"}, 7, 0},
        {{"x", "--mode", "auto", "--", "-n"}, 5, 0},
        {{"x", "--number", "10"}, 3, 2},
        {{"x", "--number", "1x"}, 3, 2},
        {{"x", "--number"}, 2, 2},
        {{"x", "--nothing"}, 2, 2},
        {{"x", "--mode", "of"}, 3, 2},
        {{"x", "--float", "nan"}, 3, 2},
        {{"x", "--flag=1"}, 2, 2},
        {{"x", "a", "b", "c"}, 4, 2},
        {{"x", "--number=99999999999"}, 2, 2},
        {{"x", "--no-level"}, 2, 0},
        {{"x", "--third"}, 2, 0},
        {{"x", "--no-third"}, 2, 0},
        {{"x", "--no-mode"}, 2, 2},
        {{"x", "--third=1"}, 2, 2},
    };
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        const char *args[8];
        int nargs = 0;
        int rc = mien_args_parse(&cmd, opts, cases[i].argc, (char **)cases[i].argv, args, &nargs);
        if (rc != cases[i].rc) {
            fail_msg("case %zu: %d", i, rc);
        }
        if (i == 0) {
            assert_false(flag);
            assert_int_equal(n, 5);
            assert_true(f == 2.5);
            assert_string_equal(s, "-");
            assert_int_equal(nargs, 1);
            assert_string_equal(args[0], "a");
        }
        if (i == 1) {
            assert_int_equal(choice, 2);
            assert_string_equal(args[0], "-n");
            assert_int_equal(third, -1); // not given
        }
        assert_int_equal(level, i < 11 ? 1 : 0);
        assert_int_equal(third, i < 12 ? -1 : i == 12);
    }
}

// Options that are fields of a struct take the field's type, and keep to its range.
static void options_are_fields(void **state)
{
    (void)state;
    struct {
        bool flag;
        int n;
        long long steps;
        uint64_t seed;
        size_t count;
        double x;
        float y;
        const char *s;
        enum { RED, GREEN, BLUE } colour;
    } c = {.y = 1};
    const struct mien_opt opts[] = {
        {"flag", 0, MIEN_OPT_FIELD(&c.flag), NULL, "a", 0, 0},
        {"n", 0, MIEN_OPT_FIELD(&c.n), "N", "b", 0, 0},
        {"steps", 0, MIEN_OPT_FIELD(&c.steps), "N", "c", -1, 1e10},
        {"seed", 0, MIEN_OPT_FIELD(&c.seed), "N", "d", 0, 0},
        {"count", 0, MIEN_OPT_FIELD(&c.count), "N", "e", 0, 100},
        {"x", 0, MIEN_OPT_FIELD(&c.x), "X", "f", 0, 0},
        {"y", 0, MIEN_OPT_FIELD(&c.y), "X", "g", 0, 2},
        {"s", 0, MIEN_OPT_FIELD(&c.s), "S", "h", 0, 0},
        {"colour", 0, MIEN_OPT_CHOICE, &c.colour, "red|green|blue", "i", 0, 0},
        {0},
    };
    const struct mien_command cmd = {.name = "x", .synopsis = "", .summary = "test"};
    const char *good[] = {"x",   "--flag",  "--n=-3",  "--steps=5000000000", "--seed=7", "--count",
                          "100", "--x=0.1", "--y=0.1", "--s=word",           "--colour", "blue"};
    const char *bad[] = {
        "--n=5000000000", "--steps=20000000000", "--seed=-1", "--count=101", "--y=2.5", "--y=nan",
        "--seed=x"};
    const char *args[1];
    int nargs;
    assert_int_equal(
        mien_args_parse(&cmd, opts, (int)MIEN_COUNT(good), (char **)good, args, &nargs), 0);
    assert_true(c.flag && c.n == -3 && c.steps == 5000000000 && c.seed == 7 && c.count == 100);
    assert_true(c.x == 0.1 && c.y == 0.1f && c.colour == BLUE);
    assert_string_equal(c.s, "word");
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        const char *argv[] = {"x", bad[i]};
        assert_int_equal(mien_args_parse(&cmd, opts, 2, (char **)argv, args, &nargs), 2);
    }
    assert_true(c.n == -3 && c.steps == 5000000000 && c.seed == 7 && c.count == 100);
}

// An option that may come several times keeps its values in their order, and no more than there is
// room for.
static void lists_of_values(void **state)
{
    (void)state;
    const char *item[2];
    struct mien_opt_list list = {item, 2, 0};
    const struct mien_opt opts[] = {{"data", 'd', MIEN_OPT_FIELD(&list), "PACK", "packs", 0, 0},
                                    {0}};
    const struct mien_command cmd = {.name = "test", .synopsis = "", .summary = ""};
    const char *two[] = {"test", "--data", "a:1", "-d", "b"};
    const char *three[] = {"test", "--data=a", "--data=b", "--data=c"};
    int nargs = 0;
    assert_int_equal(mien_args_parse(&cmd, opts, 5, (char **)two, NULL, &nargs), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(item[0], "a:1");
    assert_string_equal(item[1], "b");
    list.count = 0;
    assert_int_equal(mien_args_parse(&cmd, opts, 4, (char **)three, NULL, &nargs), 2);
    assert_int_equal(list.count, 2);
}

// What --help says of the options, as text; mien_free.
static char *help_of(const struct mien_command *cmd, const struct mien_opt *opts)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    assert_non_null(f);
    mien_args_help(f, cmd, opts);
    fclose(f);
    return text;
}

// However long an option's argument is, none of it is cut, in the help and in what is said of a
// mistake; a long one has its text on a line of its own.
static void help_is_whole(void **state)
{
    static const char list[] = "first-of-all|second-of-all|third-of-all|fourth-of-all|fifth-of-all|"
                               "sixth-of-all|seventh-of-all|eighth-of-all|ninth-of-all|last";
    int choice = 0;
    const struct mien_opt opts[] = {
        {"long", 'l', MIEN_OPT_CHOICE, &choice, list, "what it does", 0, 0},
        {"s", 0, MIEN_OPT_CHOICE, &choice, "a|b", "short", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "x", .synopsis = "", .summary = "test", .sub = "up|down"};
    char *text = help_of(&cmd, opts), whole[300];
    snprintf(whole, sizeof(whole), "\n  -l, --long %s\n%33swhat it does [first-of-all]\n", list,
             "");
    assert_non_null(strstr(text, whole));
    assert_non_null(strstr(text, "\n      --s a|b                    short [a]\n"));
    assert_non_null(strstr(text, "\n  -h, --help                     this text\n"));
    assert_non_null(strstr(text, "\nsubcommands: up|down\n"));
    free(text);
}

// Where there must be a first argument it is one of the list.
static void subcommands_are_of_the_list(void **state)
{
    const struct mien_opt opts[] = {{0}};
    const struct mien_command cmd = {
        .name = "x", .summary = "test", .min_args = 1, .max_args = 2, .sub = "up|down|upward"};
    static const struct {
        const char *word;
        int index;
    } cases[] = {{"up", 0}, {"down", 1}, {"upward", 2}, {"u", -1}, {"upwards", -1}, {"", -1}};
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        const char *argv[] = {"x", cases[i].word}, *args[2];
        int nargs;
        assert_int_equal(mien_args_sub(&cmd, cases[i].word), cases[i].index);
        assert_int_equal(mien_args_parse(&cmd, opts, 2, (char **)argv, args, &nargs),
                         cases[i].index < 0 ? 2 : 0);
    }
}

// Too many arguments are refused, and not one more is stored than there is room for.
static void arguments_stay_in_their_room(void **state)
{
    const struct mien_opt opts[] = {{0}};
    const struct mien_command cmd = {
        .name = "x", .synopsis = "", .summary = "test", .min_args = 0, .max_args = 1};
    const char *argv[] = {"x", "a", "b", "c"}, *args[2] = {NULL, "untouched"};
    int nargs;
    assert_int_equal(mien_args_parse(&cmd, opts, 4, (char **)argv, args, &nargs), 2);
    assert_string_equal(args[0], "a");
    assert_string_equal(args[1], "untouched");
}

// 255 changes of each byte of header and table.
static void every_change_of_the_header_is_seen(const uint8_t *file, size_t size, const char *kind,
                                               uint32_t max_version)
{
    for (size_t i = 0; i < 96; i++) {
        for (int change = 1; change < 256; change++) {
            struct mien_container c;
            uint8_t *copy = mien_calloc(1, size);
            memcpy(copy, file, size);
            copy[i] ^= (uint8_t)change;
            if (mien_container_parse(&c, copy, size, "damaged", kind, max_version)) {
                fail_msg("byte %zu changed by %02x was accepted", i, (unsigned)change);
            }
        }
    }
}

// A file as it was written before the checksum covered the header: it is read, a changed one is
// not, and it can be written anew.
static void old_container(const struct mien_section *in, int count)
{
    char path[] = "/tmp/mien-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    assert_true(mien_container_save(path, "NETW", 1, in, count));
    size_t size = 0;
    uint8_t *file = mien_file_read(path, 0, &size);
    assert_non_null(file);
    memset(file + 28, 0, 4);
    uint32_t crc = mien_crc32(0, file + 32, size - 32);
    memcpy(file + 24, &crc, 4);
    assert_true(mien_file_save(path, file, size));
    struct mien_container c;
    assert_true(mien_container_load(&c, path, "NETW", MIEN_NETW_VERSION));
    assert_int_equal(c.version, 1);
    assert_memory_equal(mien_container_get(&c, "one", 64, NULL), in[0].data, 64);
    mien_container_destroy(&c);
    assert_true(mien_container_open(&c, path, "NETW", MIEN_NETW_VERSION));
    assert_int_equal(c.version, 1);
    mien_container_destroy(&c);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    every_change_of_the_header_is_seen(file, size, "NETW", 9);
    mien_log_set_level(MIEN_LOG_INFO);
    assert_true(mien_container_seal(path));
    assert_true(mien_container_load(&c, path, "NETW", MIEN_NETW_VERSION));
    assert_int_equal(c.version, MIEN_NETW_VERSION);
    assert_memory_equal(mien_container_get(&c, "one", 64, NULL), in[0].data, 64);
    assert_int_equal(((const uint8_t *)c.block)[28], 1);
    mien_container_destroy(&c);
    mien_free(file);
    unlink(path);
}

static void old_containers(void **state)
{
    static const char bytes[64] = "sixty-four of them";
    old_container((struct mien_section[]){{"one", bytes, 64}, {"two", "abc", 3}, {"end", "", 0}},
                  3);
    old_container((struct mien_section[]){{"one", bytes, 64}, {"end", "", 0}}, 2);
}

// What stays in the file is what is read at once, and is refused where that is.
static void open_container_is_the_same(void **state)
{
    char path[] = "/tmp/mien-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    enum { LONG = 600 * 1024 };
    uint8_t *data = mien_alloc(LONG, 1), *back = mien_alloc(LONG, 1);
    for (size_t i = 0; i < LONG; i++) {
        data[i] = (uint8_t)(i * i >> 5);
    }
    const struct mien_section in[] = {{"long", data, LONG}, {"text", "hello", 6}};
    assert_true(mien_container_save(path, "TEST", 2, in, 2));
    struct mien_container c;
    assert_true(mien_container_open(&c, path, "TEST", 2));
    const struct mien_section *s = mien_container_find(&c, "long");
    assert_non_null(s);
    assert_null(mien_container_find(&c, "none"));
    assert_int_equal(s->size, LONG);
    assert_true(mien_container_fetch(&c, s, 0, LONG, back));
    assert_memory_equal(back, data, LONG);
    assert_true(mien_container_fetch(&c, s, 1000, 50, back));
    assert_memory_equal(back, data + 1000, 50);
    assert_false(mien_container_fetch(&c, s, LONG - 10, 11, back));
    mien_container_destroy(&c);
    mien_container_destroy(&c);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_false(mien_container_open(&c, path, "OTHR", 2));
    assert_false(mien_container_open(&c, path, "TEST", 1));
    size_t size = 0;
    uint8_t *file = mien_file_read(path, 0, &size);
    static const size_t places[] = {0, 5, 9, 13, 20, 25, 29, 40, 50, 57, 70, 200, 262143, 262144};
    for (size_t i = 0; i <= MIEN_COUNT(places); i++) {
        const size_t at = i < MIEN_COUNT(places) ? places[i] : size - 1;
        file[at] ^= 0x41;
        assert_true(mien_file_save(path, file, size));
        assert_false(mien_container_open(&c, path, "TEST", 2));
        file[at] ^= 0x41;
    }
    static const size_t cuts[] = {0, 31, 33, 95, 1000, 262144, LONG};
    for (size_t i = 0; i < MIEN_COUNT(cuts); i++) {
        assert_true(mien_file_save(path, file, cuts[i]));
        assert_false(mien_container_open(&c, path, "TEST", 2));
    }
    mien_log_set_level(MIEN_LOG_INFO);
    mien_free(file);
    mien_free(data);
    mien_free(back);
    unlink(path);
}

static void containers(void **state)
{
    char path[] = "/tmp/mien-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const char text[] = "hello";
    const struct mien_section in[] = {{"text", text, sizeof text}, {"none", text, 0}};
    assert_true(mien_container_save(path, "TEST", 2, in, 2));
    struct mien_container c;
    assert_true(mien_container_load(&c, path, "TEST", 2));
    size_t got = 0;
    assert_string_equal(mien_container_get(&c, "text", sizeof text, &got), "hello");
    assert_int_equal(got, sizeof text);
    assert_non_null(mien_container_get(&c, "none", 0, &got));
    assert_null(mien_container_get(&c, "text", 3, NULL));
    assert_null(mien_container_get(&c, "absent", 3, NULL));
    mien_container_destroy(&c);
    mien_container_destroy(&c);
    assert_false(mien_container_load(&c, path, "OTHR", 2));
    assert_false(mien_container_load(&c, path, "TEST", 1));
    // Cut short, and every byte damaged in turn: refused, never a crash.
    size_t size = 0;
    uint8_t *file = mien_file_read(path, 0, &size);
    assert_non_null(file);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (size_t cut = 0; cut < size; cut += 7) {
        uint8_t *copy = mien_calloc(1, cut + 1);
        memcpy(copy, file, cut);
        assert_false(mien_container_parse(&c, copy, cut, "cut", "TEST", 2));
    }
    for (size_t i = 0; i < size; i++) {
        uint8_t *copy = mien_calloc(1, size);
        memcpy(copy, file, size);
        copy[i] ^= 0x41;
        bool ok = mien_container_parse(&c, copy, size, "damaged", "TEST", 2);
        if (ok) {
            fail_msg("a damaged byte at %zu was accepted", i);
        }
        mien_container_destroy(&c);
    }
    every_change_of_the_header_is_seen(file, size, "TEST", 9);
    mien_log_set_level(MIEN_LOG_INFO);
    mien_free(file);
    unlink(path);
    assert_null(mien_file_read("/nonexistent", 0, &size));
    assert_null(mien_file_read("/tmp", 0, &size));
    assert_int_equal(mien_crc32(0, "123456789", 9), 0xCBF43926);
}

// Every half-precision number, from every place in a vector of eight, as the compiler converts it.
static void halves(void **state)
{
    enum { ALL = 65536 };
    static uint16_t half[ALL + 1];
    static float out[ALL];
    for (int i = 0; i < ALL; i++) {
        half[i] = (uint16_t)i;
    }
    for (int from = 0; from < 9; from++) {
        size_t n = (size_t)(ALL - 2 * from);
        mien_half_to_float(half + from, out, n);
        for (size_t i = 0; i < n; i++) {
            _Float16 h;
            memcpy(&h, half + from + i, sizeof(h));
            float want = (float)h;
            bool is_nan = (half[from + i] & 0x7c00) == 0x7c00 && (half[from + i] & 0x3ff);
            uint32_t a, b;
            memcpy(&a, &want, 4);
            memcpy(&b, &out[i], 4);
            assert_true(a == b || (is_nan && (b & 0x7f800000) == 0x7f800000 && (b & 0x7fffff)));
        }
    }
}

// Floats of every size round as the compiler rounds them, from any place, and nothing else is
// written.
static void floats_become_halves(void **state)
{
    (void)state;
    struct mien_rng r;
    static float from[1001];
    static uint16_t half[1003];
    mien_rng_seed(&r, 3, 1);
    for (int i = 0; i < 1001; i++) {
        from[i] = mien_rng_range(&r, -1, 1) * powf(2, mien_rng_range(&r, -28, 17));
    }
    const float edge[] = {0,        -0.0f,      65504,        65520,          -65519,  0x1p-24f,
                          0x1p-25f, 0x1.8p-25f, 1 + 0x1p-11f, 1 + 0x1.8p-10f, INFINITY};
    memcpy(from + 500, edge, sizeof(edge));
    for (int first = 0; first < 9; first++) {
        for (size_t n = 0; n < 40 || n == 1001 - (size_t)first;
             n = n == 39 ? 1001 - (size_t)first : n + 1) {
            memset(half, 0x5a, sizeof(half));
            mien_float_to_half(from + first, half + 1, n);
            assert_int_equal(half[0], 0x5a5a);
            assert_int_equal(half[1 + n], 0x5a5a);
            for (size_t i = 0; i < n; i++) {
                _Float16 h = (_Float16)from[(size_t)first + i];
                assert_memory_equal(&h, &half[1 + i], sizeof(h));
            }
        }
    }
}

// Not zeroed, else as mien_calloc; large ones too, which are wished for in large pages.
static void plain_memory(void **state)
{
    static const size_t sizes[] = {1, 63, 4096, (2 << 20) - 64, 2 << 20, (5 << 20) + 1};
    for (size_t i = 0; i < MIEN_COUNT(sizes); i++) {
        unsigned char *p = mien_alloc(sizes[i], 1), *q = mien_calloc(sizes[i], 1);
        assert_non_null(p);
        assert_non_null(q);
        assert_true((uintptr_t)p % 64 == 0 && (uintptr_t)q % 64 == 0);
        memset(p, 0xa5, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++) {
            assert_true(q[k] == 0);
        }
        mien_free(p);
        mien_free(q);
    }
    char text[256];
    mien_log_capture(text, sizeof(text));
    assert_null(mien_alloc(SIZE_MAX / 2, 3));
    mien_log_capture(NULL, 0);
    assert_non_null(strstr(text, "overflows"));
}

static int pages_held(const unsigned char *p, size_t size)
{
    enum { PAGE = 4096 };
    unsigned char held[600];
    uintptr_t from = ((uintptr_t)p + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    size_t pages = ((uintptr_t)p + size - from) / PAGE;
    int n = 0;
    assert_true(pages <= sizeof(held) && mincore((void *)from, pages * PAGE, held) == 0);
    for (size_t i = 0; i < pages; i++) {
        n += held[i] & 1;
    }
    return n;
}

// Room takes memory as it is written, and gives it back; other blocks have theirs at once.
static void room_takes_what_is_written(void **state)
{
    enum { SIZE = 2000000 };
    unsigned char *p = mien_reserve(SIZE, 1);
    assert_non_null(p);
    assert_true((uintptr_t)p % 64 == 0);
#ifndef __SANITIZE_ADDRESS__ // which writes into each block
    assert_in_range(pages_held(p, SIZE), 0, 1);
#endif
    memset(p, 1, SIZE);
    assert_true(pages_held(p, SIZE) > 480);
    mien_rest(p, SIZE);
    assert_int_equal(pages_held(p, SIZE), 0);
    memset(p, 2, SIZE);
    for (int i = 0; i < SIZE; i++) {
        assert_int_equal(p[i], 2);
    }
    mien_rest(p, 100); // no whole page: nothing is given back
    assert_int_equal(p[0], 2);
    mien_rest(NULL, 0);
    mien_free(p);
    p = mien_calloc(SIZE, 1);
    assert_true(pages_held(p, SIZE) > 480);
    mien_free(p);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(sizes_overflow),
          cmocka_unit_test(room_takes_what_is_written), cmocka_unit_test(halves),
          cmocka_unit_test(floats_become_halves), cmocka_unit_test(plain_memory),
          cmocka_unit_test(log_is_captured), cmocka_unit_test(arena_measures_then_carves),
          cmocka_unit_test(random_is_reproducible_and_fair), cmocka_unit_test(quantiles),
          cmocka_unit_test(pool_runs_each_index_once),
          cmocka_unit_test(a_job_is_done_once_for_each_beginning),
          cmocka_unit_test(mailbox_keeps_the_newest), cmocka_unit_test(inbox_keeps_the_order),
          cmocka_unit_test(queue_is_ordered_bounded_and_drains), cmocka_unit_test(options),
          cmocka_unit_test(options_are_fields), cmocka_unit_test(help_is_whole),
          cmocka_unit_test(subcommands_are_of_the_list),
          cmocka_unit_test(arguments_stay_in_their_room),
          cmocka_unit_test(open_container_is_the_same), cmocka_unit_test(containers),
          cmocka_unit_test(lists_of_values), cmocka_unit_test(old_containers))

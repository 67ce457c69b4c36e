// Network descriptions: shapes, parameters, the message for every mistake; loading of damaged
// files.
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "learn/graph.h"
#include "nn/desc.h"
#include "nn/net.h"
#include "run_tests.h"

static struct mien_desc desc; // 200 KB: not on the stack

static void test_shapes(void **state)
{
    (void)state;
    const char *text = "# a comment\n\n"
                       "define L 7\ndefine L 9  # the first one holds\n"
                       "input image 3 33 20 mean 127.5 scale 0.5\r\n"
                       "conv c1 image out 16 s 2 bn relu\n"
                       "conv c2 c1 out 8 k 5 pad 0 leaky 0.2\n"
                       "block b1 c1 out 16\n"
                       "block b2 b1 out 24 s 2 prelu\n"
                       "depthwise d1 b2 k 3 s 1 bn hardswish\n"
                       "upsample u1 d1\n"
                       "maxpool m1 c1 k 3 s 2 pad 1\n"
                       "concat cat m1 d1 b2\n"
                       "gap g cat\n"
                       "dense v g out 2*$L\n"
                       "output map u1\noutput vector v";
    assert_true(mien_desc_parse(&desc, text, false, "test"));
    static const struct {
        const char *name;
        int c, h, w;
    } want[] = {{"image", 3, 33, 20}, {"c1", 16, 17, 10}, {"c2", 8, 13, 6},
                {"b1.a", 16, 17, 10}, {"b1", 16, 17, 10}, {"b2.skip", 24, 9, 5},
                {"b2", 24, 9, 5},     {"d1", 24, 9, 5},   {"u1", 24, 18, 10},
                {"m1", 16, 9, 5},     {"cat", 64, 9, 5},  {"g", 64, 1, 1},
                {"v", 14, 1, 1}};
    for (size_t i = 0; i < MIEN_COUNT(want); i++) {
        int l = mien_desc_find(&desc, want[i].name);
        assert_true(l >= 0);
        assert_int_equal(desc.layer[l].c, want[i].c);
        assert_int_equal(desc.layer[l].h, want[i].h);
        assert_int_equal(desc.layer[l].w, want[i].w);
    }
    assert_true(desc.mean == 127.5f && desc.scale == 0.5f);
    assert_int_equal(mien_desc_find(&desc, "b1.skip"), -1); // same shape: no convolution
    assert_int_equal(desc.outputs, 2);
    assert_int_equal(mien_desc_find_output(&desc, "vector"), 1);
    assert_int_equal(mien_desc_find_output(&desc, "v"), -1);
    int p = mien_desc_find_param(&desc, "c1.gamma");
    assert_true(p >= 0);
    assert_int_equal(desc.param[p].count, 16);
    p = mien_desc_find_param(&desc, "c2.weight");
    assert_int_equal(desc.param[p].count, 8 * 16 * 25);
    // folded: no gamma, no statistics
    assert_true(mien_desc_parse(&desc, text, true, "test"));
    assert_int_equal(mien_desc_find_param(&desc, "c1.gamma"), -1);
    assert_true(mien_desc_find_param(&desc, "c1.bias") >= 0);
    assert_int_equal(desc.stats, 0);
}

static void test_macs(void **state)
{
    (void)state;
    assert_true(mien_desc_parse(&desc,
                                "input x 3 10 10\nconv c x out 4\ndepthwise d c s 2\n"
                                "dense y d out 6\noutput y y\n",
                                false, "test"));
    assert_true(desc.macs == 100 * 4 * 27 + 25 * 4 * 9 + 100 * 6);
}

// Each text is wrong in one way; the line of the mistake is the last.
static void test_mistakes(void **state)
{
    (void)state;
#define IN "input x 3 8 8\n"
    static const char *const wrong[] = {
        "",
        IN,
        "conv c x out 4\noutput y c\n",
        IN "output y x\n" IN,
        "input x 3 8\n",
        "input x 0 8 8\n",
        "input x 3 8 99999\n",
        "input x 3 8 8 mean\n",
        "input x 3 8 8 mean nan\n",
        "input x 3 8 8 scale 0\n",
        "input x 3 8 8 size 4\n",
        "input\n",
        IN "conv\n",
        IN "conv c\n",
        IN "conv c nowhere out 4\n",
        IN "conv c c out 4\n",
        IN "conv c x\noutput y c\n",
        IN "conv c x out\n",
        IN "conv c x out 4x\n",
        IN "conv c x out -4\n",
        IN "conv c x out 4 k 16\n",
        IN "conv c x out 4 k 3 pad 3\n",
        IN "conv c x out 4 k 9 pad 0\n",
        IN "conv c x out 4 s 0\n",
        IN "conv c x out 4 sigmoid\n",
        IN "conv c x out 4 leaky\n",
        IN "conv c x out 4 leaky 2\n",
        IN "conv c x out 4 plus x\n",
        IN "conv c x out 4 plus\n",
        IN "conv x x out 4\n",
        IN "conv c x out $N\n",
        IN "define N 4\nconv c x out two*$N\n",
        IN "define N 4\nconv c x out 2+$N\n",
        IN "define N\n",
        IN "define N 1 2\n",
        IN "depthwise d x out 3\n",
        IN "dense d x out 4 k 3\n",
        IN "block b x\n",
        IN "block b x out 4 bn\n",
        IN "block\n",
        IN "add a x\n",
        IN "add a x y\n",
        IN "conv c x out 3 s 2\nadd a x c\n",
        IN "act a x\n",
        IN "act a x relu relu\n",
        IN "maxpool p x k 9\n",
        IN "maxpool p x k 2 pad 2\n",
        IN "avgpool p x q 2\n",
        IN "gap g\n",
        IN "gap g x x\n",
        IN "concat c x\n",
        IN "conv c x out 3 s 2\nconcat d x c\n",
        IN "dropout d x\n",
        IN "dropout d x p 1\n",
        IN "stop s\n",
        IN "output\n",
        IN "output y\n",
        IN "output y nowhere\n",
        IN "output y x\noutput y x\n",
        IN "output y x x\n",
        IN "transformer t x\n",
        IN "conv averyveryveryveryveryveryveryveryveryverylongname x out 4\n",
        IN "block averyveryveryveryveryveryveryveryverylongnam x out 4\n",
        IN "dense d x out 8192\nupsample u1 d\nupsample u2 u1\nupsample u3 u2\nupsample u4 u3\n"
           "upsample u5 u4\nupsample u6 u5\nupsample u7 u6\noutput y u7\n",
    };
    // An output makes a network of what is not one for want of it alone.
    static char text[2048];
    assert_true(mien_desc_parse(&desc, IN "output last x\n", false, "test"));
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (size_t i = 0; i < MIEN_COUNT(wrong); i++) {
        bool begun = !strncmp(wrong[i], IN, strlen(IN)) && strcmp(wrong[i], IN) != 0;
        snprintf(text, sizeof(text), "%s%s", wrong[i], begun ? "output last x\n" : "");
        if (mien_desc_parse(&desc, text, false, "test")) {
            fail_msg("accepted: %s", text);
        }
    }
    mien_log_set_level(MIEN_LOG_INFO);
}

// Random words in random order: refused or accepted, never a crash.
static void test_random_texts(void **state)
{
    (void)state;
    static const char *const words[] = {
        "input", "conv", "block", "dense",   "add",      "concat",  "output", "x",
        "y",     "z",    "3",     "8",       "1",        "0",       "-1",     "out",
        "k",     "s",    "pad",   "bn",      "plus",     "relu",    "leaky",  "0.5",
        "\n",    "\n",   "gap",   "p",       "$A",       "define",  "A",      "stop",
        "#",     "2*$A", "8192",  "maxpool", "upsample", "dropout", "\t",     "act"};
    struct mien_rng r;
    mien_rng_seed(&r, 11, 0);
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    for (int i = 0; i < 3000; i++) {
        char text[2048] = "input x 3 8 8\nconv y x out 4\noutput o y\n";
        int n = 1 + (int)mien_rng_below(&r, 60);
        for (int j = 0; j < n; j++) {
            strcat(text, words[mien_rng_below(&r, MIEN_COUNT(words))]);
            strcat(text, " ");
        }
        mien_desc_parse(&desc, text, mien_rng_chance(&r, 0.5f), "test");
    }
    mien_log_set_level(MIEN_LOG_INFO);
}

static void test_damaged_files(void **state)
{
    (void)state;
    char path[] = "/tmp/mien_test_nn_XXXXXX";
    close(mkstemp(path));
    const char good[] = "input x 1 4 4\ndense d x out 2\noutput y d\n";
    const char bad[] = "input x 1 4 4\ndense d x out\noutput y d\n";
    float weights[48] = {1, 2, 3}, nan_weights[48] = {0};
    weights[32] = 5;
    const uint32_t nan_bits = 0x7fc00000;
    memcpy(&nan_weights[7], &nan_bits, 4);
    const struct {
        const char *text;
        size_t text_size;
        const char *section;
        const void *data;
        size_t size;
        bool ok;
    } cases[] = {
        {good, sizeof good, "weights", weights, sizeof weights, true},
        {good, sizeof good, "weights", weights, sizeof weights - 4, false},
        {good, sizeof good, "half", weights, sizeof weights, false},
        {good, sizeof good, "other", weights, sizeof weights, false},
        {good, sizeof good - 1, "weights", weights, sizeof weights, false}, // no zero at the end
        {good, 0, "weights", weights, sizeof weights, false},
        {bad, sizeof bad, "weights", weights, sizeof weights, false},
        {good, sizeof good, "weights", nan_weights, sizeof nan_weights, false},
    };
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        const struct mien_section s[] = {{"desc", cases[i].text, cases[i].text_size},
                                         {"", cases[i].data, cases[i].size}};
        struct mien_section both[2] = {s[0], s[1]};
        snprintf(both[1].name, sizeof both[1].name, "%s", cases[i].section);
        assert_true(mien_container_save(path, "NETW", 1, both, 2));
        mien_log_set_level(MIEN_LOG_ERROR + 1);
        struct mien_net *n = mien_net_load(path);
        mien_log_set_level(MIEN_LOG_INFO);
        assert_true((n != NULL) == cases[i].ok);
        if (n) {
            float x[16] = {1, 1, 1};
            void *work = mien_calloc(mien_net_workspace_bytes(n), 1);
            mien_net_forward(n, x, work);
            assert_true(mien_net_output_data(n, work, 0)[0] == 1 + 2 + 3 + 5);
            assert_true(mien_net_output_data(n, work, 0)[1] == 0);
            assert_int_equal(mien_net_find_output(n, "y"), 0);
            mien_free(work);
        }
        mien_net_destroy(n);
    }
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    assert_null(mien_net_load("/nonexistent.net"));
    mien_log_set_level(MIEN_LOG_INFO);
    unlink(path);
}

// The descriptions that we ship are valid and of the size they say.
static void test_shipped(void **state)
{
    (void)state;
    char path[1024];
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    bool found = mien_find_file("assets", "nets/face96.txt", path, sizeof path);
    mien_log_set_level(MIEN_LOG_INFO);
    if (!found) {
        skip();
    }
    size_t size;
    char *text = mien_file_read(path, 1 << 20, &size);
    assert_non_null(text);
    assert_true(mien_desc_parse(&desc, text, false, path));
    assert_true(desc.macs > 45e6 && desc.macs < 60e6);
    int o = mien_desc_find_output(&desc, "landmarks");
    assert_true(o >= 0);
    assert_int_equal(desc.layer[desc.output[o].layer].c, 480);
    mien_free(text);
}

// A loaded network holds its packed weights and not the file's beside them. Four million: 8 MB in
// 16 bits, 16 where the processor has no such floats; 16 more as they come from the file.
static void weights_are_held_once(void **state)
{
    (void)state;
    const char *path = "build/test_nn_held.net";
    struct mien_graph *g = mien_graph_create(
        "input x 3 1 1\ndense a x out 2000 relu\ndense b a out 2000\noutput y b\n", 1, 1, 1);
    assert_non_null(g);
    assert_true(mien_graph_export_half(g, path));
    mien_graph_destroy(g);
    struct mallinfo2 before = mallinfo2();
    struct mien_net *n = mien_net_load(path);
    assert_non_null(n);
    struct mallinfo2 after = mallinfo2();
    double held =
        (double)(after.uordblks + after.hblkhd) - (double)(before.uordblks + before.hblkhd);
    print_message("a network of 4 M weights holds %.1f MB\n", held / 1e6);
    assert_true(held < 22e6);
    mien_net_destroy(n);
    remove(path);
}

static const char mixed_net[] =
    "input x 3 20 20\nconv a x out 16 s 2 relu\nconv b a out 70 leaky 0.1\n"
    "conv c b out 33 k 1 prelu\ndense d c out 40 relu\ndense f d out 7\noutput y f\n";

// A network that stays in its file says what one in memory says, to the last digit, and nothing
// once the file was written over.
static void lean_network_reads_its_file(void **state)
{
    (void)state;
    const char *path = "build/test_nn_lean.net";
    for (int half = 0; half < 2; half++) {
        struct mien_graph *g = mien_graph_create(mixed_net, 1, 1, 5);
        assert_non_null(g);
        assert_true(half ? mien_graph_export_half(g, path) : mien_graph_export(g, path));
        mien_graph_destroy(g);
        struct mien_net *held = mien_net_load_seldom(path, false),
                        *lean = mien_net_load_seldom(path, true), *usual = mien_net_load(path);
        assert_true(held && lean && usual);
        float x[3 * 20 * 20], y[7];
        for (size_t i = 0; i < MIEN_COUNT(x); i++) {
            x[i] = (float)((i * 37) % 101) / 50 - 1;
        }
        void *work[3] = {mien_calloc(mien_net_workspace_bytes(held), 1),
                         mien_calloc(mien_net_workspace_bytes(lean), 1),
                         mien_calloc(mien_net_workspace_bytes(usual), 1)};
        memset(work[0], 0xff, mien_net_workspace_bytes(held)); // it may hold anything
        memset(work[1], 0x7f, mien_net_workspace_bytes(lean));
        for (int n = 0; n < 2; n++) {
            assert_true(mien_net_forward(held, x, work[0]));
            assert_true(mien_net_forward(lean, x, work[1]));
            assert_true(mien_net_forward(usual, x, work[2]));
            const float *a = mien_net_output_data(held, work[0], 0);
            assert_memory_equal(a, mien_net_output_data(lean, work[1], 0), sizeof(y));
            for (int i = 0; i < 7; i++) {
                assert_float_equal(a[i], mien_net_output_data(usual, work[2], 0)[i], 2e-2);
                assert_true(a[i] != 0);
            }
            x[5] += 1;
        }
        int fd = open(path, O_WRONLY);
        assert_true(fd >= 0);
        struct stat st;
        assert_int_equal(fstat(fd, &st), 0);
        mien_log_set_level(MIEN_LOG_ERROR + 1);
        assert_int_equal(pwrite(fd, "\1\2", 2, st.st_size - 400), 2); // numbers all the same
        assert_false(mien_net_forward(lean, x, work[1]));
        assert_true(mien_net_forward(held, x, work[0]));
        assert_int_equal(ftruncate(fd, st.st_size / 2), 0);
        assert_false(mien_net_forward(lean, x, work[1]));
        mien_log_set_level(MIEN_LOG_INFO);
        close(fd);
        for (int i = 0; i < 3; i++) {
            mien_free(work[i]);
        }
        mien_net_destroy(held);
        mien_net_destroy(lean);
        mien_net_destroy(usual);
    }
    remove(path);
}

// Processors with AVX2 and with AVX-512 say the same to the last digit: sums are taken in one
// order.
static void instruction_sets_agree(void **state)
{
    (void)state;
    enum { PIXELS = 3 * 128 * 128, NUMBERS = 500 };
    static const char *const sets[] = {"avx2", "avx512"};
    static float x[PIXELS], y[2][NUMBERS];
    char path[1024];
    assert_true(mien_find_file("models", "face.net", path, sizeof(path)));
    for (int i = 0; i < PIXELS; i++) {
        x[i] = (float)((i * 37) % 101) / 50 - 1;
    }
    for (int k = 0; k < 2; k++) {
        assert_int_equal(setenv("MIEN_CPU", sets[k], 1), 0);
        struct mien_net *n = mien_net_load(path);
        assert_non_null(n);
        if (strcmp(mien_net_kernels(n), sets[k]) != 0) {
            print_message("no %s here: not compared\n", sets[k]);
        }
        const struct mien_net_io in = mien_net_input(n), out = mien_net_output(n, 0);
        assert_true(in.c * in.h * in.w == PIXELS && out.c == NUMBERS);
        void *work = mien_calloc(mien_net_workspace_bytes(n), 1);
        assert_true(mien_net_forward(n, x, work));
        memcpy(y[k], mien_net_output_data(n, work, 0), sizeof(y[k]));
        mien_free(work);
        mien_net_destroy(n);
    }
    unsetenv("MIEN_CPU");
    assert_memory_equal(y[0], y[1], sizeof(y[0]));
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(weights_are_held_once),
          cmocka_unit_test(instruction_sets_agree), cmocka_unit_test(lean_network_reads_its_file),
          cmocka_unit_test(test_shapes), cmocka_unit_test(test_macs),
          cmocka_unit_test(test_mistakes), cmocka_unit_test(test_random_texts),
          cmocka_unit_test(test_damaged_files), cmocka_unit_test(test_shipped))

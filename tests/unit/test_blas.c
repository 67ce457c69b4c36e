// tensor/blas: where out of memory OpenBLAS would wait for it for ever. Each case is a process of
// its own with a limit (as ulimit -v sets it); an alarm ends one that hangs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "tensor/blas.h"
#include "tensor/kernels.h"
#include "run_tests.h"

enum { N = 300, ROUNDS = 20, THREADS = 6 };
static float a[N * N];

static size_t used(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%lu", &pages) != 1) {
        pages = 0;
    }
    if (f) {
        fclose(f);
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static bool limit(size_t mib)
{
    struct rlimit r;
    getrlimit(RLIMIT_AS, &r);
    r.rlim_cur = mib ? used() + (mib << 20) : r.rlim_max;
    return used() && setrlimit(RLIMIT_AS, &r) == 0;
}

static void *multiply(void *arg)
{
    float *c = arg;
    for (int i = 0; i < ROUNDS; i++) {
        mien_sgemm(false, false, N, N, N, a, N, a, N, 0, c, N);
    }
    return NULL;
}

// Every product, of several threads at the same time: a build without locks mixes up a few of a
// hundred.
static void *repeat(void *arg)
{
    float *c = arg, *first = c + N * N;
    mien_sgemm(false, false, N, N, N, a, N, a, N, 0, first, N);
    for (int i = 0; i < 10 * ROUNDS; i++) {
        mien_sgemm(false, false, N, N, N, a, N, a, N, 0, c, N);
        if (memcmp(c, first, sizeof(float) * N * N) != 0) {
            return c;
        }
    }
    return NULL;
}

static bool is_right(const float *c)
{
    for (int y = 0; y < N; y += 37) {
        for (int x = 0; x < N; x += 41) {
            double sum = 0;
            for (int k = 0; k < N; k++) {
                sum += (double)a[y * N + k] * a[k * N + x];
            }
            if (fabs(sum - c[y * N + x]) > 1e-3 * N) {
                return false;
            }
        }
    }
    return true;
}

// Memory and threads are there before the limit comes: it is OpenBLAS's blocks that it is about.
static pthread_barrier_t begin;

static void *wait_and_multiply(void *arg)
{
    pthread_barrier_wait(&begin);
    return multiply(arg);
}

// Several threads, and a limit that leaves room for `mib` more once the first block is taken.
static int share(size_t mib)
{
    static float c[THREADS][N * N];
    pthread_t t[THREADS];
    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(i * 7919 % 1000) / 1000 - 0.5f;
    }
    if (!mien_blas_init() || pthread_barrier_init(&begin, NULL, THREADS + 1)) {
        return 2;
    }
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&t[i], NULL, wait_and_multiply, c[i])) {
            return 3;
        }
    }
    if (!limit(mib)) {
        return 4;
    }
    pthread_barrier_wait(&begin);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(t[i], NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        if (!is_right(c[i])) {
            return 5;
        }
    }
    return 0;
}

static bool says(const char *text, const char *word)
{
    if (!strstr(text, word)) {
        printf("\"%s\" is not in \"%s\"\n", word, text);
        return false;
    }
    return true;
}

// No room for the first block: it is said, with what is needed, and may be asked again.
static int refuse(size_t mib)
{
    char text[300] = "";
    const size_t before = used() >> 20;
    unsigned long need = 0;
    if (!limit(mib)) {
        return 2;
    }
    mien_log_capture(text, sizeof text);
    bool possible = mien_blas_init() || mien_kernels() || mien_kernels_at(1);
    mien_log_capture(NULL, 0);
    if (possible || !mien_kernels_at(0)) {
        return 3;
    }
    const char *least = strstr(text, "at least ");
    if (!says(text, "out of memory") || !says(text, "ulimit -v allows") || !least ||
        sscanf(least, "at least %lu MiB", &need) != 1 || need < before + 128) {
        return 4;
    }
    return limit(0) && mien_blas_init() && mien_kernels() ? 0 : 5;
}

static void in_a_process(int (*run)(size_t), size_t mib)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); // they need memory of their own where none is left
#endif
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        alarm(600);
        int status = run(mib);
        fflush(NULL);
        _exit(status);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status)) {
        fail_msg("it did not end by itself (signal %d)", WTERMSIG(status));
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

// A pair whose eigenvalues are known: A = V' D V and B = V' V for a random V have V^-1's columns.
static void eigenvectors_of_a_pair(void **state)
{
    (void)state;
    enum { SIDE = 12 };
    static const double none[SIDE * SIDE];
    double v[SIDE * SIDE], x[SIDE * SIDE] = {0}, y[SIDE * SIDE] = {0}, value[SIDE];
    struct mien_rng r;
    mien_rng_seed(&r, 3, 3);
    assert_true(mien_blas_init());
    for (int i = 0; i < SIDE * SIDE; i++) {
        v[i] = (double)mien_rng_normal(&r);
    }
    for (int i = 0; i < SIDE; i++) {
        for (int j = 0; j < SIDE; j++) {
            for (int k = 0; k < SIDE; k++) {
                x[i * SIDE + j] += (k - 3) * v[k * SIDE + i] * v[k * SIDE + j];
                y[i * SIDE + j] += v[k * SIDE + i] * v[k * SIDE + j];
            }
        }
    }
    assert_true(mien_symmetric_eigen(SIDE, x, y, value));
    for (int i = 0; i < SIDE; i++) {
        assert_float_equal(value[i], i - 3, 1e-6);
        for (int k = 0; k < SIDE; k++) { // V takes the i-th vector to the i-th axis
            double sum = 0;
            for (int j = 0; j < SIDE; j++) {
                sum += v[k * SIDE + j] * x[i * SIDE + j];
            }
            assert_float_equal(fabs(sum), i == k ? 1 : 0, 1e-6);
        }
    }
    memcpy(y, none, sizeof(y));
    assert_false(mien_symmetric_eigen(SIDE, x, y, value)); // no positive definite B
}

static void no_room_for_another_block(void **state)
{
    in_a_process(share, 4);
}

static void room_for_one_more(void **state)
{
    in_a_process(share, 240);
}

static void room_for_all(void **state)
{
    in_a_process(share, 4000);
}

static void no_room_at_all(void **state)
{
    in_a_process(refuse, 40);
    in_a_process(refuse, 130); // a block alone, and nothing beside it
}

static void threads_do_not_mix(void **state)
{
    static float c[4][2 * N * N];
    pthread_t t[4];
    for (int i = 0; i < N * N; i++) {
        a[i] = (float)(i * 7919 % 1000) / 1000 - 0.5f;
    }
    assert_true(mien_blas_init());
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&t[i], NULL, repeat, c[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *spoilt = NULL;
        assert_int_equal(pthread_join(t[i], &spoilt), 0);
        assert_null(spoilt);
        assert_true(is_right(c[i]));
    }
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(no_room_for_another_block),
          cmocka_unit_test(room_for_one_more), cmocka_unit_test(room_for_all),
          cmocka_unit_test(no_room_at_all), cmocka_unit_test(threads_do_not_mix),
          cmocka_unit_test(eigenvectors_of_a_pair))

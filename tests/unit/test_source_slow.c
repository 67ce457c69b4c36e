// source/: what is slower than real time keeps moving. The clock is the test's own, and decoder,
// renderer and loader take as long as it says: nothing here depends on the machine.
// LINK: -Wl,--wrap=mien_now_ns -Wl,--wrap=mien_sleep_until_ns -Wl,--wrap=avcodec_receive_frame
// LINK: -Wl,--wrap=mien_planes_to_rgb -Wl,--wrap=mien_synth_clip_frame
// LINK: -Wl,--wrap=mien_image_load_to_search -Wl,--wrap=av_seek_frame
#include "folder.h"
#include "make_video.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "image/planes.h"
#include "source/internal.h"
#include "synth/clip.h"
#include "fake_clock.h"
#include "run_tests.h"

static int64_t decode_ns, render_ns, load_ns, seek_ns; // what each takes
static int converted;
static char dir[64];
static struct mien_why why;

int __real_avcodec_receive_frame(AVCodecContext *c, AVFrame *f);
int __wrap_avcodec_receive_frame(AVCodecContext *c, AVFrame *f);
int __wrap_avcodec_receive_frame(AVCodecContext *c, AVFrame *f)
{
    int r = __real_avcodec_receive_frame(c, f);
    now += r >= 0 ? decode_ns : 0;
    return r;
}

void __real_mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst);
void __wrap_mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst);
void __wrap_mien_planes_to_rgb(const struct mien_planes *p, struct mien_image *dst)
{
    converted++;
    __real_mien_planes_to_rgb(p, dst);
}

int __real_av_seek_frame(AVFormatContext *f, int stream, int64_t t, int flags);
int __wrap_av_seek_frame(AVFormatContext *f, int stream, int64_t t, int flags);
int __wrap_av_seek_frame(AVFormatContext *f, int stream, int64_t t, int flags)
{
    now += seek_ns;
    return __real_av_seek_frame(f, stream, t, flags);
}

bool __wrap_mien_synth_clip_frame(struct mien_synth_clip *c, long long index, struct mien_image *im,
                                  struct mien_label *label);
bool __wrap_mien_synth_clip_frame(struct mien_synth_clip *c, long long index, struct mien_image *im,
                                  struct mien_label *label)
{
    now += render_ns;
    return true;
}

bool __real_mien_image_load_to_search(const char *path, struct mien_image *im);
bool __wrap_mien_image_load_to_search(const char *path, struct mien_image *im);
bool __wrap_mien_image_load_to_search(const char *path, struct mien_image *im)
{
    now += load_ns;
    return __real_mien_image_load_to_search(path, im);
}

static const char *path(const char *name)
{
    static char p[256];
    snprintf(p, sizeof p, "%s/%s", dir, name);
    return p;
}

static int setup(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    return folder_make(dir, "slow") ? 0 : -1;
}

static int teardown(void **state)
{
    return folder_remove(dir);
}

static struct mien_source *open_ok(const char *uri, bool loop)
{
    struct mien_source_options o = {.realtime = true, .loop = loop};
    struct mien_source *s = mien_source_open(uri, &o, &why);
    if (!s) {
        fail_msg("%s", why.text);
    }
    return s;
}

// The next frame, asked for as the live program does: by short waits.
static enum mien_source_status next(struct mien_source *s, struct mien_frame *f)
{
    enum mien_source_status st = MIEN_SOURCE_TIMEOUT;
    for (int i = 0; i < 1000 && st == MIEN_SOURCE_TIMEOUT; i++) {
        st = mien_source_read(s, f, now + 200 * MIEN_NS_PER_MS);
    }
    return st;
}

static struct mien_source_counts counts(struct mien_source *s)
{
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    return c;
}

static bool told(struct mien_source *s)
{
    char text[256];
    mien_source_state(s, text, sizeof text);
    return strstr(text, "slower than it should") != NULL;
}

// Plays to the end: how many frames were shown. None is older than what its decoding took.
static int play(struct mien_source *s, struct mien_frame *f)
{
    int shown = 0;
    uint64_t before = 0;
    int64_t capture = 0, media = -1;
    enum mien_source_status st;
    while ((st = next(s, f)) == MIEN_SOURCE_OK) {
        assert_true(f->dropped - before <= MIEN_PACE_SKIPS);
        assert_true(f->capture_ns > capture && f->capture_ns <= now);
        assert_true(now - f->capture_ns <= 40 * MIEN_NS_PER_MS + render_ns);
        assert_true(f->media_ns > media);
        before = f->dropped;
        capture = f->capture_ns;
        media = f->media_ns;
        shown++;
    }
    assert_int_equal(st, MIEN_SOURCE_END);
    return shown;
}

// 3840 x 2160 at 60 frames a second on a small machine: each frame takes three times its share.
static void slow_decoder(void **state)
{
    make_test_video(path("slow.mp4"), &(struct test_video){.frames = 40});
    static const int times_too_slow[] = {2, 3, 30};
    for (int i = 0; i < 3; i++) {
        struct mien_frame f = {0};
        converted = 0;
        decode_ns = 0;
        struct mien_source *s = open_ok(path("slow.mp4"), false);
        decode_ns = times_too_slow[i] * 40 * MIEN_NS_PER_MS;
        int shown = play(s, &f);
        assert_true(shown >= 40 / 2); // leaving out makes up no time here
        assert_int_equal(shown + (int)counts(s).dropped, 40);
        assert_int_equal(converted, shown); // what is left out costs no conversion
        assert_true(told(s));
        mien_source_close(s);
        mien_frame_destroy(&f);
    }
    decode_ns = 0;
}

// One stall: what is late is left out, but the picture moves all the while, and then all is well.
static void one_stall(void **state)
{
    make_test_video(path("stall.mp4"), &(struct test_video){.frames = 40});
    static const int stall_ms[] = {60, 300, 100000};
    for (int i = 0; i < 3; i++) {
        struct mien_frame f = {0};
        struct mien_source *s = open_ok(path("stall.mp4"), false);
        for (int k = 0; k < 3; k++) {
            assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        }
        now += stall_ms[i] * MIEN_NS_PER_MS;
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_int_equal(f.dropped, i == 0 ? 0 : i == 1 ? 6 : MIEN_PACE_SKIPS);
        int shown = 4;
        int64_t t0 = f.capture_ns, m0 = f.media_ns;
        while (next(s, &f) == MIEN_SOURCE_OK) { // at its own rate again
            assert_int_equal(f.capture_ns - t0, f.media_ns - m0);
            shown++;
        }
        assert_int_equal(shown + (int)counts(s).dropped, 40);
        assert_false(told(s));
        mien_source_close(s);
        mien_frame_destroy(&f);
    }
}

// A clip that ends before a new start is made: every round is late at once.
static void slow_loop(void **state)
{
    make_test_video(path("loop.mp4"), &(struct test_video){.frames = 3});
    struct mien_frame f = {0};
    struct mien_source *s = open_ok(path("loop.mp4"), true);
    seek_ns = 2 * MIEN_NS_PER_S;
    uint64_t before = 0;
    for (int i = 0; i < 60; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_true(f.dropped - before <= MIEN_PACE_SKIPS);
        before = f.dropped;
    }
    assert_true(told(s));
    // It is said no longer once it goes well.
    seek_ns = 0;
    for (int i = 0; i < 150; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    }
    assert_false(told(s));
    uint64_t still = counts(s).dropped;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    }
    assert_int_equal(counts(s).dropped, still);
    seek_ns = 0;
    mien_source_close(s);
    mien_frame_destroy(&f);
}

static void slow_renderer(void **state)
{
    char model[1024];
    if (!mien_find_file("models", "ict.face", model, sizeof model)) {
        skip();
    }
    struct mien_frame f = {0};
    struct mien_source *s = open_ok("synth:seed=1,frames=100,fps=25,size=64x64", false);
    render_ns = 2 * MIEN_NS_PER_S;
    int shown = play(s, &f);
    assert_true(shown >= 100 / (MIEN_PACE_SKIPS + 1));
    assert_int_equal(shown + (int)counts(s).dropped, 100);
    mien_source_close(s);
    // Where leaving out is enough, time goes on as it should.
    s = open_ok("synth:seed=1,frames=100,fps=25,size=64x64", false);
    render_ns = 100 * MIEN_NS_PER_MS;
    int64_t t0 = now;
    shown = play(s, &f);
    assert_true(shown >= 38 && now - t0 <= 4100 * MIEN_NS_PER_MS);
    assert_false(told(s));
    render_ns = 0;
    mien_source_close(s);
    mien_frame_destroy(&f);
}

// Pictures are not left out; their times do not fall behind.
static void slow_folder(void **state)
{
    struct mien_image im;
    assert_true(mkdir(path("set"), 0700) == 0);
    assert_true(mien_image_create(&im, 16, 16, MIEN_FORMAT_RGB8));
    for (int i = 0; i < 20; i++) {
        char name[32];
        snprintf(name, sizeof name, "set/%d.png", i);
        assert_true(mien_image_save(path(name), &im));
    }
    mien_image_destroy(&im);
    struct mien_frame f = {0};
    struct mien_source *s = open_ok(path("set"), false);
    load_ns = 300 * MIEN_NS_PER_MS;
    assert_int_equal(play(s, &f), 20);
    assert_int_equal(counts(s).dropped, 0);
    assert_true(told(s));
    load_ns = 0;
    mien_source_close(s);
    mien_frame_destroy(&f);
}

// A file that never gives a frame does not hold its reader up.
static void reads_keep_their_deadline(void **state)
{
    make_test_video(path("long.mp4"), &(struct test_video){.frames = 40});
    struct mien_frame f = {0};
    struct mien_source *s = open_ok(path("long.mp4"), false);
    decode_ns = 500 * MIEN_NS_PER_MS;
    int answers = 0;
    for (enum mien_source_status st = MIEN_SOURCE_OK; st != MIEN_SOURCE_END; answers++) {
        int64_t t0 = now;
        st = mien_source_read(s, &f, now + 100 * MIEN_NS_PER_MS);
        assert_true(now - t0 <= 500 * MIEN_NS_PER_MS);
    }
    assert_true(answers >= 40);
    decode_ns = 0;
    mien_source_close(s);
    mien_frame_destroy(&f);
}

RUN_TESTS(setup, teardown, cmocka_unit_test(slow_decoder), cmocka_unit_test(one_stall),
          cmocka_unit_test(slow_loop), cmocka_unit_test(slow_renderer),
          cmocka_unit_test(slow_folder), cmocka_unit_test(reads_keep_their_deadline))

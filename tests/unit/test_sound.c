// The sound of recordings: in step with the picture whatever the microphone's clock and the machine
// do; silence where nothing is heard; a clip's own.
//
// The scene: every second the picture flashes for a tenth and the microphone clicks, at the same
// moment of a clock of the test's own. Sound comes in blocks, late by more or less.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/rng.h"
#include "folder.h"
#include "hear_video.h"
#include "live/events.h"
#include "live/frame.h"
#include "live/live_out.h"
#include "live/microphone.h"
#include "sink/sink.h"
#include "run_tests.h"

enum { FPS = 30, BLOCK = 1024 };
// The scene's clock at the first picture, between two clicks.
#define START_NS (100 * MIEN_NS_PER_S + 400 * MIEN_NS_PER_MS)

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[2][128];
    static int which;
    which = !which;
    snprintf(path[which], sizeof(path[which]), "%s/%s", dir, name);
    return path[which];
}

// Each second of the clock begins with a flash and a click.
static bool flashes(int64_t t_ns)
{
    return t_ns % MIEN_NS_PER_S < MIEN_NS_PER_S / 10;
}

static float click(int64_t t_ns)
{
    int64_t at = t_ns % MIEN_NS_PER_S;
    return at < 4 * MIEN_NS_PER_MS ? (at / 500000) % 2 ? 0.8f : -0.8f : 0;
}

struct scene {
    struct mien_sound sound;
    struct mien_frame_ends ends;
    struct mien_frame_record record;
    struct mien_rng rng;
    double rate;       // of the microphone: samples a second of our clock
    int64_t heard;     // samples
    int64_t late_ms;   // blocks come up to that much late
    bool mute;         // the microphone gives nothing
    int64_t hidden_ns; // of the recording's time is not in it
};

// When the microphone's sample was heard. It was on a little before the first picture.
static int64_t time_of(const struct scene *s, int64_t sample)
{
    return START_NS - 400 * MIEN_NS_PER_MS + (int64_t)((double)sample * 1e9 / s->rate);
}

// All that has come until then.
static void hear_until(struct scene *s, int64_t now_ns)
{
    float block[BLOCK][MIEN_SOUND_CHANNELS];
    int64_t late_ns =
        s->late_ms ? (int64_t)(mien_rng_float(&s->rng) * (float)s->late_ms * 1e6f) : 0;
    while (time_of(s, s->heard + BLOCK) + late_ns < now_ns) {
        int64_t came_ns = time_of(s, s->heard + BLOCK) + late_ns;
        for (int i = 0; i < BLOCK; i++) {
            block[i][0] = block[i][1] = click(time_of(s, s->heard + i));
        }
        s->heard += BLOCK;
        if (!s->mute) {
            mien_sound_put(&s->sound, block[0], BLOCK, came_ns);
        }
        late_ns = (int64_t)(mien_rng_float(&s->rng) * (float)s->late_ms * 1e6f);
    }
}

static void begin(struct scene *s, const char *path)
{
    memset(s, 0, sizeof(*s));
    s->rate = MIEN_SOUND_RATE;
    mien_rng_seed(&s->rng, 5, 0);
    assert_true(mien_sound_init(&s->sound));
    assert_true(mien_image_create(&s->record.picture, 64, 48, MIEN_FORMAT_RGB8));
    const struct mien_video_sound sound = {.track = true};
    s->ends.video = mien_video_writer_open(path, 64, 48, FPS, 0, &sound);
    s->ends.sound = &s->sound;
    assert_non_null(s->ends.video);
}

// Pictures from one second of the scene to another, each written 80 ms after it was taken.
static void show(struct scene *s, double from_s, double to_s)
{
    for (int i = (int)lround(from_s * FPS); i < (int)lround(to_s * FPS); i++) {
        int64_t taken_ns = START_NS + i * MIEN_NS_PER_S / FPS;
        memset(s->record.picture.data, flashes(taken_ns) ? 220 : 30, s->record.picture.stride * 48);
        s->record.captured_ns = taken_ns;
        s->record.time_ns = taken_ns - START_NS - s->hidden_ns;
        hear_until(s, taken_ns + 80 * MIEN_NS_PER_MS);
        mien_frame_write(&s->ends, &s->record);
        assert_false(s->ends.failed);
    }
}

static void end(struct scene *s, const char *path, struct heard *h)
{
    assert_true(mien_video_writer_close(s->ends.video));
    mien_sound_destroy(&s->sound);
    mien_image_destroy(&s->record.picture);
    assert_true(hear_video(path, h));
    assert_int_equal(h->streams, 2);
}

// 40 ms are what an audience may notice (EBU R37): half of it for all that a test can shake. A
// microphone's clock errs by 50 ppm, a bad one's by 300; blocks come up to 30 ms late.
static void test_sound_is_in_step(void **state)
{
    static const struct {
        double rate;
        int64_t late_ms;
    } of[] = {{48000, 0}, {48000 * 1.0003, 30}, {48000 * 0.9997, 30}, {48000, 60}};
    for (size_t i = 0; i < MIEN_COUNT(of); i++) {
        static struct scene s;
        struct heard h;
        begin(&s, in_dir("step.mp4"));
        s.rate = of[i].rate;
        s.late_ms = of[i].late_ms;
        show(&s, 0, 60);
        end(&s, in_dir("step.mp4"), &h);
        printf("rate %.1f, up to %d ms late: %d flashes, at most %.1f ms beside\n", of[i].rate,
               (int)of[i].late_ms, h.flashes, 1e3 * hear_beside_s(&h));
        assert_int_equal(h.flashes, 60);
        assert_true(hear_beside_s(&h) < 0.02);
        assert_true(fabs(h.sound_s - h.picture_s) < 0.08);
    }
}

// Without a microphone, and where it falls silent, the track goes on; when it comes back it is in
// step again.
static void test_silence_where_nothing_is_heard(void **state)
{
    static struct scene s;
    struct heard h;
    begin(&s, in_dir("silent.mp4"));
    s.ends.sound = NULL;
    show(&s, 0, 4);
    end(&s, in_dir("silent.mp4"), &h);
    assert_int_equal(h.flashes, 4);
    assert_int_equal(h.clicks, 0);
    assert_true(h.loudest < 0.001);
    assert_true(fabs(h.sound_s - h.picture_s) < 0.08);
    begin(&s, in_dir("hole.mp4"));
    show(&s, 0, 4);
    s.mute = true;
    show(&s, 4, 7);
    s.mute = false;
    show(&s, 7, 10);
    end(&s, in_dir("hole.mp4"), &h);
    assert_int_equal(h.flashes, 10);
    assert_int_equal(h.clicks, 7);
    for (int i = 0; i < 7; i++) {
        assert_true(fabs(h.click_s[i] - h.flash_s[i < 4 ? i : i + 3]) < 0.04);
    }
}

// Another source comes after two seconds of which the recording has nothing: what was heard
// meanwhile is not in it either.
static void test_sound_of_a_gap_is_left_out(void **state)
{
    static struct scene s;
    struct heard h;
    begin(&s, in_dir("gap.mp4"));
    show(&s, 0, 4);
    s.hidden_ns = 2 * MIEN_NS_PER_S;
    show(&s, 6, 9);
    end(&s, in_dir("gap.mp4"), &h);
    assert_int_equal(h.flashes, 7);
    assert_true(hear_beside_s(&h) < 0.04);
    assert_true(fabs(h.sound_s - 7) < 0.1);
}

// A film of a film: its own sound is in it, at the same moments, and what is no film has none.
static void test_a_clips_own_sound_is_copied(void **state)
{
    static struct scene s;
    struct heard h;
    begin(&s, in_dir("clip.mp4"));
    show(&s, 0, 5);
    end(&s, in_dir("clip.mp4"), &h);
    struct mien_image im;
    assert_true(mien_image_create(&im, 64, 48, MIEN_FORMAT_RGB8));
    const struct mien_video_sound own = {.of = in_dir("clip.mp4")};
    struct mien_video_writer *v = mien_video_writer_open(in_dir("copy.mp4"), 64, 48, FPS, 0, &own);
    assert_non_null(v);
    for (int i = 0; i < 3 * FPS; i++) {
        memset(im.data, flashes(START_NS + i * MIEN_NS_PER_S / FPS) ? 220 : 30, im.stride * 48);
        assert_true(mien_video_writer_add(v, &im, i * MIEN_NS_PER_S / FPS));
    }
    assert_true(mien_video_writer_close(v));
    assert_true(hear_video(in_dir("copy.mp4"), &h));
    assert_int_equal(h.streams, 2);
    assert_int_equal(h.flashes, 3);
    assert_true(hear_beside_s(&h) < 0.02);
    assert_true(fabs(h.sound_s - 3) < 0.08);
    v = mien_video_writer_open(in_dir("mute.mp4"), 64, 48, FPS, 0, NULL);
    assert_true(mien_video_writer_add(v, &im, 0));
    assert_true(mien_video_writer_close(v));
    const struct mien_video_sound none = {.of = in_dir("mute.mp4")};
    v = mien_video_writer_open(in_dir("none.mp4"), 64, 48, FPS, 0, &none);
    assert_non_null(v);
    assert_true(mien_video_writer_add(v, &im, 0));
    assert_true(mien_video_writer_close(v));
    assert_true(hear_video(in_dir("none.mp4"), &h));
    assert_int_equal(h.streams, 1);
    mien_image_destroy(&im);
}

// The clock alone: times are never later than the truth by more than a block's least delay of a
// second, nor earlier, and find their way back after a hole.
static void test_clock_follows(void **state)
{
    struct mien_sound_clock c = {0};
    struct mien_rng rng;
    int64_t truth_ns = START_NS, least = 0, most = 0;
    mien_rng_seed(&rng, 7, 0);
    for (int i = 0; i < 3000; i++) {
        truth_ns += i == 2000 ? 1500 * MIEN_NS_PER_MS : 0; // a hole
        int64_t long_ns = BLOCK * MIEN_NS_PER_S / MIEN_SOUND_RATE * 10002 / 10000;
        int64_t late_ns = (int64_t)(mien_rng_float(&rng) * 25e6f);
        int64_t t = mien_sound_clock_block(&c, BLOCK, truth_ns + long_ns + late_ns);
        if (i > 100 && (i < 2000 || i > 2100)) {
            least = t - truth_ns < least ? t - truth_ns : least;
            most = t - truth_ns > most ? t - truth_ns : most;
        }
        truth_ns += long_ns;
    }
    printf("clock: from %.2f to %.2f ms beside\n", (double)least * 1e-6, (double)most * 1e-6);
    assert_true(least > -2 * MIEN_NS_PER_MS && most < 6 * MIEN_NS_PER_MS);
}

// What nobody takes is kept for a second, the newest.
static void test_ring_forgets_the_oldest(void **state)
{
    static struct mien_sound s;
    static float block[BLOCK][MIEN_SOUND_CHANNELS];
    int64_t t = 0, first = 0;
    int n, sum = 0;
    assert_true(mien_sound_init(&s));
    for (int i = 1; i <= 100; i++) {
        block[0][0] = (float)i;
        mien_sound_put(&s, block[0], BLOCK, i * 1000 * MIEN_NS_PER_S / 46875 * BLOCK / 1024);
    }
    while ((n = mien_sound_take(&s, INT64_MAX, block, &t)) > 0) {
        first = sum ? first : t;
        sum += n;
    }
    assert_int_equal(sum, MIEN_SOUND_KEPT);
    assert_true(llabs(t - first - (MIEN_SOUND_KEPT - n) * MIEN_NS_PER_S / MIEN_SOUND_RATE) <
                40 * MIEN_NS_PER_MS);
    assert_int_equal(mien_sound_take(&s, INT64_MAX, block, &t), 0);
    block[0][0] = 7;
    mien_sound_put(&s, block[0], BLOCK, 10 * MIEN_NS_PER_S);
    assert_int_equal(mien_sound_take(&s, 0, block, &t), 0); // it was heard later
    assert_int_equal(mien_sound_take(&s, 11 * MIEN_NS_PER_S, block, &t), BLOCK);
    assert_float_equal(block[0][0], 7, 0);
    mien_sound_destroy(&s);
    mien_sound_destroy(&s);
}

static bool told(struct mien_inbox *events, enum mien_event_kind kind)
{
    struct mien_event e;
    while (mien_inbox_take(events, &e)) {
        if (e.kind == kind) {
            return true;
        }
    }
    return false;
}

// A recording with SDL's make-believe microphones, some pictures long.
static struct mien_live_out *record(const char *path, const char *microphone,
                                    struct mien_inbox *events)
{
    struct mien_live_out_config c = {.record = path,
                                     .sound = microphone,
                                     .width_px = 64,
                                     .height_px = 48,
                                     .frames_per_s = FPS,
                                     .wait = true,
                                     .events = events,
                                     .number = 3};
    struct mien_live_out *o = mien_live_out_open(&c);
    assert_non_null(o);
    int64_t start_ns = mien_now_ns();
    for (int i = 0; i < FPS; i++) {
        struct mien_image *im = mien_live_out_picture(o);
        assert_non_null(im);
        memset(im->data, 30, im->stride * 48);
        int64_t t = i * MIEN_NS_PER_S / FPS;
        mien_sleep_until_ns(start_ns + t);
        mien_live_out_record(o, im, t, start_ns + t);
    }
    return o;
}

// SDL reads a file in place of a microphone: its sound is in the film.
static void test_a_microphone_is_recorded(void **state)
{
    struct mien_inbox events = {0};
    struct heard h;
    setenv("SDL_AUDIODRIVER", "disk", 1);
    setenv("SDL_DISKAUDIOFILEIN", in_dir("microphone.raw"), 1);
    FILE *f = fopen(in_dir("microphone.raw"), "wb");
    for (int i = 0; i < 30 * MIEN_SOUND_RATE; i++) {
        float x[MIEN_SOUND_CHANNELS];
        x[0] = x[1] = 0.7f * sinf(0.0576f * (float)i); // 440 Hz
        assert_int_equal(fwrite(x, sizeof(x), 1, f), 1);
    }
    fclose(f);
    assert_true(mien_inbox_init(&events, "events", sizeof(struct mien_event), 16));
    struct mien_live_out *o = record(in_dir("heard.mp4"), "default", &events);
    assert_int_equal(mien_live_out_sound(o), 1);
    assert_true(mien_live_out_close(o, NULL));
    assert_false(told(&events, MIEN_EVENT_SOUND));
    assert_true(hear_video(in_dir("heard.mp4"), &h));
    assert_int_equal(h.streams, 2);
    assert_true(h.loudest > 0.5);
    mien_inbox_destroy(&events);
}

// One that is not here is told, with those that are, and the film has silence. Nobody is heard who
// was not asked for.
static void test_a_missing_microphone_is_told(void **state)
{
    struct mien_inbox events = {0};
    struct heard h;
    setenv("SDL_AUDIODRIVER", "dummy", 1);
    assert_true(mien_inbox_init(&events, "events", sizeof(struct mien_event), 16));
    char said[400];
    mien_log_capture(said, sizeof(said));
    struct mien_live_out *o = record(in_dir("missing.mp4"), "studio", &events);
    mien_log_capture(NULL, 0);
    assert_int_equal(mien_live_out_sound(o), -1);
    assert_true(told(&events, MIEN_EVENT_SOUND));
    assert_true(mien_live_out_close(o, NULL));
    assert_true(hear_video(in_dir("missing.mp4"), &h));
    assert_int_equal(h.streams, 2);
    assert_true(h.loudest < 0.001);
    assert_true(h.sound_s > 0.9);
    o = record(in_dir("plain.mp4"), NULL, &events);
    assert_int_equal(mien_live_out_sound(o), 0);
    assert_true(mien_live_out_close(o, NULL));
    assert_true(hear_video(in_dir("plain.mp4"), &h));
    assert_int_equal(h.streams, 1);
    struct mien_why why = {0};
    static struct mien_sound s;
    assert_true(mien_sound_init(&s));
    assert_null(mien_microphone_open("studio", &s, &why));
    assert_non_null(strstr(why.text, "\"studio\""));
    mien_sound_destroy(&s);
    mien_inbox_destroy(&events);
}

static int make_folder(void **state)
{
    return !folder_make(dir, "sound");
}

static int remove_folder(void **state)
{
    return folder_remove(dir);
}

RUN_TESTS(make_folder, remove_folder, cmocka_unit_test(test_clock_follows),
          cmocka_unit_test(test_ring_forgets_the_oldest), cmocka_unit_test(test_sound_is_in_step),
          cmocka_unit_test(test_silence_where_nothing_is_heard),
          cmocka_unit_test(test_sound_of_a_gap_is_left_out),
          cmocka_unit_test(test_a_clips_own_sound_is_copied),
          cmocka_unit_test(test_a_microphone_is_recorded),
          cmocka_unit_test(test_a_missing_microphone_is_told))

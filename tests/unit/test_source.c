// source/: pictures, folders and videos made here; order, time, looping, pace and broken files. The
// clock is the test's own: it moves when somebody sleeps.
// LINK: -Wl,--wrap=mien_now_ns -Wl,--wrap=mien_sleep_until_ns
#include "folder.h"
#include "make_video.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "source/source.h"
#include "fake_clock.h"
#include "run_tests.h"

static char dir[64];
static struct mien_why why;

static const char *path(const char *name)
{
    return folder_path(dir, name);
}

static int setup(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    return folder_make(dir, "source") ? 0 : -1;
}

static int teardown(void **state)
{
    return folder_remove(dir);
}

static void save_plain(const char *file, int w, int h, uint8_t level)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, w, h, MIEN_FORMAT_RGB8));
    memset(im.data, level, im.stride * (size_t)h);
    assert_true(mien_image_save(file, &im));
    mien_image_destroy(&im);
}

static void make_video(const char *file, int frames, int rotate_deg)
{
    make_test_video(file, &(struct test_video){.frames = frames, .rotate_deg = rotate_deg});
}

static struct mien_source *open_ok(const char *uri, const struct mien_source_options *o)
{
    struct mien_source *s = mien_source_open(uri, o, &why);
    if (!s) {
        fail_msg("%s", why.text);
    }
    return s;
}

static void refused(const char *uri, const char *because)
{
    struct mien_source *s = mien_source_open(uri, NULL, &why);
    assert_null(s);
    if (!strstr(why.text, because)) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, because);
    }
}

static enum mien_source_status next(struct mien_source *s, struct mien_frame *f)
{
    return mien_source_read(s, f, mien_now_ns() + 5 * MIEN_NS_PER_S);
}

static void still_picture(void **state)
{
    save_plain(path("one.jpg"), 50, 40, 77);
    struct mien_source *s = open_ok(path("one.jpg"), NULL);
    assert_string_equal(mien_source_info(s)->kind, "picture");
    assert_int_equal(mien_source_info(s)->width, 50);
    assert_false(mien_source_info(s)->live);
    struct mien_frame f = {0};
    assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    assert_in_range(f.rgb.data[0], 76, 78);
    assert_int_equal(next(s, &f), MIEN_SOURCE_END);
    assert_int_equal(next(s, &f), MIEN_SOURCE_END);
    mien_source_close(s);
    // Looped at its own pace: 5 frames of 50 fps last 80 ms.
    struct mien_source_options o = {.loop = true, .realtime = true, .fps = 50};
    s = open_ok(path("one.jpg"), &o);
    int64_t t0 = mien_now_ns();
    for (uint64_t i = 0; i < 5; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_int_equal(f.index, i);
        assert_int_equal(f.media_ns, (int64_t)i * 20 * MIEN_NS_PER_MS);
    }
    assert_int_equal(mien_now_ns() - t0, 80 * MIEN_NS_PER_MS);
    assert_int_equal(mien_source_read(s, &f, f.capture_ns + MIEN_NS_PER_MS), MIEN_SOURCE_TIMEOUT);
    assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    assert_int_equal(f.index, 5);
    mien_source_close(s);
    mien_frame_destroy(&f);
}

static void folder_in_natural_order(void **state)
{
    mkdir(path("set"), 0777);
    refused(path("set"), "holds no .jpg");
    static const struct {
        const char *name;
        int width;
    } order[] = {{"set/a1.png", 10},   {"set/a2.png", 20},   {"set/a10.png", 30},
                 {"set/a10b.png", 40}, {"set/b003.png", 50}, {"set/b12.JPG", 60}};
    for (size_t i = MIEN_COUNT(order); i-- > 0;) {
        bool jpg = strstr(order[i].name, ".JPG") != NULL;
        save_plain(path(jpg ? "set/b12.jpg" : order[i].name), order[i].width, 8, 100);
    }
    assert_int_equal(rename(path("set/b12.jpg"), path("set/b12.JPG")), 0);
    assert_true(mien_file_save(path("set/a5.png"), "not a picture", 13)); // skipped and counted
    assert_true(mien_file_save(path("set/notes.txt"), "x", 1));           // not looked at
    assert_true(mien_file_save(path("set/.hidden.png"), "x", 1));
    struct mien_source_options o = {.loop = true};
    for (int loop = 0; loop < 2; loop++) {
        struct mien_source *s = open_ok(path("set"), loop ? &o : NULL);
        assert_int_equal(mien_source_info(s)->frames, 7);
        struct mien_frame f = {0};
        for (size_t round = 0; round < (loop ? 3 : 1); round++) {
            for (size_t i = 0; i < MIEN_COUNT(order); i++) {
                assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
                assert_int_equal(f.rgb.width, order[i].width);
            }
        }
        struct mien_source_counts c;
        mien_source_counts(s, &c);
        assert_int_equal(c.corrupt, loop ? 3 : 1);
        if (!loop) {
            assert_int_equal(next(s, &f), MIEN_SOURCE_END);
        }
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

static void video_frames_and_times(void **state)
{
    static const char *const names[] = {"v.mp4", "v.mkv", "v.avi"};
    for (size_t k = 0; k < MIEN_COUNT(names); k++) {
        make_video(path(names[k]), 12, 0);
        struct mien_source *s = open_ok(path(names[k]), NULL);
        const struct mien_source_info *info = mien_source_info(s);
        assert_string_equal(info->kind, "video");
        assert_int_equal(info->width, 64);
        assert_int_equal(info->height, 48);
        assert_true(fabs(info->fps - 25) < 0.1);
        assert_int_equal(info->frames, 12);
        struct mien_frame f = {0};
        uint8_t *pixels = NULL;
        for (int i = 0; i < 12; i++) {
            assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
            assert_int_equal(f.index, i);
            assert_true(llabs(f.media_ns - i * 40 * MIEN_NS_PER_MS) < 2 * MIEN_NS_PER_MS);
            int want = (int)lrint(255.0 / 219 * (40 + 5 * i - 16));
            int got = f.rgb.data[24 * f.rgb.stride + 3 * 55];
            assert_in_range(got + 8, want, want + 16);
            assert_true(f.rgb.data[24 * f.rgb.stride + 3 * 8] < 15);
            assert_true(!pixels || pixels == f.rgb.data);
            pixels = f.rgb.data;
        }
        assert_int_equal(next(s, &f), MIEN_SOURCE_END);
        assert_int_equal(next(s, &f), MIEN_SOURCE_END);
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

static void video_loops(void **state)
{
    static const char *const names[] = {"l.mp4", "l.avi", "l.m4v"}; // the last: a raw stream
    struct mien_source_options o = {.loop = true};
    for (size_t k = 0; k < MIEN_COUNT(names); k++) {
        make_video(path(names[k]), 6, 0);
        struct mien_source *s = open_ok(path(names[k]), &o);
        struct mien_frame f = {0};
        int64_t last = -1;
        for (int i = 0; i < 20; i++) {
            assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
            assert_int_equal(f.index, i);
            assert_true(f.media_ns > last);
            last = f.media_ns;
            int want = (int)lrint(255.0 / 219 * (40 + 5 * (i % 6) - 16));
            int got = f.rgb.data[24 * f.rgb.stride + 3 * 55];
            assert_in_range(got + 10, want, want + 20);
        }
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

static void video_at_its_own_pace(void **state)
{
    make_video(path("p.mp4"), 12, 0);
    struct mien_source_options o = {.realtime = true};
    struct mien_source *s = open_ok(path("p.mp4"), &o);
    struct mien_frame f = {0};
    int64_t t0 = mien_now_ns();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_true(f.capture_ns >= t0 && f.capture_ns <= mien_now_ns());
    }
    assert_int_equal(mien_now_ns() - t0, 80 * MIEN_NS_PER_MS);
    int n = 3;
    while (next(s, &f) == MIEN_SOURCE_OK) {
        n++;
    }
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    assert_int_equal(n + (int)c.dropped, 12);
    mien_frame_destroy(&f);
    mien_source_close(s);
}

// The dark half is on the left as stored; turned a quarter clockwise it is on top.
static void phone_rotation(void **state)
{
    make_video(path("turn.mp4"), 3, 90);
    struct mien_source *s = open_ok(path("turn.mp4"), NULL);
    assert_int_equal(mien_source_info(s)->width, 48);
    assert_int_equal(mien_source_info(s)->height, 64);
    struct mien_frame f = {0};
    assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    assert_true(f.rgb.data[8 * f.rgb.stride + 3 * 24] < 15);
    assert_true(f.rgb.data[56 * f.rgb.stride + 3 * 24] > 20);
    mien_frame_destroy(&f);
    mien_source_close(s);
}

// A bright rectangle in the middle, half as wide and high as the picture.
static void paint_cross(AVFrame *f, int i)
{
    memset(f->data[1], 128, (size_t)f->linesize[1] * (size_t)(f->height / 2));
    memset(f->data[2], 128, (size_t)f->linesize[2] * (size_t)(f->height / 2));
    for (int y = 0; y < f->height; y++) {
        for (int x = 0; x < f->width; x++) {
            bool middle =
                abs(2 * x - f->width) < f->width / 2 && abs(2 * y - f->height) < f->height / 2;
            f->data[0][y * f->linesize[0] + x] = middle ? 200 : 30;
        }
    }
}

static void pixels_become_square(void **state)
{
    static const struct {
        const char *name;
        AVRational sar;
        int rotate_deg, width, height;
    } list[] = {{"wide.mp4", {4, 3}, 0, 85, 48},   {"wide.mkv", {4, 3}, 0, 85, 48},
                {"tall.mp4", {1, 2}, 0, 64, 96},   {"turned.mp4", {2, 1}, 90, 48, 128},
                {"square.mp4", {1, 1}, 0, 64, 48}, {"none.mp4", {0, 1}, 0, 64, 48},
                {"wild.mp4", {1, 20}, 0, 64, 48}}; // no camera makes such pixels
    for (size_t i = 0; i < MIEN_COUNT(list); i++) {
        make_test_video(path(list[i].name), &(struct test_video){.frames = 3,
                                                                 .sar = list[i].sar,
                                                                 .rotate_deg = list[i].rotate_deg,
                                                                 .paint = paint_cross});
        struct mien_source *s = open_ok(path(list[i].name), NULL);
        assert_int_equal(mien_source_info(s)->width, list[i].width);
        assert_int_equal(mien_source_info(s)->height, list[i].height);
        struct mien_frame f = {0};
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_int_equal(f.rgb.width, list[i].width);
        assert_int_equal(f.rgb.height, list[i].height);
        // The bright part still takes the middle half of either side.
        int across = 0, down = 0;
        for (int x = 0; x < f.rgb.width; x++) {
            across += f.rgb.data[(size_t)(f.rgb.height / 2) * f.rgb.stride + 3 * (size_t)x] > 128;
        }
        for (int y = 0; y < f.rgb.height; y++) {
            down += f.rgb.data[(size_t)y * f.rgb.stride + 3 * (size_t)(f.rgb.width / 2)] > 128;
        }
        assert_true(abs(2 * across - f.rgb.width) <= 6 && abs(2 * down - f.rgb.height) <= 6);
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

// Light of grey patches, cd/m2, as code values of 10 bits in limited range (ITU-R BT.2100-2,
// tables 4 and 5), column by column.
static bool paints_hlg;
static const double patch_nits[4] = {2, 100, 203, 800};

static void paint_light(AVFrame *f, int i)
{
    for (int y = 0; y < f->height; y++) {
        uint16_t *row = (uint16_t *)(f->data[0] + y * f->linesize[0]);
        for (int x = 0; x < f->width; x++) {
            double v, nits = patch_nits[4 * x / f->width];
            if (paints_hlg) { // of a screen of 1000 cd/m2: grey, so the system gamma is a power
                double e = pow(nits / 1000, 1 / 1.2);
                v = e <= 1.0 / 12 ? sqrt(3 * e)
                                  : 0.17883277 * log(12 * e - 0.28466892) + 0.55991073;
            } else {
                double p = pow(nits / 10000, 0.1593017578125);
                v = pow((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p), 78.84375);
            }
            row[x] = (uint16_t)lrint(64 + 876 * v);
        }
    }
    for (int c = 1; c < 3; c++) {
        for (int y = 0; y < f->height / 2; y++) {
            uint16_t *row = (uint16_t *)(f->data[c] + y * f->linesize[c]);
            for (int x = 0; x < f->width / 2; x++) {
                row[x] = 512;
            }
        }
    }
}

// Ordinary light looks as in an ordinary video, whose white is 203 cd/m2 (BT.2408); what is near
// white is pressed together, and nothing is lost in darkness or in white.
static void hdr_is_brought_into_range(void **state)
{
    for (int kind = 0; kind < 3; kind++) {
        paints_hlg = kind == 1;
        make_test_video(path("hdr.mkv"),
                        &(struct test_video){.frames = 2,
                                             .codec = AV_CODEC_ID_FFV1,
                                             .format = AV_PIX_FMT_YUV420P10LE,
                                             .transfer = kind == 1   ? AVCOL_TRC_ARIB_STD_B67
                                                         : kind == 0 ? AVCOL_TRC_SMPTE2084
                                                                     : AVCOL_TRC_BT709,
                                             .primaries = AVCOL_PRI_BT2020,
                                             .space = AVCOL_SPC_BT2020_NCL,
                                             .paint = paint_light});
        struct mien_source *s = open_ok(path("hdr.mkv"), NULL);
        struct mien_frame f = {0};
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        int last = -1;
        for (int i = 0; i < 4; i++) {
            const uint8_t *p = f.rgb.data + 24 * f.rgb.stride + 3 * (size_t)(16 * i + 8);
            double want = 255 * pow(patch_nits[i] / 203, 1 / 2.4);
            bool as_it_is = i < 2;                                       // below the knee
            assert_true(abs(p[0] - p[1]) <= 2 && abs(p[0] - p[2]) <= 2); // grey stays grey
            assert_true(p[1] > last + 8 && p[1] < 255);
            last = p[1];
            if (kind < 2) {
                assert_true(as_it_is ? fabs(p[1] - want) < 4 : p[1] > 220);
            } else if (i == 1) { // PQ's code values taken as ordinary ones are far off
                assert_true(fabs(p[1] - want) > 4);
            }
        }
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

// A recording whose clock stood at ten seconds when it began.
static void late_starts_are_whole(void **state)
{
    static const char *const names[] = {"ten.mkv", "ten.mp4", "ten.ts"};
    for (size_t i = 0; i < MIEN_COUNT(names); i++) {
        make_test_video(path(names[i]), &(struct test_video){.frames = 30, .start_ms = 10000});
        struct mien_source *s = open_ok(path(names[i]), NULL);
        assert_true(llabs(mien_source_info(s)->frames - 30) <= 2);
        struct mien_frame f = {0};
        int n = 0;
        while (next(s, &f) == MIEN_SOURCE_OK) {
            assert_true(llabs(f.media_ns - n * 40 * MIEN_NS_PER_MS) < 2 * MIEN_NS_PER_MS);
            n++;
        }
        assert_int_equal(n, 30);
        char text[256];
        mien_source_state(s, text, sizeof text);
        assert_string_equal(text, "");
        mien_frame_destroy(&f);
        mien_source_close(s);
    }
}

static void files_without_video_are_named(void **state)
{
    static const struct {
        const char *name, *head;
        size_t size;
        const char *because;
    } list[] = {
        {"a.wav",
         "RIFF\x24\x10\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0"
         "data\0\x10\0\0",
         44, "there is no video in this file: this is a sound file"},
        {"a.mp3", "ID3\4\0\0\0\0\0\0", 10, "there is no video in this file: this is a sound file"},
        {"a.flac", "fLaC\0\0\0\x22", 8, "there is no video in this file: this is a sound file"},
        {"a.webp", "RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\2\0\0\0\x3f\0\0\x2f\0\0", 30, "animated WebP"},
        {"a.bmp", "BM\x3a\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\1\0\0\0\1\0\0\0\1\0\x18\0", 30, "BMP"},
        {"a.pdf", "%PDF-1.4\n", 9, "PDF"},
    };
    uint8_t body[4200];
    for (size_t i = 0; i < MIEN_COUNT(list); i++) {
        memset(body, 0, sizeof body);
        memcpy(body, list[i].head, list[i].size);
        assert_true(mien_file_save(path(list[i].name), body, sizeof body));
        refused(path(list[i].name), list[i].because);
        refused(path(list[i].name), list[i].name);
    }
}

static void sizes_are_looked_at(void **state)
{
    make_test_video(
        path("tiny.mkv"),
        &(struct test_video){.frames = 2, .codec = AV_CODEC_ID_FFV1, .width = 4, .height = 4});
    refused(path("tiny.mkv"), "tiny.mkv: 4 x 4 pixels are too few");
    make_test_video(
        path("strip.mkv"),
        &(struct test_video){.frames = 2, .codec = AV_CODEC_ID_FFV1, .width = 20000, .height = 8});
    refused(path("strip.mkv"), "strip.mkv: 20000 x 8 pixels is more than 16384 a side");
    // In a folder it is one that cannot be used.
    mkdir(path("sizes"), 0777);
    save_plain(path("sizes/1.png"), 4, 4, 50);
    refused(path("sizes"), "no picture could be read");
    save_plain(path("sizes/2.png"), 40, 30, 50);
    struct mien_source *s = open_ok(path("sizes"), NULL);
    struct mien_frame f = {0};
    assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    assert_int_equal(f.rgb.width, 40);
    assert_int_equal(next(s, &f), MIEN_SOURCE_END);
    mien_frame_destroy(&f);
    mien_source_close(s);
}

static void broken_videos(void **state)
{
    size_t size;
    make_video(path("b.mp4"), 30, 0);
    uint8_t *mp4 = mien_file_read(path("b.mp4"), 0, &size);
    assert_true(mien_file_save(path("cut.mp4"), mp4, size / 2)); // its index is at the end
    refused(path("cut.mp4"), "may lack its index");
    assert_true(mien_file_save(path("noise.mp4"), "this is not a video", 19));
    refused(path("noise.mp4"), "neither a picture nor a video");
    assert_true(mien_file_save(path("empty.mp4"), "", 0));
    refused(path("empty.mp4"), "empty");
    refused(path("absent.mp4"), "No such file");
    refused("rtsp://example.org/x", "network addresses are not read");
    // A playlist must not reach other files or the network.
    const char *list = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n";
    assert_true(mien_file_save(path("list.m3u8"), list, strlen(list)));
    refused(path("list.m3u8"), "");
    // Damage everywhere: no crash, and it ends.
    struct mien_frame f = {0};
    for (int i = 0; i < 60; i++) {
        uint8_t *copy = malloc(size);
        memcpy(copy, mp4, size);
        for (size_t k = 0; k < 8; k++) {
            copy[((size_t)i * 7919 + k * 104729) % size] ^= (uint8_t)(1 + i);
        }
        assert_true(mien_file_save(path("dam.mp4"), copy, size));
        free(copy);
        struct mien_source *s = mien_source_open(path("dam.mp4"), NULL, &why);
        if (!s) {
            assert_true(strlen(why.text) > 0);
            continue;
        }
        int n = 0;
        enum mien_source_status st;
        while ((st = next(s, &f)) == MIEN_SOURCE_OK && n < 100) {
            n++;
        }
        assert_true(st == MIEN_SOURCE_END || st == MIEN_SOURCE_FAILED);
        mien_source_close(s);
    }
    mien_free(mp4);
    // Cut off, with the index in front: plays as far as it goes and says so.
    make_video(path("b.mkv"), 50, 0);
    uint8_t *mkv = mien_file_read(path("b.mkv"), 0, &size);
    assert_true(mien_file_save(path("cut.mkv"), mkv, size / 3));
    mien_free(mkv);
    struct mien_source *s = open_ok(path("cut.mkv"), NULL);
    int n = 0;
    while (next(s, &f) == MIEN_SOURCE_OK) {
        n++;
    }
    assert_in_range(n, 3, 30);
    char text[256];
    mien_source_state(s, text, sizeof text);
    assert_non_null(strstr(text, "incomplete"));
    mien_source_close(s);
    mien_frame_destroy(&f);
}

static void rendered_person(void **state)
{
    refused("synth:seed", "not understood");
    refused("synth:seed=1,frames=0", "not understood");
    refused("synth:size=9x9", "not understood");
    refused("synth:seed=1x", "not understood");
    char model[1024];
    if (!mien_find_file("models", "ict.face", model, sizeof model)) {
        skip();
    }
    struct mien_source *s = open_ok("synth:seed=3,frames=4,size=160x120", NULL);
    struct mien_frame f = {0}, g = {0};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
        assert_int_equal(f.index, i);
        assert_int_equal(f.rgb.width, 160);
        assert_int_equal(f.media_ns, llrint(i * 1e9 / 30));
    }
    assert_int_equal(next(s, &g), MIEN_SOURCE_END);
    mien_source_close(s);
    // Looped, frame 7 is frame 3 again.
    struct mien_source_options o = {.loop = true};
    s = open_ok("synth:seed=3,frames=4,size=160x120", &o);
    for (int i = 0; i < 8; i++) {
        assert_int_equal(next(s, &g), MIEN_SOURCE_OK);
    }
    assert_memory_equal(f.rgb.data, g.rgb.data, 160 * 120 * 3);
    mien_source_close(s);
    mien_frame_destroy(&f);
    mien_frame_destroy(&g);
}

static void closing_nothing(void **state)
{
    mien_source_close(NULL);
    struct mien_frame f = {0};
    mien_frame_destroy(&f);
    struct mien_payload p = {0};
    mien_payload_destroy(&p);
    struct mien_decoder *d = mien_decoder_create();
    assert_false(mien_decoder_decode(d, &p, &f.rgb, &why));
    assert_true(strlen(why.text) > 0);
    mien_decoder_destroy(d);
    mien_decoder_destroy(NULL);
}

RUN_TESTS(setup, teardown, cmocka_unit_test(still_picture),
          cmocka_unit_test(folder_in_natural_order), cmocka_unit_test(video_frames_and_times),
          cmocka_unit_test(video_loops), cmocka_unit_test(video_at_its_own_pace),
          cmocka_unit_test(phone_rotation), cmocka_unit_test(pixels_become_square),
          cmocka_unit_test(hdr_is_brought_into_range), cmocka_unit_test(late_starts_are_whole),
          cmocka_unit_test(files_without_video_are_named), cmocka_unit_test(sizes_are_looked_at),
          cmocka_unit_test(broken_videos), cmocka_unit_test(rendered_person),
          cmocka_unit_test(closing_nothing))

// source/: pictures, folders and videos made here; order, time, looping, pace and broken files.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "source/source.h"

static char dir[64];
static char reason[512];

static const char *path(const char *name)
{
    static char p[4][256];
    static int i;
    i = (i + 1) % 4;
    snprintf(p[i], sizeof p[i], "%s/%s", dir, name);
    return p[i];
}

static int setup(void **state)
{
    snprintf(dir, sizeof dir, "/tmp/mien-source-XXXXXX");
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    char cmd[128];
    snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
    return system(cmd);
}

static void save_plain(const char *file, int w, int h, uint8_t level)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, w, h, MIEN_FORMAT_RGB8));
    memset(im.data, level, im.stride * (size_t)h);
    assert_true(mien_image_save(file, &im));
    mien_image_destroy(&im);
}

// frames MPEG-4 pictures of 64x48 at 25 fps; frame i is grey of level 40 + 5 i, its left half
// darker.
static void make_video(const char *file, int frames, int rotate_deg)
{
    AVFormatContext *f = NULL;
    assert_true(avformat_alloc_output_context2(&f, NULL, NULL, file) >= 0);
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (!codec) {
        skip();
    }
    AVStream *st = avformat_new_stream(f, NULL);
    AVCodecContext *c = avcodec_alloc_context3(codec);
    c->width = 64;
    c->height = 48;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = (AVRational){1, 25};
    c->bit_rate = 400000;
    c->gop_size = 5;
    c->thread_count = 1;
    if (f->oformat->flags & AVFMT_GLOBALHEADER) {
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    assert_true(avcodec_open2(c, codec, NULL) >= 0);
    avcodec_parameters_from_context(st->codecpar, c);
    st->time_base = c->time_base;
    st->avg_frame_rate = (AVRational){25, 1};
    if (rotate_deg) { // the matrix phones write: 16.16 fixed point, row-major
        int32_t *m = (int32_t *)av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, 36);
        double a = rotate_deg * 3.14159265358979 / 180;
        int32_t q[9] = {(int32_t)lrint(65536 * cos(a)),
                        (int32_t)lrint(65536 * sin(a)),
                        0,
                        (int32_t)lrint(-65536 * sin(a)),
                        (int32_t)lrint(65536 * cos(a)),
                        0,
                        0,
                        0,
                        1 << 30};
        memcpy(m, q, sizeof q);
    }
    assert_true(avio_open(&f->pb, file, AVIO_FLAG_WRITE) >= 0);
    assert_true(avformat_write_header(f, NULL) >= 0);
    AVFrame *p = av_frame_alloc();
    p->format = c->pix_fmt;
    p->width = 64;
    p->height = 48;
    assert_true(av_frame_get_buffer(p, 0) >= 0);
    AVPacket *k = av_packet_alloc();
    for (int i = 0; i <= frames; i++) {
        if (i < frames) {
            assert_true(av_frame_make_writable(p) >= 0);
            for (int y = 0; y < 48; y++) {
                memset(p->data[0] + y * p->linesize[0], 40 + 5 * i, 64);
                memset(p->data[0] + y * p->linesize[0], 20, 32);
            }
            for (int y = 0; y < 24; y++) {
                memset(p->data[1] + y * p->linesize[1], 128, 32);
                memset(p->data[2] + y * p->linesize[2], 128, 32);
            }
            p->pts = i;
        }
        assert_true(avcodec_send_frame(c, i < frames ? p : NULL) >= 0);
        while (avcodec_receive_packet(c, k) >= 0) {
            av_packet_rescale_ts(k, c->time_base, st->time_base);
            k->duration = av_rescale_q(1, c->time_base, st->time_base);
            assert_true(av_interleaved_write_frame(f, k) >= 0);
        }
    }
    av_write_trailer(f);
    avio_closep(&f->pb);
    av_packet_free(&k);
    av_frame_free(&p);
    avcodec_free_context(&c);
    avformat_free_context(f);
}

static struct mien_source *open_ok(const char *uri, const struct mien_source_options *o)
{
    struct mien_source *s = mien_source_open(uri, o, reason, sizeof reason);
    if (!s) {
        fail_msg("%s", reason);
    }
    return s;
}

static void refused(const char *uri, const char *because)
{
    struct mien_source *s = mien_source_open(uri, NULL, reason, sizeof reason);
    assert_null(s);
    if (!strstr(reason, because)) {
        fail_msg("\"%s\" does not say \"%s\"", reason, because);
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
    assert_true(mien_now_ns() - t0 >= 79 * MIEN_NS_PER_MS);
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

static void video_pace_and_drops(void **state)
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
    assert_true(mien_now_ns() - t0 >= 79 * MIEN_NS_PER_MS);
    assert_int_equal(mien_source_read(s, &f, f.capture_ns + 5 * MIEN_NS_PER_MS),
                     MIEN_SOURCE_TIMEOUT);
    mien_sleep_until_ns(t0 + 300 * MIEN_NS_PER_MS); // a slow reader
    assert_int_equal(next(s, &f), MIEN_SOURCE_OK);
    assert_true(f.dropped >= 2 && f.media_ns >= 200 * MIEN_NS_PER_MS);
    int n = 4;
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
        struct mien_source *s = mien_source_open(path("dam.mp4"), NULL, reason, sizeof reason);
        if (!s) {
            assert_true(strlen(reason) > 0);
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
    const char *why;
    assert_false(mien_decoder_decode(d, &p, &f.rgb, &why));
    assert_true(strlen(why) > 0);
    mien_decoder_destroy(d);
    mien_decoder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(still_picture),          cmocka_unit_test(folder_in_natural_order),
        cmocka_unit_test(video_frames_and_times), cmocka_unit_test(video_loops),
        cmocka_unit_test(video_pace_and_drops),   cmocka_unit_test(phone_rotation),
        cmocka_unit_test(broken_videos),          cmocka_unit_test(rendered_person),
        cmocka_unit_test(closing_nothing),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

// LINK: -Wl,--wrap=ioctl -Wl,--wrap=open -Wl,--wrap=close
// LINK: -Wl,--wrap=mmap -Wl,--wrap=munmap -Wl,--wrap=poll -Wl,--wrap=stat
// LINK: -Wl,--wrap=mien_now_ns -Wl,--wrap=mien_sleep_until_ns

// source/v4l2*, with a make-believe driver behind the system calls that misbehaves on request. The
// clock is the test's own: it moves when somebody waits.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "source/controls.h"
#include "source/source.h"

#include "fake_clock.h"

#define FAKE_CAMERA_SLEEP(ms) (now += (ms)*MIEN_NS_PER_MS)
#include "fake_camera.h"
#include "run_tests.h"

static struct mien_why why;

static struct mien_source *open_ok(const char *uri, const struct mien_source_options *o)
{
    struct mien_source *s = mien_source_open(uri, o, &why);
    assert_non_null(s);
    return s;
}

static void done(struct mien_source *s)
{
    mien_source_close(s);
    assert_int_equal(cam.leaks_open, 0);
    assert_int_equal(cam.leaks_map, 0);
    assert_int_equal(cam.errors, 0);
}

static void refused(const char *uri, const char *because)
{
    struct mien_source *s = mien_source_open(uri, NULL, &why);
    assert_null(s);
    if (!strstr(why.text, because)) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, because);
    }
    done(NULL);
}

static int64_t soon(int ms)
{
    return mien_now_ns() + ms * MIEN_NS_PER_MS;
}

static void formats_are_chosen(void **state)
{
    static const struct {
        struct mien_source_options o;
        const char *format;
        int w, h, fps;
    } cases[] = {
        {{0}, "YUYV", 640, 480, 30},
        {{.width = 1280, .height = 720}, "MJPG", 1280, 720, 30},  // not YUYV at 10 fps
        {{.width = 1920, .height = 1080}, "MJPG", 1280, 720, 30}, // nearest
        {{.format = MIEN_CAMERA_MJPG}, "MJPG", 640, 480, 30},
        {{.width = 1280, .height = 720, .format = MIEN_CAMERA_YUYV}, "YUYV", 1280, 720, 10},
        {{.fps = 15}, "YUYV", 640, 480, 15},
    };
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        reset();
        struct mien_source *s = open_ok("camera", &cases[i].o);
        const struct mien_source_info *info = mien_source_info(s);
        assert_string_equal(info->format, cases[i].format);
        assert_int_equal(info->width, cases[i].w);
        assert_int_equal(info->height, cases[i].h);
        assert_int_equal((int)(info->fps + 0.5), cases[i].fps);
        assert_string_equal(info->name, "Test Cam");
        assert_string_equal(info->device, "/dev/video0");
        assert_true(info->live);
        done(s);
    }
    // At the same rate: MJPG for the large picture.
    reset();
    cam.mode[3].fps = 30;
    struct mien_source_options hd = {.width = 1280, .height = 720};
    struct mien_source *large = open_ok("camera", &hd);
    assert_string_equal(mien_source_info(large)->format, "MJPG");
    done(large);
    // A faster MJPG mode beats YUYV even at 640x480; grey (infrared) never wins.
    reset();
    cam.mode[0].fps = 60;
    struct mien_source *s = open_ok("camera:test", NULL);
    assert_string_equal(mien_source_info(s)->format, "MJPG");
    done(s);
    reset();
    cam.mode[0] = (struct mode){V4L2_PIX_FMT_GREY, 640, 480, 60};
    cam.modes = 1;
    s = open_ok("/dev/video0", NULL);
    assert_string_equal(mien_source_info(s)->format, "GREY");
    done(s);
}

static void what_was_granted_is_read_back(void **state)
{
    reset();
    cam.force_fourcc = V4L2_PIX_FMT_YUYV; // as vivid does with MJPG
    cam.force_fps = 25;
    cam.has_control = true;
    cam.control = 1;
    struct mien_source_options o = {.width = 1280, .height = 720, .format = MIEN_CAMERA_MJPG};
    struct mien_source *s = open_ok("camera", &o);
    assert_string_equal(mien_source_info(s)->format, "YUYV");
    assert_int_equal((int)mien_source_info(s)->fps, 25);
    assert_int_equal(cam.control, 0); // exposure_dynamic_framerate off
    done(s);
    reset();
    cam.force_fourcc = v4l2_fourcc('H', '2', '6', '4');
    refused("camera", "H264");
    reset();
    cam.mode[0].fourcc = v4l2_fourcc('H', '2', '6', '4');
    cam.modes = 1;
    refused("camera", "offers no format that mien reads; it offers H264");
}

static void newest_frame_wins(void **state)
{
    reset();
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_frame f = {0};
    add_frame(0, 0, 640 * 480 * 2);
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    assert_int_equal(f.index, 0);
    assert_int_equal(f.dropped, 0);
    uint8_t *pixels = f.rgb.data;
    for (uint32_t q = 1; q < 4; q++) {
        add_frame(q, 0, 640 * 480 * 2);
    }
    cam.frame[3].fill = 128;
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    assert_int_equal(f.index, 1);
    assert_int_equal(f.dropped, 2);
    assert_int_equal(f.rgb.data[0], 130); // luma 128, no colour
    assert_ptr_equal(f.rgb.data, pixels); // no allocation after the first
    assert_true(f.capture_ns / 1000 == cam.frame[3].at_ns / 1000);
    add_frame(9, 0, 640 * 480 * 2); // the driver lost 4…8
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    assert_int_equal(f.dropped, 7);
    int64_t t = mien_now_ns();
    assert_int_equal(mien_source_read(s, &f, soon(50)), MIEN_SOURCE_TIMEOUT);
    assert_in_range(mien_now_ns() - t, 50 * MIEN_NS_PER_MS, 51 * MIEN_NS_PER_MS);
    mien_frame_destroy(&f);
    mien_frame_destroy(&f);
    done(s);
}

static void bad_buffers_are_skipped(void **state)
{
    reset();
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_payload p = {0};
    add_frame(0, V4L2_BUF_FLAG_ERROR, 640 * 480 * 2);
    add_frame(1, 0, 640 * 480); // half a picture
    add_frame(2, 0, 0);
    assert_int_equal(mien_source_read_raw(s, &p, soon(30)), MIEN_SOURCE_TIMEOUT);
    add_frame(3, 0, 640 * 480 * 2);
    add_frame(4, V4L2_BUF_FLAG_ERROR, 640 * 480 * 2); // newest, but bad: 3 is delivered
    assert_int_equal(mien_source_read_raw(s, &p, soon(500)), MIEN_SOURCE_OK);
    assert_int_equal(p.data[0], 4);
    assert_int_equal(p.kind, MIEN_PAYLOAD_YUYV);
    assert_int_equal(p.stride, 1280);
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    assert_int_equal(c.corrupt, 4);
    assert_int_equal(c.dropped, 4);
    assert_int_equal(c.delivered, 1);
    mien_payload_destroy(&p);
    mien_payload_destroy(&p);
    done(s);
}

static void damaged_mjpeg_is_skipped(void **state)
{
    struct mien_image im;
    assert_true(mien_image_create(&im, 640, 480, MIEN_FORMAT_RGB8));
    for (size_t i = 0; i < im.stride * 480; i++) {
        im.data[i] = (uint8_t)(i * i / 977);
    }
    void *data;
    assert_true(mien_jpeg_encode(&im, 80, &data, &jpeg_size));
    jpeg = data;
    mien_image_destroy(&im);
    reset();
    struct mien_source_options o = {.format = MIEN_CAMERA_MJPG};
    struct mien_source *s = open_ok("camera", &o);
    struct mien_frame f = {0};
    add_frame(0, 0, (uint32_t)jpeg_size);
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    add_frame(1, 0, (uint32_t)jpeg_size / 2); // truncated: arrives as a normal buffer
    assert_int_equal(mien_source_read(s, &f, soon(30)), MIEN_SOURCE_TIMEOUT);
    add_frame(2, 0, 2);
    assert_int_equal(mien_source_read(s, &f, soon(30)), MIEN_SOURCE_TIMEOUT);
    add_frame(3, 0, (uint32_t)jpeg_size);
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    assert_int_equal(f.dropped, 2);
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    assert_int_equal(c.corrupt, 2);
    // The split way: the decoder says why.
    struct mien_payload p = {0};
    struct mien_decoder *d = mien_decoder_create();
    add_frame(4, 0, (uint32_t)jpeg_size / 3);
    assert_int_equal(mien_source_read_raw(s, &p, soon(500)), MIEN_SOURCE_OK);
    assert_false(mien_decoder_decode(d, &p, &f.rgb, &why));
    assert_non_null(strstr(why.text, "damaged JPEG"));
    add_frame(5, 0, (uint32_t)jpeg_size);
    assert_int_equal(mien_source_read_raw(s, &p, soon(500)), MIEN_SOURCE_OK);
    assert_true(mien_decoder_decode(d, &p, &f.rgb, &why));
    p.width = 320; // a picture of another size than the camera promised
    assert_false(mien_decoder_decode(d, &p, &f.rgb, &why));
    mien_decoder_destroy(d);
    mien_payload_destroy(&p);
    mien_frame_destroy(&f);
    done(s);
    mien_free(data);
    jpeg = NULL;
}

static void failures_are_explained(void **state)
{
    reset();
    cam.present = false;
    refused("camera", "no camera was found");
    refused("/dev/video0", "does not exist");
    reset();
    refused("camera:Logitech", "Test Cam (/dev/video0)");
    refused("v4l2:usb-Other", "no camera matches");
    reset();
    cam.open_error = EACCES;
    refused("camera", "group \"video\"");
    refused("/dev/video0", "group \"video\"");
    reset();
    cam.open_error = EBUSY;
    refused("/dev/video0", "in use by another program");
    reset();
    cam.fmt_error = EBUSY;
    refused("camera", "in use by another program");
    reset();
    cam.reqbufs_error = EBUSY;
    refused("camera", "in use by another program");
    reset();
    cam.streamon_error = ENOSPC;
    refused("camera", "bandwidth");
    reset();
    cam.streamon_error = EINVAL;
    refused("camera", "starting the camera failed");
    reset();
    cam.caps = V4L2_CAP_META_CAPTURE | V4L2_CAP_STREAMING; // not a camera
    refused("camera", "no camera was found");
    refused("/dev/video0", "is not a camera");
    reset();
    cam.caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_VIDEO_M2M;
    refused("camera", "no camera was found");
}

static void unplug_and_replug(void **state)
{
    reset();
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_frame f = {0};
    char text[256];
    add_frame(0, 0, 640 * 480 * 2);
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    cam.dqbuf_error = ENODEV;
    cam.present = false;
    assert_int_equal(mien_source_read(s, &f, soon(50)), MIEN_SOURCE_LOST);
    assert_int_equal(cam.leaks_open, 0); // closed and unmapped while away: the node can vanish
    assert_int_equal(cam.leaks_map, 0);
    mien_source_state(s, text, sizeof text);
    assert_non_null(strstr(text, "was unplugged; waiting for it to return"));
    // Another camera at the old number is not taken.
    cam.dqbuf_error = 0;
    cam.present = true;
    cam.card = "Other Cam";
    assert_int_equal(mien_source_read(s, &f, soon(400)), MIEN_SOURCE_LOST);
    // It comes back under another number; first the node exists but may not be opened yet.
    cam.card = "Test Cam";
    cam.number = 3;
    cam.open_error = EACCES;
    assert_int_equal(mien_source_read(s, &f, soon(300)), MIEN_SOURCE_LOST);
    cam.open_error = 0;
    cam.frames = cam.next = 0;
    add_frame(0, 0, 640 * 480 * 2);
    assert_int_equal(mien_source_read(s, &f, soon(2000)), MIEN_SOURCE_OK);
    assert_string_equal(mien_source_info(s)->device, "/dev/video3");
    assert_int_equal(f.index, 1);
    mien_source_state(s, text, sizeof text);
    assert_string_equal(text, "");
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    assert_int_equal(c.reconnects, 1);
    mien_frame_destroy(&f);
    done(s);
}

static void input_error_restarts(void **state)
{
    reset();
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_frame f = {0};
    cam.dqbuf_error = EIO;
    assert_int_equal(mien_source_read(s, &f, soon(20)), MIEN_SOURCE_LOST);
    cam.dqbuf_error = 0;
    add_frame(0, 0, 640 * 480 * 2);
    assert_int_equal(mien_source_read(s, &f, soon(2000)), MIEN_SOURCE_OK);
    assert_int_equal(cam.streams, 2);
    mien_frame_destroy(&f);
    done(s);
}

static void frozen_camera_is_restarted(void **state)
{
    reset();
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_frame f = {0};
    assert_int_equal(mien_source_read(s, &f, soon(1500)), MIEN_SOURCE_TIMEOUT);
    assert_int_equal(cam.streams, 1);
    assert_int_equal(mien_source_read(s, &f, soon(2000)), MIEN_SOURCE_TIMEOUT);
    assert_int_equal(cam.streams, 2); // restarted after 3 s without a frame
    add_frame(0, 0, 640 * 480 * 2);
    assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    mien_frame_destroy(&f);
    done(s);
}

static void low_rate_is_explained(void **state)
{
    reset();
    cam.exposure = 1400; // 140 ms: 7 fps
    struct mien_source *s = open_ok("camera", NULL);
    struct mien_frame f = {0};
    char text[256];
    int64_t t0 = mien_now_ns() - 1000 * MIEN_NS_PER_MS;
    for (uint32_t i = 0; i < 32; i++) { // a little slower at the end: not told anew
        add_frame(i, 0, 640 * 480 * 2);
        t0 += i < 17 ? 143 * MIEN_NS_PER_MS : 158 * MIEN_NS_PER_MS;
        cam.frame[i].at_ns = t0;
        mien_sleep_until_ns(cam.frame[i].at_ns); // times ahead are not believed
        assert_int_equal(mien_source_read(s, &f, soon(500)), MIEN_SOURCE_OK);
    }
    mien_source_state(s, text, sizeof text);
    assert_non_null(strstr(text, "the camera gives 7 frames a second instead of 30: its exposure"));
    mien_frame_destroy(&f);
    done(s);
}

static void cameras_are_listed(void **state)
{
    static struct mien_camera_info list[4];
    reset();
    assert_int_equal(mien_camera_list(list, 4), 1);
    assert_string_equal(list[0].name, "Test Cam");
    assert_int_equal(list[0].modes, 5);
    assert_string_equal(list[0].mode[1].format, "MJPG");
    assert_int_equal(list[0].mode[1].height, 720);
    assert_int_equal((int)list[0].mode[1].fps, 30);
    cam.open_error = EACCES;
    assert_int_equal(mien_camera_list(list, 4), 1);
    assert_non_null(strstr(list[0].problem, "group \"video\""));
    cam.present = false;
    assert_int_equal(mien_camera_list(list, 4), 0);
    done(NULL);
}

static void cameras_are_told_apart(void **state)
{
    static struct mien_camera_info list[4];
    reset();
    assert_int_equal(mien_camera_list(list, 4), 1);
    snprintf(list[0].by_id, sizeof list[0].by_id, "/dev/v4l/by-id/usb-Maker_Test-index0");
    static const char *const yes[] = {"", "camera", "camera:test", "v4l2:usb-Maker", "/dev/video0"};
    static const char *const no[] = {"camera:other", "v4l2:usb-Other", "/dev/video1", "face.jpg"};
    for (size_t i = 0; i < MIEN_COUNT(yes); i++) {
        assert_true(mien_camera_matches(&list[0], yes[i]));
    }
    for (size_t i = 0; i < MIEN_COUNT(no); i++) {
        assert_false(mien_camera_matches(&list[0], no[i]));
    }
    // What is under /dev, without opening it.
    int opens = cam.opens;
    uint64_t here = mien_camera_fingerprint();
    assert_true(mien_camera_fingerprint() == here);
    cam.number = 1;
    assert_true(mien_camera_fingerprint() != here);
    cam.number = 0;
    cam.node++; // made anew, or given to another group
    assert_true(mien_camera_fingerprint() != here);
    cam.present = false;
    uint64_t none = mien_camera_fingerprint();
    assert_true(none != here && none == mien_camera_fingerprint());
    assert_int_equal(cam.opens, opens);
}

static int quiet(void **state)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    return 0;
}

static int value_of(uint32_t id)
{
    return setting_of(id)->value;
}

static void cannot(const char *text, const char *because)
{
    why.text[0] = 0;
    assert_false(mien_controls_set("/dev/video0", text, &why));
    if (!strstr(why.text, because)) {
        fail_msg("%s: \"%s\" does not say \"%s\"", text, why.text, because);
    }
}

// Each by its name, with what it may be; groups and buttons are none.
static void controls_are_listed(void **state)
{
    static struct mien_control list[MIEN_CONTROLS];
    char text[MIEN_CONTROL_TEXT];
    reset();
    assert_int_equal(mien_controls_list("/dev/video0", list, MIEN_CONTROLS, &why), 0);
    give_settings();
    assert_int_equal(mien_controls_list("/dev/video0", list, MIEN_CONTROLS, &why), 7);
    assert_string_equal(list[0].key, "brightness");
    assert_int_equal(list[0].min, -64);
    assert_int_equal(list[0].value, 10);
    assert_int_equal(list[0].usual, 0);
    assert_string_equal(list[1].key, "white_balance_automatic");
    assert_int_equal(list[1].kind, MIEN_CONTROL_SWITCH);
    assert_int_equal(list[3].items, 3);
    assert_string_equal(list[3].item[2].name, "60 Hz");
    assert_int_equal(list[4].items, 2); // its numbers have holes
    assert_int_equal(list[4].item[1].value, 3);
    assert_true(list[5].ruled && !list[4].ruled);
    mien_controls_text(list, 7, text, sizeof(text));
    assert_string_equal(text, "brightness=10,exposure_dynamic_framerate=1");
    cam.present = false;
    assert_int_equal(mien_controls_list("/dev/video0", list, MIEN_CONTROLS, &why), -1);
    done(NULL);
}

static void controls_are_set(void **state)
{
    reset();
    give_settings();
    assert_true(mien_controls_set("/dev/video0",
                                  "auto_exposure=manual,exposure_time_absolute=120,gain=30", &why));
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_AUTO), 1);
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_ABSOLUTE), 120);
    assert_int_equal(value_of(V4L2_CID_GAIN), 30);
    assert_true(mien_controls_set("/dev/video0", "power=60,white=off,gain=default", &why));
    assert_int_equal(value_of(V4L2_CID_POWER_LINE_FREQUENCY), 2);
    assert_int_equal(value_of(V4L2_CID_AUTO_WHITE_BALANCE), 0);
    assert_int_equal(value_of(V4L2_CID_GAIN), 20);
    cannot("gain=101", "from 0 to 100");
    cannot("gain=x", "from 0 to 100");
    cannot("zoom=1", "no control \"zoom\"; it has brightness");
    cannot("exposure=1", "more than one");
    cannot("power=70", "\"50 Hz\"");
    cannot("gain", "not NAME=VALUE");
    cannot("gain=1,,", "not NAME=VALUE");
    assert_true(mien_controls_set("/dev/video0", "auto=3", &why));
    cannot("exposure_time=9", "set that to manual first");
    assert_true(mien_controls_reset("/dev/video0", &why));
    assert_int_equal(value_of(V4L2_CID_BRIGHTNESS), 0);
    assert_int_equal(value_of(V4L2_CID_POWER_LINE_FREQUENCY), 1);
    assert_int_equal(value_of(V4L2_CID_AUTO_WHITE_BALANCE), 1);
    done(NULL);
}

// Thirty a second: automatic exposure may not slow down, by hand it is short enough.
static void rate_is_held(void **state)
{
    char said[200];
    reset();
    give_settings();
    assert_true(mien_controls_hold_rate("/dev/video0", 30, said, sizeof(said), &why));
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_AUTO_PRIORITY), 0);
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_AUTO), 3);
    setting_of(V4L2_CID_EXPOSURE_AUTO)->value = 1;
    assert_true(mien_controls_hold_rate("/dev/video0", 30, said, sizeof(said), &why));
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_ABSOLUTE), 333); // 100 µs each
    setting_of(V4L2_CID_EXPOSURE_ABSOLUTE)->value = 50;
    assert_true(mien_controls_hold_rate("/dev/video0", 30, said, sizeof(said), &why));
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_ABSOLUTE), 50); // short enough before
    cam.settings = 7; // nothing says how far automatic exposure may go
    setting_of(V4L2_CID_EXPOSURE_AUTO)->value = 3;
    setting_of(V4L2_CID_EXPOSURE_ABSOLUTE)->value = 900;
    assert_true(mien_controls_hold_rate("/dev/video0", 30, said, sizeof(said), &why));
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_AUTO), 1);
    assert_int_equal(value_of(V4L2_CID_EXPOSURE_ABSOLUTE), 333);
    cam.settings = 4;
    assert_false(mien_controls_hold_rate("/dev/video0", 30, said, sizeof(said), &why));
    assert_non_null(strstr(why.text, "more light"));
    done(NULL);
}

// Those of the source's options, before the first picture and when the camera comes back.
static void controls_are_set_as_it_opens(void **state)
{
    reset();
    give_settings();
    struct mien_source *s =
        open_ok("camera", &(struct mien_source_options){.controls = "gain=44,power=disabled"});
    assert_int_equal(value_of(V4L2_CID_GAIN), 44);
    assert_int_equal(value_of(V4L2_CID_POWER_LINE_FREQUENCY), 0);
    done(s);
    reset();
    give_settings();
    assert_null(mien_source_open(
        "camera", &(struct mien_source_options){.controls = "gain=44,shutter=1"}, &why));
    assert_non_null(strstr(why.text, "\"shutter\""));
    done(NULL);
}

RUN_TESTS(quiet, NULL, cmocka_unit_test(formats_are_chosen),
          cmocka_unit_test(what_was_granted_is_read_back), cmocka_unit_test(newest_frame_wins),
          cmocka_unit_test(bad_buffers_are_skipped), cmocka_unit_test(damaged_mjpeg_is_skipped),
          cmocka_unit_test(failures_are_explained), cmocka_unit_test(unplug_and_replug),
          cmocka_unit_test(input_error_restarts), cmocka_unit_test(frozen_camera_is_restarted),
          cmocka_unit_test(low_rate_is_explained), cmocka_unit_test(cameras_are_listed),
          cmocka_unit_test(cameras_are_told_apart), cmocka_unit_test(controls_are_listed),
          cmocka_unit_test(controls_are_set), cmocka_unit_test(rate_is_held),
          cmocka_unit_test(controls_are_set_as_it_opens))

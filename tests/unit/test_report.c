// The session report on an invented session whose blinks, episodes and movement are known.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "face/lids.h"
#include "sink/report.h"
#include "sink/sinks.h"

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

// A face at time t: blinks of 133 ms every three seconds, eyes closed from 13 to 14 s, happy from 5
// to 8 s and for a flicker at 9 s, the head turning 10 degrees a second until t = 2.
static void face_at(struct mien_face_result *f, struct mien_lid_watch *lids, double t)
{
    memset(f, 0, sizeof(*f));
    f->id = 1;
    memcpy(f->box_px, (float[4]){200, 100, 360, 300}, sizeof(f->box_px));
    f->light_hint = t < 16 ? 120 : 20; // in the dark
    f->landmark_count = 2;
    f->landmark_sigma_px[0] = f->landmark_sigma_px[1] = 2;
    bool shut = (t > 1 && fmod(t, 3) < 0.13) || (t >= 13 && t < 14);
    f->action[MIEN_BS_EYE_BLINK_LEFT] = f->action[MIEN_BS_EYE_BLINK_RIGHT] = shut ? 0.9f : 0.1f;
    mien_lid_watch_feed(lids, f->action, 1 / 30.0f, &f->lids);
    bool happy = (t >= 5 && t < 8) || (t >= 9 && t < 9.2); // the second is no episode
    f->expression[MIEN_EXPRESSION_HAPPY] = happy ? 0.8f : 0.1f;
    f->expression[MIEN_EXPRESSION_NEUTRAL] = happy ? 0.2f : 0.9f;
    f->expression_class = happy ? MIEN_EXPRESSION_HAPPY : MIEN_EXPRESSION_NEUTRAL;
    f->yaw_deg = (float)(10 * fmin(t, 2));
    mien_pose_from_angles(f->yaw_deg, 0, 0, f->pose.R);
    f->gaze_deg[0][0] = f->gaze_deg[1][0] = t < 10 ? 0 : 25;
}

static void session(void (*take)(void *, const struct mien_result *), void *arg, double seconds)
{
    struct mien_result *r = mien_calloc(1, sizeof(*r));
    struct mien_lid_watch lids = {0};
    assert_non_null(r);
    r->width_px = 640;
    r->height_px = 480;
    for (int i = 0; i < (int)(30 * seconds); i++) {
        r->frame = (uint64_t)i;
        r->times.capture_ns = 7000000000 + (int64_t)i * 1000000000 / 30;
        r->count = 1;
        r->mark = i == 60 ? 1 : i == 120 ? 2 : 0;
        strcpy(r->mark_text, i == 120 ? "</script> \"two\"" : "");
        r->mark_ns = i == 120 ? r->times.capture_ns - 500000000 : 0; // typed half a second later
        // Exchanged on the way, and back; one name is a part of another.
        strcpy(r->network, i < 90 ? "clean<2>" : i % 7 == 0 ? "standard" : "clean");
        face_at(&r->face[0], &lids, i / 30.0);
        take(arg, r);
    }
    mien_free(r);
}

static void to_report(void *arg, const struct mien_result *r)
{
    mien_report_add(arg, "a <clip>", r);
}

static void to_sink(void *arg, const struct mien_result *r)
{
    struct mien_sink_frame f = {.source = "a <clip>", .result = r};
    assert_true(mien_sink_write(arg, &f));
}

static void drop(struct mien_report *r)
{
    mien_report_end(r);
    mien_free(r);
}

static void test_counts(void **state)
{
    struct mien_report *r = mien_calloc(1, sizeof(*r));
    session(to_report, r, 20);
    assert_int_equal(r->frames, 600);
    assert_int_equal(r->people, 1);
    assert_int_equal(r->marks, 2);
    assert_float_equal(r->mark[0].at_s - r->start_s, 2, 1e-6);
    assert_float_equal(r->mark[1].at_s - r->start_s, 3.5, 1e-6);
    const struct mien_report_person *p = r->person[0];
    assert_float_equal(p->usable_s, 16, 0.1);
    assert_float_equal(p->spread[MIEN_CHANNEL_FACE_PX].mean, 200, 0.1);
    assert_float_equal(p->spread[MIEN_CHANNEL_UNCERTAINTY].mean, 1, 0.01);
    for (int i = 0; i < MIEN_REPORT_BINS; i++) { // shut eyes look nowhere
        double at = i * r->bin_s, width = r->bin_s;
        if (at > 13.1 && at + width < 13.9 && p->bin[i].samples) {
            assert_int_equal(p->bin[i].looks, 0);
        } else if (at > 10.1 && at + width < 11.9 && p->bin[i].samples) {
            assert_int_equal(p->bin[i].looks, p->bin[i].samples);
            assert_float_equal(p->bin[i].sum[MIEN_CHANNEL_GAZE_YAW] / (float)p->bin[i].looks, 25,
                               0.01);
        }
    }
    assert_int_equal(p->blinks, 6); // 3, 6, … 18 s
    assert_float_equal(p->blink_at_s[0] - r->start_s, 3, 0.04);
    assert_float_equal(p->blink_s / p->blinks, 0.133, 0.02);
    assert_int_equal(p->long_closures, 1);
    assert_float_equal(p->closed_long_s, 1, 0.05);
    assert_int_equal(p->episodes, 1);
    assert_int_equal(p->episode[0].expression, MIEN_EXPRESSION_HAPPY);
    assert_float_equal(p->episode[0].start_s - r->start_s, 5, 0.04);
    assert_float_equal(p->episode[0].end_s - p->episode[0].start_s, 3, 0.07);
    assert_float_equal(p->path_deg, 20, 0.1);
    assert_float_equal(p->share[MIEN_EXPRESSION_HAPPY], 3.2 * 0.8 + 16.8 * 0.1, 0.1);
    // Half of the time, less what shut eyes do not look: one second and six blinks.
    assert_float_equal(p->gaze_camera_s / p->gaze_total_s, 0.527, 0.01);
    assert_float_equal(p->spread[MIEN_CHANNEL_GAZE_YAW].mean, 25 * (1 - 0.527), 0.3);
    drop(r);
}

// Bins that were merged hold every sample once.
static void test_long_sessions_keep_their_sums(void **state)
{
    struct mien_report *r = mien_calloc(1, sizeof(*r));
    session(to_report, r, 200);
    assert_true(r->bin_s > 0.19);
    long long samples = 0;
    double sum = 0, low = 1;
    for (int i = 0; i < MIEN_REPORT_BINS; i++) {
        const struct mien_report_bin *b = &r->person[0]->bin[i];
        samples += b->samples;
        sum += b->sum[MIEN_CHANNEL_YAW];
        low = b->samples ? fmin(low, b->low[MIEN_BS_EYE_BLINK_LEFT]) : low;
    }
    assert_int_equal(samples, 6000);
    assert_float_equal(sum / 6000, r->person[0]->spread[MIEN_CHANNEL_YAW].mean, 1e-3);
    assert_float_equal(low, 0.1, 1e-6);
    drop(r);
}

// The detail is fine for an hour: its bins hold every sample, and what they say is close to what
// was given.
static void test_an_hour_in_detail(void **state)
{
    struct mien_report *r = mien_calloc(1, sizeof(*r));
    session(to_report, r, 3600);
    const struct mien_report_person *p = r->person[0];
    assert_true(r->detail_s < 0.17 && r->bin_s > 3);
    long long samples = 0;
    struct mien_report_scale yaw = mien_report_scale_of(MIEN_CHANNEL_YAW);
    struct mien_report_scale gaze = mien_report_scale_of(MIEN_CHANNEL_GAZE_YAW);
    double step = (yaw.high - yaw.low) / 65534;
    assert_string_equal(yaw.name, "yaw");
    for (int i = 0; i < MIEN_REPORT_DETAIL; i++) {
        const struct mien_report_detail *d = &p->detail[i];
        double at = i * r->detail_s, end = at + r->detail_s;
        samples += d->samples;
        if (at > 2.1 && d->samples) {
            assert_float_equal(yaw.low + (d->mean[MIEN_CHANNEL_YAW] - 1) * step, 20, 0.02);
        }
        if (at > 5 && end < 8 && d->samples) {
            assert_float_equal((d->mean[MIEN_CHANNEL_EXPRESSION + MIEN_EXPRESSION_HAPPY] - 1) /
                                   65534.0,
                               0.8, 1e-3);
        }
        if (at > 13.1 && end < 13.9) { // shut eyes look nowhere
            assert_int_equal(d->looks, 0);
            assert_int_equal(d->mean[MIEN_CHANNEL_GAZE_YAW], 0);
        } else if (at > 10.1 && end < 11.9) {
            assert_float_equal(gaze.low + (d->mean[MIEN_CHANNEL_GAZE_YAW] - 1) * step, 25, 0.02);
        }
    }
    assert_int_equal(samples, 108000);
    drop(r);
}

static int count_of(const char *text, const char *what)
{
    int n = 0;
    for (; (text = strstr(text, what)); text += strlen(what)) {
        n++;
    }
    return n;
}

static void test_page(void **state)
{
    char *page[2];
    for (int k = 0; k < 2; k++) {
        struct mien_sink *s = mien_sink_open("report", in_dir("r.html"), NULL);
        assert_non_null(s);
        session(to_sink, s, 65); // over a minute: rewritten on the way
        assert_true(mien_sink_close(s));
        size_t size;
        char *data = mien_file_read(in_dir("r.html"), 1 << 24, &size);
        assert_non_null(data);
        page[k] = mien_calloc(size + 1, 1);
        memcpy(page[k], data, size);
        mien_free(data);
    }
    assert_string_equal(page[0], page[1]); // no date, no chance
    char *t = page[0];
    assert_null(strstr(t, "http:"));
    assert_null(strstr(t, "https:"));
    assert_null(strstr(t, "url("));
    assert_non_null(strstr(
        t,
        "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\""));
    assert_int_equal(count_of(t, "<script"),
                     3); // data, script, and where it reads the data of others
    char *data_at = strstr(t, "<script id=data");
    assert_non_null(data_at);
    assert_non_null(
        strstr(data_at, "[2.000,1,\"\"],[3.500,2,\"\\u003c/script\\u003e \\u0022two\\u0022\"]"));
    assert_non_null(strstr(t, "<td>&lt;/script&gt; &quot;two&quot;</tr>"));
    *data_at = 0; // the rest is the script's
    assert_null(strstr(t, "nan"));
    assert_null(strstr(t, "a <clip>"));
    assert_non_null(strstr(t, "a &lt;clip&gt;"));
    assert_non_null(strstr(t, " · network clean&lt;2&gt;, clean, standard</p>"));
    assert_int_equal(count_of(t, "<svg"), count_of(t, "</svg>"));
    assert_true(count_of(t, "<svg") == 81);
    assert_int_equal(count_of(t, "<td>happy"), 1);
    assert_non_null(strstr(t, "0:00 here is time_s 7.000 in tables."));
    assert_null(strstr(t, "<time>"));
    assert_int_equal(count_of(t, "not usable"), 1);
    assert_non_null(strstr(t, "AU12 lip corner puller"));
    assert_non_null(strstr(t, "cheekSquintRight"));
    assert_int_equal(access(in_dir("r.html.part"), F_OK), -1);
    mien_free(page[0]);
    mien_free(page[1]);
    // With what its reader must know.
    struct mien_sink_context c = {
        .frames_per_s = 30, .dated = true, .settings = "1 face <at> most"};
    struct mien_sink *s = mien_sink_open("report", in_dir("d.html"), &c);
    assert_non_null(s);
    session(to_sink, s, 2);
    assert_true(mien_sink_close(s));
    size_t size;
    char *data = mien_file_read(in_dir("d.html"), 1 << 24, &size);
    assert_non_null(data);
    char year[16];
    time_t now = time(NULL);
    strftime(year, sizeof(year), "<time>%Y-", localtime(&now));
    assert_non_null(strstr(data, year));
    assert_non_null(strstr(data, "the source gives 30.0 frames a second; 1 face &lt;at&gt; most."));
    mien_free(data);
}

static void test_odd_sessions(void **state)
{
    struct mien_sink *s = mien_sink_open("report", in_dir("e.html"), NULL); // not one frame
    assert_true(mien_sink_close(s));
    s = mien_sink_open("report", in_dir("e.html"), NULL);
    struct mien_lid_watch lids = {0};
    struct mien_result *r = mien_calloc(1, sizeof(*r));
    for (int i = 0; i < 300; i++) { // many people, time running back, numbers that are none
        r->count = 3;
        r->times.capture_ns = (int64_t)((i * 37) % 100) * 1000000000;
        for (int k = 0; k < 3; k++) {
            face_at(&r->face[k], &lids, i);
            r->face[k].id = i + k;
            r->face[k].yaw_deg = NAN;
            r->face[k].gaze_deg[0][0] = INFINITY;
            r->face[k].expression[3] = NAN;
        }
        to_sink(s, r);
    }
    mien_free(r);
    assert_true(mien_sink_close(s));
    assert_null(mien_sink_open("report", "/nonexistent/x.html", NULL));
}

static void test_action_units(void **state)
{
    float b[MIEN_BLENDSHAPES] = {0};
    b[MIEN_BS_MOUTH_SMILE_LEFT] = 1;
    b[MIEN_BS_JAW_OPEN] = 0.3f;
    for (int i = 0; i < mien_action_unit_count(); i++) {
        int n = mien_action_units[i].number;
        float want = n == 12 ? 0.5f : n == 26 ? 0.3f : 0;
        assert_float_equal(mien_action_unit_value(i, b), want, 1e-6);
    }
}

int main(void)
{
    strcpy(dir, "/tmp/mien-report-XXXXXX");
    if (!mkdtemp(dir)) {
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_long_sessions_keep_their_sums),
        cmocka_unit_test(test_an_hour_in_detail),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_odd_sessions),
        cmocka_unit_test(test_action_units),
    };
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    remove(in_dir("r.html"));
    remove(in_dir("e.html"));
    rmdir(dir);
    return rc;
}

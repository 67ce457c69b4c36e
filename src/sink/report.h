// What a report keeps of a session, and its page. Private to sink/report*.c; the sink is
// mien_sink_kind_report (sink/sinks.h).
//
// Memory is bounded: curves are held in BINS bins of time, and finer ones for who looks closer in
// DETAIL bins; the width of either doubles when they are full. Everything else is counted as it
// comes. Does not: draw on screens, need the network.
#ifndef MIEN_SINK_REPORT_H
#define MIEN_SINK_REPORT_H

#include "base/text.h"
#include "face/result.h"
#include "face/signs.h"
#include <stdint.h>

enum {
    MIEN_REPORT_BINS = 1024,
    MIEN_REPORT_DETAIL = 32768,
    MIEN_REPORT_PEOPLE = MIEN_FACES_MAX,
    MIEN_REPORT_EPISODES = 400,
    MIEN_REPORT_BLINKS = 4000,
    MIEN_REPORT_MARKS = 1000,
    MIEN_REPORT_SETTINGS = 400, // bytes
    MIEN_REPORT_GAZE_W = 32,    // yaw -40…40 degrees
    MIEN_REPORT_GAZE_H = 24,    // pitch -30…30 degrees
};

enum mien_report_channel { // after the 52 blendshapes
    MIEN_CHANNEL_YAW = MIEN_BLENDSHAPES,
    MIEN_CHANNEL_PITCH,
    MIEN_CHANNEL_ROLL,
    MIEN_CHANNEL_SPEED, // of the head's turning, degrees a second
    MIEN_CHANNEL_GAZE_YAW,
    MIEN_CHANNEL_GAZE_PITCH,
    MIEN_CHANNEL_EXPRESSION,                                          // 8 probabilities
    MIEN_CHANNEL_USABLE = MIEN_CHANNEL_EXPRESSION + MIEN_EXPRESSIONS, // face/quality.h
    MIEN_CHANNEL_FACE_PX,
    MIEN_CHANNEL_LIGHT,
    MIEN_CHANNEL_UNCERTAINTY, // percent of the face's size
    MIEN_CHANNELS,
};

struct mien_report_bin {
    int samples, looks; // looks: of the gaze, which a shut eye has not
    float sum[MIEN_CHANNELS], low[MIEN_CHANNELS], high[MIEN_CHANNELS];
};

// Means of one bin of the detail, each in 65535 steps of its channel's range (mien_report_scale):
// 1 is its low end, 65535 its high end, 0: nothing was measured.
struct mien_report_detail {
    uint16_t samples, looks; // as in a bin; at most 65535
    uint16_t mean[MIEN_CHANNELS];
};

struct mien_report_episode {
    int expression; // class
    double start_s, end_s;
    float peak, sum;
    int samples;
};

struct mien_report_spread { // running mean and deviation (Welford 1962)
    long long n;
    double mean, m2, low, high;
};

struct mien_report_person {
    int id;
    long long frames;
    double first_s, last_s, seconds;   // seconds: while it was followed
    struct mien_report_bin *bin;       // MIEN_REPORT_BINS
    struct mien_report_detail *detail; // MIEN_REPORT_DETAIL
    double usable_s;                   // of `seconds`
    double share[MIEN_EXPRESSIONS];    // seconds weighted by probability
    struct mien_report_spread spread[MIEN_CHANNELS];
    double path_deg; // way of the head's turning
    float last_R[9];
    // Blinks.
    int blinks, long_closures;
    double blink_s, closed_long_s; // their durations, summed
    double blink_at_s[MIEN_REPORT_BLINKS];
    // Episodes of expression.
    bool in_episode;
    struct mien_report_episode now, episode[MIEN_REPORT_EPISODES];
    int episodes, episodes_dropped, shown; // shown: with the one that is going on
    double gaze_s[MIEN_REPORT_GAZE_H][MIEN_REPORT_GAZE_W], gaze_total_s, gaze_camera_s;
};

struct mien_report {
    char source[4096];
    char networks[256], network[MIEN_NETWORK_NAME]; // all that looked, with commas; the last one
    char settings[MIEN_REPORT_SETTINGS];            // of who measured, in words; "" = not told
    double frames_per_s;                            // of the source, as it says; 0 = not told
    bool dated;
    int64_t wall_s; // since 1970, at the first frame; 0 = not told
    bool begun;
    double start_s, last_s; // of the first and the last frame
    double bin_s, detail_s; // width of a bin, and of the detail's
    long long frames, frames_with_face;
    int width_px, height_px;
    struct mien_report_person *person[MIEN_REPORT_PEOPLE]; // in the order of their coming
    int people, others;                                    // others: ids beyond the table
    int last_other;
    struct {
        int number;
        double at_s;
        char text[MIEN_MARK_TEXT];
    } mark[MIEN_REPORT_MARKS];
    int marks;
    const char *script; // of the page, borrowed; NULL: it stands still
};

// What a session was measured with.
struct mien_report_settings {
    int faces;              // at most
    double filter, fov_deg; // fov 0: not known
    bool quality;
    const char *range; // whose own range is used; NULL: nobody's
};
// In words, for a report's reader.
void mien_report_settings_text(const struct mien_report_settings *s,
                               char text[MIEN_REPORT_SETTINGS]);
void mien_report_add(struct mien_report *r, const char *source, const struct mien_result *result);
void mien_report_end(struct mien_report *r); // frees what it points to, but for the script

// What a channel is called, in which unit and between which ends its detail is kept.
struct mien_report_scale {
    const char *name, *unit;
    float low, high;
};
struct mien_report_scale mien_report_scale_of(int channel);
// Room for a person's detail: false when there is no memory.
bool mien_report_detail_open(struct mien_report_person *p);
// A sample at t; looks: it has a gaze. The bins of all people get twice as wide until it fits.
void mien_report_detail_add(struct mien_report *r, struct mien_report_person *p, double t,
                            const float v[MIEN_CHANNELS], bool looks);
// Everything the page's script needs, as JSON that may stand inside HTML.
void mien_report_data(const struct mien_report *r, struct mien_text *t);
// The page: one file, nothing fetched; without its script it stands still.
void mien_report_page(const struct mien_report *r, struct mien_text *t);

#endif

// What a report keeps of a session, and its page. Private to sink/report*.c; the sink is
// mien_sink_kind_report (sink/sinks.h).
//
// Memory is fixed: curves are held in BINS bins of time, whose width doubles when they are full;
// everything else is counted as it comes. Does not: draw on screens, need the network.
#ifndef MIEN_SINK_REPORT_H
#define MIEN_SINK_REPORT_H

#include "base/text.h"
#include "face/result.h"
#include "face/signs.h"
#include <stdint.h>

enum {
    MIEN_REPORT_BINS = 1024,
    MIEN_REPORT_PEOPLE = MIEN_FACES_MAX,
    MIEN_REPORT_EPISODES = 400,
    MIEN_REPORT_BLINKS = 4000,
    MIEN_REPORT_MARKS = 200,
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
    double first_s, last_s, seconds; // seconds: while it was followed
    struct mien_report_bin *bin;     // MIEN_REPORT_BINS
    double usable_s;                 // of `seconds`
    double share[MIEN_EXPRESSIONS];  // seconds weighted by probability
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
    double bin_s;           // width of a bin
    long long frames, frames_with_face;
    int width_px, height_px;
    struct mien_report_person *person[MIEN_REPORT_PEOPLE]; // in the order of their coming
    int people, others;                                    // others: ids beyond the table
    int last_other;
    struct {
        int number;
        double at_s;
    } mark[MIEN_REPORT_MARKS];
    int marks;
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
// The page: one file, no scripts, nothing fetched.
void mien_report_page(const struct mien_report *r, struct mien_text *t);

#endif

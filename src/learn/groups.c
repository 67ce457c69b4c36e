// Assigns a labelled face to its groups. Does not compute errors (learn/metrics.c does).
#include "learn/groups.h"

#include <math.h>

static const char *const names[MIEN_METRIC_GROUPS] = {
    "yaw_0_30", "yaw_30_60", "yaw_60_90", "pitch_0_20", "pitch_20_40", "pitch_40_90", "plain",
    // In the order of enum mien_label_tag's bits:
    "glasses", "occluded", "low_light", "side_light", "blur", "beard", "hair", "gray",
    "motion_blur", "mask", "hand", "dark_skin", "child",
    // Of what the face does:
    "eyes_closed", "mouth_open"};
enum { YAW = 0, PITCH = 3, PLAIN = 6, TAGS = 7, DOES = TAGS + MIEN_TAGS };
// From here on a lid covers the pupil, and lips part by a third of what they can.
static const float closed = 0.6f, open = 0.35f;

const char *mien_metric_group_name(int g)
{
    return g >= 0 && g < MIEN_METRIC_GROUPS ? names[g] : NULL;
}

static int bin(float angle_deg, float first, float second)
{
    float a = fabsf(angle_deg);
    return a < first ? 0 : a < second ? 1 : 2;
}

uint32_t mien_metric_groups_of(const struct mien_target *t)
{
    if (t->mask & MIEN_LABEL_NOFACE) {
        return 0;
    }
    uint32_t tags = t->tags & ((1u << MIEN_TAGS) - 1);
    uint32_t in = tags << TAGS | (uint32_t)(tags == 0) << PLAIN;
    if (t->mask & MIEN_LABEL_BLENDSHAPES) {
        const float *b = t->blendshape;
        bool shut = b[MIEN_BS_EYE_BLINK_LEFT] > closed && b[MIEN_BS_EYE_BLINK_RIGHT] > closed;
        in |= (uint32_t)shut << DOES | (uint32_t)(b[MIEN_BS_JAW_OPEN] > open) << (DOES + 1);
    }
    if (t->mask & MIEN_LABEL_POSE) {
        float yaw, pitch, roll;
        mien_pose_to_angles(t->pose.R, &yaw, &pitch, &roll);
        in |= 1u << (YAW + bin(yaw, 30, 60)) | 1u << (PITCH + bin(pitch, 20, 40));
    }
    return in;
}

void mien_metric_groups_add(struct mien_metric_groups *s, const struct mien_face_model *model,
                            const struct mien_estimate *e, const struct mien_target *t,
                            const bool present[MIEN_BRANCHES])
{
    uint32_t in = mien_metric_groups_of(t);
    int source = t->source < MIEN_METRIC_SOURCES ? t->source : 0;
    for (int g = 0; g < MIEN_METRIC_GROUPS; g++) {
        if (in >> g & 1) {
            mien_metric_group_add(&s->group[source][g], model, e, t, present);
        }
    }
}

static bool is_listed(const struct mien_metric_groups *s, int source, int g)
{
    return s->group[source][g].faces > 0;
}

void mien_metric_groups_print(const struct mien_metric_groups *s, FILE *f)
{
    fprintf(f, "%-10s %-12s %6s %6s %6s %6s %6s %6s %6s\n", "source", "group", "faces", "NME%",
            "fail%", "rot", "bs MAE", "expr%", "gaze");
    for (int source = 0; source < MIEN_METRIC_SOURCES; source++) {
        for (int k = 0; k < MIEN_METRIC_GROUPS; k++) {
            const struct mien_metric_group *g = &s->group[source][k];
            if (!is_listed(s, source, k)) {
                continue;
            }
            fprintf(f, "%-10s %-12s %6.0f", mien_metric_source_name(source), names[k], g->faces);
            mien_metric_cell(f, 6, 2, 100 * g->landmark_nme / g->landmark_count);
            mien_metric_cell(f, 6, 1, 100 * g->landmark_fail / g->landmark_count);
            mien_metric_cell(f, 6, 2, g->rotation_deg / g->pose_count);
            mien_metric_cell(f, 6, 4, g->blendshape_abs / g->blendshape_count);
            mien_metric_cell(f, 6, 1, 100 * mien_metrics_accuracy(g));
            mien_metric_cell(f, 6, 2, g->gaze_deg / g->gaze_count);
            fputc('\n', f);
        }
    }
}

static void write_member(FILE *f, const char *name, double v)
{
    if (isfinite(v)) {
        fprintf(f, ",\"%s\":%.6g", name, v);
    }
}

void mien_metric_groups_json(const struct mien_metric_groups *s, FILE *f)
{
    bool first_source = true;
    fputs(",\"groups\":{", f);
    for (int source = 0; source < MIEN_METRIC_SOURCES; source++) {
        bool first = true;
        for (int k = 0; k < MIEN_METRIC_GROUPS; k++) {
            const struct mien_metric_group *g = &s->group[source][k];
            if (!is_listed(s, source, k)) {
                continue;
            }
            if (first) {
                fprintf(f, "%s\"%s\":{", first_source ? "" : ",", mien_metric_source_name(source));
                first_source = false;
            }
            fprintf(f, "%s\"%s\":{\"faces\":%.0f", first ? "" : ",", names[k], g->faces);
            write_member(f, "nme", 100 * g->landmark_nme / g->landmark_count);
            write_member(f, "fail", 100 * g->landmark_fail / g->landmark_count);
            write_member(f, "rotation_deg", g->rotation_deg / g->pose_count);
            write_member(f, "blendshape_mae", g->blendshape_abs / g->blendshape_count);
            write_member(f, "accuracy", 100 * mien_metrics_accuracy(g));
            write_member(f, "gaze_deg", g->gaze_deg / g->gaze_count);
            fputc('}', f);
            first = false;
        }
        fputs(first ? "" : "}", f);
    }
    fputc('}', f);
}

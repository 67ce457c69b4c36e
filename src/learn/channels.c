// Streaming sums a channel: correlation, slope, and the answer where the label is high.
#include "learn/channels.h"

#include <math.h>

#include "face/layout.h"
#include "learn/metrics.h"

static const float high = 0.7f;

void mien_channels_add(struct mien_channels *c, const struct mien_estimate *e,
                       const struct mien_target *t)
{
    for (int i = 0; t->mask & MIEN_LABEL_BLENDSHAPES && i < MIEN_BLENDSHAPES; i++) {
        struct mien_channel_sums *s = &c->channel[i];
        double w = (double)t->blendshape_weight[i], x = (double)t->blendshape[i],
               y = (double)e->blendshape[i];
        s->n += w;
        s->x += w * x;
        s->y += w * y;
        s->xx += w * x * x;
        s->yy += w * y * y;
        s->xy += w * x * y;
        if (t->blendshape[i] >= high) {
            s->high_n += w;
            s->high_y += w * y;
        }
    }
}

static double slope_of(const struct mien_channel_sums *s)
{
    return (s->n * s->xy - s->x * s->y) / (s->n * s->xx - s->x * s->x);
}

static double correlation_of(const struct mien_channel_sums *s)
{
    return (s->n * s->xy - s->x * s->y) /
           sqrt((s->n * s->xx - s->x * s->x) * (s->n * s->yy - s->y * s->y));
}

void mien_channels_print(const struct mien_channels *c, FILE *f)
{
    double sum[3] = {0}, count = 0, highs = 0;
    fprintf(f, "\n%-22s %6s %6s %6s %6s\n", "channel", "r", "slope", "high", "answer");
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        const struct mien_channel_sums *s = &c->channel[i];
        double r = correlation_of(s), slope = slope_of(s), answer = s->high_y / s->high_n;
        if (!isfinite(r)) {
            continue;
        }
        fprintf(f, "%-22s", mien_blendshape_name(i));
        mien_metric_cell(f, 6, 3, r);
        mien_metric_cell(f, 6, 3, slope);
        mien_metric_cell(f, 6, 0, s->high_n);
        mien_metric_cell(f, 6, 3, answer);
        fputc('\n', f);
        count++;
        sum[0] += r;
        sum[1] += slope;
        highs += isfinite(answer);
        sum[2] += isfinite(answer) ? answer : 0;
    }
    fprintf(f, "%-22s", "mean");
    mien_metric_cell(f, 6, 3, sum[0] / count);
    mien_metric_cell(f, 6, 3, sum[1] / count);
    mien_metric_cell(f, 6, 0, NAN);
    mien_metric_cell(f, 6, 3, sum[2] / highs);
    fputc('\n', f);
}

void mien_channels_json(const struct mien_channels *c, FILE *f)
{
    const char *comma = "";
    fputs(",\"channels\":{", f);
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        const struct mien_channel_sums *s = &c->channel[i];
        if (!isfinite(correlation_of(s))) {
            continue;
        }
        fprintf(f, "%s\"%s\":{\"r\":%.4f,\"slope\":%.4f", comma, mien_blendshape_name(i),
                correlation_of(s), slope_of(s));
        if (s->high_n > 0) {
            fprintf(f, ",\"high\":{\"faces\":%.0f,\"answer\":%.4f}", s->high_n,
                    s->high_y / s->high_n);
        }
        fputc('}', f);
        comma = ",";
    }
    fputc('}', f);
}

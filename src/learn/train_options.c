// Parses lists such as "landmarks=1,pose=0.5"; the tasks are those of learn/loss.h.
#include "learn/train_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "learn/loss.h"

bool mien_claim_training(struct mien_claims *c, const struct mien_lesson *lesson, const char *out)
{
    bool ok = true;
    for (int i = 0; i < MIEN_TRAIN_FILES && ok; i++) {
        char path[1200];
        snprintf(path, sizeof(path), "%s/%s", out,
                 mien_train_file(lesson, (enum mien_train_file)i));
        ok = mien_claims_write(c, "--out", path);
    }
    return ok;
}

bool mien_parse_weights(const char *text, float *weight)
{
    char copy[512], all[MIEN_TASK_LIST], *save = NULL;
    snprintf(copy, sizeof(copy), "%s", text ? text : "");
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(p, '='), *end = NULL;
        if (equals) {
            *equals = 0;
        }
        int task = mien_task_find(p);
        double v = equals ? strtod(equals + 1, &end) : -1;
        if (task < 0 || !equals || end == equals + 1 || *end || !(v >= 0) || v > 1e4) {
            mien_error("--weights: \"%s\" is not TASK=NUMBER; tasks are %s", p,
                       mien_task_list(true, all));
            return false;
        }
        weight[task] = (float)v;
    }
    return true;
}

const char *mien_describe_weights(char text[MIEN_WEIGHTS_HELP])
{
    int n = snprintf(text, MIEN_WEIGHTS_HELP,
                     "task weights, for example pose=0.5,consistency=0.3; the defaults are");
    for (int t = 0; t < MIEN_TASKS && n < MIEN_WEIGHTS_HELP; t++) {
        n += snprintf(text + n, (size_t)(MIEN_WEIGHTS_HELP - n), "%s %s=%g", t ? "," : "",
                      mien_task_name(t), (double)mien_task_at(t)->weight);
    }
    return text;
}

bool mien_parse_tasks(const char *text, float *weight)
{
    bool on[MIEN_TASKS] = {false};
    char copy[512], all[MIEN_TASK_LIST], *save = NULL;
    if (!text) {
        return true;
    }
    snprintf(copy, sizeof(copy), "%s", text);
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        int task = mien_task_find(p);
        if (task < 0 || mien_task_at(task)->led_by) {
            mien_error("--tasks: \"%s\" is no task; tasks are %s", p, mien_task_list(false, all));
            return false;
        }
        if (!(weight[task] > 0)) {
            mien_error("--tasks: %s has weight 0; give it one with --weights %s=…", p, p);
            return false;
        }
        on[task] = true;
    }
    bool any = false;
    for (int t = 0; t < MIEN_TASKS; t++) {
        int leader = mien_task_at(t)->led_by;
        on[t] = leader ? on[leader - 1] : on[t];
        any = any || on[t];
        weight[t] = on[t] ? weight[t] : 0;
    }
    if (!any) {
        mien_error("--tasks names none");
    }
    return any;
}

bool mien_parse_fractions(const char *text, float drop[MIEN_LABEL_KINDS])
{
    // In the order of enum mien_label_mask's bits.
    static const char *const names[MIEN_LABEL_KINDS] = {"landmarks",   "pose",       "identity",
                                                        "blendshapes", "expression", "gaze"};
    char copy[512], *save = NULL;
    snprintf(copy, sizeof(copy), "%s", text ? text : "");
    for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(p, '='), *end = NULL;
        if (equals) {
            *equals = 0;
        }
        double v = equals ? strtod(equals + 1, &end) : -1;
        bool found = false;
        for (int i = 0; i < MIEN_LABEL_KINDS; i++) {
            if (!strcmp(p, names[i]) || !strcmp(p, "all")) {
                drop[i] = (float)(1 - v);
                found = true;
            }
        }
        if (!found || !equals || end == equals + 1 || *end || !(v >= 0 && v <= 1)) {
            mien_error("--label-fraction: \"%s\" is not LABEL=0…1; labels are landmarks, pose, "
                       "identity, blendshapes, expression, gaze, all",
                       p);
            return false;
        }
    }
    return true;
}

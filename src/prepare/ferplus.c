// FER+ (48 px grey faces with ten votes each) into a pack: expression probabilities, and where a
// network finds them, landmarks for the crop (not to be learned: `--data
// PACK:WEIGHT:no-landmarks`).
#include "prepare/locate.h"
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "learn/pack.h"

enum { SIDE = 48, VOTES_MIN = 5, ENLARGED = 4 };

// Column order of the votes in the file.
static const enum mien_expression column[MIEN_EXPRESSIONS] = {
    MIEN_EXPRESSION_NEUTRAL, MIEN_EXPRESSION_HAPPY,    MIEN_EXPRESSION_SURPRISE,
    MIEN_EXPRESSION_SAD,     MIEN_EXPRESSION_ANGER,    MIEN_EXPRESSION_DISGUST,
    MIEN_EXPRESSION_FEAR,    MIEN_EXPRESSION_CONTEMPT,
};

// Without a network, and where it sees no face in the middle, the box stays a guess.
static int locate(struct mien_locator *k, const uint8_t *jpeg, size_t bytes, struct mien_label *l)
{
    if (mien_locator_run(k, jpeg, bytes, ENLARGED) == 0) {
        return 0;
    }
    const struct mien_face_result *f = &k->result.face[0];
    const float x = 0.5f * (f->box_px[0] + f->box_px[2]) / SIDE - 0.5f;
    const float y = 0.5f * (f->box_px[1] + f->box_px[3]) / SIDE - 0.5f;
    const float size = (f->box_px[3] - f->box_px[1]) / SIDE;
    if (fabsf(x) > 0.25f || fabsf(y) > 0.25f || size < 0.62f) {
        return 0;
    }
    mien_locator_label(f, l);
    return 1;
}

static bool add_part(struct mien_pack_writer *w, struct mien_locator *k, const char *dir,
                     const char *name, int split, int *few, int *found)
{
    char path[1024];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s.csv", dir, name);
    char *text = mien_file_read(path, 0, &size);
    snprintf(path, sizeof path, "%s/%s.jpgs", dir, name);
    uint8_t *jpeg = text ? mien_file_read(path, 0, &size) : NULL;
    bool ok = text && jpeg;
    int line = 0;
    char *save = NULL;
    for (char *s = ok ? strtok_r(text, "\n", &save) : NULL; s && ok;
         s = strtok_r(NULL, "\n", &save)) {
        if (line++ == 0) {
            continue;
        }
        unsigned long long row = 0, offset = 0, bytes = 0;
        int vote[MIEN_EXPRESSIONS], total = 0;
        if (sscanf(s, "%llu,%llu,%llu,%d,%d,%d,%d,%d,%d,%d,%d", &row, &offset, &bytes, &vote[0],
                   &vote[1], &vote[2], &vote[3], &vote[4], &vote[5], &vote[6], &vote[7]) != 11 ||
            offset > size || bytes > size - offset || bytes == 0) {
            mien_error("%s/%s.csv: line %d is not a row of FER+", dir, name, line);
            ok = false;
            break;
        }
        for (int j = 0; j < MIEN_EXPRESSIONS; j++) {
            total += vote[j];
        }
        if (total < VOTES_MIN) {
            ++*few;
            continue;
        }
        struct mien_label l = {
            .mask = MIEN_LABEL_EXPRESSION | MIEN_LABEL_BOX,
            .tags = MIEN_TAG_GRAY,
            .source = MIEN_SOURCE_FERPLUS,
            .split = (uint16_t)split,
            .width = SIDE,
            .height = SIDE,
            .valid_px = {0, 0, SIDE, SIDE},
            // FER2013's faces fill their pictures: about the inner 85 %
            .box_px = {0.075f * SIDE, 0.075f * SIDE, 0.925f * SIDE, 0.925f * SIDE},
            .jpeg_bytes = (uint32_t)bytes,
        };
        for (int j = 0; j < MIEN_EXPRESSIONS; j++) {
            l.expression[column[j]] = (float)vote[j] / (float)total;
        }
        *found += locate(k, jpeg + offset, (size_t)bytes, &l);
        ok = mien_pack_write(w, &l, jpeg + offset);
    }
    mien_free(text);
    mien_free(jpeg);
    return ok;
}

int mien_prepare_ferplus(const struct mien_prepare_options *o)
{
    char dir[1024];
    const char *data = mien_data_dir();
    struct mien_pack_writer w;
    int few = 0, found = 0;
    if (!data) {
        mien_error("no training data: set MIEN_DATA to the folder that holds data/ferplus");
        return 2;
    }
    struct mien_locator k;
    if (!mien_locator_create(&k, o->net, false)) {
        mien_locator_destroy(&k);
        return 2;
    }
    snprintf(dir, sizeof dir, "%s/data/ferplus", data);
    if (!mien_pack_writer_open(&w, o->out, false)) {
        mien_locator_destroy(&k);
        return 1;
    }
    bool ok = add_part(&w, &k, dir, "train", 0, &few, &found) &&
              add_part(&w, &k, dir, "dev", 1, &few, &found);
    mien_locator_destroy(&k);
    const long long kept = w.count;
    if (!mien_pack_writer_close(&w, ok)) {
        mien_error("%s was not written", o->out);
        return 1;
    }
    printf(
        "ferplus: %lld pictures in %s, %d with landmarks; dropped: %d with fewer than %d votes on "
        "the 8 classes\n",
        kept, o->out, found, few, VOTES_MIN);
    return 0;
}

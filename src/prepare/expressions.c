// Performers' expressions rated by many people (data/expressions) into a pack: votes as soft
// labels, and where a network finds them, landmarks for the crop (`--data
// PACK:WEIGHT:no-landmarks`).
#include "prepare/csv.h"
#include "prepare/locate.h"
#include "prepare/prepare.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

enum { SIDE = 192, CLASSES = 6, FIELDS = 27, VOTES_AT = 15, INTENSITY_AT = 21 };

// Column order of votes and intensities in the file.
static const enum mien_expression column[CLASSES] = {
    MIEN_EXPRESSION_HAPPY,   MIEN_EXPRESSION_SAD,  MIEN_EXPRESSION_ANGER,
    MIEN_EXPRESSION_DISGUST, MIEN_EXPRESSION_FEAR, MIEN_EXPRESSION_SURPRISE,
};

// There was no vote for neutral: a face whose strongest intensity (0…8) is low is calm. What nobody
// rated was posed calm.
static void votes_to_label(char *const *field, struct mien_label *l)
{
    float vote[CLASSES], sum = 0, strongest = 0;
    for (int k = 0; k < CLASSES; k++) {
        vote[k] = strtof(field[VOTES_AT + k], NULL);
        sum += vote[k];
        strongest = fmaxf(strongest, strtof(field[INTENSITY_AT + k], NULL));
    }
    float calm = sum > 0 ? fminf(1, fmaxf(0, 1.5f - strongest)) : 1;
    l->expression[MIEN_EXPRESSION_NEUTRAL] = calm;
    for (int k = 0; k < CLASSES && sum > 0; k++) {
        l->expression[column[k]] = (1 - calm) * vote[k] / sum;
    }
}

static bool add_row(struct mien_pack_writer *w, struct mien_locator *k, char *line,
                    const uint8_t *jpegs, size_t size, int *found)
{
    char *field[FIELDS] = {NULL};
    if (mien_csv_cut(line, field, FIELDS) != FIELDS) {
        return false;
    }
    size_t offset = strtoull(field[1], NULL, 10), bytes = strtoull(field[2], NULL, 10);
    if (bytes == 0 || offset > size || bytes > size - offset) {
        return false;
    }
    struct mien_label l = {
        .mask = MIEN_LABEL_EXPRESSION | MIEN_LABEL_BOX,
        .tags = strcmp(field[5], "1") ? MIEN_TAG_GRAY : 0,
        .source = MIEN_SOURCE_PHOTO,
        .split = !strcmp(field[4], "val"),
        .width = SIDE,
        .height = SIDE,
        // The crop is 1.7 times the face's box.
        .box_px = {0.206f * SIDE, 0.206f * SIDE, 0.794f * SIDE, 0.794f * SIDE},
        .jpeg_bytes = (uint32_t)bytes,
    };
    for (int c = 0; c < 4; c++) {
        l.valid_px[c] = strtof(field[8 + c], NULL);
    }
    votes_to_label(field, &l);
    if (mien_locator_run(k, jpegs + offset, bytes, 1) > 0) {
        mien_locator_label(&k->result.face[0], &l);
        ++*found;
    }
    return mien_pack_write(w, &l, jpegs + offset);
}

int mien_prepare_expressions(const struct mien_prepare_options *o)
{
    char dir[1024], path[1100];
    const char *data = mien_data_dir();
    size_t size = 0;
    int line = 0, found = 0;
    if (!data) {
        mien_error("no training data: set MIEN_DATA to the folder that holds data/expressions");
        return 2;
    }
    snprintf(dir, sizeof dir, "%s/data/expressions", data);
    snprintf(path, sizeof path, "%s/index.csv", dir);
    char *text = mien_file_read(path, 0, &size);
    snprintf(path, sizeof path, "%s/expressions.jpgs", dir);
    uint8_t *jpegs = text ? mien_file_read(path, 0, &size) : NULL;
    struct mien_locator k;
    struct mien_pack_writer w;
    bool ok = text && jpegs && mien_locator_create(&k, o->net, false);
    if (!ok || !mien_pack_writer_open(&w, o->out, false)) {
        mien_free(text);
        mien_free(jpegs);
        return 2;
    }
    char *save = NULL;
    for (char *s = strtok_r(text, "\n", &save); s && ok; s = strtok_r(NULL, "\n", &save)) {
        if (line++ > 0 && !add_row(&w, &k, s, jpegs, size, &found)) {
            mien_error("%s/index.csv: line %d is not a row of the rated expressions, or points "
                       "outside expressions.jpgs",
                       dir, line);
            ok = false;
        }
    }
    mien_locator_destroy(&k);
    mien_free(text);
    mien_free(jpegs);
    const long long kept = w.count;
    ok = mien_pack_writer_close(&w, ok);
    if (ok) {
        printf("expressions: %lld pictures in %s, %d with landmarks\n", kept, o->out, found);
    }
    return ok ? 0 : 1;
}

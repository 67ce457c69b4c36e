// Lines of landmark lists cut into names, indices and weights; every number is checked against what
// the model has. Does not: open files.
#include "prepare/lists.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

// The next line that is no comment, NULL at the end; *number counts all lines.
static char *next_line(char **text, int *number)
{
    for (char *line; (line = strsep(text, "\n"));) {
        ++*number;
        line += strspn(line, " \t\r");
        if (*line && *line != '#') {
            return line;
        }
    }
    return NULL;
}

static char *next_word(char **line)
{
    char *word;
    do {
        word = strsep(line, " \t\r");
    } while (word && !*word);
    return word;
}

// A whole number of 0…limit - 1.
static bool take_index(char **line, int limit, int32_t *out)
{
    char *word = next_word(line), *end = NULL;
    long v = word ? strtol(word, &end, 10) : -1;
    *out = v >= 0 && v < limit && !*end ? (int32_t)v : -1;
    return *out >= 0;
}

static bool take_number(char **line, float limit, float *out)
{
    char *word = next_word(line), *end = NULL;
    *out = word ? strtof(word, &end) : NAN;
    return word && end > word && !*end && fabsf(*out) < limit; // no NaN either
}

static bool take_weight(char **line, float *out)
{
    return take_number(line, 10, out);
}

static bool take_landmark(char **line, const struct mien_landmark *landmark, int landmarks,
                          int *out)
{
    char *word = next_word(line);
    *out = -1;
    for (int i = 0; i < landmarks && word; i++) {
        *out = strcmp(landmark[i].name, word) ? *out : i;
    }
    return *out >= 0;
}

bool mien_mixtures_parse(struct mien_mixtures *m, char *text, const char *path,
                         const struct mien_landmark *landmark, int landmarks, int points, int terms)
{
    MIEN_ASSERT(points <= MIEN_MIXTURE_POINTS && terms <= MIEN_MIXTURE_TERMS);
    memset(m, 0, sizeof(*m));
    int number = 0;
    for (char *line; (line = next_line(&text, &number));) {
        int32_t point;
        int at;
        float weight;
        if (!take_index(&line, points, &point) || !take_landmark(&line, landmark, landmarks, &at) ||
            !take_weight(&line, &weight) || next_word(&line) || m->point[point].terms == terms) {
            mien_error("%s: line %d is not \"POINT LANDMARK WEIGHT\" with a point of 0…%d, a known "
                       "landmark and at most %d lines a point",
                       path, number, points - 1, terms);
            return false;
        }
        struct mien_mixture *p = &m->point[point];
        p->landmark[p->terms] = at;
        p->weight[p->terms++] = weight;
        m->points = point + 1 > m->points ? point + 1 : m->points;
    }
    return true;
}

// The two numbers that a line of a shift is about; NULL when it is none.
static float *find_shift(struct mien_ibug_shift *s, char **line)
{
    char *what = next_word(line);
    int32_t row = 0, point;
    bool mean = what && !strcmp(what, "mean"), shape = what && !strcmp(what, "shape");
    if ((!mean && !shape && (!what || strcmp(what, "shift"))) ||
        (!mean && !take_index(line, MIEN_IBUG_SHAPES + !shape, &row)) ||
        !take_index(line, MIEN_IBUG, &point)) {
        return NULL;
    }
    return mean ? s->mean[point] : shape ? s->shape[row][point] : s->shift[row][point];
}

bool mien_ibug_shift_parse(struct mien_ibug_shift *s, char *text, const char *path)
{
    float *all = (float *)s;
    for (size_t i = 0; i < sizeof(*s) / sizeof(float); i++) {
        all[i] = NAN;
    }
    int number = 0;
    for (char *line; (line = next_line(&text, &number));) {
        float *v = find_shift(s, &line);
        if (!v || !take_number(&line, 100, &v[0]) || !take_number(&line, 100, &v[1]) ||
            next_word(&line)) {
            mien_error(
                "%s: line %d is not \"mean POINT X Y\", \"shape SHAPE POINT X Y\" or \"shift "
                "SHAPE POINT X Y\" with a point of 0…%d and a shape of 0…%d (shift: …%d)",
                path, number, MIEN_IBUG - 1, MIEN_IBUG_SHAPES - 1, MIEN_IBUG_SHAPES);
            return false;
        }
    }
    for (size_t i = 0; i < sizeof(*s) / sizeof(float); i++) {
        if (isnan(all[i])) {
            mien_error("%s: numbers are missing: it must have all of mean, %d shapes and %d shifts "
                       "of %d points; write it again with assets/dev/make_mixtures.py",
                       path, MIEN_IBUG_SHAPES, MIEN_IBUG_SHAPES + 1, MIEN_IBUG);
            return false;
        }
    }
    return true;
}

static bool take_place(char **line, const int32_t *mirror, int vertices,
                       struct mien_landmark_place *p)
{
    bool ok = true;
    for (int i = 0; i < 3 && ok; i++) {
        ok = take_index(line, vertices, &p->vertex[i]) && mirror[p->vertex[i]] >= 0;
    }
    for (int i = 0; i < 3 && ok; i++) {
        ok = take_weight(line, &p->weight[i]);
    }
    p->given = ok && !next_word(line);
    return p->given;
}

bool mien_landmark_places_parse(struct mien_landmark_place *place, char *text, const char *path,
                                const struct mien_landmark *landmark, int landmarks,
                                const int32_t *mirror, int vertices)
{
    memset(place, 0, (size_t)landmarks * sizeof(*place));
    int number = 0;
    for (char *line; (line = next_line(&text, &number));) {
        int at;
        if (!take_landmark(&line, landmark, landmarks, &at) ||
            !take_place(&line, mirror, vertices, &place[at])) {
            mien_error("%s: line %d is not \"NAME v0 v1 v2 w0 w1 w2\" of a known landmark", path,
                       number);
            return false;
        }
    }
    return true;
}

bool mien_vertex_list_parse(int32_t *vertex, int count, char *text, const char *path, int vertices)
{
    for (char *c = text; *c; c++) {
        *c = *c == '\n' ? ' ' : *c;
    }
    for (int i = 0; i < count; i++) {
        if (!take_index(&text, vertices, &vertex[i])) {
            mien_error("%s: entry %d is missing or outside the mesh", path, i);
            return false;
        }
    }
    return true;
}

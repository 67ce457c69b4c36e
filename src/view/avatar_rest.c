// What is found out once about a figure that was read: which vertices a face can move, which are
// one point of the surface, where its head is.
#include "view/avatar_parts.h"

#include <math.h>
#include <string.h>

#include "base/linear.h"
#include "base/mem.h"

static void mark_turning_nodes(struct mien_avatar *a)
{
    for (int k = 0; k < a->nodes; k++) {
        int i = a->order[k], up = a->node[i].parent;
        a->node[i].turns = i == a->head || i == a->neck || i == a->eye[0] || i == a->eye[1] ||
                           (up >= 0 && a->node[up].turns);
    }
}

static uint32_t mix(const float *v)
{
    uint32_t h = 2166136261u, bits;
    for (int i = 0; i < 6; i++) {
        float rounded = roundf(v[i] * 4096) + 0.0f; // no minus zero
        memcpy(&bits, &rounded, sizeof(bits));
        h = (h ^ bits) * 16777619u;
        h ^= h >> 15;
    }
    return h;
}

static bool alike(const float *a, const float *b)
{
    bool same = true;
    for (int i = 0; i < 6; i++) {
        same = same && roundf(a[i] * 4096) == roundf(b[i] * 4096);
    }
    return same;
}

// A texture's seam splits a point into several vertices: they share one normal.
static bool find_twins(struct mien_avatar *a, const struct mien_avatar_surface *s)
{
    size_t size = 16;
    while (size < 2 * (size_t)s->count) {
        size *= 2;
    }
    int *slot = mien_calloc(size, sizeof(*slot)); // vertex + 1
    if (!slot) {
        return false;
    }
    for (int i = 0; i < s->count; i++) {
        const float *v = a->rest + 6 * (size_t)(s->first + i);
        size_t k = mix(v) & (size - 1);
        while (slot[k] && !alike(a->rest + 6 * (size_t)(s->first + slot[k] - 1), v)) {
            k = (k + 1) & (size - 1);
        }
        slot[k] = slot[k] ? slot[k] : i + 1;
        a->twin[s->first + i] = slot[k] - 1;
    }
    mien_free(slot);
    return true;
}

static void mark_skinned(const struct mien_avatar *a, const struct mien_avatar_surface *s,
                         uint8_t *mark)
{
    for (int i = 0; i < s->count; i++) {
        bool moves = s->skin < 0 && a->node[s->node].turns;
        for (int k = 0; k < 4 && s->skin >= 0; k++) {
            size_t at = 4 * (size_t)(s->first + i) + (size_t)k;
            moves =
                moves || (a->share[at] > 0 && a->node[a->skin[s->skin].joint[a->joint[at]]].turns);
        }
        mark[i] = moves;
    }
}

static bool driven(const struct mien_avatar *a, int weight)
{
    for (int i = 0; i < a->drivers; i++) {
        if (a->driver[i].weight == weight) {
            return true;
        }
    }
    return false;
}

// Vertices that shapes move, and, where these say nothing of normals, their neighbours.
static void mark_shaped(const struct mien_avatar *a, int surface, uint8_t *mark, uint8_t *near)
{
    const struct mien_avatar_surface *s = &a->surface[surface];
    const int *twin = a->twin + s->first;
    memset(near, 0, (size_t)s->count);
    for (int k = s->target; k < s->target + s->targets; k++) {
        const struct mien_avatar_target *t = &a->target[k];
        bool counts = driven(a, t->weight);
        for (int i = 0; counts && i < t->count; i++) {
            near[t->vertex[i]] |= 1;
        }
    }
    for (int p = 0; p < a->parts && s->folds; p++) {
        for (int i = 0; a->part[p].surface == surface && i < a->part[p].count; i += 3) {
            const uint32_t *t = a->index + a->part[p].first + i;
            bool any = false;
            for (int k = 0; k < 3; k++) {
                any = any || near[(int)t[k] - s->first] & 1;
            }
            for (int k = 0; k < 3 && any; k++) {
                near[twin[(int)t[k] - s->first]] |= 2;
            }
        }
    }
    for (int i = 0; i < s->count; i++) {
        mark[i] |= near[i] || near[twin[i]] & 2;
    }
}

static bool list_moving(struct mien_avatar *a, int surface)
{
    struct mien_avatar_surface *s = &a->surface[surface];
    uint8_t *mark = mien_calloc(2 * (size_t)s->count, 1);
    s->moving = mien_calloc((size_t)s->count, sizeof(*s->moving));
    if (!mark || !s->moving) {
        mien_free(mark);
        return false;
    }
    mark_skinned(a, s, mark);
    mark_shaped(a, surface, mark, mark + s->count);
    for (int i = 0; i < s->count; i++) {
        if (mark[i]) {
            s->moving[s->movings++] = (uint32_t)i;
        }
    }
    mien_free(mark);
    return true;
}

// Whether a vertex is the head's: more than half of it hangs on the head's bone.
static bool of_head(const struct mien_avatar *a, const struct mien_avatar_surface *s, int i,
                    const bool *head)
{
    float sum = 0;
    if (s->skin < 0) {
        return head[s->node];
    }
    for (int k = 0; k < 4; k++) {
        size_t at = 4 * (size_t)(s->first + i) + (size_t)k;
        sum += head[a->skin[s->skin].joint[a->joint[at]]] ? a->share[at] : 0;
    }
    return sum > 0.5f;
}

struct box {
    float low[3], high[3];
    int n;
};

static void widen(struct box *b, const float p[3])
{
    for (int c = 0; c < 3; c++) {
        b->low[c] = b->n ? fminf(b->low[c], p[c]) : p[c];
        b->high[c] = b->n ? fmaxf(b->high[c], p[c]) : p[c];
    }
    b->n++;
}

// The head: by its bone, and by the eyes', which are half-way up; of a figure without bones all of
// it or, when it is as tall as a body, its upper part.
static bool find_head(struct mien_avatar *a)
{
    struct box all = {.n = 0}, head = {.n = 0};
    bool *is_head = mien_calloc((size_t)a->nodes + 1, sizeof(*is_head));
    if (!is_head) {
        return false;
    }
    for (int i = 0; i < a->nodes && a->head >= 0; i++) {
        is_head[i] = mien_avatar_below(a, i, a->head);
    }
    for (int s = 0; s < a->surfaces; s++) {
        for (int i = 0; i < a->surface[s].count; i++) {
            const float *p = a->vertex[a->surface[s].first + i].position;
            widen(&all, p);
            if (of_head(a, &a->surface[s], i, is_head)) {
                widen(&head, p);
            }
        }
    }
    mien_free(is_head);
    const struct box *b = head.n ? &head : &all;
    float high = b->high[1] - b->low[1];
    a->whole = a->head < 0;
    for (int c = 0; c < 3; c++) {
        a->focus[c] = (b->low[c] + b->high[c]) / 2;
    }
    a->size = high;
    if (head.n && a->eye[0] >= 0 && a->eye[1] >= 0) {
        const float *l = a->node[a->eye[0]].world + 12, *r = a->node[a->eye[1]].world + 12;
        float y = (l[1] + r[1]) / 2, above = fmaxf(b->high[1] - y, 0);
        // Two and a half times the distance of the eyes, at least: hair and hats differ.
        a->size = fmaxf(fminf(2 * above, 5 * fabsf(l[0] - r[0])), 2.5f * fabsf(l[0] - r[0]));
        a->focus[1] = y - 0.08f * a->size;
    } else if (!head.n && high > 2.5f * (b->high[0] - b->low[0])) {
        a->size = high / 7;
        a->focus[1] = b->high[1] - a->size / 2;
    }
    a->size = fmaxf(a->size, 1e-3f);
    return true;
}

// Files have figures with their arms spread out: they are let down, by a turn about the shoulder.
static void lower_arms(struct mien_avatar *a)
{
    static const float down_deg = 74, enough = -0.6f; // arms that hang this much stay
    for (int e = 0; e < 2; e++) {
        if (a->arm[e] < 0) {
            continue;
        }
        const float *from = a->node[a->arm[e]].world + 12, *to = a->node[a->elbow[e]].world + 12;
        float d[3] = {to[0] - from[0], to[1] - from[1], to[2] - from[2]};
        float length = sqrtf(d[0] * d[0] + d[1] * d[1] + d[2] * d[2]), flat = hypotf(d[0], d[2]);
        if (!(length > 1e-6f) || d[1] < enough * length || !(flat > 0.3f * length)) {
            continue;
        }
        // About the level axis across the arm.
        float angle = down_deg * (float)M_PI / 180 + asinf(fminf(fmaxf(d[1] / length, -1), 1));
        float turn[3] = {angle * d[2] / flat, 0, -angle * d[0] / flat};
        mien_mat3_exp(turn, a->lowered[e]);
    }
}

bool mien_avatar_settle(struct mien_avatar *a)
{
    int most = 0;
    mark_turning_nodes(a);
    for (int i = 0; i < a->surfaces; i++) {
        most = a->surface[i].count > most ? a->surface[i].count : most;
    }
    a->scratch = mien_calloc((size_t)most, 9 * sizeof(float));
    a->twin = mien_calloc((size_t)a->vertices, sizeof(int));
    a->fold = mien_calloc((size_t)a->vertices, 3 * sizeof(float));
    bool ok = a->scratch && a->twin && a->fold;
    for (int i = 0; ok && i < a->surfaces; i++) {
        struct mien_avatar_surface *s = &a->surface[i];
        ok = find_twins(a, s) && list_moving(a, i);
        for (int k = 0; ok && s->folds && k < s->count; k++) {
            memcpy(a->scratch + 3 * (size_t)k, a->rest + 6 * (size_t)(s->first + k),
                   3 * sizeof(float));
        }
        if (ok && s->folds) {
            mien_avatar_fold(a, i, a->scratch, a->fold + 3 * (size_t)s->first);
        }
    }
    if (ok) {
        memset(a->lowered, 0, sizeof(a->lowered));
        for (int e = 0; e < 2; e++) {
            a->lowered[e][0] = a->lowered[e][4] = a->lowered[e][8] = 1;
        }
        mien_avatar_pose_all(a); // as the file has it
        lower_arms(a);
        mien_avatar_pose_all(a);
    }
    return ok && find_head(a);
}

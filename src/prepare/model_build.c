// Compiles ICT-FaceKit Light (Li et al. 2020) from its arrays into models/*.face. See face/model.c
// for the format. Does not run in the live program.
//
// Source: centimetres, x to the subject's left, y up, z out of the face: our head frame but for the
// unit and the origin. Origin: the middle between the ear canals of the mean head (0, 12, 8 mm in
// the source's frame), near which a head turns. Kept: face, head and neck, mouth and eye sockets,
// gums and tongue, teeth, eyeballs; left out: lashes, lacrimal fluid, eye blend and occlusion.
#include "prepare/model_build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "face/landmarks.h"
#include "face/model.h"
#include "face/model_file.h"
#include "face/pose.h"
#include "face/rim.h"
#include "prepare/lists.h"

enum {
    SRC_VERTICES = 26719,
    SRC_POLYGONS = 26384,
    SRC_UVS = 28911,
    SRC_EXPRESSIONS = 57,
    SRC_IDENTITY = 100,
    V = 24591,     // vertices kept
    P = 24692,     // polygons kept
    NARROW = 6706, // vertices of the narrow face
    SKIN = MIEN_FACE_SKIN_VERTICES,
    TRIANGLES_MAX = 2 * P,
};
// An 8-bit step above this shows as bumps in the shading of smooth skin: such components get 16
// bits.
static const float wide_step_mm = 0.04f;
// Displacements below this are dropped from the sparse blendshapes.
static const float moved_mm = 0.02f;

struct source {
    float *neutral;
    uint16_t *identity, *expression;
    int32_t *faces, *uvfaces;
    float *uv;
    uint8_t *material;
    char *names, *mediapipe;
};

struct build {
    struct source src;
    float *mean, *id, *bs; // mm: (V,3), (MIEN_IDENTITY,V,3), (MIEN_BLENDSHAPES,V,3)
    int32_t *mirror;
    uint16_t *mirror16; // as stored: 65535 = none
    uint16_t *tri, *uvtri, *uv;
    uint8_t *part;
    int triangles, uvs;
    struct mien_landmark landmark[MIEN_LANDMARKS_MAX];
    int landmarks;
    int32_t ibug[MIEN_IBUG], iris[2];
    struct mien_ibug_point ibug_mix[MIEN_IBUG];
    struct mien_ibug_shift ibug_shift;
    bool shifted; // ibug_shift is given
    float eyes[7];
    int32_t idwide[MIEN_IDENTITY], bscount[MIEN_BLENDSHAPES];
    float idscale[MIEN_IDENTITY][2], bsscale[MIEN_BLENDSHAPES];
    int16_t *id16, *bsvalue;
    int8_t *id8;
    uint16_t *bsindex;
    size_t n16, n8, moved;
};

static float half_to_float(uint16_t h)
{
    const int e = h >> 10 & 31, f = h & 1023;
    const float v = e ? ldexpf((float)(1024 + f), e - 25) : ldexpf((float)f, -24);
    return h & 0x8000 ? -v : v;
}

static void *read_part(const char *dir, const char *name, size_t want)
{
    char path[1024];
    size_t size = 0;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    void *data = mien_file_read(path, 0, &size);
    if (data && want && size != want) {
        mien_error("%s: %zu bytes, expected %zu: not the ICT-FaceKit arrays this compiler knows",
                   path, size, want);
        mien_free(data);
        return NULL;
    }
    return data;
}

static bool read_source(struct source *s, const char *dir)
{
    const size_t v = SRC_VERTICES;
    return (s->neutral = read_part(dir, "neutral.f32", v * 12)) &&
           (s->identity = read_part(dir, "identity.f16", v * 6 * SRC_IDENTITY)) &&
           (s->expression = read_part(dir, "expression.f16", v * 6 * SRC_EXPRESSIONS)) &&
           (s->faces = read_part(dir, "faces.i32", (size_t)SRC_POLYGONS * 16)) &&
           (s->uvfaces = read_part(dir, "uvfaces.i32", (size_t)SRC_POLYGONS * 16)) &&
           (s->uv = read_part(dir, "uv.f32", (size_t)SRC_UVS * 8)) &&
           (s->material = read_part(dir, "material.u8", SRC_POLYGONS)) &&
           (s->names = read_part(dir, "expression_names.txt", 0)) &&
           (s->mediapipe = read_part(dir, "mediapipe468_to_vertex.txt", 0));
}

static void turn_displacements(float *d, int shapes)
{
    const float zero[3] = {0, 0, 0};
    float base[3];
    mien_face_model_from_source(zero, base);
    for (size_t i = 0; i < (size_t)shapes * V; i++) {
        const float v[3] = {d[3 * i], d[3 * i + 1], d[3 * i + 2]};
        mien_face_model_from_source(v, d + 3 * i);
        for (int c = 0; c < 3; c++) {
            d[3 * i + (size_t)c] -= base[c];
        }
    }
}

static bool convert_shapes(struct build *b)
{
    const struct source *s = &b->src;
    for (int i = 0; i < V * 3; i++) {
        b->mean[i] = 10 * s->neutral[i];
    }
    for (int i = 0; i < V; i++) {
        const float v[3] = {b->mean[3 * i], b->mean[3 * i + 1], b->mean[3 * i + 2]};
        mien_face_model_from_source(v, b->mean + 3 * i);
    }
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        for (int i = 0; i < V * 3; i++) {
            b->id[(size_t)k * V * 3 + (size_t)i] =
                10 * half_to_float(s->identity[(size_t)k * SRC_VERTICES * 3 + (size_t)i]);
        }
    }
    char *save = NULL, *name = strtok_r(s->names, "\n", &save);
    for (int k = 0; k < SRC_EXPRESSIONS; k++, name = strtok_r(NULL, "\n", &save)) {
        float w = 1;
        int to = name ? mien_blendshape_find(name) : -1;
        if (name && !strncmp(name, "browInnerUp_", 12)) {
            to = MIEN_BS_BROW_INNER_UP;
        } else if (name && !strncmp(name, "cheekPuff_", 10)) {
            to = MIEN_BS_CHEEK_PUFF;
        } else if (name && !strncmp(name, "cheekRaiser_", 12)) {
            to = name[12] == 'L' ? MIEN_BS_CHEEK_SQUINT_LEFT : MIEN_BS_CHEEK_SQUINT_RIGHT;
            w = 0.5f; // ARKit's cheekSquint lifts the cheek as well; half keeps the lids apart
        } else if (name && !strncmp(name, "PupilDilate_", 12)) {
            continue;
        }
        if (to < 0) {
            mien_error("expression_names.txt: line %d is no shape that mien knows", k + 1);
            return false;
        }
        for (int i = 0; i < V * 3; i++) {
            b->bs[(size_t)to * V * 3 + (size_t)i] +=
                w * 10 * half_to_float(s->expression[(size_t)k * SRC_VERTICES * 3 + (size_t)i]);
        }
    }
    turn_displacements(b->id, MIEN_IDENTITY);
    turn_displacements(b->bs, MIEN_BLENDSHAPES);
    return true;
}

static int vertex_group(int v) // only like is mirrored to like
{
    static const int end[] = {SKIN, 13294, 14062, 17039, 21451, V};
    int g = 0;
    while (v >= end[g]) {
        g++;
    }
    return g;
}

static void find_mirror(struct build *b)
{
    for (int i = 0; i < V; i++) {
        const float *a = b->mean + 3 * i;
        const int g = vertex_group(i);
        float best = 0.5f * 0.5f; // mm^2
        b->mirror[i] = -1;
        for (int j = 0; j < V; j++) {
            const float *c = b->mean + 3 * j;
            const float dx = a[0] + c[0];
            if (dx * dx >= best) {
                continue;
            }
            const float dy = a[1] - c[1], dz = a[2] - c[2];
            const float d = dx * dx + dy * dy + dz * dz;
            if (d < best && vertex_group(j) == g) {
                best = d;
                b->mirror[i] = j;
            }
        }
        if (b->mirror[i] >= 0 && fabsf(a[0]) < 0.05f && g == 0) {
            b->mirror[i] = i;
        }
    }
    int none = 0;
    for (int i = 0; i < V; i++) {
        const int j = b->mirror[i];
        if (j < 0 || b->mirror[j] != i) {
            none++;
            b->mirror[i] = -1;
        }
    }
    mien_info("mirror map: %d of %d vertices have no partner", none, V);
}

static int part_of(const struct build *b, int polygon)
{
    const int32_t *f = b->src.faces + 4 * polygon;
    if (polygon < 9230) {
        for (int i = 0; i < 4; i++) {
            if (f[i] >= NARROW) {
                return MIEN_PART_HEAD;
            }
        }
        return MIEN_PART_FACE;
    }
    if (polygon < 11144) {
        return MIEN_PART_HEAD;
    }
    if (polygon < 13226) {
        return MIEN_PART_MOUTH;
    }
    if (polygon < 14034) {
        return MIEN_PART_EYE_SOCKET;
    }
    if (polygon < 17006) {
        return MIEN_PART_GUMS;
    }
    if (polygon < 21496) {
        return MIEN_PART_TEETH;
    }
    return b->mean[3 * f[0]] > 0 ? MIEN_PART_EYEBALL_LEFT : MIEN_PART_EYEBALL_RIGHT;
}

static bool convert_mesh(struct build *b)
{
    const struct source *s = &b->src;
    int32_t *map = mien_calloc(SRC_UVS, sizeof *map);
    if (!map) {
        return false;
    }
    for (int p = 0; p < P; p++) {
        const int32_t *f = s->faces + 4 * p, *u = s->uvfaces + 4 * p;
        const int part = part_of(b, p);
        const int tile = s->material[p] == 0    ? 0 // head: stays 1…2 beside the face's 0…1
                         : s->material[p] == 5  ? 2
                         : s->material[p] == 11 ? 3
                                                : 0;
        const int corners = f[3] < 0 ? 3 : 4;
        int id[4] = {0};
        for (int i = 0; i < corners; i++) {
            if (f[i] < 0 || f[i] >= V || u[i] < 0 || u[i] >= SRC_UVS) {
                mien_error("faces.i32: polygon %d points outside the kept vertices", p);
                mien_free(map);
                return false;
            }
            if (!map[u[i]]) {
                map[u[i]] = ++b->uvs;
                for (int c = 0; c < 2; c++) {
                    const float v = s->uv[2 * u[i] + c] - (c == 0 ? (float)tile : 0);
                    b->uv[2 * (b->uvs - 1) + c] =
                        (uint16_t)lrintf(fminf(fmaxf(v, 0), 2) * 65535.0f / 2);
                }
            }
            id[i] = map[u[i]] - 1;
        }
        for (int t = 0; t + 2 < corners; t++) {
            const int c[3] = {0, t + 1, t + 2};
            for (int i = 0; i < 3; i++) {
                b->tri[3 * b->triangles + i] = (uint16_t)f[c[i]];
                b->uvtri[3 * b->triangles + i] = (uint16_t)id[c[i]];
            }
            b->part[b->triangles++] = (uint8_t)part;
        }
    }
    mien_free(map);
    return true;
}

// Centres and radius of the eyeballs: least-squares spheres through the scleras' rear parts (the
// cornea bulges in front of z = 71 mm): |p|^2 = 2 c.p + k.
static void measure_eyes(struct build *b)
{
    for (int e = 0; e < 2; e++) {
        double A[4][5] = {{0}};
        const int first = 21451 + e * 1570;
        for (int i = first; i < first + 770; i++) {
            const float *p = b->mean + 3 * i;
            if (p[2] > 71) {
                continue;
            }
            const double row[5] = {2 * p[0], 2 * p[1], 2 * p[2], 1,
                                   p[0] * p[0] + p[1] * p[1] + p[2] * p[2]};
            for (int r = 0; r < 4; r++) {
                for (int c = 0; c < 5; c++) {
                    A[r][c] += row[r] * row[c];
                }
            }
        }
        for (int i = 0; i < 4; i++) { // Gauss-Jordan; the matrix is positive definite
            for (int r = 0; r < 4; r++) {
                const double q = r == i ? 0 : A[r][i] / A[i][i];
                for (int c = i; c < 5; c++) {
                    A[r][c] -= q * A[i][c];
                }
            }
        }
        double rr = A[3][4] / A[3][3];
        for (int c = 0; c < 3; c++) {
            b->eyes[3 * e + c] = (float)(A[c][4] / A[c][c]);
            rr += b->eyes[3 * e + c] * b->eyes[3 * e + c];
        }
        b->eyes[6] = (float)sqrt(rr);
    }
}

// ICT-FaceKit's look shapes move only the lids: the eyeballs are turned here, by the angles at
// which the lids' own movement fits the globe's (a lid follows a look down by 7.7 mm: 30 degrees).
static void turn_eyeball(const struct build *b, int eye, float yaw_deg, float pitch_deg,
                         float *displacement)
{
    const float *c = b->eyes + 3 * eye;
    float R[9];
    mien_pose_from_angles(yaw_deg, pitch_deg, 0, R);
    for (int i = 21451 + eye * 1570; i < 21451 + (eye + 1) * 1570; i++) {
        const float *p = b->mean + 3 * i;
        const float d[3] = {p[0] - c[0], p[1] - c[1], p[2] - c[2]};
        float r[3];
        mien_mat3_mul_vec(R, d, r);
        for (int j = 0; j < 3; j++) {
            displacement[3 * i + j] += r[j] - d[j];
        }
    }
}

static void add_eyeball_rotation(struct build *b)
{
    static const struct {
        int shape[2]; // left, right eye
        float yaw_deg[2], pitch_deg;
    } look[4] = {
        {{MIEN_BS_EYE_LOOK_UP_LEFT, MIEN_BS_EYE_LOOK_UP_RIGHT}, {0, 0}, 25},
        {{MIEN_BS_EYE_LOOK_DOWN_LEFT, MIEN_BS_EYE_LOOK_DOWN_RIGHT}, {0, 0}, -30},
        {{MIEN_BS_EYE_LOOK_IN_LEFT, MIEN_BS_EYE_LOOK_IN_RIGHT}, {-35, 35}, 0},
        {{MIEN_BS_EYE_LOOK_OUT_LEFT, MIEN_BS_EYE_LOOK_OUT_RIGHT}, {35, -35}, 0},
    };
    for (int e = 0; e < 2; e++) {
        // At rest the source's eyes look outwards; in photos they are parallel on average when they
        // are turned in by 3.7 and up by 1.3 degrees (mean of the fitted look shapes).
        turn_eyeball(b, e, e ? 3.7f : -3.7f, 1.3f, b->mean);
        for (int k = 0; k < 4; k++) {
            turn_eyeball(b, e, look[k].yaw_deg[e], look[k].pitch_deg,
                         b->bs + (size_t)look[k].shape[e] * V * 3);
        }
    }
}

// The middle of the right iris: three vertices of the pupil's border, a third of a turn apart about
// the axis from the globe's centre through the cornea's pole.
static void place_iris(struct build *b, int right, int left)
{
    const float *c = b->eyes + 3, *pole = b->mean + 3 * 23021;
    struct mien_landmark *r = &b->landmark[right], *l = &b->landmark[left];
    for (int t = 0; t < 3; t++) {
        const float want = 1.5708f + 2.0944f * (float)t;
        float best = 1e9f;
        for (int i = 23791; i < V; i++) {
            const float *p = b->mean + 3 * i;
            const float f = (p[2] - c[2]) / (pole[2] - c[2]);
            const float dx = p[0] - c[0] - f * (pole[0] - c[0]);
            const float dy = p[1] - c[1] - f * (pole[1] - c[1]);
            if (f < 0.5f || b->mirror[i] < 0 ||
                fabsf(remainderf(atan2f(dy, dx) - want, 6.2831853f)) > 0.3f) {
                continue;
            }
            if (hypotf(dx, dy) < best) {
                best = hypotf(dx, dy);
                r->vertex[t] = i;
            }
        }
        l->vertex[t] = b->mirror[r->vertex[t]];
        r->weight[t] = l->weight[t] = 1.0f / 3;
    }
}

static int ear_vertex(const struct build *b, int which) // of the right ear
{
    static const float direction[3][3] = {{-0.2f, 1, 0}, {-0.3f, 0, -1}, {0, -1, 0.1f}};
    int best = NARROW;
    float best_d = -1e9f;
    for (int i = NARROW; i < 9409; i++) {
        const float *p = b->mean + 3 * i;
        // the pinna: well outside the cheeks, and not the scalp above it
        if (p[0] > -78.5f || p[1] > 40 || p[1] < -32 || p[2] > 6 || p[2] < -26) {
            continue;
        }
        const float *d = direction[which];
        const float s = d[0] * p[0] + d[1] * p[1] + d[2] * p[2];
        if (s > best_d) {
            best_d = s;
            best = i;
        }
    }
    return best;
}

static int hinted_vertex(const struct build *b, const struct mien_landmark_hint *h)
{
    const float *jaw = b->bs + (size_t)MIEN_BS_JAW_OPEN * V * 3;
    const float jaw_max = 20; // mm: the lower lip moves more than half of this, the upper less
    int best = 0;
    float best_d = 1e9f, at[3];
    mien_face_model_from_source(h->at_mm, at);
    for (int i = 0; i < NARROW; i++) {
        const float *p = b->mean + 3 * i;
        const bool lower = jaw[3 * i + 1] < -0.5f * jaw_max;
        if ((h->lip > 0 && lower) || (h->lip < 0 && !lower) || b->mirror[i] < 0 ||
            (h->at_mm[0] == 0 && b->mirror[i] != i)) {
            continue;
        }
        float d = 0;
        for (int c = 0; c < 3; c++) {
            d += (p[c] - at[c]) * (p[c] - at[c]);
        }
        if (d < best_d) {
            best_d = d;
            best = i;
        }
    }
    return best;
}

static void set_triangle(const struct build *b, struct mien_landmark *l, int vertex)
{
    for (int t = 0; t < b->triangles; t++) {
        for (int i = 0; i < 3; i++) {
            if (b->tri[3 * t + i] == vertex) {
                for (int j = 0; j < 3; j++) {
                    l->vertex[j] = b->tri[3 * t + j];
                    l->weight[j] = i == j ? 1 : 0;
                }
                return;
            }
        }
    }
    l->vertex[0] = l->vertex[1] = l->vertex[2] = vertex;
    l->weight[0] = 1;
}

static int add_landmark(struct build *b, const char *name, const struct mien_landmark_pair *p,
                        int mediapipe, int vertex)
{
    struct mien_landmark *l = &b->landmark[b->landmarks];
    snprintf(l->name, sizeof l->name, "%s", name);
    l->mediapipe = (int16_t)mediapipe;
    l->fit_weight = p->fit_weight;
    l->region = p->region;
    set_triangle(b, l, vertex);
    return b->landmarks++;
}

static bool place_landmarks(struct build *b)
{
    int32_t at[468];
    if (!mien_vertex_list_parse(at, 468, b->src.mediapipe, "mediapipe468_to_vertex.txt", V)) {
        return false;
    }
    for (int i = 0; i < mien_landmark_hint_count; i++) {
        at[mien_landmark_hints[i].mediapipe] = hinted_vertex(b, &mien_landmark_hints[i]);
    }
    const char *group = "";
    int number = 0, ear = 0;
    for (int i = 0; i < mien_landmark_pair_count; i++) {
        const struct mien_landmark_pair *p = &mien_landmark_pairs[i];
        char name[24], left[24];
        number = strcmp(group, p->name) ? 0 : number + 1;
        group = p->name;
        if (p->right == p->left && p->right >= 0) {
            int v = at[p->right];
            if (b->mirror[v] != v) { // the table's vertex is beside the middle: the nearest on it
                float best = 1e9f;
                const float *a = b->mean + 3 * at[p->right];
                for (int j = 0; j < NARROW; j++) {
                    const float *c = b->mean + 3 * j;
                    const float d = hypotf(hypotf(a[0] - c[0], a[1] - c[1]), a[2] - c[2]);
                    if (b->mirror[j] == j && d < best) {
                        best = d;
                        v = j;
                    }
                }
            }
            snprintf(name, sizeof name, "%s_%d", p->name, number);
            const int k = add_landmark(b, name, p, p->right, v);
            b->landmark[k].mirror = (int16_t)k;
            continue;
        }
        int vr = 0, vl = 0;
        if (p->region == MIEN_REGION_IRIS) {
            vr = 23791; // placed below
            vl = 22221;
        } else {
            vr = p->region == MIEN_REGION_EAR ? ear_vertex(b, ear++) : at[p->right];
            vl = b->mirror[vr];
        }
        if (vl < 0) {
            mien_error("landmark %s %d: its vertex %d has no mirror image", p->name, number, vr);
            return false;
        }
        snprintf(name, sizeof name, "%s_right_%d", p->name, number);
        snprintf(left, sizeof left, "%s_left_%d", p->name, number);
        const int r = add_landmark(b, name, p, p->right, vr);
        const int l = add_landmark(b, left, p, p->left, vl);
        b->landmark[r].mirror = (int16_t)l;
        b->landmark[l].mirror = (int16_t)r;
        if (p->region == MIEN_REGION_IRIS) {
            b->iris[0] = l;
            b->iris[1] = r;
            place_iris(b, r, l);
        }
    }
    for (int k = 0; k < MIEN_IBUG; k++) {
        b->ibug[k] = -1;
        for (int l = 0; l < b->landmarks; l++) {
            if (b->landmark[l].mediapipe == mien_ibug_mediapipe[k]) {
                b->ibug[k] = l;
            }
        }
        if (b->ibug[k] < 0) {
            mien_error("the landmark table lacks MediaPipe point %d (iBUG %d)",
                       mien_ibug_mediapipe[k], k);
            return false;
        }
    }
    return true;
}

// Places of right and central landmarks (prepare/lists.h); the left ones are mirrored.
static bool apply_refinement(struct build *b, const char *path)
{
    size_t size = 0;
    char *text = mien_file_read(path, 1 << 20, &size);
    struct mien_landmark_place place[MIEN_LANDMARKS_MAX];
    bool ok = text && mien_landmark_places_parse(place, text, path, b->landmark, b->landmarks,
                                                 b->mirror, V);
    for (int k = 0; k < b->landmarks && ok; k++) {
        struct mien_landmark *r = &b->landmark[k], *l = &b->landmark[r->mirror];
        for (int i = 0; i < 3 && place[k].given; i++) {
            r->vertex[i] = place[k].vertex[i];
            r->weight[i] = place[k].weight[i];
            if (l != r) {
                l->vertex[i] = b->mirror[r->vertex[i]];
                l->weight[i] = r->weight[i];
            }
        }
    }
    mien_free(text);
    return ok;
}

// Mixtures of iBUG points, from 0 (prepare/lists.h). Points that the file does not name stay with
// their nearest landmark.
static bool apply_ibug(struct build *b, const char *path)
{
    size_t size = 0;
    struct mien_mixtures *mix = mien_calloc(1, sizeof(*mix));
    char *text = path ? mien_file_read(path, 1 << 20, &size) : NULL;
    bool ok =
        mix && (!path || (text && mien_mixtures_parse(mix, text, path, b->landmark, b->landmarks,
                                                      MIEN_IBUG, MIEN_IBUG_TERMS)));
    for (int k = 0; k < MIEN_IBUG && ok; k++) {
        struct mien_ibug_point *to = &b->ibug_mix[k];
        to->landmark[0] = b->ibug[k];
        to->weight[0] = 1;
        for (int t = 0; t < mix->point[k].terms; t++) {
            to->landmark[t] = mix->point[k].landmark[t];
            to->weight[t] = mix->point[k].weight[t];
        }
    }
    mien_free(text);
    mien_free(mix);
    for (int k = 0; k < MIEN_IBUG && ok; k++) {
        float sum = 0;
        for (int i = 0; i < MIEN_IBUG_TERMS; i++) {
            sum += b->ibug_mix[k].weight[i];
        }
        ok = fabsf(sum - 1) < 1e-3f;
        if (!ok) {
            mien_error("%s: the weights of iBUG point %d sum to %g, not to 1", path, k,
                       (double)sum);
        }
    }
    return ok;
}

static bool apply_shift(struct build *b, const char *path)
{
    size_t size = 0;
    char *text = path ? mien_file_read(path, 1 << 20, &size) : NULL;
    b->shifted = text && mien_ibug_shift_parse(&b->ibug_shift, text, path);
    mien_free(text);
    return b->shifted || !path;
}

// Lid landmarks move to the lid's rim, where an eye's border is seen: the table and the refinement
// say where along it.
static bool snap_lids(struct build *b)
{
    int skin = 0;
    int32_t *tri = mien_calloc((size_t)b->triangles * 3, sizeof *tri);
    if (!tri) {
        return false;
    }
    for (int t = 0; t < b->triangles; t++) {
        for (int i = 0; i < 3 && b->part[t] <= MIEN_PART_HEAD; i++) {
            tri[skin++] = b->tri[3 * t + i];
        }
    }
    struct mien_rim rim;
    bool ok = mien_rim_find(&rim, tri, skin / 3, b->mean, V, false);
    mien_free(tri);
    if (!ok) {
        mien_error("the mesh has no rim of a lid where the right eye should be");
        return false;
    }
    for (int k = 0; k < b->landmarks; k++) {
        struct mien_landmark *r = &b->landmark[k], *l = &b->landmark[r->mirror];
        int lid, edge[2];
        float at[3] = {0, 0, 0}, share;
        if (!mien_rim_landmark(r->name, &lid) || !strstr(r->name, "_right_")) {
            continue;
        }
        for (int i = 0; i < 3; i++) {
            for (int c = 0; c < 3; c++) {
                at[c] += r->weight[i] * b->mean[3 * r->vertex[i] + c];
            }
        }
        mien_rim_nearest(&rim, b->mean, lid, at, edge, &share);
        for (int i = 0; i < 3; i++) {
            r->vertex[i] = edge[i == 1];
            l->vertex[i] = b->mirror[edge[i == 1]];
            r->weight[i] = l->weight[i] = i == 0 ? 1 - share : i == 1 ? share : 0;
        }
        if (l->vertex[0] < 0 || l->vertex[1] < 0) {
            mien_error("landmark %s: the rim of the lid has no mirror image there", r->name);
            return false;
        }
    }
    return true;
}

static float largest(const float *v, size_t n)
{
    float m = 0;
    for (size_t i = 0; i < n; i++) {
        m = fmaxf(m, fabsf(v[i]));
    }
    return m > 0 ? m : 1e-6f;
}

static void quantise_identity(struct build *b)
{
    double sum = 0;
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        const float *v = b->id + (size_t)k * V * 3;
        const float skin = largest(v, SKIN * 3), rest = largest(v + SKIN * 3, (V - SKIN) * 3);
        b->idwide[k] = skin / 127 > wide_step_mm;
        b->idscale[k][0] = b->idwide[k] ? skin / 32767 : skin / 127;
        b->idscale[k][1] = rest / 127;
        for (int i = 0; i < SKIN * 3; i++) {
            const long q = lrintf(v[i] / b->idscale[k][0]);
            if (b->idwide[k]) {
                b->id16[b->n16++] = (int16_t)q;
            } else {
                b->id8[b->n8++] = (int8_t)q;
            }
            const double e = v[i] - b->idscale[k][0] * (float)q;
            sum += e * e / (SKIN * 3);
        }
        for (int i = SKIN * 3; i < V * 3; i++) {
            b->id8[b->n8++] = (int8_t)lrintf(v[i] / b->idscale[k][1]);
        }
    }
    mien_info("identity: rms rounding error on skin for coefficients of 1: %.4f mm", sqrt(sum));
}

static void quantise_blendshapes(struct build *b)
{
    for (int k = 0; k < MIEN_BLENDSHAPES; k++) {
        const float *v = b->bs + (size_t)k * V * 3;
        b->bsscale[k] = largest(v, V * 3) / 32767;
        for (int i = 0; i < V; i++) {
            const float *d = v + 3 * i;
            if (d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < moved_mm * moved_mm) {
                continue;
            }
            b->bsindex[b->moved] = (uint16_t)i;
            for (int c = 0; c < 3; c++) {
                b->bsvalue[3 * b->moved + (size_t)c] = (int16_t)lrintf(d[c] / b->bsscale[k]);
            }
            b->bscount[k]++;
            b->moved++;
        }
    }
}

static bool save(const struct build *b, const char *out)
{
    const int32_t counts[8] = {
        V, b->triangles, b->uvs, b->landmarks, MIEN_IDENTITY, MIEN_BLENDSHAPES, MIEN_IBUG, 0};
    const size_t t = (size_t)b->triangles;
    const struct mien_section s[] = {
        {"counts", counts, sizeof counts},
        {"mean", b->mean, V * 12},
        {"tri", b->tri, t * 6},
        {"uvtri", b->uvtri, t * 6},
        {"uv", b->uv, (size_t)b->uvs * 4},
        {"part", b->part, t},
        {"mirror", b->mirror16, V * 2},
        {"idwide", b->idwide, sizeof b->idwide},
        {"idscale", b->idscale, sizeof b->idscale},
        {"id16", b->id16, b->n16 * 2},
        {"id8", b->id8, b->n8},
        {"bscount", b->bscount, sizeof b->bscount},
        {"bsscale", b->bsscale, sizeof b->bsscale},
        {"bsindex", b->bsindex, b->moved * 2},
        {"bsvalue", b->bsvalue, b->moved * 6},
        {"landmark", b->landmark, (size_t)b->landmarks * sizeof b->landmark[0]},
        {"ibug", b->ibug, sizeof b->ibug},
        {"ibugmix", b->ibug_mix, sizeof b->ibug_mix},
        {"iris", b->iris, sizeof b->iris},
        {"eyes", b->eyes, sizeof b->eyes},
        {"ibugshift", &b->ibug_shift, sizeof b->ibug_shift}, // the last: it may be missing
    };
    return mien_container_save(out, "FACE", MIEN_FACE_VERSION, s, (int)MIEN_COUNT(s) - !b->shifted);
}

static void destroy(struct build *b)
{
    void *const block[] = {b->src.neutral,
                           b->src.identity,
                           b->src.expression,
                           b->src.faces,
                           b->src.uvfaces,
                           b->src.uv,
                           b->src.material,
                           b->src.names,
                           b->src.mediapipe,
                           b->mean,
                           b->id,
                           b->bs,
                           b->mirror,
                           b->mirror16,
                           b->tri,
                           b->uvtri,
                           b->uv,
                           b->part,
                           b->id16,
                           b->id8,
                           b->bsindex,
                           b->bsvalue,
                           b};
    for (size_t i = 0; i < MIEN_COUNT(block); i++) {
        mien_free(block[i]);
    }
}

bool mien_face_model_build(const char *ict_dir, const struct mien_model_lists *lists,
                           const char *out)
{
    const size_t v3 = (size_t)V * 3;
    struct build *b = mien_calloc(1, sizeof *b);
    if (!b) {
        return false;
    }
    bool ok = read_source(&b->src, ict_dir) && (b->mean = mien_calloc(v3, 4)) &&
              (b->id = mien_calloc(v3 * MIEN_IDENTITY, 4)) &&
              (b->bs = mien_calloc(v3 * MIEN_BLENDSHAPES, 4)) && (b->mirror = mien_calloc(V, 4)) &&
              (b->mirror16 = mien_calloc(V, 2)) &&
              (b->tri = mien_calloc((size_t)TRIANGLES_MAX * 3, 2)) &&
              (b->uvtri = mien_calloc((size_t)TRIANGLES_MAX * 3, 2)) &&
              (b->uv = mien_calloc((size_t)SRC_UVS * 2, 2)) &&
              (b->part = mien_calloc(TRIANGLES_MAX, 1)) &&
              (b->id16 = mien_calloc((size_t)SKIN * 3 * MIEN_IDENTITY, 2)) &&
              (b->id8 = mien_calloc(v3 * MIEN_IDENTITY, 1)) &&
              (b->bsindex = mien_calloc((size_t)V * MIEN_BLENDSHAPES, 2)) &&
              (b->bsvalue = mien_calloc(v3 * MIEN_BLENDSHAPES, 2));
    ok = ok && convert_shapes(b);
    if (ok) {
        find_mirror(b);
        measure_eyes(b);
        add_eyeball_rotation(b);
        ok = convert_mesh(b) && place_landmarks(b) &&
             (!lists->refine || apply_refinement(b, lists->refine)) && snap_lids(b) &&
             apply_ibug(b, lists->ibug) && apply_shift(b, lists->shift);
    }
    if (ok) {
        for (int i = 0; i < V; i++) {
            b->mirror16[i] = b->mirror[i] < 0 ? 65535 : (uint16_t)b->mirror[i];
        }
        quantise_identity(b);
        quantise_blendshapes(b);
        ok = save(b, out);
    }
    destroy(b);
    return ok;
}

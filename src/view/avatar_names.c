// Which shapes, expressions and bones of a figure a face drives.
//
// A shape of one of ARKit's names, wherever it stands (a morph target's name, an expression of
// VRM), follows that weight. What a figure has no such shapes for (mouth, lids, looks, moods: the
// groups below) follows VRM's expressions, which are made from ARKit's weights (face/vrm.h).
#include "view/avatar_parts.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum group { MOUTH, LIDS, LOOKS, MOODS, OWN, GROUPS };

// An ARKit weight that a figure must have so that the group's expressions are not needed; -1: none.
static const int instead[GROUPS] = {[MOUTH] = MIEN_BS_JAW_OPEN,
                                    [LIDS] = MIEN_BS_EYE_BLINK_LEFT,
                                    [LOOKS] = MIEN_BS_EYE_LOOK_OUT_LEFT,
                                    [MOODS] = MIEN_BS_MOUTH_SMILE_LEFT,
                                    [OWN] = -1};

// Names in small letters and digits, "left" and "right" written out; VRM 0.x, VRM 1.0, then what
// common makers of figures call such shapes (Ready Player Me, VRChat, VRoid Studio, MikuMikuDance).
static const struct {
    const char *name;
    int channel;
    enum group group;
} expressions[] = {
    {"a", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"i", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"u", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"e", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"o", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"aa", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"ih", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"ou", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"ee", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"oh", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"visemeaa", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"visemei", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"visemeu", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"visemee", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"visemeo", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"vrcvaa", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"vrcvih", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"vrcvou", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"vrcve", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"vrcvoh", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"fclmtha", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"fclmthi", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"fclmthu", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"fclmthe", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"fclmtho", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"あ", MIEN_AVATAR_VRM + MIEN_VRM_A, MOUTH},
    {"い", MIEN_AVATAR_VRM + MIEN_VRM_I, MOUTH},
    {"う", MIEN_AVATAR_VRM + MIEN_VRM_U, MOUTH},
    {"え", MIEN_AVATAR_VRM + MIEN_VRM_E, MOUTH},
    {"お", MIEN_AVATAR_VRM + MIEN_VRM_O, MOUTH},
    {"mouthopen", MIEN_BS_JAW_OPEN, MOUTH},
    {"blinkleft", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L, LIDS},
    {"blinkright", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R, LIDS},
    {"blink", MIEN_AVATAR_BLINK, LIDS},
    {"eyesclosed", MIEN_AVATAR_BLINK, LIDS},
    {"vrcblink", MIEN_AVATAR_BLINK, LIDS},
    {"fcleyeclose", MIEN_AVATAR_BLINK, LIDS},
    {"fcleyecloseleft", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L, LIDS},
    {"fcleyecloseright", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R, LIDS},
    {"まばたき", MIEN_AVATAR_BLINK, LIDS},
    {"ウィンク", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L, LIDS},
    {"ウィンク右", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R, LIDS},
    {"lookup", MIEN_AVATAR_LOOK_UP, LOOKS},
    {"lookdown", MIEN_AVATAR_LOOK_DOWN, LOOKS},
    {"lookleft", MIEN_AVATAR_LOOK_LEFT, LOOKS},
    {"lookright", MIEN_AVATAR_LOOK_RIGHT, LOOKS},
    {"eyeslookup", MIEN_AVATAR_LOOK_UP, LOOKS},
    {"eyeslookdown", MIEN_AVATAR_LOOK_DOWN, LOOKS},
    {"joy", MIEN_AVATAR_VRM + MIEN_VRM_JOY, MOODS},
    {"happy", MIEN_AVATAR_VRM + MIEN_VRM_JOY, MOODS},
    {"angry", MIEN_AVATAR_VRM + MIEN_VRM_ANGRY, MOODS},
    {"sorrow", MIEN_AVATAR_VRM + MIEN_VRM_SORROW, MOODS},
    {"sad", MIEN_AVATAR_VRM + MIEN_VRM_SORROW, MOODS},
    {"fun", MIEN_AVATAR_VRM + MIEN_VRM_FUN, MOODS},
    {"relaxed", MIEN_AVATAR_VRM + MIEN_VRM_FUN, MOODS},
    {"surprised", MIEN_AVATAR_SURPRISED, MOODS},
    {"fclalljoy", MIEN_AVATAR_VRM + MIEN_VRM_JOY, MOODS},
    {"fclallangry", MIEN_AVATAR_VRM + MIEN_VRM_ANGRY, MOODS},
    {"fclallsorrow", MIEN_AVATAR_VRM + MIEN_VRM_SORROW, MOODS},
    {"fclallfun", MIEN_AVATAR_VRM + MIEN_VRM_FUN, MOODS},
    {"fclallsurprised", MIEN_AVATAR_SURPRISED, MOODS},
    {"mouthsmile", MIEN_AVATAR_SMILE, MOODS},
    {"mienmean", MIEN_AVATAR_MEAN, OWN},
};

// "Face.eyeBlink_L" -> "eyeblinkleft" from the place where the wanted name may begin.
static void simplify(const char *from, char *out, size_t size)
{
    size_t n = 0, length = strlen(from);
    for (const char *c = from; *c && n + 1 < size; c++) {
        if (isalnum((unsigned char)*c)) {
            out[n++] = (char)tolower((unsigned char)*c);
        }
    }
    out[n] = 0;
    char last = length > 1 ? from[length - 1] : 0;
    bool side = length > 2 && strchr("_.- ", from[length - 2]) &&
                (last == 'L' || last == 'R' || last == 'l' || last == 'r');
    if (side && n && n + 5 < size) {
        snprintf(out + n - 1, size - n + 1, "%s", last == 'L' || last == 'l' ? "left" : "right");
    }
}

static bool starts_word(const char *name, const char *at)
{
    return at == name || strchr("_.-: /", at[-1]);
}

static int find_arkit(const char *name)
{
    char is[64], wanted[64];
    for (const char *from = name; *from; from++) {
        if (!starts_word(name, from)) {
            continue;
        }
        simplify(from, is, sizeof(is));
        for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
            simplify(mien_blendshape_name(i), wanted, sizeof(wanted));
            if (!strcmp(is, wanted)) {
                return i;
            }
        }
    }
    return -1;
}

static int find_expression(const char *name) // a row of expressions, -1
{
    char is[64];
    simplify(name, is, sizeof(is));
    for (size_t i = 0; i < MIEN_COUNT(expressions); i++) {
        if (!strcmp(is, expressions[i].name) || !strcmp(name, expressions[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

struct namer {
    struct mien_avatar *a;
    struct mien_gltf *g;
    const int *node_weight;
    int room;    // of drivers
    bool second; // expressions, after all of ARKit's shapes are known
};

static bool drive(struct namer *n, struct mien_avatar_driver k)
{
    struct mien_avatar *a = n->a;
    if (k.weight < 0 || k.weight >= a->weights) {
        return true;
    }
    for (int i = 0; i < a->drivers; i++) { // named twice
        if (a->driver[i].channel == k.channel && a->driver[i].weight == k.weight) {
            return true;
        }
    }
    if (a->drivers == n->room) {
        n->room = 2 * n->room + 64;
        struct mien_avatar_driver *more =
            mien_realloc_array(a->driver, (size_t)n->room, sizeof(*more));
        if (!more) {
            return mien_gltf_refuse(n->g, "out of memory");
        }
        a->driver = more;
    }
    a->driver[a->drivers++] = k;
    a->has[k.channel] = true;
    return true;
}

// The channel that a name follows in this round; -1: none. Both lids by one shape only where there
// is none for each.
static int channel_of(const struct namer *n, const char *name)
{
    int arkit = find_arkit(name);
    if (!n->second || arkit >= 0) {
        return n->second ? -1 : arkit;
    }
    int i = find_expression(name);
    if (i < 0) {
        return -1;
    }
    int other = instead[expressions[i].group];
    return other >= 0 && n->a->has[other] ? -1 : expressions[i].channel;
}

// Morph targets by their names: of the mesh, or of its first primitive, as old exporters write it.
static bool name_targets(struct namer *n)
{
    for (int i = 0; i < n->a->nodes; i++) {
        const cJSON *node = mien_gltf_element(n->g, MIEN_GLTF_NODES, i);
        const cJSON *mesh =
            mien_gltf_element(n->g, MIEN_GLTF_MESHES, mien_gltf_index(node, "mesh"));
        const cJSON *first = cJSON_GetArrayItem(mien_gltf_item(mesh, "primitives"), 0), *o;
        const cJSON *names = mien_gltf_item(mien_gltf_item(mesh, "extras"), "targetNames");
        names = names ? names : mien_gltf_item(mien_gltf_item(first, "extras"), "targetNames");
        int k = n->node_weight[i], end = k + cJSON_GetArraySize(mien_gltf_item(first, "targets"));
        cJSON_ArrayForEach(o, (k >= 0 && cJSON_IsArray(names) ? names : NULL))
        {
            int channel = cJSON_IsString(o) ? channel_of(n, o->valuestring) : -1;
            if (channel >= 0 && k < end &&
                !drive(n, (struct mien_avatar_driver){channel, k, 1, false})) {
                return false;
            }
            k++;
        }
    }
    return true;
}

// VRM 0.x binds the mesh, on every node that has it, by per cents.
static bool bind_mesh(struct namer *n, int channel, const cJSON *bind, bool whole)
{
    long mesh = mien_gltf_index(bind, "mesh"), index = mien_gltf_index(bind, "index");
    float factor = (float)mien_gltf_number(bind, "weight", 100) / 100;
    for (int i = 0; i < n->a->nodes && index >= 0; i++) {
        const cJSON *node = mien_gltf_element(n->g, MIEN_GLTF_NODES, i);
        if (n->node_weight[i] >= 0 && mien_gltf_index(node, "mesh") == mesh &&
            !drive(n, (struct mien_avatar_driver){channel, n->node_weight[i] + (int)index, factor,
                                                  whole})) {
            return false;
        }
    }
    return true;
}

static bool name_vrm0(struct namer *n, const cJSON *vrm)
{
    const cJSON *groups =
                    mien_gltf_item(mien_gltf_item(vrm, "blendShapeMaster"), "blendShapeGroups"),
                *o, *bind;
    cJSON_ArrayForEach(o, groups)
    {
        int channel = channel_of(n, mien_gltf_text(o, "presetName"));
        channel = channel < 0 ? channel_of(n, mien_gltf_text(o, "name")) : channel;
        cJSON_ArrayForEach(bind, (channel >= 0 ? mien_gltf_item(o, "binds") : NULL))
        {
            if (!bind_mesh(n, channel, bind, cJSON_IsTrue(mien_gltf_item(o, "isBinary")))) {
                return false;
            }
        }
    }
    return true;
}

static bool name_vrm1(struct namer *n, const cJSON *vrm)
{
    static const char *const kinds[] = {"custom", "preset"};
    const cJSON *o, *bind;
    for (size_t k = 0; k < MIEN_COUNT(kinds); k++) {
        cJSON_ArrayForEach(o, mien_gltf_item(mien_gltf_item(vrm, "expressions"), kinds[k]))
        {
            int channel = o->string ? channel_of(n, o->string) : -1;
            cJSON_ArrayForEach(bind, (channel >= 0 ? mien_gltf_item(o, "morphTargetBinds") : NULL))
            {
                long node = mien_gltf_index(bind, "node"), index = mien_gltf_index(bind, "index");
                float factor = (float)mien_gltf_number(bind, "weight", 1);
                if (node >= 0 && node < n->a->nodes && n->node_weight[node] >= 0 && index >= 0 &&
                    !drive(n, (struct mien_avatar_driver){
                                  channel, n->node_weight[node] + (int)index, factor,
                                  cJSON_IsTrue(mien_gltf_item(o, "isBinary"))})) {
                    return false;
                }
            }
        }
    }
    return true;
}

// VRM's humanoid names its bones: 0.x in a list, 1.0 as members.
static int find_bone(const struct namer *n, const cJSON *vrm, const char *bone)
{
    const cJSON *all = mien_gltf_item(mien_gltf_item(vrm, "humanoid"), "humanBones"), *o;
    long i = mien_gltf_index(mien_gltf_item(all, bone), "node");
    cJSON_ArrayForEach(o, (cJSON_IsArray(all) ? all : NULL))
    {
        if (!strcmp(mien_gltf_text(o, "bone"), bone)) {
            i = mien_gltf_index(o, "node");
        }
    }
    return i >= 0 && i < n->a->nodes ? (int)i : -1;
}

// By its name, behind any prefix ("mixamorig:Head"); of several the first in the order of the
// nodes, which is the one nearest to the root.
static int find_named(const struct namer *n, const char *const names[])
{
    char is[64];
    for (int k = 0; k < n->a->nodes; k++) {
        int i = n->a->order[k];
        const char *name = mien_gltf_text(mien_gltf_element(n->g, MIEN_GLTF_NODES, i), "name");
        bool mesh = mien_gltf_item(mien_gltf_element(n->g, MIEN_GLTF_NODES, i), "mesh") != NULL;
        for (const char *from = name; *from; from++) {
            if (!starts_word(name, from)) {
                continue;
            }
            simplify(from, is, sizeof(is));
            for (int c = 0; names[c] && !mesh; c++) {
                if (!strcmp(is, names[c])) {
                    return i;
                }
            }
        }
    }
    return -1;
}

static void find_bones(struct namer *n, const cJSON *vrm)
{
    enum { ARMS = 4, BONES = 8 };
    static const char *const bones[BONES] = {"head",         "neck",         "leftEye",
                                             "rightEye",     "leftUpperArm", "rightUpperArm",
                                             "leftLowerArm", "rightLowerArm"};
    static const char *const names[BONES][6] = {
        {"head", "jbipchead"},
        {"neck", "jbipcneck"},
        {"lefteye", "eyeleft", "jadjlfaceeye"},
        {"righteye", "eyeright", "jadjrfaceeye"},
        {"leftupperarm", "leftarm", "upperarmleft", "armleft", "jbiplupperarm"},
        {"rightupperarm", "rightarm", "upperarmright", "armright", "jbiprupperarm"},
        {"leftlowerarm", "leftforearm", "lowerarmleft", "forearmleft", "jbipllowerarm"},
        {"rightlowerarm", "rightforearm", "lowerarmright", "forearmright", "jbiprlowerarm"},
    };
    struct mien_avatar *a = n->a;
    int found[BONES];
    for (int i = 0; i < BONES; i++) {
        found[i] = vrm ? find_bone(n, vrm, bones[i]) : -1;
        found[i] = found[i] < 0 ? find_named(n, names[i]) : found[i];
    }
    a->head = found[0];
    a->neck =
        a->head >= 0 && found[1] >= 0 && mien_avatar_below(a, a->head, found[1]) ? found[1] : -1;
    for (int e = 0; e < 2; e++) {
        a->eye[e] = a->head >= 0 && found[2 + e] >= 0 &&
                            mien_avatar_below(a, found[2 + e], a->head) && found[2 + e] != a->head
                        ? found[2 + e]
                        : -1;
        int arm = found[ARMS + e], elbow = found[ARMS + 2 + e];
        bool both = arm >= 0 && elbow >= 0 && arm != elbow && mien_avatar_below(a, elbow, arm) &&
                    !mien_avatar_below(a, a->head, arm);
        a->arm[e] = both ? arm : -1;
        a->elbow[e] = both ? elbow : -1;
    }
}

// Whether a vertex hangs on an eye's bone.
static bool of_eye(const struct mien_avatar *a, const struct mien_avatar_surface *s, uint32_t i)
{
    for (size_t at = 4 * ((size_t)s->first + i), k = at; s->skin >= 0 && k < at + 4; k++) {
        int joint = a->skin[s->skin].joint[a->joint[k]];
        if (a->share[k] > 0.5f && (joint == a->eye[0] || joint == a->eye[1])) {
            return true;
        }
    }
    return false;
}

static bool moves_eyes(const struct mien_avatar *a, int weight)
{
    for (int s = 0; s < a->surfaces; s++) {
        const struct mien_avatar_surface *k = &a->surface[s];
        for (int t = k->target; t < k->target + k->targets; t++) {
            const struct mien_avatar_target *m = &a->target[t];
            for (int i = 0; m->weight == weight && i < m->count; i++) {
                if (of_eye(a, k, m->vertex[i])) {
                    return true;
                }
            }
        }
    }
    return false;
}

// Whether a look shape moves what hangs on an eye's bone.
static bool shapes_turn_eyes(const struct mien_avatar *a)
{
    for (int d = 0; d < a->drivers; d++) {
        int c = a->driver[d].channel;
        bool looks = (c >= MIEN_BS_EYE_LOOK_DOWN_LEFT && c <= MIEN_BS_EYE_LOOK_UP_LEFT) ||
                     (c >= MIEN_BS_EYE_LOOK_DOWN_RIGHT && c <= MIEN_BS_EYE_LOOK_UP_RIGHT) ||
                     (c >= MIEN_AVATAR_LOOK_UP && c <= MIEN_AVATAR_LOOK_RIGHT);
        if (looks && moves_eyes(a, a->driver[d].weight)) {
            return true;
        }
    }
    return false;
}

static bool eyes_are_expressions(const cJSON *vrm0, const cJSON *vrm1)
{
    return !strcmp(mien_gltf_text(mien_gltf_item(vrm0, "firstPerson"), "lookAtTypeName"),
                   "BlendShape") ||
           !strcmp(mien_gltf_text(mien_gltf_item(vrm1, "lookAt"), "type"), "expression");
}

// Where each lid has a shape of its own, the one for both is not used.
static void leave_out_double_blinks(struct mien_avatar *a)
{
    int kept = 0;
    bool each =
        a->has[MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L] && a->has[MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R];
    for (int i = 0; i < a->drivers; i++) {
        if (!each || a->driver[i].channel != MIEN_AVATAR_BLINK) {
            a->driver[kept++] = a->driver[i];
        }
    }
    a->has[MIEN_AVATAR_BLINK] = a->has[MIEN_AVATAR_BLINK] && !each;
    a->drivers = kept;
}

// VRM 0.x looks along -z.
static void turn_round(struct mien_avatar *a)
{
    for (int i = 0; i < a->nodes; i++) {
        for (int c = 0; a->node[i].parent < 0 && c < 16; c += 4) {
            a->node[i].local[c] = -a->node[i].local[c];
            a->node[i].local[c + 2] = -a->node[i].local[c + 2];
        }
    }
}

bool mien_avatar_name(struct mien_avatar *a, struct mien_gltf *g, const int *node_weight)
{
    struct namer n = {.a = a, .g = g, .node_weight = node_weight};
    const cJSON *all = mien_gltf_item(g->root, "extensions"), *vrm0 = mien_gltf_item(all, "VRM"),
                *vrm1 = mien_gltf_item(all, "VRMC_vrm");
    find_bones(&n, vrm1 ? vrm1 : vrm0);
    if (vrm0 && !vrm1) {
        turn_round(a);
    }
    for (int round = 0; round < 2; round++) {
        n.second = round > 0;
        bool vrm = vrm0 || vrm1; // whose targets' own names may mean anything
        if ((!vrm || !n.second) && !name_targets(&n)) {
            return false;
        }
        if ((vrm0 && !name_vrm0(&n, vrm0)) || (vrm1 && !name_vrm1(&n, vrm1))) {
            return false;
        }
    }
    leave_out_double_blinks(a);
    a->eyes_by_shape = eyes_are_expressions(vrm0, vrm1) || shapes_turn_eyes(a);
    return true;
}

void mien_avatar_describe(const struct mien_avatar *a, char *text, size_t size)
{
    int arkit = 0, vrm = 0, missing = 0;
    char which[120] = "";
    for (int i = 0; i < MIEN_AVATAR_MEAN; i++) {
        arkit += i < MIEN_BLENDSHAPES && a->has[i];
        vrm += i >= MIEN_BLENDSHAPES && a->has[i];
    }
    for (int i = 0; i < MIEN_BLENDSHAPES && arkit; i++) {
        size_t n = strlen(which);
        if (!a->has[i] && ++missing <= 3) {
            snprintf(which + n, sizeof(which) - n, "%s%s", n ? ", " : "", mien_blendshape_name(i));
        }
    }
    int n = snprintf(text, size, "%d of ARKit's %d shapes", arkit, MIEN_BLENDSHAPES);
    if (missing) {
        n +=
            snprintf(text + n, size - (size_t)n, " (without %s%s)", which, missing > 3 ? " …" : "");
    }
    if (vrm && (size_t)n < size) {
        n += snprintf(text + n, size - (size_t)n, ", %d of VRM's expressions", vrm);
    }
    if (!arkit && !vrm && (size_t)n < size) {
        n += snprintf(text + n, size - (size_t)n, ": the face stays as it is");
    }
    if ((size_t)n < size) {
        snprintf(text + n, size - (size_t)n, "; %s",
                 a->head < 0 ? "no head bone: it turns as a whole"
                 : a->eye[0] >= 0 && a->eye[1] >= 0 && !a->eyes_by_shape
                     ? "head and eyes by their bones"
                     : "the head by its bone");
    }
}

// Figures that a face moves: which shapes and bones are found in whose files, how a pose comes out,
// and what is refused. A head that mien saves, read again, is the model itself.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "face/model.h"
#include "face/shut.h"
#include "json_text.h"
#include "sink/head.h"
#include "view/avatar.h"
#include "run_tests.h"

static struct mien_face_model model;
static struct mien_avatar a;
static struct mien_why why;

static int set_up(void **state)
{
    char path[1024];
    return mien_find_file("models", "ict.face", path, sizeof(path)) &&
                   mien_face_model_load(&model, path)
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    mien_face_model_destroy(&model);
    return 0;
}

// Reads a text, whose ' stand for ", as a file.
__attribute__((format(printf, 1, 2))) static bool parse(const char *format, ...)
{
    static char text[1 << 16];
    va_list list;
    va_start(list, format);
    int n = write_json(text, sizeof(text), format, list);
    va_end(list);
    assert_true(n < (int)sizeof(text));
    mien_avatar_destroy(&a);
    why.text[0] = 0;
    bool ok = mien_avatar_parse(&a, text, (size_t)n, NULL, &why);
    assert_int_equal(ok, !why.text[0]);
    return ok;
}

static void refused(const char *words)
{
    if (!strstr(why.text, words)) {
        fail_msg("\"%s\" does not say \"%s\"", why.text, words);
    }
}

// Two triangles, one at the origin and one a metre above it. The bytes: positions (6 VEC3), moves
// (6 VEC3: the upper ones 0.1 m out), joints (6 VEC4 of bytes: 0 below, 1 above), weights (6 VEC4),
// indices (6), inverse matrices (2 MAT4: of joints at the origin and at 1 m).
struct bytes {
    float position[6][3], moved[6][3];
    uint8_t joint[6][4];
    float weight[6][4];
    uint16_t index[6];
    uint16_t pad[2];
    float inverse[2][16];
};

static char *bytes_uri(int bad_joint)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static char text[4096];
    struct bytes b = {
        .position = {{0, 0, 0}, {0.1f, 0, 0}, {0, 0.1f, 0}, {0, 1, 0}, {0.1f, 1, 0}, {0, 1.1f, 0}},
        .moved = {{0}, {0}, {0}, {0, 0, 0.1f}, {0, 0, 0.1f}, {0, 0, 0.1f}},
        .index = {0, 1, 2, 3, 4, 5}};
    for (int i = 0; i < 6; i++) {
        b.joint[i][0] = (uint8_t)(i < 3 ? 0 : bad_joint);
        b.weight[i][0] = 1;
    }
    for (int k = 0; k < 2; k++) {
        for (int c = 0; c < 4; c++) {
            b.inverse[k][5 * c] = 1;
        }
        b.inverse[k][13] = (float)-k;
    }
    const uint8_t *d = (const uint8_t *)&b;
    int n = sprintf(text, "data:application/octet-stream;base64,");
    for (size_t i = 0; i < sizeof(b); i += 3) {
        unsigned v = (unsigned)d[i] << 16 | (i + 1 < sizeof(b) ? (unsigned)d[i + 1] << 8 : 0) |
                     (i + 2 < sizeof(b) ? d[i + 2] : 0);
        for (int k = 0; k < 4; k++) {
            text[n++] = i + (size_t)k <= sizeof(b) ? digit[v >> (18 - 6 * k) & 63] : '=';
        }
    }
    text[n] = 0;
    return text;
}

#define NUMBER(view, type, count, shape) \
    "{'bufferView':" #view ",'componentType':" #type ",'count':" #count ",'type':'" shape "'}"
#define VIEW(at, length) "{'buffer':0,'byteOffset':" #at ",'byteLength':" #length "}"
#define DATA                                                                                                                                            \
    "'accessors':[" NUMBER(0, 5126, 6, "VEC3") "," NUMBER(1, 5126, 6, "VEC3") "," NUMBER(2, 5121, 6, "VEC4") "," NUMBER(3, 5126, 6, "VEC4") "," NUMBER( \
        4, 5123, 6,                                                                                                                                     \
        "SCALAR") "," NUMBER(5, 5126, 2,                                                                                                                \
                             "MAT4") "],'bufferViews':[" VIEW(0,                                                                                        \
                                                              72) "," VIEW(72,                                                                          \
                                                                           72) "," VIEW(144,                                                            \
                                                                                        24) "," VIEW(168,                                               \
                                                                                                     96) "," VIEW(264,                                  \
                                                                                                                  12) "," VIEW(280,                     \
                                                                                                                               128) "],"                \
                                                                                                                                    "'buffers':[{'byteLength':%zu,'uri':'%s'}]"
#define TARGETS(n) "'targets':[" n "]"
#define ONE "{'POSITION':1}"
// Nodes: 0 the mesh, 1 the body, 2 what hangs on it, of the given name.
#define FILE_OF(more, names, bone, skin, targets)                                                \
    "{'asset':{'version':'2.0'},'scenes':[{'nodes':[0,1]}]," more "'nodes':[{'mesh':0" skin      \
    "},{'name':'root','children':[2]},{'name':'" bone                                            \
    "','translation':[0,1,0]}],'skins':[{'joints':[1,2],'inverseBindMatrices':5}],"              \
    "'meshes':[{'extras':{'targetNames':[" names "]},'primitives':[{'attributes':{'POSITION':0," \
    "'JOINTS_0':2,'WEIGHTS_0':3},'indices':4," TARGETS(targets) "}]}]," DATA "}"

static const float *at(int vertex)
{
    return a.vertex[vertex].position;
}

static void assert_near(const float *got, float x, float y, float z)
{
    if (!(fabsf(got[0] - x) < 1e-4f && fabsf(got[1] - y) < 1e-4f && fabsf(got[2] - z) < 1e-4f)) {
        fail_msg("%g %g %g, not %g %g %g", (double)got[0], (double)got[1], (double)got[2],
                 (double)x, (double)y, (double)z);
    }
}

static void own_head_is_the_model(void **state)
{
    struct mien_head h = {.model = &model, .iris_rgb = {90, 60, 40}};
    void *data = NULL;
    size_t size = 0;
    float *want = mien_calloc((size_t)model.vertices, 3 * sizeof(float)), low = 0, high = -1e9f;
    float *rest = mien_calloc((size_t)model.vertices, 3 * sizeof(float));
    struct mien_shut shut;
    h.identity[0] = 1.5f;
    h.identity[3] = -1;
    assert_true(want && rest);
    assert_true(mien_head_make_glb(&h, true, &data, &size));
    assert_true(mien_avatar_parse(&a, data, size, NULL, &why));
    for (int i = 0; i < MIEN_BLENDSHAPES; i++) {
        assert_true(a.has[i]);
    }
    assert_true(a.head >= 0 && a.neck >= 0 && a.eye[0] >= 0 && a.eye[1] >= 0 && !a.whole);
    assert_true(a.eyes_by_shape); // the model's look shapes move the eyeballs
    struct mien_avatar_drive d = {0};
    float shape[MIEN_BLENDSHAPES] = {0};
    shape[MIEN_BS_JAW_OPEN] = d.channel[MIEN_BS_JAW_OPEN] = 0.7f;
    shape[MIEN_BS_EYE_LOOK_OUT_LEFT] = d.channel[MIEN_BS_EYE_LOOK_OUT_LEFT] = 0.5f;
    d.channel[MIEN_BS_EYE_BLINK_LEFT] = 0.8f;
    mien_avatar_pose(&a, &d);
    // Its lips and lids are its own (face/shut.h), all else is the model's.
    mien_face_model_vertices(&model, h.identity, NULL, rest);
    mien_shut_lips(&model, rest);
    assert_true(mien_shut_find(&shut, &model, rest));
    mien_face_model_add_blendshapes(&model, rest, shape, want);
    for (int i = 0; i < 3 * model.vertices; i++) {
        want[i] += 0.8f * shut.lid[0][i];
    }
    mien_shut_destroy(&shut);
    for (int i = 0; i < 3 * model.triangles; i++) {
        const float *w = want + 3 * model.triangle[i], *p = at(model.uv_triangle[i]);
        assert_near(p, w[0] / 1000, w[1] / 1000, w[2] / 1000);
    }
    // The mean face, whoever it is of.
    memset(&d, 0, sizeof(d));
    d.channel[MIEN_AVATAR_MEAN] = 1;
    mien_avatar_pose(&a, &d);
    mien_face_model_vertices(&model, NULL, NULL, rest);
    mien_shut_lips(&model, rest);
    for (int i = 0; i < 3 * model.triangles; i++) {
        const float *w = rest + 3 * model.triangle[i], *p = at(model.uv_triangle[i]);
        assert_near(p, w[0] / 1000, w[1] / 1000, w[2] / 1000);
    }
    // Turned to its left the nose goes there, and the shoulders stay.
    memset(&d, 0, sizeof(d));
    mien_avatar_pose(&a, &d);
    int nose = 0, shoulder = 0;
    for (int i = 0; i < a.vertices; i++) {
        low = at(i)[1] < low ? (shoulder = i, at(i)[1]) : low;
        high = at(i)[2] > high ? (nose = i, at(i)[2]) : high;
    }
    float nose_was[3], shoulder_was[3];
    memcpy(nose_was, at(nose), sizeof(nose_was));
    memcpy(shoulder_was, at(shoulder), sizeof(shoulder_was));
    d.turn[1] = 0.6f;
    mien_avatar_pose(&a, &d);
    assert_true(at(nose)[0] - nose_was[0] > 0.05f);
    assert_near(at(shoulder), shoulder_was[0], shoulder_was[1], shoulder_was[2]);
    // Its head is what is looked at.
    assert_true(fabsf(a.focus[0]) < 0.01f && a.size > 0.18f && a.size < 0.3f);
    free(data);
    mien_free(want);
    mien_free(rest);
    mien_avatar_destroy(&a);
}

// The colour of a saved head's eye so many mm from the axis through the iris, on both its shells.
static void eyes_have_iris_and_white(void **state)
{
    struct mien_head h = {.model = &model, .iris_rgb = {90, 60, 40}};
    void *data = NULL;
    size_t size = 0;
    int pupils = 0, irises = 0, whites = 0;
    assert_true(mien_head_make_glb(&h, false, &data, &size));
    assert_true(mien_avatar_parse(&a, data, size, NULL, &why));
    const struct mien_avatar_part *eyes = NULL;
    for (int i = 0; i < a.parts; i++) {
        eyes = a.part[i].look.texture >= 0 ? &a.part[i] : eyes;
    }
    assert_non_null(eyes);
    const struct mien_image *im = &a.texture[eyes->look.texture].picture;
    for (int i = eyes->first; i < eyes->first + eyes->count; i++) {
        const struct mien_avatar_vertex *v = &a.vertex[a.index[i]];
        int e = v->position[0] < 0;
        float axis[3], from[3], along = 0, length2 = 0, off2 = 0;
        for (int c = 0; c < 3; c++) {
            axis[c] = model.landmark_mean[3 * model.iris[e] + c] - model.eye_centre[e][c];
            from[c] = 1000 * v->position[c] - model.eye_centre[e][c];
            along += axis[c] * from[c];
            length2 += axis[c] * axis[c];
            off2 += from[c] * from[c];
        }
        float mm = sqrtf(fmaxf(0, off2 - along * along / length2));
        int x = (int)fminf(v->uv[0] * (float)im->width, (float)im->width - 1);
        int y = (int)fminf(v->uv[1] * (float)im->height, (float)im->height - 1);
        int red = im->data[(size_t)y * im->stride + 4 * (size_t)x];
        if (along > 0 && mm < 1.5f) {
            assert_in_range(red, 0, 30);
            pupils++;
        } else if (along > 0 && mm > 3 && mm < 4) {
            assert_in_range(red, 80, 100);
            irises++;
        } else if (mm > 7 || along < 0) {
            assert_in_range(red, 210, 240);
            whites++;
        }
    }
    assert_true(pupils > 50 && irises > 50 && whites > 500);
    free(data);
    mien_avatar_destroy(&a);
}

// Two triangles of the six vertices, as `primitive` says more of it and its material is.
static bool parse_primitive(const char *primitive, const char *material, const char *more)
{
    return parse(
        "{'asset':{'version':'2.0'},%s'nodes':[{'mesh':0}],'materials':[{%s}],"
        "'textures':[{'source':0},{'source':0}],'images':[{'uri':'data:image/png;base64,"
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR42mM4kWIEAANWAV/W6lf+AAAAAElF"
        "TkSuQmCC'}],'meshes':[{'primitives':[{'attributes':{'POSITION':0},'material':0,%s}]}]"
        "," DATA "}",
        more, material, primitive, sizeof(struct bytes), bytes_uri(1));
}

static void strips_and_fans_are_taken_apart(void **state)
{
    static const uint32_t strip[] = {0, 1, 2, 1, 3, 2, 2, 3, 4, 3, 5, 4},
                          fan[] = {1, 2, 0, 2, 3, 0, 3, 4, 0, 4, 5, 0};
    static const char *const modes[] = {"'mode':5", "'mode':5,'indices':4", "'mode':6",
                                        "'mode':6,'indices':4"};
    for (size_t i = 0; i < MIEN_COUNT(modes); i++) {
        assert_true(parse_primitive(modes[i], "", ""));
        assert_int_equal(a.indices, 12);
        assert_memory_equal(a.index, i < 2 ? strip : fan, sizeof(strip));
    }
    assert_true(parse_primitive("'indices':4", "", "") && a.indices == 6);
    // Points and lines are no skin; a figure of nothing else has none.
    assert_false(parse_primitive("'mode':1", "", ""));
    refused("no mesh");
    assert_false(parse_primitive("'mode':7", "", ""));
    refused("of a kind that glTF does not have");
    mien_avatar_destroy(&a);
}

static const struct mien_gltf_look *look(void)
{
    assert_int_equal(a.parts, 1);
    return &a.part[0].look;
}

static void looks_are_read(void **state)
{
    const char *plain = "'indices':4";
    // What glows, and how strongly.
    assert_true(parse_primitive(plain,
                                "'emissiveFactor':[0.5,0.25,0],'emissiveTexture':{'index':0},"
                                "'extensions':{'KHR_materials_emissive_strength':"
                                "{'emissiveStrength':2}}",
                                ""));
    assert_near(look()->glow, 1, 0.5f, 0);
    assert_true(look()->glows >= 0 && look()->texture < 0 && !look()->flat_light);
    assert_int_equal(a.texture[look()->glows].picture.data[0], 200);
    assert_true(parse_primitive(plain, "'emissiveTexture':{'index':0}", "")); // times nothing
    assert_true(look()->glows < 0 && !(look()->toon[1] > look()->toon[0]));
    // Unlit, and VRM 1.0's toon: shade where the cosine is below -1 + toony - shift.
    assert_true(parse_primitive(plain, "'extensions':{'KHR_materials_unlit':{}}", ""));
    assert_true(look()->flat_light && !(look()->toon[1] > look()->toon[0]));
    assert_true(parse_primitive(
        plain,
        "'pbrMetallicRoughness':{'baseColorTexture':{'index':0}},'extensions':{"
        "'VRMC_materials_mtoon':{'shadeColorFactor':[0.5,0.4,0.3],'shadingToonyFactor':0.8,"
        "'shadingShiftFactor':-0.1,'shadeMultiplyTexture':{'index':1}}}",
        ""));
    assert_true(look()->flat_light && look()->shades == look()->texture && look()->shades >= 0);
    assert_near(look()->shade, 0.5f, 0.4f, 0.3f);
    assert_near((float[3]){look()->toon[0], look()->toon[1], 0}, -0.1f, 0.3f, 0);
    // VRM 0.x says so beside the materials, in sRGB, whether or not they are marked as unlit.
    static const char mtoon[] =
        "'extensions':{'VRM':{'materialProperties':[{'shader':'VRM/MToon','floatProperties':"
        "{'_ShadeShift':0.2,'_ShadeToony':0.5},'vectorProperties':{'_ShadeColor':[1,0.5,0,1]},"
        "'textureProperties':{'_MainTex':0,'_ShadeTexture':0}}]}},";
    assert_true(
        parse_primitive(plain, "'pbrMetallicRoughness':{'baseColorTexture':{'index':0}}", mtoon));
    assert_true(look()->flat_light && look()->shades == look()->texture && look()->shades >= 0);
    assert_near(look()->shade, 1, 0.217638f, 0);
    assert_near((float[3]){look()->toon[0], look()->toon[1], 0}, 0.2f, 0.6f, 0);
    assert_true(parse_primitive(
        plain, "", "'extensions':{'VRM':{'materialProperties':[{'shader':'VRM/UnlitCutout'}]}},"));
    assert_true(look()->flat_light);
    assert_true(parse_primitive(
        plain, "",
        "'extensions':{'VRM':{'materialProperties':[{'shader':'VRM_USE_GLTFSHADER'}]}},"));
    assert_false(look()->flat_light);
    // Alpha, sides, and texture coordinates that are not there.
    assert_true(
        parse_primitive(plain, "'alphaMode':'MASK','alphaCutoff':0.3,'doubleSided':true", ""));
    assert_true(fabsf(look()->cutoff - 0.3f) < 1e-6f && look()->both_sides && !look()->blended);
    assert_true(parse_primitive(plain, "'alphaMode':'BLEND'", ""));
    assert_true(look()->cutoff < 0 && look()->blended && !look()->both_sides);
    // Normals that are not there are the triangles'.
    assert_near(a.vertex[4].normal, 0, 0, 1);
    mien_avatar_destroy(&a);
}

// Colours of bytes, positions of 16-bit fractions, one after the other in a vertex; two sets of
// texture coordinates, of which the second is asked for, moved, turned and scaled.
static void quantised_and_interleaved(void **state)
{
    struct {
        int16_t position[3], pad;
        uint8_t color[4], uv[2][2];
    } v[3] = {{{32767, 0, 0}, 0, {255, 0, 51, 255}, {{0, 0}, {255, 0}}},
              {{0, -32768, 0}, 0, {0, 255, 51, 255}, {{0, 0}, {0, 255}}},
              {{0, 0, 16384}, 0, {0, 0, 51, 128}, {{0, 0}, {0, 0}}}};
    char hex[3 * sizeof(v) + 1], *out = hex;
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *d = (const uint8_t *)v;
    assert_int_equal(sizeof(v) % 3, 0);
    for (size_t i = 0; i < sizeof(v); i += 3) {
        unsigned n = (unsigned)d[i] << 16 | (unsigned)d[i + 1] << 8 | d[i + 2];
        for (int k = 18; k >= 0; k -= 6) {
            *out++ = digit[n >> k & 63];
        }
    }
    *out = 0;
    assert_true(parse(
        "{'asset':{'version':'2.0'},'extensionsRequired':['KHR_mesh_quantization'],"
        "'nodes':[{'mesh':0}],'meshes':[{'primitives':[{'attributes':{'POSITION':0,'COLOR_0':1,"
        "'TEXCOORD_0':2,'TEXCOORD_1':3},'material':0}]}],'materials':[{'pbrMetallicRoughness':{"
        "'baseColorTexture':{'index':0,'texCoord':0,'extensions':{'KHR_texture_transform':{"
        "'texCoord':1,'offset':[0.5,0.25],'scale':[2,1]}}}}}],'textures':[{'source':0}],"
        "'images':[{'uri':'data:image/"
        "png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADEl"
        "EQVR42mM4kWIEAANWAV/W6lf+AAAAAElFTkSuQmCC'}],'accessors':["
        "{'bufferView':0,'componentType':5122,'normalized':true,'count':3,'type':'VEC3'},"
        "{'bufferView':0,'byteOffset':8,'componentType':5121,'normalized':true,'count':3,"
        "'type':'VEC4'},"
        "{'bufferView':0,'byteOffset':12,'componentType':5121,'normalized':true,'count':3,"
        "'type':'VEC2'},"
        "{'bufferView':0,'byteOffset':14,'componentType':5121,'normalized':true,'count':3,"
        "'type':'VEC2'}],'bufferViews':[{'buffer':0,'byteLength':%zu,'byteStride':%zu}],"
        "'buffers':[{'byteLength':%zu,'uri':'data:;base64,%s'}]}",
        sizeof(v), sizeof(v[0]), sizeof(v), hex));
    assert_near(at(0), 1, 0, 0);
    assert_near(at(1), 0, -1, 0);
    assert_near(at(2), 0, 0, 16384 / 32767.0f);
    assert_memory_equal(a.vertex[0].color, v[0].color, 4);
    assert_memory_equal(a.vertex[2].color, v[2].color, 4);
    assert_true(fabsf(a.vertex[0].uv[0] - 2.5f) < 1e-5f &&
                fabsf(a.vertex[0].uv[1] - 0.25f) < 1e-5f);
    assert_true(fabsf(a.vertex[1].uv[0] - 0.5f) < 1e-5f &&
                fabsf(a.vertex[1].uv[1] - 1.25f) < 1e-5f);
    mien_avatar_destroy(&a);
}

// A figure whose arms are spread out along x lets them down about the shoulders, whether its bones
// are named by VRM or by themselves; one whose arms hang keeps them.
static void arms_hang(void **state)
{
    for (int named = 0; named < 3; named++) {
        const char *elbow = named == 2 ? "[0.1,-0.5,0]" : "[0.5,0,0]";
        char text[1024];
        snprintf(
            text, sizeof(text),
            "%s'nodes':[{'mesh':0,'skin':0},{'name':'%s','children':[2],'translation':[0,1,0]},"
            "{'name':'%s','translation':%s},{'name':'Head','translation':[0,1.5,0]}],"
            "'skins':[{'joints':[1,2]}],",
            named ? ""
                  : "'extensions':{'VRMC_vrm':{'humanoid':{'humanBones':{'leftUpperArm':{"
                    "'node':1},'leftLowerArm':{'node':2},'head':{'node':3}}}}},",
            named ? "mixamorig:LeftArm" : "b1", named ? "mixamorig:LeftForeArm" : "b2", elbow);
        assert_true(
            parse("{'asset':{'version':'2.0'},%s"
                  "'meshes':[{'primitives':[{'attributes':{'POSITION':0},'indices':4}]}]," DATA "}",
                  text, sizeof(struct bytes), bytes_uri(1)));
        const float *p = a.node[2].world + 12;
        float down = 74 * (float)M_PI / 180;
        assert_true(a.arm[0] == 1 && a.elbow[0] == 2 && a.arm[1] < 0);
        if (named < 2) {
            assert_near(p, 0.5f * cosf(down), 1 - 0.5f * sinf(down), 0);
        } else {
            assert_near(p, 0.1f, 0.5f, 0);
        }
    }
    mien_avatar_destroy(&a);
}

static void bones_and_shapes_move(void **state)
{
    assert_true(parse(FILE_OF("", "'jawOpen'", "Head", ",'skin':0", ONE), sizeof(struct bytes),
                      bytes_uri(1)));
    struct mien_avatar_drive d = {0};
    assert_true(a.has[MIEN_BS_JAW_OPEN] && a.head == 2 && a.neck < 0);
    d.channel[MIEN_BS_JAW_OPEN] = 0.5f;
    mien_avatar_pose(&a, &d);
    assert_near(at(4), 0.1f, 1, 0.05f);
    assert_near(at(1), 0.1f, 0, 0);
    d.turn[1] = (float)M_PI / 2; // to its left: x goes to -z, z to x
    mien_avatar_pose(&a, &d);
    assert_near(at(4), 0.05f, 1, -0.1f);
    assert_near(at(5), 0.05f, 1.1f, 0);
    assert_near(at(1), 0.1f, 0, 0); // the body's
    assert_near(a.vertex[4].normal, 1, 0, 0);
    // Without a head's bone nothing turns here: who draws it turns it as a whole.
    assert_true(parse(FILE_OF("", "'jawOpen'", "Hips", ",'skin':0", ONE), sizeof(struct bytes),
                      bytes_uri(1)));
    mien_avatar_pose(&a, &d);
    assert_true(a.whole);
    assert_near(at(4), 0.1f, 1, 0.05f);
    mien_avatar_destroy(&a);
}

static void names_are_found(void **state)
{
    static const struct {
        const char *name;
        int channel;
    } cases[] = {{"eyeBlinkLeft", MIEN_BS_EYE_BLINK_LEFT},
                 {"EyeBlink_L", MIEN_BS_EYE_BLINK_LEFT},
                 {"eyeBlink_R", MIEN_BS_EYE_BLINK_RIGHT},
                 {"Face.M_F00_eyeBlinkRight", MIEN_BS_EYE_BLINK_RIGHT},
                 {"blendShape1.mouthSmile_L", MIEN_BS_MOUTH_SMILE_LEFT},
                 {"jaw_open", MIEN_BS_JAW_OPEN},
                 {"mouthOpen", MIEN_BS_JAW_OPEN},
                 {"A", MIEN_AVATAR_VRM + MIEN_VRM_A},
                 {"Blink_L", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L},
                 {"blinkRight", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R},
                 {"eyesClosed", MIEN_AVATAR_BLINK},
                 {"viseme_aa", MIEN_AVATAR_VRM + MIEN_VRM_A},
                 {"vrc.v_oh", MIEN_AVATAR_VRM + MIEN_VRM_O},
                 {"Fcl_MTH_U", MIEN_AVATAR_VRM + MIEN_VRM_U},
                 {"Fcl_EYE_Close_R", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R},
                 {"Fcl_EYE_Close", MIEN_AVATAR_BLINK},
                 {"Fcl_ALL_Sorrow", MIEN_AVATAR_VRM + MIEN_VRM_SORROW},
                 {"あ", MIEN_AVATAR_VRM + MIEN_VRM_A},
                 {"まばたき", MIEN_AVATAR_BLINK},
                 {"ウィンク右", MIEN_AVATAR_VRM + MIEN_VRM_BLINK_R},
                 {"Surprised", MIEN_AVATAR_SURPRISED}};
    for (size_t i = 0; i < MIEN_COUNT(cases); i++) {
        char file[4096];
        snprintf(file, sizeof(file), "%s", FILE_OF("", "'@'", "Head", ",'skin':0", ONE));
        char *mark = strchr(file, '@'), whole[4096];
        snprintf(whole, sizeof(whole), "%.*s%s%s", (int)(mark - file), file, cases[i].name,
                 mark + 1);
        quote_json(whole);
        char text[8192];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), whole, sizeof(struct bytes), bytes_uri(1));
#pragma GCC diagnostic pop
        assert_true(mien_avatar_parse(&a, text, strlen(text), NULL, &why));
        for (int c = 0; c < MIEN_AVATAR_CHANNELS; c++) {
            if (a.has[c] != (c == cases[i].channel)) {
                fail_msg("\"%s\" and channel %d", cases[i].name, c);
            }
        }
        mien_avatar_destroy(&a);
    }
    // What ARKit's shapes do, VRM's expressions do not do again.
    assert_true(parse(FILE_OF("", "'jawOpen','A','Joy'", "Head", ",'skin':0", ONE "," ONE "," ONE),
                      sizeof(struct bytes), bytes_uri(1)));
    assert_true(a.has[MIEN_BS_JAW_OPEN] && !a.has[MIEN_AVATAR_VRM + MIEN_VRM_A] &&
                a.has[MIEN_AVATAR_VRM + MIEN_VRM_JOY]);
    mien_avatar_destroy(&a);
}

// A figure of two bones and two shapes, with what a VRM says of it.
static bool parse_extended(const char *extensions)
{
    return parse("{'asset':{'version':'2.0'},'scenes':[{'nodes':[0,1]}],%s"
                 "'nodes':[{'mesh':0,'skin':0},{'children':[2]},{'translation':[0,1,0]}],"
                 "'skins':[{'joints':[1,2],'inverseBindMatrices':5}],"
                 "'meshes':[{'primitives':[{'attributes':{'POSITION':0,'JOINTS_0':2,"
                 "'WEIGHTS_0':3},'indices':4," TARGETS(ONE "," ONE) "}]}]," DATA "}",
                 extensions, sizeof(struct bytes), bytes_uri(1));
}

static void vrm_is_read(void **state)
{
    // 0.x: bones and shapes by their numbers, per cents, looking along -z.
    static const char zero[] =
        "'extensions':{'VRM':{'humanoid':{'humanBones':[{'bone':'head','node':2}]},"
        "'blendShapeMaster':{'blendShapeGroups':[{'presetName':'a','binds':[{'mesh':0,'index':0,"
        "'weight':50}]},{'presetName':'unknown','name':'jawForward','binds':[{'mesh':0,'index':1,"
        "'weight':100}]}]}}},";
    struct mien_avatar_drive d = {0};
    assert_true(parse_extended(zero));
    assert_true(a.head == 2 && a.has[MIEN_AVATAR_VRM + MIEN_VRM_A] && a.has[MIEN_BS_JAW_FORWARD]);
    d.channel[MIEN_AVATAR_VRM + MIEN_VRM_A] = 1;
    mien_avatar_pose(&a, &d);
    assert_near(at(4), -0.1f, 1, -0.05f); // turned round, and half of the shape
    // 1.0: members, a node instead of a mesh, weights up to 1.
    static const char one[] =
        "'extensions':{'VRMC_vrm':{'humanoid':{'humanBones':{'head':{'node':2}}},'expressions':{"
        "'preset':{'blinkLeft':{'morphTargetBinds':[{'node':0,'index':0,'weight':1}]}},"
        "'custom':{'TongueOut':{'morphTargetBinds':[{'node':0,'index':1,'weight':1}]}}}}},";
    assert_true(parse_extended(one));
    assert_true(a.has[MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L] && a.has[MIEN_BS_TONGUE_OUT]);
    memset(&d, 0, sizeof(d));
    d.channel[MIEN_AVATAR_VRM + MIEN_VRM_BLINK_L] = 1;
    mien_avatar_pose(&a, &d);
    assert_near(at(4), 0.1f, 1, 0.1f);
    // An expression that is all or nothing, in either version.
    static const char *const binary[] = {
        "'extensions':{'VRMC_vrm':{'expressions':{'preset':{'aa':{'isBinary':true,"
        "'morphTargetBinds':[{'node':0,'index':0,'weight':1}]}}}}},",
        "'extensions':{'VRM':{'blendShapeMaster':{'blendShapeGroups':[{'presetName':'a','isBinary':"
        "true,'binds':[{'mesh':0,'index':0,'weight':100}]}]}}},"};
    for (int k = 0; k < 4; k++) {
        assert_true(parse_extended(binary[k / 2]));
        memset(&d, 0, sizeof(d));
        d.channel[MIEN_AVATAR_VRM + MIEN_VRM_A] = k % 2 ? 0.6f : 0.4f;
        mien_avatar_pose(&a, &d);
        assert_true(fabsf(fabsf(at(4)[2]) - (k % 2 ? 0.1f : 0)) < 1e-5f);
    }
    mien_avatar_destroy(&a);
}

static void what_is_broken_is_refused(void **state)
{
    size_t n = sizeof(struct bytes);
    assert_false(parse(FILE_OF("", "'jawOpen'", "Head", ",'skin':0", ONE), n, bytes_uri(7)));
    refused("joint that is not there");
    assert_false(parse(FILE_OF("", "'jawOpen'", "Head", ",'skin':3", ONE), n, bytes_uri(1)));
    refused("skin is missing");
    assert_false(
        parse(FILE_OF("", "'jawOpen'", "Head", ",'skin':0", "{'POSITION':5}"), n, bytes_uri(1)));
    refused("do not match");
    assert_false(parse("{'asset':{'version':'2.0'},'nodes':[{'children':[1]},{'children':[0]}]}"));
    refused("form a loop");
    assert_false(parse("{'asset':{'version':'2.0'}}"));
    refused("no mesh");
    assert_false(parse("no glTF at all"));
    refused("neither");
    // A shape that is named but not there is nobody's.
    assert_true(
        parse(FILE_OF("", "'jawForward','jawOpen'", "Head", ",'skin':0", ONE), n, bytes_uri(1)));
    assert_true(a.has[MIEN_BS_JAW_FORWARD] && !a.has[MIEN_BS_JAW_OPEN]);
    char text[240];
    mien_avatar_describe(&a, text, sizeof(text));
    assert_non_null(strstr(text, "1 of ARKit's 52 shapes"));
    mien_avatar_destroy(&a);
}

static void a_face_drives(void **state)
{
    struct mien_face_result f = {.pose.t = {0, 0, -600}};
    struct mien_avatar_drive d, rest = {0};
    f.blendshape[MIEN_BS_JAW_OPEN] = 0.8f;
    f.action[MIEN_BS_JAW_OPEN] = 0.5f;
    f.expression[MIEN_EXPRESSION_SURPRISE] = NAN;
    mien_pose_from_angles(20, 0, 0, f.pose.R);
    f.gaze_deg[0][0] = f.gaze_deg[1][0] = 30; // further to its left than the head
    mien_avatar_drive_by(&f, false, &d);
    assert_true(fabsf(d.channel[MIEN_BS_JAW_OPEN] - 0.5f) < 1e-6f);
    assert_true(d.channel[MIEN_AVATAR_SURPRISED] == 0);
    assert_true(d.turn[1] > 0.3f && fabsf(d.turn[0]) < 0.01f);
    assert_true(fabsf(d.eye_deg[0][0] - 10) < 0.1f && d.channel[MIEN_AVATAR_LOOK_LEFT] > 0.2f &&
                d.channel[MIEN_AVATAR_LOOK_RIGHT] == 0);
    // A squint is its own head's alone.
    f.action[MIEN_BS_EYE_LOOK_OUT_LEFT] = f.blendshape[MIEN_BS_EYE_LOOK_OUT_LEFT] = 0.6f;
    f.action[MIEN_BS_EYE_LOOK_OUT_RIGHT] = f.blendshape[MIEN_BS_EYE_LOOK_OUT_RIGHT] = 0.2f;
    f.gaze_deg[1][0] = 20;
    mien_avatar_drive_by(&f, false, &d);
    assert_true(fabsf(d.channel[MIEN_BS_EYE_LOOK_OUT_LEFT] - 0.2f) < 1e-6f &&
                fabsf(d.channel[MIEN_BS_EYE_LOOK_IN_RIGHT] - 0.2f) < 1e-6f &&
                d.channel[MIEN_BS_EYE_LOOK_OUT_RIGHT] == 0);
    assert_true(fabsf(d.eye_deg[0][0] - 5) < 0.1f && fabsf(d.eye_deg[1][0] - 5) < 0.1f);
    mien_avatar_drive_by(&f, true, &d);
    assert_true(fabsf(d.channel[MIEN_BS_EYE_LOOK_OUT_RIGHT] - 0.2f) < 1e-6f);
    assert_true(fabsf(d.eye_deg[0][0] - 10) < 0.1f && fabsf(d.eye_deg[1][0]) < 0.1f);
    assert_true(fabsf(d.channel[MIEN_BS_JAW_OPEN] - 0.8f) < 1e-6f);
    mien_avatar_drive_toward(&d, &rest, 0.5f);
    assert_true(fabsf(d.channel[MIEN_BS_JAW_OPEN] - 0.4f) < 1e-6f);
}

RUN_TESTS(set_up, tear_down, cmocka_unit_test(own_head_is_the_model),
          cmocka_unit_test(eyes_have_iris_and_white),
          cmocka_unit_test(strips_and_fans_are_taken_apart), cmocka_unit_test(looks_are_read),
          cmocka_unit_test(quantised_and_interleaved), cmocka_unit_test(arms_hang),
          cmocka_unit_test(bones_and_shapes_move), cmocka_unit_test(names_are_found),
          cmocka_unit_test(vrm_is_read), cmocka_unit_test(what_is_broken_is_refused),
          cmocka_unit_test(a_face_drives))

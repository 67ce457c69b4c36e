// Things to wear from other people's glTF files: what the specification allows is read, what the
// file names is read only beside it or below, and no file takes more than a moment.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "json_text.h"
#include "view/gltf.h"
#include "view/prop.h"
#include "folder.h"
#include "patience.h"

static char dir[64];
static struct mien_why why;
static struct mien_prop prop;

static int set_up(void **state)
{
    return folder_make(dir, "gltf") ? 0 : -1;
}

static int tear_down(void **state)
{
    return folder_remove(dir);
}

static const char *in_dir(const char *name)
{
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

// A data: URI of any bytes (mien_free).
static char *uri(const void *data, size_t size)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *d = data;
    char *text = mien_calloc(size * 2 + 64, 1);
    int n = sprintf(text, "data:application/octet-stream;base64,");
    for (size_t i = 0; i < size; i += 3) {
        unsigned v = (unsigned)d[i] << 16 | (i + 1 < size ? (unsigned)d[i + 1] << 8 : 0) |
                     (i + 2 < size ? d[i + 2] : 0);
        for (int k = 0; k < 4; k++) {
            text[n++] = i + (size_t)k <= size ? digit[v >> (18 - 6 * k) & 63] : '=';
        }
    }
    return text;
}

// Reads a text, whose ' stand for ", as a file in a folder.
__attribute__((format(printf, 2, 3))) static bool parse(const char *folder, const char *format, ...)
{
    static char text[8 << 20];
    va_list list;
    va_start(list, format);
    int n = write_json(text, sizeof(text), format, list);
    va_end(list);
    assert_true(n < (int)sizeof(text));
    mien_prop_destroy(&prop);
    why.text[0] = 0;
    bool ok = mien_prop_parse(&prop, text, (size_t)n, folder, &why);
    assert_int_equal(ok, !why.text[0]);
    return ok;
}

#define HEAD "'asset':{'version':'2.0'}"
#define SCENE HEAD ",'scenes':[{'nodes':[0]}],'nodes':[{'mesh':0}]"
#define MESH(attributes, more) "'meshes':[{'primitives':[{'attributes':{" attributes "}" more "}]}]"
#define PLAIN MESH("'POSITION':0", ",'indices':1")
// Accessor 0: positions; 1: indices; 2: texture coordinates; further ones follow.
#define ARRAY(view, type, count, shape) \
    "{'bufferView':" #view ",'componentType':" #type ",'count':" #count ",'type':'" shape "'}"
#define ARRAYS(more)                                                                     \
    "'accessors':[" ARRAY(0, 5126, 4, "VEC3") "," ARRAY(1, 5123, 6, "SCALAR") "," ARRAY( \
        2, 5126, 4, "VEC2") more "]"
#define VIEW(at, length) "{'buffer':0,'byteOffset':" #at ",'byteLength':" #length "}"
#define VIEWS(more) "'bufferViews':[" VIEW(0, 48) "," VIEW(48, 12) "," VIEW(60, 32) more "]"
#define BYTES "'buffers':[{'byteLength':%zu,'uri':'%s'}]"

struct bytes {
    float position[4][3];
    uint16_t index[6];
    float uv[4][2];
    uint8_t more[64];
};
static const struct bytes two = { // a triangle that looks along z, and one along x
    .position = {{0, 0, 0}, {0.01f, 0, 0}, {0, 0.01f, 0}, {0, 0, 0.01f}},
    .index = {0, 1, 2, 0, 2, 3},
    .uv = {{0, 0}, {1, 0}, {0, 1}, {1, 1}}};

static void assert_near(const float *got, float x, float y, float z)
{
    if (!(fabsf(got[0] - x) < 1e-3f && fabsf(got[1] - y) < 1e-3f && fabsf(got[2] - z) < 1e-3f)) {
        fail_msg("%g %g %g, not %g %g %g", (double)got[0], (double)got[1], (double)got[2],
                 (double)x, (double)y, (double)z);
    }
}

static void missing_normals_are_flat(void **state)
{
    char *u = uri(&two, sizeof(two));
    assert_true(parse(NULL, "{" SCENE "," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                      sizeof(two), u));
    assert_int_equal(prop.vertices, 6); // the triangles share none: each has its own normal
    assert_int_equal(prop.indices, 6);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(prop.index[i], i);
        assert_near(prop.vertex[i].normal, i >= 3, 0, i < 3);
    }
    assert_near(prop.vertex[5].position, 0, 0, 10);
    // Without indices: in order.
    assert_false(parse(
        NULL, "{" SCENE "," MESH("'POSITION':0", "") "," ARRAYS("") "," VIEWS("") "," BYTES "}",
        sizeof(two), u)); // four: no whole triangles
    assert_true(parse(NULL,
                      "{" SCENE "," MESH("'POSITION':0", "") ",'accessors':[" ARRAY(
                          0, 5126, 3, "VEC3") "]," VIEWS("") "," BYTES "}",
                      sizeof(two), u));
    assert_int_equal(prop.vertices, 3);
    assert_near(prop.vertex[2].normal, 0, 0, 1);
    mien_free(u);
}

// KHR_mesh_quantization: positions of 16 bits, normals of 8, colours of 8, in strides of 4.
static void quantised_arrays_are_read(void **state)
{
    struct bytes b = two;
    const int16_t position[4][4] = {{0}, {32767}, {0, 32767}, {0, 0, -32767}};
    const int8_t normal[4][4] = {{0, 0, 127}, {0, 127}, {-128, 127}, {127}};
    memcpy(b.position, position, sizeof(position));
    memcpy(b.more, normal, sizeof(normal));
    memcpy(b.more + 16, (uint8_t[4]){255, 128, 0, 255}, 4);
    char *u = uri(&b, sizeof(b));
    assert_true(parse(
        NULL,
        "{'asset':{'version':'2.0','extras':{'anchor':'chin','scale':0.01}},"
        "'extensionsRequired':['KHR_mesh_quantization'],"
        "'scenes':[{'nodes':[0]}],'nodes':[{'mesh':0}]," MESH(
            "'POSITION':0,'NORMAL':2,'COLOR_0':3",
            ",'indices':1") ",'accessors':[{'bufferView':0,'componentType':5122,'normalized':true,'"
                            "count':4,'type':'VEC3'}," ARRAY(
                                1, 5123, 6, "SCALAR") ","
                                                      "{'bufferView':2,'"
                                                      "componentType':5120,'"
                                                      "normalized':true,'count':4,"
                                                      "'type':'VEC3'}," ARRAY(
                                                          3, 5121, 4,
                                                          "VEC4") "],'bufferViews'"
                                                                  ":["
                                                                  "{'buffer':0,'"
                                                                  "byteLength':32,"
                                                                  "'byteStride':8}"
                                                                  "," VIEW(48, 12) ","
                                                                                   "{'"
                                                                                   "buffer'"
                                                                                   ":0,'"
                                                                                   "byteOff"
                                                                                   "set':"
                                                                                   "92,'"
                                                                                   "byteLen"
                                                                                   "gth':"
                                                                                   "16},"
                                                                                   "{'"
                                                                                   "buffer'"
                                                                                   ":0,'"
                                                                                   "byteOff"
                                                                                   "set':"
                                                                                   "108,'"
                                                                                   "byteLen"
                                                                                   "gth':"
                                                                                   "16}]"
                                                                                   "," BYTES "}",
        sizeof(b), u));
    assert_int_equal(prop.anchor, MIEN_ANCHOR_CHIN);
    assert_int_equal(prop.vertices, 4);
    assert_near(prop.vertex[1].position, 10, 0, 0);
    assert_near(prop.vertex[3].position, 0, 0, -10);
    assert_near(prop.vertex[0].normal, 0, 0, 1);
    assert_near(prop.vertex[2].normal, -0.70711f, 0.70711f, 0);          // -128 is -1, as -127 is
    assert_int_equal(prop.vertex[0].color[0], (int)lroundf(255 * 0.8f)); // of the plain material
    assert_int_equal(prop.vertex[0].color[1], (int)lroundf(128 * 0.8f));
    assert_int_equal(prop.vertex[0].color[2], 0);
    mien_free(u);
}

static void sparse_arrays_are_read(void **state)
{
    struct bytes b = two;
    const float moved[3] = {0.02f, 0.03f, 0.04f};
    b.more[0] = 2;
    memcpy(b.more + 4, moved, sizeof(moved));
    char *u = uri(&b, sizeof(b));
    static const char *const based[2] = {"'bufferView':0,", ""}; // without a view: on zeros
    for (int i = 0; i < 4; i++) {
        b.more[0] = i == 2 ? 4 : 2; // element 4 of 4 is not there
        mien_free(u);
        u = uri(&b, sizeof(b));
        bool ok = parse(
            NULL,
            "{" SCENE "," PLAIN ",'accessors':[{%s'componentType':5126,'count':4,"
            "'type':'VEC3','sparse':{'count':%d,'indices':{'bufferView':3,"
            "'componentType':5121},'values':{'bufferView':4}}}," ARRAY(
                1, 5123, 6, "SCALAR") "]," VIEWS("," VIEW(92, 1) "," VIEW(96, 12)) "," BYTES "}",
            based[i % 2], i == 3 ? 2 : 1, sizeof(b), u);
        assert_int_equal(ok, i < 2); // 3: two elements, bytes for one
        if (ok) {
            assert_near(prop.vertex[1].position, i ? 0 : 10, 0, 0);
            assert_near(prop.vertex[2].position, 20, 30, 40);
        }
    }
    mien_free(u);
}

static void file_without_scenes_shows_its_nodes(void **state)
{
    char *u = uri(&two, sizeof(two));
    // Node 1 is a child of 0; 2 stands alone; 3 has nothing.
    static const char nodes[] = "'nodes':[{'children':[1],'translation':[1,0,0]},"
                                "{'mesh':0,'translation':[0,1,0]},"
                                "{'mesh':0,'translation':[0,0,1]},{}],";
    assert_true(parse(NULL, "{" HEAD ",%s" PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}", nodes,
                      sizeof(two), u));
    assert_int_equal(prop.vertices, 12);
    assert_near(prop.vertex[0].position, 1000, 1000, 0);
    assert_near(prop.vertex[6].position, 0, 0, 1000);
    // A scene shows what it names, and one that is not there is told.
    assert_true(parse(NULL,
                      "{" HEAD ",'scene':1,'scenes':[{},{'nodes':[2]}],%s" PLAIN
                      "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                      nodes, sizeof(two), u));
    assert_int_equal(prop.vertices, 6);
    assert_false(parse(NULL,
                       "{" HEAD ",'scene':1,'scenes':[{'nodes':[2]}],%s" PLAIN
                       "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                       nodes, sizeof(two), u));
    assert_string_equal(why.text, "its scene is missing");
    mien_free(u);
}

static void required_extensions_are_named(void **state)
{
    char *u = uri(&two, sizeof(two));
    for (int i = 0; i < 3; i++) {
        static const char *const list[] = {"'KHR_texture_transform','KHR_mesh_quantization'",
                                           "'KHR_mesh_quantization','FOO_bar\\u001b'", "7"};
        bool ok = parse(NULL,
                        "{'extensionsRequired':[%s]," SCENE "," PLAIN
                        "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                        list[i], sizeof(two), u);
        assert_int_equal(ok, i == 0);
        assert_true(i != 1 || strstr(why.text, "FOO_bar?")); // plain text only
    }
    mien_free(u);
}

// A picture of four colours, the last one half transparent.
static void four_colours(const char *path)
{
    struct mien_image im = {0};
    assert_true(mien_image_create(&im, 2, 2, MIEN_FORMAT_RGBA8));
    memcpy(im.data, (uint8_t[8]){255, 0, 0, 255, 0, 255, 0, 255}, 8);
    memcpy(im.data + im.stride, (uint8_t[8]){0, 0, 255, 255, 9, 8, 7, 100}, 8);
    assert_true(mien_png_save(path, &im));
    mien_image_destroy(&im);
}

#define TEXTURED \
    SCENE "," MESH("'POSITION':0,'TEXCOORD_0':2", ",'indices':1,'material':0") "," ARRAYS("")

static void textures_are_read(void **state)
{
    char *u = uri(&two, sizeof(two));
    four_colours(in_dir("my skin.png"));
    assert_true(parse(
        dir,
        "{" TEXTURED "," VIEWS(
            "") ",'materials':[{'alphaMode':'MASK','alphaCutoff':0.25,"
                "'pbrMetallicRoughness':{'baseColorFactor':[0.5,1,1,1],"
                "'baseColorTexture':{'index':0,'extensions':{'KHR_texture_transform':"
                "{'offset':[0.5,0.25],'scale':[2,3],'rotation':1.57079633}}}}}],"
                "'textures':[{'source':0,'sampler':0}],'samplers':[{'wrapS':33071,"
                "'wrapT':33648,'magFilter':9728}],'images':[{'uri':'my%%20skin.png'}]," BYTES "}",
        sizeof(two), u));
    assert_int_equal(prop.textures, 1);
    assert_int_equal(prop.parts, 1);
    const struct mien_gltf_texture *t = &prop.texture[0];
    assert_int_equal(t->picture.format, MIEN_FORMAT_RGBA8);
    assert_memory_equal(t->picture.data, ((uint8_t[8]){255, 0, 0, 255, 0, 255, 0, 255}), 8);
    assert_memory_equal(t->picture.data + t->picture.stride + 4, ((uint8_t[4]){9, 8, 7, 100}), 4);
    assert_true(t->nearest && t->wrap[0] == MIEN_GLTF_CLAMP && t->wrap[1] == MIEN_GLTF_MIRROR);
    const struct mien_prop_part *part = &prop.part[0];
    assert_int_equal(part->texture, 0);
    assert_int_equal(part->count, 6);
    assert_true(part->cutoff == 0.25f && !part->blended);
    assert_int_equal(prop.vertex[0].color[0], 128);
    // Turned counter-clockwise as it is seen, v being downwards: u becomes -v, v becomes u.
    assert_near((float[3]){prop.vertex[1].uv[0], prop.vertex[1].uv[1]}, 0.5f, 0.25f - 2, 0);
    assert_near((float[3]){prop.vertex[2].uv[0], prop.vertex[2].uv[1]}, 0.5f + 3, 0.25f, 0);
    mien_free(u);
}

// JPEG inside a buffer; textures that look alike are one; what cannot be used is told.
static void pictures_come_from_anywhere(void **state)
{
    struct mien_image im = {0};
    void *jpeg;
    size_t size;
    assert_true(mien_image_create(&im, 16, 8, MIEN_FORMAT_RGB8));
    for (int i = 0; i < 8; i++) {
        memset(im.data + (size_t)i * im.stride, 200, 48);
    }
    assert_true(mien_jpeg_encode(&im, 95, &jpeg, &size));
    mien_image_destroy(&im);
    uint8_t *all = mien_calloc(sizeof(two) + size, 1);
    memcpy(all, &two, sizeof(two));
    memcpy(all + 92, jpeg, size);
    char *u = uri(all, 92 + size), *picture = uri(jpeg, size);
    static const char material[] = "'materials':[{'pbrMetallicRoughness':{'baseColorTexture':"
                                   "{'index':%d}}}],";
    char used[128];
    for (int i = 0; i < 2; i++) {
        snprintf(used, sizeof(used), material, i);
        assert_true(parse(
            NULL,
            "{" TEXTURED ",%s" VIEWS(
                ",{'buffer':0,'byteOffset':92,'byteLength':%zu}") ",'textures':[{'source':0},{'"
                                                                  "source':1}],"
                                                                  "'images':[{'bufferView':3,'"
                                                                  "mimeType':'image/"
                                                                  "jpeg'},{'uri':'%s'}]," BYTES "}",
            used, size, picture, 92 + size, u));
        assert_int_equal(prop.texture[0].picture.width, 16);
        assert_int_equal(prop.texture[0].picture.data[3], 255);
        assert_true(abs(prop.texture[0].picture.data[0] - 200) < 4);
        assert_int_equal(prop.texture[0].wrap[0], MIEN_GLTF_REPEAT);
        assert_int_equal(prop.vertex[0].color[0], 255); // the texture's colour counts alone
    }
    snprintf(used, sizeof(used), material, 0);
    static const char *const wrong[][3] = {
        {"{'source':0}", "{'uri':'data:;base64,AAAA'}", "neither a JPEG nor a PNG"},
        {"{'source':0}", "{'uri':'gone.png'}", "gone.png"},
        {"{'extensions':{'KHR_texture_basisu':{'source':0}}}", "{}",
         "of a kind that mien does not read"},
        {"{'source':0}", "{}", "a part of a buffer is missing"},
        {"", "", "a texture's picture is missing"},
        // Which one, by its number and by what the file calls it.
        {"{'source':0}", "{'name':'fur','uri':'data:;base64,AAAA'}", "texture 0, \"fur\", cannot"},
        {"{'source':0}", "{'name':'fur','uri':'gone.png'}", "texture 0, \"gone.png\", cannot"},
        {"{'source':0}", "{'uri':'data:;base64,AAAA'}", "texture 0 cannot be used: it is neither"}};
    for (size_t i = 0; i < MIEN_COUNT(wrong); i++) {
        assert_false(parse(dir,
                           "{" TEXTURED ",%s" VIEWS("") ",'textures':[%s],'images':[%s]," BYTES "}",
                           used, wrong[i][0], wrong[i][1], sizeof(two), u));
        if (!strstr(why.text, wrong[i][2])) {
            fail_msg("%zu: %s", i, why.text);
        }
    }
    mien_free(u);
    mien_free(picture);
    mien_free(jpeg);
    mien_free(all);
}

static void large_pictures_shrink(void **state)
{
    char *u = uri(&two, sizeof(two));
    for (int i = 0; i < 2; i++) {
        struct mien_image im = {0};
        assert_true(mien_image_create(&im, i ? 4097 : 3000, 2, MIEN_FORMAT_RGBA8));
        assert_true(mien_png_save(in_dir("long.png"), &im));
        mien_image_destroy(&im);
        assert_int_equal(
            parse(dir,
                  "{" TEXTURED
                  "," VIEWS("") ",'materials':[{'pbrMetallicRoughness':"
                                "{'baseColorTexture':{'index':0}}}],'textures':[{'source':0}],"
                                "'images':[{'uri':'long.png'}]," BYTES "}",
                  sizeof(two), u),
            !i);
        assert_true(i || prop.texture[0].picture.width == MIEN_PROP_TEXTURE_PX);
        assert_true(!i || strstr(why.text, "4097 x 2 pixels"));
    }
    // Sixteen that differ are read, not seventeen.
    four_colours(in_dir("skin.png"));
    for (int n = 16; n <= 17; n++) {
        static char primitives[4096], materials[4096], textures[4096], images[4096];
        char *at[4] = {primitives, materials, textures, images};
        for (int i = 0; i < n; i++) {
            const char *c = i ? "," : "";
            at[0] +=
                sprintf(at[0], "%s{'attributes':{'POSITION':0},'indices':1,'material':%d}", c, i);
            at[1] += sprintf(at[1], "%s{'pbrMetallicRoughness':{'baseColorTexture':{'index':%d}}}",
                             c, i);
            at[2] += sprintf(at[2], "%s{'source':%d}", c, i);
            at[3] += sprintf(at[3], "%s{'uri':'skin.png'}", c);
        }
        assert_int_equal(parse(dir,
                               "{" SCENE
                               ",'meshes':[{'primitives':[%s]}],'materials':[%s],'textures':[%s],"
                               "'images':[%s]," ARRAYS("") "," VIEWS("") "," BYTES "}",
                               primitives, materials, textures, images, sizeof(two), u),
                         n == 16);
        assert_true(n == 17 || (prop.textures == 16 && prop.parts == 16));
    }
    mien_free(u);
}

static void solid_things_come_first(void **state)
{
    char *u = uri(&two, sizeof(two));
    assert_true(parse(NULL,
                      "{" SCENE ",'meshes':[{'primitives':["
                      "{'attributes':{'POSITION':0},'indices':1,'material':0},"
                      "{'attributes':{'POSITION':0},'indices':1,'material':1},"
                      "{'attributes':{'POSITION':0},'indices':1,'material':1}]}],"
                      "'materials':[{'alphaMode':'BLEND','pbrMetallicRoughness':"
                      "{'baseColorFactor':[1,1,1,0.5]}},{'pbrMetallicRoughness':"
                      "{'baseColorFactor':[1,1,1,0.5]}}]," ARRAYS("") "," VIEWS("") "," BYTES "}",
                      sizeof(two), u));
    assert_int_equal(prop.parts, 2); // those that look alike are one
    assert_int_equal(prop.opaque, 12);
    assert_true(!prop.part[0].blended && prop.part[0].first == 0 && prop.part[0].count == 12);
    assert_true(prop.part[1].blended && prop.part[1].first == 12 && prop.part[1].count == 6);
    assert_int_equal(prop.vertex[0].color[3], 255); // solid, whatever alpha says
    assert_int_equal(prop.vertex[12].color[3], 128);
    mien_free(u);
}

static bool parse_buffer(const char *folder, const char *name)
{
    return parse(folder, "{" SCENE "," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                 sizeof(two), name);
}

static void files_beside_and_below_are_read(void **state)
{
    char inner[160], path[256], home[200];
    snprintf(inner, sizeof(inner), "%s/props", dir);
    assert_int_equal(mkdir(inner, 0700), 0);
    snprintf(path, sizeof(path), "%s/parts", inner);
    assert_int_equal(mkdir(path, 0700), 0);
    static const char *const names[] = {"props/my ball.bin", "props/parts/a.bin", "secret.bin"};
    for (int i = 0; i < 3; i++) {
        assert_true(mien_file_save(in_dir(names[i]), &two, sizeof(two)));
    }
    assert_int_equal(symlink("../secret.bin", in_dir("props/link.bin")), 0);
    assert_int_equal(symlink("..", in_dir("props/up")), 0);
    assert_int_equal(mkfifo(in_dir("props/pipe"), 0600), 0);
    static const char *const good[] = {"my%20ball.bin", "my ball.bin", "./my%20ball.bin",
                                       "parts/a.bin", "parts//%61.bin"};
    for (size_t i = 0; i < MIEN_COUNT(good); i++) {
        if (!parse_buffer(inner, good[i])) {
            fail_msg("%s: %s", good[i], why.text);
        }
        assert_int_equal(prop.vertices, 6);
    }
    static const char *const bad[][2] = {{"../secret.bin", "outside the folder"},
                                         {"parts/../../secret.bin", "outside the folder"},
                                         {"%2e%2e/secret.bin", "outside the folder"},
                                         {"..%2fsecret.bin", "outside the folder"},
                                         {"link.bin", "it is a link"},
                                         {"up/secret.bin", "a link"},
                                         {"pipe", "it is no file"},
                                         {"parts", "it is no file"},
                                         {"gone.bin", "No such file"},
                                         {"", "it has no name"},
                                         {"http://127.0.0.1/a.bin", "not a file beside"},
                                         {"file:///etc/passwd", "not a file beside"},
                                         {"my%00ball.bin", "not a file beside"},
                                         {"/etc/passwd", "outside the folder"}};
    for (size_t i = 0; i < MIEN_COUNT(bad); i++) {
        assert_false(parse_buffer(inner, bad[i][0]));
        if (!strstr(why.text, bad[i][1])) {
            fail_msg("%s: %s", bad[i][0], why.text);
        }
    }
    snprintf(home, sizeof(home), "%s/secret.bin", dir);
    assert_false(parse_buffer(inner, home));
    assert_non_null(strstr(why.text, "outside the folder"));
    assert_false(parse_buffer(NULL, "my%20ball.bin"));
    assert_non_null(strstr(why.text, "it names another file"));
    // The folder of a file is the one it lies in.
    char *text = mien_calloc(4096, 1);
    snprintf(text, 4096, "{" SCENE "," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
             sizeof(two), "parts/a.bin");
    for (char *c = text; *c; c++) {
        *c = *c == '\'' ? '"' : *c;
    }
    assert_true(mien_file_save(in_dir("props/a.gltf"), text, strlen(text)));
    mien_free(text);
    mien_prop_destroy(&prop);
    assert_true(mien_prop_load(&prop, in_dir("props/a.gltf"), &why));
    assert_int_equal(prop.vertices, 6);
}

// The largest that may be read is shared by all files that are named.
static void named_files_are_bounded(void **state)
{
    assert_true(mien_file_save(in_dir("much.bin"), &two, sizeof(two)));
    assert_int_equal(truncate(in_dir("much.bin"), MIEN_GLTF_BYTES_MAX / 8 * 5), 0);
    for (int i = 0; i < 2; i++) { // positions from one, indices from the same or another
        assert_int_equal(parse(dir,
                               "{" SCENE "," PLAIN "," ARRAYS("") ",'bufferViews':[" VIEW(
                                   0, 48) ","
                                          "{'buffer':%d,'byteOffset':48,'byteLength':12}],"
                                          "'buffers':[{'byteLength':100,'uri':'much.bin'},"
                                          "{'byteLength':100,'uri':'much.bin'}]}",
                               i),
                         i == 0);
    }
    assert_non_null(strstr(why.text, "too large"));
}

static bool quick(int64_t since_ns)
{
    return used_ns() - since_ns < 5 * MIEN_NS_PER_S; // milliseconds; endless without bounds
}

static void node_graphs_end(void **state)
{
    static char nodes[1 << 20];
    char *u = uri(&two, sizeof(two)), *c = nodes;
    int64_t start = used_ns();
    // Each node has the next one twice: 2^60 ways to the mesh.
    for (int i = 0; i < 60; i++) {
        c += sprintf(c, "{'children':[%d,%d]},", i + 1, i + 1);
    }
    sprintf(c, "{'mesh':0}");
    for (int i = 0; i < 2; i++) {
        assert_true(parse(
            NULL, "{" HEAD "%s,'nodes':[%s]," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
            i ? "" : ",'scenes':[{'nodes':[0]}]", nodes, sizeof(two), u));
        assert_int_equal(prop.vertices, 6); // once
    }
    // Rings end, with scenes and without.
    for (int i = 0; i < 2; i++) {
        bool ok = parse(NULL,
                        "{" HEAD "%s,'nodes':[{'children':[1]},{'children':[0,1],'mesh':0}]," PLAIN
                        "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                        i ? "" : ",'scenes':[{'nodes':[0,0,1]}]", sizeof(two), u);
        assert_int_equal(ok, !i); // a ring has no root
        assert_true(!ok || prop.vertices == 6);
    }
    // A chain of 20,000 needs no stack of that depth.
    c = nodes;
    for (int i = 1; i <= 20000; i++) {
        c += sprintf(c, "{'children':[%d]},", i);
    }
    sprintf(c, "{'mesh':0}");
    assert_true(parse(NULL,
                      "{" HEAD ",'scenes':[{'nodes':[0]}],'nodes':[%s]," PLAIN
                      "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                      nodes, sizeof(two), u));
    assert_false(parse(NULL, "{" HEAD ",'scenes':[{'nodes':[7]}],'nodes':[{}]}"));
    assert_string_equal(why.text, "a node is missing");
    assert_true(quick(start));
    mien_free(u);
}

static void totals_are_bounded(void **state)
{
    enum { N = 59997, MANY = 300000 };
    static char primitives[1 << 20];
    char *c = primitives;
    int64_t start = used_ns();
    // A thousand primitives of one triangle each, all of the same sixty thousand vertices.
    float *position = mien_calloc(N * 3 + 3, sizeof(float));
    char *u = uri(position, (N * 3 + 3) * sizeof(float));
    for (int i = 0; i < 1000; i++) {
        c += sprintf(c, "%s{'attributes':{'POSITION':0},'indices':1}", i ? "," : "");
    }
    for (int few = 0; few < 2; few++) {
        if (few) {
            *strstr(primitives, ",{") = 0; // the first one alone
        }
        assert_int_equal(
            parse(NULL,
                  "{" SCENE ",'meshes':[{'primitives':[%s]}],'accessors':["
                  "{'bufferView':0,'componentType':5126,'count':%d,'type':'VEC3'}," ARRAY(
                      0, 5121, 3, "SCALAR") "],'bufferViews':[{'buffer':0,'byteLength':%zu}]," BYTES
                                            "}",
                  primitives, N, (N * 3 + 3) * sizeof(float), (N * 3 + 3) * sizeof(float), u),
            few);
    }
    assert_int_equal(prop.vertices, 3);
    mien_free(u);
    mien_free(position);
    // Nodes that show one mesh again and again; a mesh of too many primitives.
    u = uri(&two, sizeof(two));
    c = primitives;
    for (int i = 0; i < 20000; i++) {
        c += sprintf(c, "%s{'mesh':0}", i ? "," : "");
    }
    assert_false(parse(NULL,
                       "{" HEAD ",'nodes':[%s]," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                       primitives, sizeof(two), u));
    assert_string_equal(why.text, "it has too many vertices to be worn");
    mien_free(u);
    // Accessors without bytes behind them.
    static const long counts[] = {0, 60003, MANY + 1, 4000000000L};
    for (size_t i = 0; i < MIEN_COUNT(counts); i++) {
        assert_false(
            parse(NULL,
                  "{" SCENE
                  "," MESH("'POSITION':0", "") ",'accessors':["
                                               "{'componentType':5126,'count':%ld,'type':'VEC3'}]}",
                  counts[i]));
    }
    assert_true(quick(start));
}

static void large_json_is_refused(void **state)
{
    int64_t start = used_ns();
    char *zeros = mien_calloc(2 * MIEN_GLTF_ITEMS_MAX + 16, 1);
    for (int i = 0; i < MIEN_GLTF_ITEMS_MAX; i++) {
        memcpy(zeros + 2 * i, "0,", 2);
    }
    strcat(zeros, "0");
    assert_false(parse(NULL, "{" HEAD ",'extras':[%s]}", zeros));
    assert_non_null(strstr(why.text, "JSON is larger"));
    memset(zeros, '[', 100000);
    zeros[100000] = 0;
    assert_false(parse(NULL, "{" HEAD ",'extras':%s}", zeros));
    // Text is no list: its commas do not count.
    memset(zeros, ',', 600000);
    zeros[600000] = 0;
    assert_false(parse(NULL, "{" HEAD ",'extras':'\\\\%s'}", zeros));
    assert_string_equal(why.text, "there is no mesh in it");
    char *c = zeros;
    for (int i = 0; i <= MIEN_GLTF_MEMBERS_MAX; i++) {
        c += sprintf(c, "%s'k%d':0", i ? "," : "", i);
    }
    assert_false(parse(NULL, "{" HEAD ",'extras':{%s}}", zeros));
    assert_non_null(strstr(why.text, "JSON is larger"));
    mien_free(zeros);
    assert_true(quick(start));
}

static void bytes_outside_are_refused(void **state)
{
    char *u = uri(&two, sizeof(two));
    static const char *const views[][2] = {
        {VIEW(0, 48) "," VIEW(48, 12), NULL},
        {VIEW(0, 47) "," VIEW(48, 12), "reaches outside its data"},
        {VIEW(0, 48) "," VIEW(48, 11), "reaches outside its data"},
        {VIEW(150, 48) "," VIEW(48, 12), "a part of a buffer reaches outside it"},
        {VIEW(-1, 48) "," VIEW(48, 12), "a part of a buffer reaches outside it"},
        {VIEW(0, 48), "a part of a buffer is missing"},
        {"{'buffer':1,'byteLength':48}," VIEW(48, 12), "a buffer is missing"},
        {"{'buffer':0,'byteLength':48,'byteStride':4}," VIEW(48, 12), "reaches outside its data"},
        {VIEW(0, 48) "," VIEW(60, 12), "names a vertex that is not there"}};
    for (size_t i = 0; i < MIEN_COUNT(views); i++) {
        struct bytes b = two;
        b.uv[1][1] = 1;
        mien_free(u);
        u = uri(&b, sizeof(b));
        assert_int_equal(parse(NULL,
                               "{" SCENE "," PLAIN "," ARRAYS("") ",'bufferViews':[%s]," BYTES "}",
                               views[i][0], sizeof(b), u),
                         !views[i][1]);
        if (views[i][1] && !strstr(why.text, views[i][1])) {
            fail_msg("%zu: %s", i, why.text);
        }
    }
    assert_false(parse(NULL, "{" SCENE "," PLAIN "," ARRAYS("") "," VIEWS("") "," BYTES "}",
                       sizeof(two) + 3, u));
    assert_string_equal(why.text, "a buffer is longer than its data");
    mien_free(u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(missing_normals_are_flat),
        cmocka_unit_test(quantised_arrays_are_read),
        cmocka_unit_test(sparse_arrays_are_read),
        cmocka_unit_test(file_without_scenes_shows_its_nodes),
        cmocka_unit_test(required_extensions_are_named),
        cmocka_unit_test(textures_are_read),
        cmocka_unit_test(pictures_come_from_anywhere),
        cmocka_unit_test(large_pictures_shrink),
        cmocka_unit_test(solid_things_come_first),
        cmocka_unit_test(files_beside_and_below_are_read),
        cmocka_unit_test(named_files_are_bounded),
        cmocka_unit_test(node_graphs_end),
        cmocka_unit_test(totals_are_bounded),
        cmocka_unit_test(large_json_is_refused),
        cmocka_unit_test(bytes_outside_are_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

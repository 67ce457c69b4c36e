// Everything that rendered people are made from and that does not change from picture to picture:
// what is derived once from the face model, masks and noise made here, and data files.
//
// Immutable after load; any number of renderers on any threads share one.
// Does not: need the data folder. Without it there are no hair meshes, pictures or panoramas, and
// people get painted hair, procedural skin and plain light.
// Frame of reference: "rest" positions are the mean head in ICT-FaceKit's own axes, millimetres:
// x to the subject's left, y up, z out of the face, nose bridge (iBUG 27) at (0, 37.4, 107.3).
#ifndef MIEN_SYNTH_ASSETS_H
#define MIEN_SYNTH_ASSETS_H

#include "face/model.h"
#include "image/image.h"

enum {
    MIEN_SYNTH_UV = 512,    // side of the mask pictures over the face part's UV square
    MIEN_SYNTH_NOISE = 256, // side of the tiling noise
    MIEN_SYNTH_BROWS = 12,
    MIEN_SYNTH_HAIRS = 16,
    MIEN_SYNTH_ENVIRONMENTS = 64,
    MIEN_SYNTH_TEXTURES = 1024,
};

enum mien_synth_mask { // channels of the mask picture, 0…255
    MIEN_MASK_LIP,
    MIEN_MASK_BEARD,
    MIEN_MASK_MOUSTACHE,
    MIEN_MASK_CHEEK,
    MIEN_MASK_LID,
    MIEN_MASK_LASH,
    MIEN_MASK_FOLD,
    MIEN_MASK_FOREHEAD,
    MIEN_MASK_INSIDE,
    MIEN_MASK_UNDER_EYE,
    MIEN_MASK_RED,
    MIEN_MASK_LIP_LINE,
    MIEN_MASKS
};

struct mien_synth_hair {
    char name[24];
    int vertices, triangles, uvs;
    float *vertex;          // (V,3) rest mm
    float *normal;          // (V,3)
    int32_t *triangle;      // (T,3)
    int32_t *uv_triangle;   // (T,3)
    float *uv;              // (U,2) v up
    int size;               // of alpha and shade, a power of two
    uint8_t *alpha, *shade; // (size,size): coverage; brightness, mean about 128 where covered
    int32_t *bind;          // (V,3) head vertices whose identity displacement moves this one
};

struct mien_synth_environment {
    int width, height;
    float *pixel;     // (height,width,3) radiance, mean luminance 1; room for one more
    float sh[9][3];   // irradiance / pi as real spherical harmonics of the normal, order 2
    float sun[3];     // direction to the brightest part (environment axes, y up)
    float sun_rgb[3]; // its colour, luminance 1
    float contrast;   // share of the light that comes from there, 0…1
};

struct mien_synth_blob { // an encoded picture kept in memory
    void *data;
    size_t size;
};

struct mien_synth_assets {
    const struct mien_face_model *model; // borrowed
    float turn[9], origin[3];            // head frame = turn * rest + origin
    float *rest;                         // (V,3) mm
    float *place;      // (V,4) rest and the angle round the head's axis / 2pi: for shading
    float *ao;         // (V) share of the sky seen, 0…1
    float *scalp;      // (V) signed distance inside the hairline, in 10 mm
    uint8_t *eye_side; // (V) 1 left eyeball, 2 right, 0 none
    int32_t *skin, *inner, *eyes; // triangles drawn as skin / mouth and sockets / eyeballs (n,3)
    int32_t *inner_source;        // (inner) the model's triangle number
    int32_t *skin_uv; // (skin,3) corners in the model's uv; -1 for those not of the face part
    int skin_count, inner_count, eyes_count;
    int socket_count;                // the first of `inner` are the eye sockets
    uint8_t *mask;                   // (UV,UV,MIEN_MASKS), row 0 = v 1
    uint8_t *brow[MIEN_SYNTH_BROWS]; // (UV,UV) coverage of styles from thin to bushy
    uint8_t *noise; // (NOISE,NOISE,4): coarse, middle, fine, strands; mean 128, tiles

    int hairs;
    struct mien_synth_hair hair[MIEN_SYNTH_HAIRS];
    int environments;
    struct mien_synth_environment environment[MIEN_SYNTH_ENVIRONMENTS];
    int backgrounds;
    struct mien_synth_blob *background;
    int textures; // photographed skins in the face part's UV layout, sRGB, light taken out
    struct mien_image texture[MIEN_SYNTH_TEXTURES];
    float texture_mean[MIEN_SYNTH_TEXTURES][3]; // linear, over the inner face
};

// data_dir: training data, NULL for none; folders that it lacks are fine. texture_dir: *.jpg of
// unwrapped skin, one at least; NULL for none. A broken file is logged, named, and makes the load
// fail. `few` > 0 loads at most that many backgrounds (a quick start for one person). False on
// failure (logged).
bool mien_synth_assets_load(struct mien_synth_assets *a, const struct mien_face_model *m,
                            const char *data_dir, const char *texture_dir, int few);
void mien_synth_assets_destroy(struct mien_synth_assets *a); // idempotent

// The readers behind it; `name` is for messages. False on bad data (logged), never a crash.
bool mien_synth_hdr_parse(const void *data, size_t size, const char *name,
                          struct mien_synth_environment *e); // Radiance RGBE
bool mien_synth_obj_parse(char *text, const char *name,
                          struct mien_synth_hair *h); // text is cut up
void mien_synth_hair_destroy(struct mien_synth_hair *h);
// Between rest positions and the head frame.
void mien_synth_to_head(const struct mien_synth_assets *a, const float rest[3], float head[3]);
void mien_synth_to_rest(const struct mien_synth_assets *a, const float head[3], float rest[3]);
// The hairline's height (rest mm) over the angle 0…pi from straight ahead to the nape: straight
// lines between points, as a sum, so that loops over it have no branches.
static inline float mien_synth_hairline(float angle)
{
    static const float at[10][2] = {{0, 112},    {0.45f, 108}, {0.8f, 90},  {1.02f, 62},
                                    {1.22f, 30}, {1.45f, 34},  {1.62f, 50}, {1.9f, 0},
                                    {2.3f, -40}, {3.2f, -52}};
    float h = at[0][1];
    for (int i = 1; i < 10; i++) {
        float wide = at[i][0] - at[i - 1][0], t = angle - at[i - 1][0];
        t = t > 0 ? t : 0;
        h += (t < wide ? t : wide) * ((at[i][1] - at[i - 1][1]) / wide);
    }
    return h;
}
// Parts of the load, one file each.
bool mien_synth_make_masks(struct mien_synth_assets *a);
bool mien_synth_make_noise(struct mien_synth_assets *a);

#endif

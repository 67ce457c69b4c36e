// The renderer's inside: what its files share. Not for use outside src/synth.
#ifndef MIEN_SYNTH_FRAME_H
#define MIEN_SYNTH_FRAME_H

#include "synth/raster.h"
#include "synth/render.h"

enum {
    MIEN_SHADOW = 176, // side of the shadow map
    MIEN_PROP_VERTICES = 8192,
    MIEN_PROP_TRIANGLES = 16384,
    MIEN_SAMPLES = 2, // samples a pixel and axis
};

enum mien_object { // upper byte of a sample's id
    MIEN_OBJECT_NONE,
    MIEN_OBJECT_SKIN,
    MIEN_OBJECT_INNER,
    MIEN_OBJECT_EYE,
    MIEN_OBJECT_HAIR,
    MIEN_OBJECT_PROP,
};
// Where the neck turns, rest mm.
#define MIEN_NECK   \
    {               \
        0, -75, -15 \
    }

static inline uint32_t mien_object_id(enum mien_object o)
{
    return (uint32_t)o << 24;
}

enum mien_material {
    MIEN_MATERIAL_MATT,
    MIEN_MATERIAL_CLOTH,
    MIEN_MATERIAL_GLOSSY,
    MIEN_MATERIAL_SKIN,
    MIEN_MATERIAL_LENS
};

struct mien_synth_mesh { // camera frame
    int vertices, triangles;
    // (V,3), room for one float more; light: irradiance from the surroundings
    float *pos, *normal, *light, *color;
    mien_raster_vertex *screen;
    int32_t *triangle; // (T,3)
    uint8_t *material; // (T)
};

struct mien_synth_renderer {
    const struct mien_synth_assets *a;
    int width, height, sw, sh; // picture; samples
    struct mien_raster raster, shadow;
    // Head mesh.
    float identity[MIEN_IDENTITY];
    float child, strange;
    uint32_t strange_seed;
    bool has_base;
    float *base, *vertex, *normal, *pos,
        *light; // (V,3) and one more: with identity; head frame; camera frame
    mien_raster_vertex *screen, *shadow_screen; // room for the largest mesh
    // Hair mesh.
    struct mien_synth_mesh hair;
    struct mien_synth_mesh prop;
    int lens_first;           // props from this triangle on are lenses: blended, not in the raster
    float *color, *work;      // (sh,sw,3) linear light; (height,width,3)
    uint8_t *tone;            // 4096 steps of the camera's curve
    struct mien_batch *batch; // samples that wait to be shaded, see shade.h
    struct mien_jpeg_decoder *jpeg;
    struct mien_image background;
    // This picture.
    const struct mien_synth_person *p;
    const struct mien_synth_scene *s;
    struct mien_camera camera;
    struct mien_pose pose;
    float body[9];                               // body to camera
    float pivot[3];                              // base of the neck, head frame
    float landmark[MIEN_LANDMARKS_MAX][3];       // head frame, mm
    float landmark_grown[MIEN_LANDMARKS_MAX][3]; // how far childhood and strangeness move them
    float blendshape[MIEN_BLENDSHAPES];
    float sh_light[9][3]; // already scaled
    float to_env[9];      // camera frame to the environment's
    float sun[3];         // brightest part of the surroundings, camera frame
    float light_dir[3], light_rgb[3];
    float shadow_axis[3][3]; // camera frame to shadow map: right, down, towards the light
    float shadow_at[3];
    float head_grow[3]; // the skull's size over the mean one's
    float lid_y[2];     // upper lids, head frame
    float lip_z;
    float skin_gain[3]; // the person's tone over the photographed skin's
};

// child.c
// Moves the vertices of a adult's head (V,3; head frame) to those of a child's; child 0…1; nose:
// its tip on the adult.
void mien_synth_make_child(const struct mien_synth_assets *a, float child, const float nose[3],
                           float *vertex);
// How much thinner a child's neck is at a height (rest mm), and how far it is lifted there.
float mien_synth_child_neck(float child, float height, float *lift_mm);
// strange.c
// Bends the head's vertices (V,3; head frame) in ways that the face model does not know; strength
// 0…1.
void mien_synth_make_strange(const struct mien_synth_assets *a, float strength, uint32_t seed,
                             float *vertex);
// mesh.c
bool mien_synth_mesh_create(struct mien_synth_mesh *m, int vertices, int triangles);
void mien_synth_mesh_destroy(struct mien_synth_mesh *m);
void mien_synth_build_head(struct mien_synth_renderer *r); // morph, gaze, neck, normals, pose
void mien_synth_build_hair(struct mien_synth_renderer *r);
void mien_synth_light_mesh(struct mien_synth_renderer *r); // screen positions, irradiance
void mien_synth_irradiance(const struct mien_synth_renderer *r, const float n[3], float out[3]);
// props.c
void mien_synth_build_props(struct mien_synth_renderer *r);
// shade.c, shade_skin.c, shade_parts.c
void mien_synth_shade(struct mien_synth_renderer *r);
// background.c
void mien_synth_background(struct mien_synth_renderer *r);
// label.c
void mien_synth_label(const struct mien_synth_renderer *r, struct mien_label *l);
// post.c
void mien_synth_camera(struct mien_synth_renderer *r, struct mien_image *im);

static inline float mien_clamp01(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}
static inline float mien_smooth(float lo, float hi, float x)
{
    float t = mien_clamp01((x - lo) / (hi - lo));
    return t * t * (3 - 2 * t);
}
static inline float mien_dot(const float *a, const float *b)
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

#endif

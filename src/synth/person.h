// Who is seen and how: the numbers behind one rendered picture, drawn at random or set by hand.
//
// Does not: render. A person (who) and a scene (how they are seen now) are plain data.
// Colours are linear light, albedo 0…1. Lengths are mm, angles degrees, unless named otherwise.
#ifndef MIEN_SYNTH_PERSON_H
#define MIEN_SYNTH_PERSON_H

#include "base/rng.h"
#include "face/pose.h"
#include "synth/assets.h"

enum mien_synth_hair_kind { MIEN_HAIR_BALD, MIEN_HAIR_BUZZ, MIEN_HAIR_CAP, MIEN_HAIR_MESH };
enum mien_synth_glasses { MIEN_GLASSES_NONE, MIEN_GLASSES_CLEAR, MIEN_GLASSES_DARK };
enum mien_synth_hat {
    MIEN_HAT_NONE,
    MIEN_HAT_BEANIE,
    MIEN_HAT_BASEBALL,
    MIEN_HAT_BRIM,
    MIEN_HAT_SCARF
};
enum mien_synth_occluder {
    MIEN_OCCLUDER_NONE,
    MIEN_OCCLUDER_HAND,
    MIEN_OCCLUDER_OBJECT,
    MIEN_OCCLUDER_MASK
};

struct mien_synth_person {
    float identity[MIEN_IDENTITY];
    float age;     // 0 young … 1 old
    float child;   // 0 grown up … 1 about two years old
    float strange; // 0 as the face model has them … 1 bent in ways that it does not know
    uint32_t strange_seed;
    float skin[3];       // mean albedo
    int texture;         // index of a photographed skin, -1 = procedural
    float texture_share; // 0…1
    bool texture_flip;
    float mottle, pores, redness, freckles, gloss; // 0…1
    float noise_at[2];                             // where in the noise
    float lip[3], lip_share;                       // colour laid over the lips and how much
    float blush, eyeshadow, eyeliner;
    float eyeshadow_rgb[3];
    int brow; // style
    float brow_density, brow_rgb[3];
    float beard, moustache; // 0…1: shadow to full
    float beard_rgb[3];
    float hair_rgb[3], gray_share;
    enum mien_synth_hair_kind hair_kind;
    int hair;       // mesh
    float hairline; // 10 mm units the hairline recedes
    bool hair_flip;
    float hair_scale[3];
    float iris_rgb[3], iris_edge_rgb[3], iris_mm, pupil_mm, sclera_tint, lashes;
    float teeth_tint;
    enum mien_synth_glasses glasses;
    float rim_half_width, rim_half_height, rim_power, rim_thick, rim_rgb[3];
    float lens_opacity, lens_rgb[3], glasses_drop;
    enum mien_synth_hat hat;
    float hat_rgb[3], hat_low;
    float cloth_rgb[2][3];
    int collar; // 0 round neck, 1 shirt, 2 high neck, 3 bare shoulders
    float shoulder_mm;
};

struct mien_synth_scene {
    float blendshape[MIEN_BLENDSHAPES]; // look shapes are overwritten from the gaze,
    bool own_look;                      // … but not here: each eye looks where its shapes say
    float expression[MIEN_EXPRESSIONS];
    bool has_class;
    float gaze_yaw, gaze_pitch,
        gaze_distance_mm; // target from between the eyes, in the head's frame
    float yaw, pitch, roll;
    float body_yaw, body_pitch, body_roll;
    float frame_fov_deg, face_px, face_share; // landmark box in the picture, and in the whole frame
    float frame_at[2];                        // where in the frame the face is, -0.5…0.5
    float picture_at[2]; // where in the picture the face's box centre is, px from the middle
    bool fixed_camera;   // use camera and position below as they are
    struct mien_camera camera;
    float position[3];
    int environment;                              // -1 = plain light from above
    float environment_turn[3];                    // angles
    float ambient, ambient_rgb[3], white_balance; // 1: the surroundings' own tint is taken out
    float light, light_dir[3], light_rgb[3], light_soft; // directional, camera's frame
    float exposure, gamma;
    int background; // >= 0 picture, -1 environment, -2 colours
    float background_gain, background_blur, background_zoom, background_at[2];
    float background_rgb[2][3];
    float noise, chroma_noise, blur_px, motion_px, motion_angle, vignette, contrast, saturation;
    float tint[3];
    float low_resolution; // 1 = none, 2 = as if taken at half the size
    bool gray;
    bool nobody; // the person is not there: shoulders, a hand or a thing alone; no face
    int letters; // lines of lettering over the picture
    int jpeg_quality;
    enum mien_synth_occluder occluder;
    float occluder_at[2], occluder_turn, occluder_size, occluder_rgb[3];
    uint32_t noise_seed;
};

void mien_synth_person_sample(struct mien_synth_person *p, const struct mien_synth_assets *a,
                              struct mien_rng *r);
// Turns a sampled adult into a child of a random age: shape, skin, hair, body.
void mien_synth_person_make_child(struct mien_synth_person *p, struct mien_rng *r);
// Gives a sampled person a head of another make.
void mien_synth_person_make_strange(struct mien_synth_person *p, struct mien_rng *r);
// bank (count,52), may be NULL: expressions seen on photos to draw some from.
void mien_synth_scene_sample(struct mien_synth_scene *s, const struct mien_synth_assets *a,
                             const struct mien_synth_person *p, int size, const float *bank,
                             int bank_count, struct mien_rng *r);
// Turns a sampled scene into one before a webcam: a head near straight, plain light, nothing in
// front, a face large enough for every movement to be seen, and a lively one.
void mien_synth_scene_make_webcam(struct mien_synth_scene *s, int size, struct mien_rng *r);
// Takes away what makes a sampled picture hard: hat, glasses, things in front, and what a bad
// camera or light of more than light_max do. For pictures that measure or test something else.
void mien_synth_make_plain(struct mien_synth_person *p, struct mien_synth_scene *s,
                           float light_max);
// An expression: mixtures of prototypes (EMFACS), speech, common faces and single shapes; lively:
// more of the last. cls: one-hot when the function returns true (a prototype or neutral), else
// zero.
bool mien_synth_expression_sample(float blendshape[MIEN_BLENDSHAPES], float cls[MIEN_EXPRESSIONS],
                                  bool lively, struct mien_rng *r);
// Prototype k at an intensity 0…1 with its own variation.
void mien_synth_prototype(int k, float intensity, float blendshape[MIEN_BLENDSHAPES],
                          struct mien_rng *r);
// Viseme 0…14 (silence, PP, FF, TH, DD, kk, CH, SS, nn, RR, aa, E, ih, oh, ou) at a strength.
void mien_synth_viseme(int k, float strength, float blendshape[MIEN_BLENDSHAPES]);
enum { MIEN_SYNTH_VISEMES = 15 };

#endif

// The morphable model: ICT-FaceKit Light (Li et al. 2020, MIT licence) compiled into
// models/ict.face.
//
// vertex = mean + sum_i identity[i]*basis_i + sum_j blendshape[j]*shape_j (+ eyeballs rotate with
// the look shapes' own displacements), millimetres in the head frame (face/pose.h). The origin is
// fixed by the compiler (see MODEL.md) near the middle between the ears so that a nod moves it
// little. Immutable after load; any thread.
#ifndef MIEN_FACE_MODEL_H
#define MIEN_FACE_MODEL_H

#include "face/layout.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mien_part {     // of a triangle
    MIEN_PART_FACE,  // the narrow face, what a fit is judged on
    MIEN_PART_HEAD,  // rest of the face mesh, head and neck
    MIEN_PART_MOUTH, // mouth socket
    MIEN_PART_GUMS,  // gums and tongue
    MIEN_PART_TEETH,
    MIEN_PART_EYE_SOCKET,
    MIEN_PART_EYEBALL_LEFT,
    MIEN_PART_EYEBALL_RIGHT,
    MIEN_PART_OTHER, // lashes, eye occlusion, lacrimal fluid, where kept
    MIEN_PARTS
};
// Whether it is what one sees of a head from outside, but for the eyes.
static inline bool mien_part_is_skin(int part)
{
    return part == MIEN_PART_FACE || part == MIEN_PART_HEAD;
}

// A landmark is a point on the surface: a triangle and barycentric weights, or an iris centre.
struct mien_landmark {
    char name[24]; // "lid_upper_left_3"
    int32_t vertex[3];
    float weight[3];   // sum 1
    int16_t mirror;    // index of the landmark on the other side; itself when central
    int16_t mediapipe; // index among MediaPipe's 478 points, -1 when it has none
    float fit_weight;  // relative trust in a fit, 0…1 (cheek points slide: low)
    uint8_t region;    // enum mien_region
};
enum mien_region {
    MIEN_REGION_JAW,
    MIEN_REGION_BROW,
    MIEN_REGION_EYE,
    MIEN_REGION_IRIS,
    MIEN_REGION_NOSE,
    MIEN_REGION_MOUTH,
    MIEN_REGION_CHEEK,
    MIEN_REGION_FOREHEAD,
    MIEN_REGION_EAR,
    MIEN_REGIONS
};

struct mien_face_model {
    int vertices, triangles, uvs, landmarks;
    const float *mean;          // (V,3) mm
    const int32_t *triangle;    // (T,3) vertex indices, counter-clockwise seen from outside
    const int32_t *uv_triangle; // (T,3) indices into uv
    const float *uv;            // (U,2) within the part's picture, v up; 0…1, but on the skin
                                // (MIEN_PART_FACE, _HEAD, sockets) 0 <= u < 1 is the face's picture
    // (narrow face, ears, throat), 1 <= u < 2 the picture of head and neck
    const uint8_t *part;        // (T) enum mien_part
    const uint8_t *vertex_mask; // (V) bit p set: vertex belongs to part p (p < 8)
    const int32_t *mirror;      // (V) vertex on the other side, itself when central, -1 when none
    const struct mien_landmark *landmark; // (landmarks)
    // Landmarks only, gathered for the fit: contiguous (coefficient, landmark, 3).
    float *landmark_mean;       // (L,3)
    float *landmark_identity;   // (MIEN_IDENTITY,L,3)
    float *landmark_blendshape; // (MIEN_BLENDSHAPES,L,3)
    // The mirrored face's coefficient is this times the face's own (ICT's components are symmetric
    // or antisymmetric, to 0.1 % of their length): 1 or -1.
    float identity_mirror[MIEN_IDENTITY];
    int ibug[MIEN_IBUG]; // landmark nearest to each of the 68 iBUG points
    // Where people mark the 68 points: weights of the landmarks, sum 1 a point; unused terms weigh
    // 0.
    struct mien_ibug_point {
        int32_t landmark[MIEN_IBUG_TERMS];
        float weight[MIEN_IBUG_TERMS];
    } ibug_mix[MIEN_IBUG];
    const struct mien_ibug_shift *ibug_shift; // NULL: the file has none
    int iris[2];            // landmark index of the subject's left and right iris centre
    float eye_centre[2][3]; // mean eyeball centres (left, right), mm
    float eye_radius_mm;
    float jaw[8]
             [2]; // the lower outline from the chin to below the ear: distance from the middle, y
    int jaw_points;
    void *owned; // private
};

// By how much people mark the 68 points elsewhere than the mixtures say, as a linear function of
// the face's shape in the picture. Lengths are relative to the rms distance of `mean` from its
// middle.
enum { MIEN_IBUG_SHAPES = 24 };
struct mien_ibug_shift {
    float mean[MIEN_IBUG][2];                    // the middle is (0, 0), the rms distance from it 1
    float shape[MIEN_IBUG_SHAPES][MIEN_IBUG][2]; // projected on, faces have mean 0 and variance 1
    float shift[1 + MIEN_IBUG_SHAPES][MIEN_IBUG][2]; // of the mean, and for each unit of a shape
};

// path NULL = the shipped one. False on failure (logged). The file stays open: what only a mesh
// needs (9 MB, displacements of all vertices) is read from it when vertices are first asked for. If
// it was written over by then (logged), faces have the mean shape.
bool mien_face_model_load(struct mien_face_model *m, const char *path);
void mien_face_model_destroy(struct mien_face_model *m);
// identity (MIEN_IDENTITY) and blendshape (MIEN_BLENDSHAPES) may be NULL for zeros. out: (V,3) mm,
// head frame. Under 1 ms on one core: zero coefficients and untouched vertices cost nothing.
void mien_face_model_vertices(const struct mien_face_model *m, const float *identity,
                              const float *blendshape, float *out);
// `base` = mean + identity, kept by callers whose identity is locked (V,3); may be `out`.
void mien_face_model_add_blendshapes(const struct mien_face_model *m, const float *base,
                                     const float *blendshape, float *out);
// How far a blendshape at weight 1 moves a vertex, mm; no vertex for tongueOut.
void mien_face_model_blendshape(const struct mien_face_model *m, int b, int vertex, float out[3]);
void mien_face_model_landmarks(const struct mien_face_model *m, const float *identity,
                               const float *blendshape, float *out); // (L,3)
// The landmarks' places (L,3) on vertices (V,3), or the same of any value with three numbers a
// vertex.
void mien_face_model_gather(const struct mien_face_model *m, const float *v, float *out);
// Whether a triangle of the narrow face lies behind the face's lower outline, under chin and jaw:
// where the face, as people draw it, has ended.
bool mien_face_model_under_jaw(const struct mien_face_model *m, int triangle);
// How far a vertex of the mean face lies above that outline, which beyond its end goes on level,
// mm; at most 999.
float mien_face_model_above_jaw(const struct mien_face_model *m, int vertex);
// Area-weighted vertex normals, unit length. out: room for MIEN_NORMAL_ROOM floats a vertex, of
// which the first (V,3) are the answer. No allocation.
enum { MIEN_NORMAL_ROOM = 4 };
void mien_face_model_normals(const struct mien_face_model *m, const float *vertices, float *out);
// The landmarks of an eye's lids (left, right), round from the outer corner (names "lid_left_0" …):
// lid[k] opposite lid[16 - k]. False where the model has no such landmarks.
bool mien_face_model_lids(const struct mien_face_model *m, bool right, int lid[16]);
// What eyeBlink is to be multiplied by for this person's lids (left, right) to meet at 1. The model
// moves the lids of all people alike: the upper lid of a narrow eye would hang over the lower one,
// and a wide eye would stay open. For meshes that are shown; what is fitted or learned has its
// eyeBlink as it is.
void mien_face_model_lid_travel(const struct mien_face_model *m, const float *identity,
                                float travel[2]);
// Mean and identity of one face, kept while the identity stays the same (a tracked face's is held
// after its first seconds): evaluating it is the dearer half of a mesh. One thread at a time.
struct mien_face_base {
    const struct mien_face_model *model; // must stay
    float identity[MIEN_IDENTITY];
    float *vertices; // (V,3) mm, owned
    float travel[2]; // of the lids
    bool ready;
};
bool mien_face_base_init(struct mien_face_base *b, const struct mien_face_model *m);
void mien_face_base_destroy(struct mien_face_base *b); // a zeroed one too
// The vertices (V,3) without expression, until the next call.
const float *mien_face_base_of(struct mien_face_base *b, const float *identity);
// As mien_face_model_vertices, but with lids that meet at eyeBlink 1, whoever it is.
void mien_face_base_pose(struct mien_face_base *b, const float *identity, const float *blendshape,
                         float *out);
// From ICT-FaceKit's own axes to the head frame (millimetres there too): hair and other things made
// for the source's head. head = Rx(4.5 degrees) (source - (0, 12, 8)).
void mien_face_model_from_source(const float source_mm[3], float head_mm[3]);
// Point k of the iBUG 68 from a value at each landmark: value (landmarks) rows of `stride` floats,
// the first `n` are mixed into out.
void mien_face_model_ibug(const struct mien_face_model *m, int k, const float *value, int stride,
                          int n, float *out);
// The iBUG 68 where people would mark them in the picture: mixtures of landmark_px (landmarks), and
// the model's shift, if it has one. Mirrored landmarks give mirrored points. out (MIEN_IBUG) px.
void mien_face_model_mark(const struct mien_face_model *m, const float (*landmark_px)[2],
                          float (*out)[2]);

#endif

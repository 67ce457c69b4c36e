// libmien: a 3D face sensor for other programs. A picture in; faces with landmarks, head pose,
// blendshapes, expression, gaze and a mesh out.
//
//     char why[256];
//     struct mien *m = mien_create(NULL, why, sizeof why);
//     int n = mien_run(m, rgb, width, height, stride, time_ns);
//     for (int i = 0; i < n; i++) use(mien_face(m, i));
//     mien_destroy(m);
//
// Does not: open cameras, windows, files other than the models, or sockets; start threads; write to
// stderr; read a clock. The same frames and times give the same results on every run.
//
// Ownership: everything a handle returns belongs to it; faces are valid until its next mien_run,
// mien_reset or mien_destroy, tables (names, triangles, UV) until mien_destroy. Threads: one thread
// at a time may use a handle; different handles are independent.
// Errors: a function that can fail says so by its return value; mien_error_text has the words.
// Frames of reference: the picture's origin is top-left, x right, y down, pixel centres at
// integers. The camera looks along -z, x right, y up, millimetres. The head has x to the subject's
// left, y up, z out of the face; X_camera = R X_head + t. Angles in degrees: yaw > 0 turns the nose
// to the picture's right, pitch > 0 lifts it, roll > 0 turns the picture of the face clockwise. All
// matrices are row-major.
#ifndef MIEN_H
#define MIEN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MIEN_API __attribute__((visibility("default")))

enum {
    MIEN_FACE_LIMIT = 8,
    MIEN_LANDMARK_LIMIT = 256,
    MIEN_IBUG_COUNT = 68,
    MIEN_BLENDSHAPE_COUNT = 52,
    MIEN_EXPRESSION_COUNT = 8,
    MIEN_IDENTITY_COUNT = 60,
};

struct mien; // a sensor: models and the faces that it follows

struct mien_options {      // zero means default everywhere
    const char *model_dir; // folder of ict.face and the networks; NULL: the installed one
    float fov_deg;         // the camera's horizontal field of view; 0: f = 1.2 * the longer side
    int max_faces;         // 1…MIEN_FACE_LIMIT; 0: one for frames in time, all for stills
    int still;             // not 0: every picture is a new scene; nothing is followed or smoothed
    int quality;           // not 0: look at every face twice, mirrored: steadier, twice the time
    float filter;          // strength of smoothing; 0: default (1); < 0: none
    const char *network;   // NULL, "standard", or "clean": the licence-clean one of the same folder
};

struct mien_face {
    int id;           // the same while the face is followed, from 1
    int state;        // 1 new, 2 steady, 3 weak
    float confidence; // 0…1
    float box_px[4];  // x0, y0, x1, y1
    float R[9];       // head -> camera
    float t_mm[3];    // the head's origin (between the ears) in the camera's frame
    float yaw_deg, pitch_deg, roll_deg;
    float landmark68[MIEN_IBUG_COUNT][3]; // iBUG order: x, y px; z: depth relative to the head's
                                          // origin in px at its scale, towards the camera positive
    int landmark_count;                   // of the dense set; names: mien_landmark_name
    float landmark_px[MIEN_LANDMARK_LIMIT][2];
    float landmark_sigma_px[MIEN_LANDMARK_LIMIT]; // one standard deviation of a coordinate
    float blendshape[MIEN_BLENDSHAPE_COUNT]; // 0…1, what the mesh shows; mien_blendshape_name
    float action[MIEN_BLENDSHAPE_COUNT]; // the same, the calibrated neutral expression taken off
    float expression[MIEN_EXPRESSION_COUNT]; // probabilities, sum 1; mien_expression_name
    int expression_class;                    // the most probable
    float gaze_deg[2][2];                    // subject's left, right eye: yaw, pitch in the camera
                                             // (of a shut eye: where it looked before)
    int eye_shut[2];     // left, right: not 0 while it is shut, against the person's own open level
    int blinks;          // since the face is followed
    int expression_sure; // not 0: expression_class is clearly ahead of the next
    // Identity: 60 coefficients of the face model, in standard deviations of people, with one
    // standard deviation of each, and the number of the portrait network's estimates behind them
    // (0: none yet; identity_sigma is then 0, which means unknown).
    float identity[MIEN_IDENTITY_COUNT], identity_sigma[MIEN_IDENTITY_COUNT];
    int identity_looks;
    float fit_error; // rms distance of landmarks and mesh / size of the face
};

MIEN_API const char *mien_version(void); // "0.1.0"
// sizeof(struct mien_face) in the library: bindings compare it with their own.
MIEN_API size_t mien_face_size(void);

// Loads the models. NULL on failure; why (may be NULL) then says what is wrong.
MIEN_API struct mien *mien_create(const struct mien_options *options, char *why, size_t why_size);
MIEN_API void mien_destroy(struct mien *m); // NULL is fine

// One picture: 8-bit R, G, B; rows are stride bytes apart (stride >= 3 * width). It is borrowed for
// the call. time_ns: when it was taken, on any clock that goes on as the frames do (ignored for
// stills). Returns the number of faces, or -1 when the picture cannot be used.
MIEN_API int mien_run(struct mien *m, const uint8_t *rgb, int width, int height, ptrdiff_t stride,
                      int64_t time_ns);
MIEN_API int mien_face_count(const struct mien *m);                      // of the last run
MIEN_API const struct mien_face *mien_face(const struct mien *m, int i); // NULL outside 0…count-1
MIEN_API float mien_focal_px(const struct mien *m); // of the last run's camera; its centre is the
                                                    // middle of the picture
MIEN_API void mien_reset(struct mien *m);           // forgets the faces
// The present expression of each followed face becomes its neutral one over the next second of
// frames; forget not 0: back to none.
MIEN_API void mien_calibrate(struct mien *m, int forget);
// Whether two faces' identities are one person's: the natural logarithm of the likelihood ratio.
// Above 0 one person is likelier, below 0 two are; of two photographs of a person 88 % are above 0,
// of two people 17 %. Good for telling the people of one recording apart, not for recognising
// anybody. NAN with a network that has no portrait network ("clean").
MIEN_API float mien_compare_identities(const struct mien *m, const float a[MIEN_IDENTITY_COUNT],
                                       const float b[MIEN_IDENTITY_COUNT]);
// What went wrong last with this handle; "" when nothing did.
MIEN_API const char *mien_error_text(const struct mien *m);

// The mesh. All faces share triangles and UV; vertices are (n, 3) mm: in the head's frame, or
// in_camera not 0 in the camera's. mien_face_vertices returns 0, or -1 when there is no face i.
MIEN_API int mien_vertex_count(const struct mien *m);
MIEN_API int mien_face_vertices(struct mien *m, int i, int in_camera, float *xyz_mm);
// (n, 3) vertex indices, counter-clockwise seen from outside; n at *count.
MIEN_API const int32_t *mien_triangles(const struct mien *m, int *count);
// (n, 2) texture coordinates, v up, and for each triangle three indices into them. u in 0…1 is the
// picture of the face, u in 1…2 that of head and neck.
MIEN_API const float *mien_uv(const struct mien *m, int *count);
MIEN_API const int32_t *mien_uv_triangles(const struct mien *m, int *count);

MIEN_API int mien_landmark_count(const struct mien *m);
MIEN_API const char *mien_landmark_name(const struct mien *m, int i); // NULL outside
MIEN_API const char *mien_blendshape_name(int i); // ARKit's: "eyeBlinkLeft" …; NULL outside 0…51
MIEN_API const char *mien_expression_name(int i); // "neutral" …; NULL outside 0…7

#ifdef __cplusplus
}
#endif

#endif

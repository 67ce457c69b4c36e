// Gaze: eye directions from look blendshapes and back. Directions are unit vectors; angles are pose
// angles (yaw > 0 to the picture's right, pitch > 0 up). eye: 0 = the subject's left, 1 = right.
#ifndef MIEN_FACE_GAZE_H
#define MIEN_FACE_GAZE_H

#include "face/model.h"
#include "face/pose.h"

// Where the eye looks in the head frame: from the eyeball's centre through the iris centre.
void mien_gaze_direction(const struct mien_face_model *m, const float *blendshape, int eye,
                         float dir[3]);
// The same as angles in the camera's frame.
void mien_gaze_angles(const struct mien_face_model *m, const float R[9], const float *blendshape,
                      int eye, float *yaw_deg, float *pitch_deg);
// Look shapes (four of `blendshape`, in place) that turn the eye to these angles in the camera's
// frame; boxed to 0…1.
void mien_gaze_to_blendshapes(const struct mien_face_model *m, const float R[9], float yaw_deg,
                              float pitch_deg, int eye, float *blendshape);
void mien_direction_to_angles(const float dir[3], float *yaw_deg, float *pitch_deg);
void mien_direction_from_angles(float yaw_deg, float pitch_deg, float dir[3]);

// The eye's rotation in the head frame: identity looks straight out of the face. gaze: yaw, pitch
// in the camera's frame (struct mien_face_result).
void mien_gaze_rotation(const float R[9], const float gaze_deg[2], float eye[9]);

#endif

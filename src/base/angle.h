// Degrees and radians.
//
// Does not: know rotations (face/pose.h).
#ifndef MIEN_BASE_ANGLE_H
#define MIEN_BASE_ANGLE_H

#define MIEN_DEG_PER_RAD 57.29577951308232
#define MIEN_RAD_PER_DEG 0.017453292519943295

#endif

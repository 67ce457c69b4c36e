// Directions that a head is seen from: nine of yaw and three of pitch, 20 degrees apart; what lies
// beyond the outer ones counts to them.
#ifndef MIEN_FACE_DIRECTION_H
#define MIEN_FACE_DIRECTION_H

enum {
    MIEN_DIRECTION_YAWS = 9,
    MIEN_DIRECTION_PITCHES = 3,
    MIEN_DIRECTIONS = MIEN_DIRECTION_YAWS * MIEN_DIRECTION_PITCHES,
};
// Number of the direction, by pitch and then by yaw; the middle one is straight. -1 from behind,
// above or below, and for what is not finite.
int mien_direction(float yaw_deg, float pitch_deg);

#endif

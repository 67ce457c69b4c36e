// Rounds angles to the grid of directions.
#include "face/direction.h"

#include <math.h>

int mien_direction(float yaw_deg, float pitch_deg)
{
    static const float step_deg = 20;
    if (!(fabsf(yaw_deg) < 100) || !(fabsf(pitch_deg) < 70)) {
        return -1;
    }
    int a = (int)lroundf(yaw_deg / step_deg) + MIEN_DIRECTION_YAWS / 2,
        b = (int)lroundf(pitch_deg / step_deg) + MIEN_DIRECTION_PITCHES / 2;
    a = a < 0 ? 0 : a >= MIEN_DIRECTION_YAWS ? MIEN_DIRECTION_YAWS - 1 : a;
    b = b < 0 ? 0 : b >= MIEN_DIRECTION_PITCHES ? MIEN_DIRECTION_PITCHES - 1 : b;
    return b * MIEN_DIRECTION_YAWS + a;
}

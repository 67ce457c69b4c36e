// The nine basis functions and their cosine-lobe weights, written out.
#include "face/harmonics.h"

void mien_harmonics(const float n[3], float out[MIEN_SH])
{
    float x = n[0], y = n[1], z = n[2];
    out[0] = 0.282095f;
    out[1] = 0.488603f * y;
    out[2] = 0.488603f * z;
    out[3] = 0.488603f * x;
    out[4] = 1.092548f * x * y;
    out[5] = 1.092548f * y * z;
    out[6] = 0.315392f * (3 * z * z - 1);
    out[7] = 1.092548f * x * z;
    out[8] = 0.546274f * (x * x - y * y);
}

// Real spherical harmonics of order 2: how light depends on a direction (Ramamoorthi and Hanrahan
// 2001, "An Efficient Representation for Irradiance Environment Maps").
#ifndef MIEN_FACE_HARMONICS_H
#define MIEN_FACE_HARMONICS_H

enum { MIEN_SH = 9 };

// 1, y, z, x, xy, yz, 3z^2-1, xz, x^2-y^2 of a unit vector, each times its constant.
void mien_harmonics(const float n[3], float out[MIEN_SH]);

#endif

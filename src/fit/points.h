// Sums over landmarks: where a state puts them, what they cost, their rows of the Jacobian.
//
// Coordinates are kept apart, `st` floats each (landmarks padded to whole vectors): x is (3,st) mm
// in the head frame, wanted (2,st) px, trust (st) 1/px^2. Padding has no trust. Does not: know of
// priors, bounds, or which landmarks are usable.
#ifndef MIEN_FIT_POINTS_H
#define MIEN_FIT_POINTS_H

#include "face/pose.h"

// x += sum_k w[k] shape[k], shape (terms, n); shapes of no weight cost nothing.
void mien_fit_add_shapes(float *x, const float *shape, const float *w, int terms, int n);
// trust = given, less for landmarks whose normal (3,st) does not squarely face the camera, which is
// in direction v (head frame): hidden points count a twentieth.
void mien_fit_weigh(const float *given, const float *normal, const float v[3], int st,
                    float *trust);
// Sum of rho(s) = 18 (sqrt(1 + s/9) - 1), s = (r/sigma)^2; HUGE_VAL when a landmark is not before
// the camera. trust holds the landmark's own weight too, so s is taken with it: an untrusted point
// is less of an outlier.
double mien_fit_cost(const float *x, const float *wanted, const float *trust, int st,
                     const struct mien_camera *c, const struct mien_pose *p);
// The Jacobian's rows for the pose, J (6,2,st), the residuals e (2,st) and a (6,st), the
// derivatives by the head's coordinates, rows of x then of y; all times the square root of the
// landmark's weight, trust * rho' with rho' = 1/sqrt(1 + s/9).
void mien_fit_pose_rows(const float *x, const float *wanted, const float *trust, int st,
                        const struct mien_camera *c, const struct mien_pose *p, float *J, float *e,
                        float *a);
// Rows of shapes: J (terms,2,st) from a and shape (terms,3,st).
void mien_fit_shape_rows(const float *a, const float *shape, int terms, int st, float *J);

#endif

// Pose conventions: cases worked out by hand from what the other side says of its axes.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "face/gaze.h"
#include "sink/convention.h"

static const float deg = 57.29577951f;

static void close_to(const float *got, const float *want, int n, float tolerance)
{
    for (int i = 0; i < n; i++) {
        if (!(fabsf(got[i] - want[i]) <= tolerance)) {
            fail_msg("element %d is %g, not %g", i, (double)got[i], (double)want[i]);
        }
    }
}

static struct mien_pose pose(float yaw, float pitch, float roll, float x, float y, float z)
{
    struct mien_pose p = {.t = {x, y, z}};
    mien_pose_from_angles(yaw, pitch, roll, p.R);
    return p;
}

static void test_euler_orders_put_the_rotation_together_again(void **state)
{
    struct mien_pose p = pose(31, -17, 9, 0, 0, 0);
    float a[3], X[9], Y[9], Z[9], t[9], R[9];
    for (int order = 0; order < 2; order++) {
        order ? mien_euler_xyz(p.R, a) : mien_euler_yxz(p.R, a);
        mien_mat3_exp((float[]){a[0], 0, 0}, X);
        mien_mat3_exp((float[]){0, a[1], 0}, Y);
        mien_mat3_exp((float[]){0, 0, a[2]}, Z);
        mien_mat3_mul(order ? X : Y, order ? Y : X, t);
        mien_mat3_mul(t, Z, R);
        close_to(R, p.R, 9, 1e-5f);
    }
}

// Unity: an avatar along +z, its right hand at +x. A positive angle about +y turns +z to +x, so
// turning to the subject's left (our yaw > 0) is negative about y; about +x turns +y to +z: a nod
// down is positive, so lifting the nose (our pitch > 0) is negative.
static void test_unity(void **state)
{
    float q[4], s = sinf(15 / deg), c = cosf(15 / deg);
    mien_convention_unity(pose(30, 0, 0, 0, 0, 0).R, q);
    close_to(q, (float[]){0, -s, 0, c}, 4, 1e-5f);
    mien_convention_unity(pose(0, 30, 0, 0, 0, 0).R, q);
    close_to(q, (float[]){-s, 0, 0, c}, 4, 1e-5f);
    // roll > 0: the head's top goes to the subject's left, from +y to -x: positive about z.
    mien_convention_unity(pose(0, 0, 30, 0, 0, 0).R, q);
    close_to(q, (float[]){0, 0, s, c}, 4, 1e-5f);
    float m[3];
    mien_convention_unity_position((float[]){100, 200, 300}, m);
    close_to(m, (float[]){-0.1f, 0.2f, 0.3f}, 3, 1e-6f);
}

static void test_arkit_and_livelink(void **state)
{
    float a[3];
    mien_convention_arkit(pose(30, 0, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){0, 30, 0}, 3, 1e-3f);
    mien_convention_arkit(pose(0, 20, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){-20, 0, 0}, 3, 1e-3f);
    mien_convention_arkit(pose(0, 0, 10, 0, 0, 0).R, a);
    close_to(a, (float[]){0, 0, -10}, 3, 1e-3f);
    mien_convention_livelink(pose(30, 0, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){30 / deg, 0, 0}, 3, 1e-5f);
    mien_convention_livelink(pose(0, 20, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){0, 20 / deg, 0}, 3, 1e-5f);
    mien_convention_livelink(pose(0, 0, 10, 0, 0, 0).R, a);
    close_to(a, (float[]){0, 0, -10 / deg}, 3, 1e-5f);
}

// A face that looks straight: x 180, y 0, z 90 degrees, the quaternion of
// [[0,1,0],[1,0,0],[0,0,-1]], and a depth behind the camera. Its receiver takes 90 and 180 off
// (OpenSee.cs).
static void test_openseeface(void **state)
{
    struct mien_openseeface_pose o;
    float h = sqrtf(0.5f);
    struct mien_pose p = pose(0, 0, 0, 50, 20, -600);
    mien_convention_openseeface(&p, (float[]){0, 0, 100}, 100, &o);
    close_to(&(float){fabsf(o.euler_deg[0])}, (float[]){180}, 1, 0.05f);
    close_to(o.euler_deg + 1, (float[]){0, 90}, 2, 0.05f);
    close_to(o.q, (float[]){h, h, 0, 0}, 4, 1e-5f);
    close_to(o.t, (float[]){0.2f, -0.5f, -5}, 3, 1e-5f);
    // Turned: the rotation maps a point of its model to the image as ours does. A point of the head
    // beside the nose, projected with x down and y right over a negative depth.
    struct mien_camera cam = mien_camera_make(640, 480, 60);
    p = pose(25, -10, 15, 30, -40, -700);
    float nose[3] = {0, -5, 95}, px[2], X[3];
    mien_convention_openseeface(&p, nose, 140, &o);
    mien_mat3_mul_vec(p.R, nose, X);
    for (int k = 0; k < 3; k++) {
        X[k] += p.t[k];
    }
    assert_true(mien_camera_project(&cam, X, px));
    float down = cam.f_px * o.t[0] / o.t[2], right = cam.f_px * o.t[1] / o.t[2];
    close_to(&right, (float[]){px[0] - cam.cx_px}, 1, 0.01f);
    close_to(&down, (float[]){px[1] - cam.cy_px}, 1, 0.01f);
    // Its quaternion is the inverse's. Turn it back and see where the face points: out of the nose
    // is model (0,0,1); in a camera (down, right) with both signs turned round.
    float q[4] = {-o.q[0], -o.q[1], -o.q[2], o.q[3]};
    float z[3] = {2 * (q[0] * q[2] + q[1] * q[3]), 2 * (q[1] * q[2] - q[0] * q[3]),
                  1 - 2 * (q[0] * q[0] + q[1] * q[1])};
    close_to(z, (float[]){p.R[5], -p.R[2], -p.R[8]}, 3, 1e-5f);
    float point[3];
    mien_convention_openseeface_point((float[]){-30, 40, 50}, nose, 100, point);
    close_to(point, (float[]){0.3f, 0.45f, -0.45f}, 3, 1e-5f);
}

// What OpenSeeFace's own Unity component (OpenSeeIKTarget.cs) makes of it: the quaternion
// (-y, -x, z, w) after the inverse of the one for a straight face is the avatar's rotation, and
// (y, x, z) of the translation its movement. That must be what we say to Unity ourselves.
static void test_openseeface_arrives_in_unity(void **state)
{
    static const float nose[3] = {0, 0, 100};
    struct mien_openseeface_pose o, straight;
    struct mien_pose ahead = pose(0, 0, 0, 0, 0, -600), p = pose(30, -12, 7, -40, 60, -500);
    mien_convention_openseeface(&ahead, nose, 100, &straight);
    mien_convention_openseeface(&p, nose, 100, &o);
    float a[4] = {-o.q[1], -o.q[0], o.q[2], o.q[3]};
    float b[4] = {straight.q[1], straight.q[0], -straight.q[2], straight.q[3]}, q[4], want[4];
    q[0] = a[3] * b[0] + a[0] * b[3] + a[1] * b[2] - a[2] * b[1];
    q[1] = a[3] * b[1] - a[0] * b[2] + a[1] * b[3] + a[2] * b[0];
    q[2] = a[3] * b[2] + a[0] * b[1] - a[1] * b[0] + a[2] * b[3];
    q[3] = a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2];
    mien_convention_unity(p.R, want);
    for (int i = 0; i < 4; i++) {
        want[i] = q[3] < 0 ? -want[i] : want[i];
    }
    close_to(q, want, 4, 1e-5f);
    struct mien_pose moved = pose(0, 0, 0, -40, 60, -500);
    mien_convention_openseeface(&moved, nose, 100, &o);
    float t[3] = {o.t[1] - straight.t[1], o.t[0] - straight.t[0], o.t[2] - straight.t[2]};
    close_to(t, (float[]){0.4f, 0.6f, 1}, 3, 1e-4f); // right, up, forward
}

static void test_opentrack(void **state)
{
    double v[6];
    struct mien_pose p = pose(10, 20, 30, 100, 50, -600);
    mien_convention_opentrack(&p, v);
    const double want[6] = {-10, 5, 60, -10, 20, -30};
    for (int i = 0; i < 6; i++) {
        assert_float_equal(v[i], want[i], 1e-3);
    }
}

// OpenFace: x right, y down, z away. Its Rx > 0 turns y (down) to z (away): the chin goes away,
// the nose down; Ry > 0 turns z to x.
static void test_openface(void **state)
{
    float a[3];
    mien_convention_openface(pose(0, -20, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){20 / deg, 0, 0}, 3, 1e-5f);
    // The nose, at -z of its model, goes to the picture's right (+x) with a negative angle.
    mien_convention_openface(pose(30, 0, 0, 0, 0, 0).R, a);
    close_to(a, (float[]){0, -30 / deg, 0}, 3, 1e-5f);
    mien_convention_openface(pose(0, 0, 10, 0, 0, 0).R, a);
    close_to(a, (float[]){0, 0, 10 / deg}, 3, 1e-5f);
    float t[3];
    mien_convention_openface_point((float[]){1, 2, -600}, t);
    close_to(t, (float[]){1, -2, 600}, 3, 0);
}

static void test_mediapipe_and_gltf(void **state)
{
    struct mien_pose p = pose(90, 0, 0, 10, 20, -300);
    float m[16], q[4], t[3];
    mien_convention_mediapipe(&p, m);
    // Ry(90): x -> -z, z -> x; columns one after the other.
    close_to(m, (float[]){0, 0, -1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 2, -30, 1}, 16, 1e-5f);
    mien_convention_gltf(&p, q, t);
    close_to(q, (float[]){0, sqrtf(0.5f), 0, sqrtf(0.5f)}, 4, 1e-5f);
    close_to(t, (float[]){0.01f, 0.02f, -0.3f}, 3, 1e-6f);
}

static void test_eye_is_relative_to_the_head(void **state)
{
    struct mien_pose p = pose(20, 0, 0, 0, 0, 0);
    float eye[9], want[9];
    mien_gaze_rotation(p.R, (float[]){20, 0}, eye); // looks where the head looks
    mien_pose_from_angles(0, 0, 0, want);
    close_to(eye, want, 9, 1e-5f);
    mien_gaze_rotation(p.R, (float[]){0, 0}, eye); // into the camera
    mien_pose_from_angles(-20, 0, 0, want);
    close_to(eye, want, 9, 1e-5f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_euler_orders_put_the_rotation_together_again),
        cmocka_unit_test(test_unity),
        cmocka_unit_test(test_arkit_and_livelink),
        cmocka_unit_test(test_openseeface),
        cmocka_unit_test(test_openseeface_arrives_in_unity),
        cmocka_unit_test(test_opentrack),
        cmocka_unit_test(test_openface),
        cmocka_unit_test(test_mediapipe_and_gltf),
        cmocka_unit_test(test_eye_is_relative_to_the_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

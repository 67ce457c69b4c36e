// Unit tests of prepare/: the photographs of one person share one shape, which is nearer the truth
// than what each says alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "prepare/prepare.h"
#include "run_tests.h"

enum { PEOPLE = 3, EACH = 6, PHOTOS = PEOPLE * EACH + 1, POINTS = 478 };

// Photographs as the index and the machine's landmarks give them, of people with a known shape.
struct album {
    struct mien_face_model model;
    struct mien_photos photos;
    float truth[PHOTOS][MIEN_IDENTITY];
};

static void mark(struct album *a, int i, struct mien_rng *r)
{
    const struct mien_camera c = mien_photo_camera(1);
    struct mien_fit_state s = {0};
    float px[MIEN_LANDMARKS_MAX][2];
    memcpy(s.identity, a->truth[i], sizeof(s.identity));
    mien_pose_from_angles(mien_rng_range(r, -40, 40), mien_rng_range(r, -15, 15), 0, s.pose.R);
    s.pose.t[2] = -1300;
    s.blendshape[MIEN_BS_MOUTH_SMILE_LEFT] = s.blendshape[MIEN_BS_MOUTH_SMILE_RIGHT] =
        mien_rng_range(r, 0, 0.8f);
    assert_true(mien_fit_project(&a->model, &c, &s, px, NULL));
    for (int l = 0; l < a->model.landmarks; l++) {
        const int k = a->model.landmark[l].mediapipe;
        for (int x = 0; x < 2 && k >= 0; x++) {
            const float at = px[l][x] + 0.5f + 0.5f * mien_rng_normal(r);
            a->photos.landmark[((size_t)i * POINTS + (size_t)k) * 2 + (size_t)x] =
                (int16_t)lrintf(64 * at);
        }
    }
}

static void make_album(struct album *a)
{
    struct mien_rng r;
    memset(a, 0, sizeof(*a));
    mien_rng_seed(&r, 5, 0);
    assert_true(mien_face_model_load(&a->model, "models/ict.face"));
    a->photos.count = PHOTOS;
    a->photos.row = mien_calloc(PHOTOS, sizeof(*a->photos.row));
    a->photos.landmark = mien_calloc((size_t)PHOTOS * POINTS * 2, sizeof(*a->photos.landmark));
    a->photos.blendshape = mien_calloc((size_t)PHOTOS * 52, 1);
    assert_non_null(a->photos.row);
    assert_non_null(a->photos.landmark);
    assert_non_null(a->photos.blendshape);
    memset(a->photos.map, -1, sizeof(a->photos.map));
    for (int i = 0; i < PHOTOS; i++) {
        // a person's rows need not be neighbours; the last has one photograph only
        const int person = i == PHOTOS - 1 ? PEOPLE : i % PEOPLE;
        snprintf(a->photos.row[i].person, sizeof(a->photos.row[i].person), "Somebody_%d", person);
        for (int k = 0; k < MIEN_IDENTITY; k++) {
            a->truth[i][k] =
                i < PEOPLE || person == PEOPLE ? mien_rng_normal(&r) : a->truth[i - PEOPLE][k];
        }
        mark(a, i, &r);
    }
}

static void destroy_album(struct album *a)
{
    mien_photos_destroy(&a->photos);
    mien_face_model_destroy(&a->model);
}

static double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int k = 0; k < MIEN_IDENTITY; k++) {
        sum += ((double)a[k] - (double)b[k]) * ((double)a[k] - (double)b[k]);
    }
    return sqrt(sum);
}

static void photographs_of_one_person_share_a_shape(void **state)
{
    (void)state;
    static struct album a;
    make_album(&a);
    struct mien_fit *f = mien_fit_create(&a.model);
    const struct mien_camera c = mien_photo_camera(1);
    struct mien_label l;
    struct mien_fit_state s;
    double alone = 0, shared = 0;
    float weight[PHOTOS];
    assert_non_null(f);
    for (int i = 0; i < PHOTOS; i++) {
        assert_true(mien_photo_label(&a.photos, &a.model, f, &c, i, &l, &s));
        alone += distance(l.identity, a.truth[i]) / PHOTOS;
        weight[i] = l.identity_weight;
    }
    assert_true(mien_photos_share(&a.photos, &a.model, 0, PHOTOS));
    for (int i = 0; i < PHOTOS; i++) {
        assert_true(mien_photo_label(&a.photos, &a.model, f, &c, i, &l, &s));
        shared += distance(l.identity, a.truth[i]) / PHOTOS;
        assert_int_equal(a.photos.shape[i].looks, i == PHOTOS - 1 ? 0 : EACH);
        if (i < PHOTOS - 1) {
            assert_true(distance(l.identity, a.photos.shape[i % PEOPLE].identity) < 0.05);
            assert_true(l.identity_weight > weight[i]);
        }
    }
    print_message("distance from the truth: alone %.2f, shared %.2f\n", alone, shared);
    assert_true(shared < 0.8 * alone);
    mien_fit_destroy(f);
    destroy_album(&a);
}

// Rows that two machines disagree about, rows outside the range and rows without a name stand
// alone.
static void only_sure_photographs_of_named_people_are_joined(void **state)
{
    (void)state;
    static struct album a;
    make_album(&a);
    a.photos.row[0].agree = MIEN_PHOTO_DISAGREE + 1;
    a.photos.row[1].person[0] = 0;
    assert_true(mien_photos_share(&a.photos, &a.model, 0, PHOTOS - 3));
    assert_int_equal(a.photos.shape[0].looks, 0);
    assert_int_equal(a.photos.shape[1].looks, 0);
    assert_int_equal(a.photos.shape[2].looks, EACH - 1);
    assert_int_equal(a.photos.shape[3].looks, EACH - 1);
    assert_int_equal(a.photos.shape[PHOTOS - 2].looks, 0);
    destroy_album(&a);
}

RUN_TESTS(NULL, NULL, cmocka_unit_test(photographs_of_one_person_share_a_shape),
          cmocka_unit_test(only_sure_photographs_of_named_people_are_joined))

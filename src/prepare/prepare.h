// `mien prepare`: what its parts share. Each part turns a folder of the training data into a pack
// or a folder. Not linked into libmien; the command is app/cmd_prepare.c.
#ifndef MIEN_PREPARE_PREPARE_H
#define MIEN_PREPARE_PREPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "face/label.h"
#include "face/model.h"
#include "fit/fit.h"
#include "learn/pack.h"

// One row of data/photos/index.csv.
struct mien_photo_row {
    size_t offset, bytes;
    char source[24];
    char person[48]; // "" = nobody is named
    bool validation, colour;
    int expression; // enum mien_expression, -1 = none
    float face_px, agree;
    float valid_px[4];
};
// The shape that all photographs of one person share.
struct mien_photo_shape {
    float identity[MIEN_IDENTITY];
    int looks; // photographs behind it; below 2 the photograph stands alone
};
// Photographs on which two models disagree by more (index.csv, % of the face's size) are not used;
// above this residual (share of the face's size; the usual one is 0.0055) they show hands, masks or
// no face.
#define MIEN_PHOTO_DISAGREE 5.0f
#define MIEN_PHOTO_RMS 0.014f
struct mien_photos {
    struct mien_photo_row *row;
    int count;
    uint8_t *jpeg;
    size_t jpeg_size;
    int16_t *landmark;              // (count,478,2), 1/64 px
    uint8_t *blendshape;            // (count,52), MediaPipe's order
    int8_t map[52];                 // MediaPipe's blendshape -> ours, -1
    struct mien_photo_shape *shape; // (count), mien_photos_share; NULL = each photograph by itself
};
// Where the photos are: data/photos of the training data. False when there are none (logged).
bool mien_photos_dir(char dir[1024]);
bool mien_photos_load(struct mien_photos *p, const char *dir); // false on failure (logged)
void mien_photos_destroy(struct mien_photos *p);

// The camera assumed for a crop of `data/photos`: the original's focal length is unknown. A crop is
// 1.7 times the face's box, so that f = 5.3 of its sides puts the face 1.3 m away, as news photos
// and portraits do. times: a nearer (< 1) or farther (> 1) camera that sees the face at the same
// size.
enum { MIEN_PHOTO_SIDE_PX = 192 };
struct mien_camera mien_photo_camera(float times);
// Our landmarks of row i in px: MediaPipe's points; (NAN, NAN) where it has none.
void mien_photo_landmarks(const struct mien_photos *p, const struct mien_face_model *m, int i,
                          float (*px)[2]);
// Finds one shape for all photographs, of the rows first to end - 1, of each person that the index
// names and writes them to p->shape; the fits below keep to it. Uses all cores, with one result on
// any number of them. False on failure (logged).
bool mien_photos_share(struct mien_photos *p, const struct mien_face_model *m, int first, int end);
// Fits row i as seen by the camera; false when it cannot be explained.
bool mien_photo_fit(const struct mien_photos *p, const struct mien_face_model *m,
                    struct mien_fit *f, const struct mien_camera *camera, int i,
                    struct mien_fit_state *s);
// Goes on from *s with a Gaussian prior on the identity.
struct mien_photo_tie {
    const float *identity; // (MIEN_IDENTITY)
    float sigma;
    int iterations;
    bool begin; // from the mean head; else on from *s
};
bool mien_photo_fit_tied(const struct mien_photos *p, const struct mien_face_model *m,
                         struct mien_fit *f, const struct mien_camera *camera, int i,
                         const struct mien_photo_tie *tie, struct mien_fit_state *s);
// Everything that is known of row i: the machine's landmarks and what the fit s says. False when no
// face explains the landmarks well.
bool mien_photo_label(const struct mien_photos *p, const struct mien_face_model *m,
                      struct mien_fit *f, const struct mien_camera *camera, int i,
                      struct mien_label *l, struct mien_fit_state *s);

// Whether a row is of one of the sources, "portraits,portraits-small"; NULL = any.
bool mien_photo_from(const struct mien_photo_row *row, const char *sources);

// What a part is told; each reads what concerns it.
struct mien_prepare_options {
    const char *out;     // pack, picture, list or folder that is made
    const char *net;     // face network that finds the landmarks; NULL: boxes are guessed
    const char *sources; // as of mien_photo_from
    bool quick;          // photos: landmarks and expression only, no fit
    int limit, first;    // pictures at most (0: all), and the first one
    int copies;          // turned: pictures made of each photograph
};
// Each turns its folder of the training data into o->out; the exit status.
int mien_prepare_photos(const struct mien_prepare_options *o);
int mien_prepare_turned(const struct mien_prepare_options *o);
int mien_prepare_marks(const struct mien_prepare_options *o); // needs a network
int mien_prepare_expressions(const struct mien_prepare_options *o);
int mien_prepare_ferplus(const struct mien_prepare_options *o);
int mien_prepare_textures(const struct mien_prepare_options *o);
int mien_prepare_refine(const struct mien_prepare_options *o);
int mien_prepare_sheet(const struct mien_prepare_options *o);

#endif

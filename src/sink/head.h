// A person's own head, at rest and ready to be moved, as one file: glTF 2.0 binary with ARKit-named
// morph targets, a skeleton (chest, neck, head, eyes) and textures inside, or OBJ with its textures
// beside it.
//
// Axes: sink/convention.h. The look shapes turn the eyeballs themselves, so that readers without
// bones have a gaze: who turns the eyes by their bones leaves these shapes out. Does not: animate
// (sinks "gltf" do).
#ifndef MIEN_SINK_HEAD_H
#define MIEN_SINK_HEAD_H

#include "face/model.h"
#include "image/image.h"
#include <stdbool.h>
#include <stddef.h>

struct mien_head {
    const struct mien_face_model *model;
    float identity[MIEN_IDENTITY], sigma[MIEN_IDENTITY];
    int looks;              // estimates behind the shape
    struct mien_image skin; // the atlas of sink/texture.h; no pixels: plain colours
    float iris_rgb[3];      // 0…255
};

// A .glb in memory: metres. mean: with a target "mien_mean" more, which leads to the mean face.
// *data: free(). False when memory is short (logged).
bool mien_head_make_glb(const struct mien_head *h, bool mean, void **data, size_t *size);
// The same, without that target, as a file. False on failure (logged).
bool mien_head_save_glb(const struct mien_head *h, const char *path);
// *.obj with .mtl and textures of the same name: millimetres.
bool mien_head_save_obj(const struct mien_head *h, const char *path);

#endif

// What a camera does to a training scene: light, contrast, blur, noise, compression. Grey.
#ifndef MIEN_LEARN_DETECT_CAMERA_H
#define MIEN_LEARN_DETECT_CAMERA_H

#include "learn/detect_scene.h"

int8_t *mien_detect_noise_create(void); // a table of N(0,1) * 32, mien_free
// In place on the scene's canvas.
void mien_detect_camera(struct mien_detect_scene *s, struct mien_rng *rng);

#endif

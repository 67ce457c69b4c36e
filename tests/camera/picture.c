// Writes a JPEG test picture of a given size: picture FILE WIDTH HEIGHT. Ramps, a disc and text, so
// that a decoder that loses data shows it.
#include <stdio.h>
#include <stdlib.h>

#include "image/image.h"

int main(int argc, char **argv)
{
    struct mien_image im;
    if (argc != 4 || !mien_image_create(&im, atoi(argv[2]), atoi(argv[3]), MIEN_FORMAT_RGB8)) {
        fprintf(stderr, "usage: picture FILE WIDTH HEIGHT\n");
        return 2;
    }
    for (int y = 0; y < im.height; y++) {
        for (int x = 0; x < im.width; x++) {
            uint8_t *p = im.data + (size_t)y * im.stride + 3 * (size_t)x;
            p[0] = (uint8_t)(x * 255 / im.width);
            p[1] = (uint8_t)(y * 255 / im.height);
            p[2] = (uint8_t)((x / 8 + y / 8) % 2 * 90 + 60);
        }
    }
    struct mien_rgb white = {255, 255, 255};
    mien_draw_disc(&im, (float)im.width / 2, (float)im.height / 2, (float)im.height / 4, white,
                   0.7f);
    mien_draw_text(&im, 20, 20, 3, argv[1], white);
    bool ok = mien_jpeg_save(argv[1], &im, 85);
    mien_image_destroy(&im);
    return ok ? 0 : 1;
}

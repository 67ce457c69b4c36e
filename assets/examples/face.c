// A picture in, faces out:  cc face.c -o face $(pkg-config --cflags --libs mien libpng) && ./face me.png
#include <mien.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    png_image png = {.version = PNG_IMAGE_VERSION};
    if (argc != 2 || !png_image_begin_read_from_file(&png, argv[1])) {
        return fprintf(stderr, "usage: face PICTURE.png\n"), 2;
    }
    png.format = PNG_FORMAT_RGB;
    uint8_t *rgb = malloc(PNG_IMAGE_SIZE(png));
    if (!rgb || !png_image_finish_read(&png, NULL, rgb, 0, NULL)) {
        return fprintf(stderr, "%s: %s\n", argv[1], png.message), 2;
    }
    char why[256];
    struct mien *m = mien_create(&(struct mien_options){.still = 1}, why, sizeof why);
    if (!m) {
        return fprintf(stderr, "mien: %s\n", why), 2;
    }
    int n = mien_run(m, rgb, (int)png.width, (int)png.height, 3 * (int)png.width, 0);
    if (n < 0) {
        fprintf(stderr, "mien: %s\n", mien_error_text(m));
    }
    for (int i = 0; i < n; i++) {
        const struct mien_face *f = mien_face(m, i);
        printf("face %d: yaw %.1f pitch %.1f roll %.1f, %.0f mm away, %s, jawOpen %.2f\n", f->id,
               f->yaw_deg, f->pitch_deg, f->roll_deg, -f->t_mm[2],
               mien_expression_name(f->expression_class), f->blendshape[17]);
    }
    mien_destroy(m);
    free(rgb);
    return n < 0;
}

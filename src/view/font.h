// Text: DejaVu Sans rasterised once, at set-up, into one alpha atlas (SDL2_ttf).
//
// Does not: call OpenGL, kern, shape or draw right-to-left text. UTF-8; characters outside the
// atlas show as "?".
#ifndef MIEN_VIEW_FONT_H
#define MIEN_VIEW_FONT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum mien_font_face {
    MIEN_FONT_SMALL,
    MIEN_FONT_TEXT,
    MIEN_FONT_BOLD,
    MIEN_FONT_TITLE,
    MIEN_FONTS
};

enum { MIEN_GLYPHS = 256, MIEN_ATLAS_LEAST = 512, MIEN_ATLAS_MOST = 4096 };

struct mien_glyph {
    int16_t u, v, w, h; // in the atlas, px; w = 0: nothing to draw
    int16_t dx, dy;     // of its top-left from the pen, y down from the line's top
    float advance;      // px
};

struct mien_font {
    bool ready;               // false: no font file; text is skipped and measured as 0
    float height[MIEN_FONTS]; // line height, px
    float ascent[MIEN_FONTS];
    struct mien_glyph glyph[MIEN_FONTS][MIEN_GLYPHS];
    uint8_t *atlas; // side x side alpha; the top-left 4x4 is opaque
    int side;       // px; as large as the text needs
};

// scale: 1 = sizes for a 480-line window. Always gives a usable object; false when the font is
// missing (logged with the package to install) or out of memory.
bool mien_font_bake(struct mien_font *f, float scale);
void mien_font_destroy(struct mien_font *f);
bool mien_font_path(char *out, size_t size); // the font's file; false (not logged) when absent
float mien_font_width(const struct mien_font *f, enum mien_font_face face, const char *text);
// Steps through UTF-8: the glyph of the next character, NULL at the end.
const struct mien_glyph *mien_font_next(const struct mien_font *f, enum mien_font_face face,
                                        const char **text);

#endif

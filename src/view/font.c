// Text: DejaVu Sans rasterised once, at set-up, into one alpha atlas (SDL2_ttf).
#include "view/font.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <SDL2/SDL_ttf.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

static const char *const font_dirs[] = {
    "/usr/share/fonts/truetype/dejavu", "/usr/share/fonts/TTF",
    "/usr/share/fonts/dejavu",          "/usr/share/fonts/dejavu-sans-fonts",
    "/usr/local/share/fonts/dejavu",
};

// Slots 0…94 are ASCII 32…126, then these, then Latin-1 from 0xa0 on.
static const uint16_t extra[] = {0x2026, 0x2013, 0x2014, 0x2022, 0x2192, 0x2190, 0x2191, 0x2193,
                                 0x25cf, 0x25cb, 0x25b2, 0x25bc, 0x03c3, 0x2264, 0x2265};
enum { ASCII = 95, EXTRA = (int)MIEN_COUNT(extra), LATIN = ASCII + EXTRA, USED = LATIN + 96 };

static uint32_t slot_char(int slot)
{
    return slot < ASCII   ? (uint32_t)slot + 32
           : slot < LATIN ? extra[slot - ASCII]
                          : (uint32_t)(slot - LATIN) + 0xa0;
}

static int char_slot(uint32_t c)
{
    if (c >= 32 && c < 127) {
        return (int)c - 32;
    }
    if (c >= 0xa0 && c < 0x100) {
        return (int)c - 0xa0 + LATIN;
    }
    for (int i = 0; i < EXTRA; i++) {
        if (extra[i] == c) {
            return ASCII + i;
        }
    }
    return '?' - 32;
}

struct packer {
    int x, y, row;
};

// Copies the inked part of a surface into the atlas; false when the atlas is full.
static bool pack(struct mien_font *f, struct packer *p, SDL_Surface *s, struct mien_glyph *g,
                 int left)
{
    int x0 = s->w, y0 = s->h, x1 = 0, y1 = 0;
    for (int y = 0; y < s->h; y++) {
        const uint32_t *row = (const uint32_t *)((const uint8_t *)s->pixels + y * s->pitch);
        for (int x = 0; x < s->w; x++) {
            if (row[x] >> 24) {
                x0 = x < x0 ? x : x0;
                x1 = x + 1 > x1 ? x + 1 : x1;
                y0 = y < y0 ? y : y0;
                y1 = y + 1;
            }
        }
    }
    if (x1 <= x0) {
        return true;
    }
    int w = x1 - x0, h = y1 - y0;
    if (p->x + w + 1 > f->side) {
        p->x = 1;
        p->y += p->row + 1;
        p->row = 0;
    }
    if (p->y + h + 1 > f->side) {
        return false;
    }
    for (int y = 0; y < h; y++) {
        const uint32_t *row =
            (const uint32_t *)((const uint8_t *)s->pixels + (y0 + y) * s->pitch) + x0;
        for (int x = 0; x < w; x++) {
            f->atlas[(size_t)(p->y + y) * (size_t)f->side + (size_t)(p->x + x)] =
                (uint8_t)(row[x] >> 24);
        }
    }
    *g = (struct mien_glyph){(int16_t)p->x,        (int16_t)p->y, (int16_t)w, (int16_t)h,
                             (int16_t)(x0 + left), (int16_t)y0,   g->advance};
    p->x += w + 1;
    p->row = h > p->row ? h : p->row;
    return true;
}

static bool bake_face(struct mien_font *f, struct packer *p, enum mien_font_face face,
                      const char *path, float size, bool *full)
{
    TTF_Font *t = TTF_OpenFont(path, (int)lroundf(size));
    if (!t) {
        mien_error("the font %s cannot be opened: %s", path, TTF_GetError());
        return false;
    }
    TTF_SetFontHinting(t, TTF_HINTING_LIGHT);
    f->height[face] = (float)TTF_FontHeight(t);
    f->ascent[face] = (float)TTF_FontAscent(t);
    bool room = true;
    for (int i = 0; i < USED && room; i++) {
        uint32_t c = slot_char(i);
        int minx = 0, maxx = 0, miny = 0, maxy = 0, advance = 0;
        if (TTF_GlyphMetrics32(t, c, &minx, &maxx, &miny, &maxy, &advance)) {
            continue;
        }
        struct mien_glyph *g = &f->glyph[face][i];
        g->advance = (float)advance;
        SDL_Surface *s = TTF_RenderGlyph32_Blended(t, c, (SDL_Color){255, 255, 255, 255});
        if (s) {
            room = pack(f, p, s, g, minx < 0 ? minx : 0);
            SDL_FreeSurface(s);
        }
    }
    TTF_CloseFont(t);
    *full = *full || !room;
    return true;
}

// An empty atlas of this side, with its opaque corner.
static bool make_atlas(struct mien_font *f, int side)
{
    mien_free(f->atlas);
    memset(f, 0, sizeof(*f));
    f->atlas = mien_calloc((size_t)side, (size_t)side);
    f->side = f->atlas ? side : 0;
    for (int y = 0; f->atlas && y < 4; y++) {
        memset(f->atlas + (size_t)y * (size_t)side, 255, 4);
    }
    return f->atlas != NULL;
}

bool mien_font_path(char *out, size_t size)
{
    for (size_t i = 0; i < MIEN_COUNT(font_dirs); i++) {
        snprintf(out, size, "%s/DejaVuSans.ttf", font_dirs[i]);
        if (mien_file_exists(out)) {
            return true;
        }
    }
    return false;
}

bool mien_font_bake(struct mien_font *f, float scale)
{
    static const struct {
        const char *file;
        float size;
    } faces[MIEN_FONTS] = {
        {"DejaVuSans.ttf", 10.0f},
        {"DejaVuSans.ttf", 11.0f},
        {"DejaVuSans-Bold.ttf", 11.0f},
        {"DejaVuSans-Bold.ttf", 13.0f},
    };
    memset(f, 0, sizeof(*f));
    if (!make_atlas(f, MIEN_ATLAS_LEAST)) {
        return false;
    }
    char path[512] = "";
    const char *dir = NULL;
    for (size_t i = 0; i < MIEN_COUNT(font_dirs) && !dir; i++) {
        snprintf(path, sizeof(path), "%s/%s", font_dirs[i], faces[0].file);
        dir = mien_file_exists(path) ? font_dirs[i] : NULL;
    }
    if (!dir) {
        mien_error("DejaVu Sans is not installed (looked in %s and others): the display will have "
                   "no text; install the package fonts-dejavu-core",
                   font_dirs[0]);
        return false;
    }
    if (TTF_Init()) {
        mien_error("SDL2_ttf does not start: %s; the display will have no text", TTF_GetError());
        return false;
    }
    scale = fminf(fmaxf(scale, 1), 4);
    bool full = true;
    for (int side = MIEN_ATLAS_LEAST; full && side <= MIEN_ATLAS_MOST; side *= 2) {
        if (!make_atlas(f, side)) {
            break;
        }
        struct packer p = {.x = 6, .y = 1, .row = 5};
        full = false;
        f->ready = true;
        for (int i = 0; i < MIEN_FONTS && !full; i++) {
            snprintf(path, sizeof(path), "%s/%s", dir, faces[i].file);
            f->ready =
                bake_face(f, &p, (enum mien_font_face)i, path, faces[i].size * scale, &full) &&
                f->ready;
        }
    }
    if (full && f->atlas) {
        mien_warn("the text atlas is full at scale %.1f: some characters will be missing",
                  (double)scale);
    }
    TTF_Quit();
    return f->ready;
}

void mien_font_destroy(struct mien_font *f)
{
    mien_free(f->atlas);
    memset(f, 0, sizeof(*f));
}

const struct mien_glyph *mien_font_next(const struct mien_font *f, enum mien_font_face face,
                                        const char **text)
{
    const unsigned char *s = (const unsigned char *)*text;
    if (!*s) {
        return NULL;
    }
    uint32_t c = *s++;
    int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    c = more ? c & (0x3fu >> more) : c;
    while (more-- && (*s & 0xc0) == 0x80) {
        c = c << 6 | (*s++ & 0x3f);
    }
    *text = (const char *)s;
    return &f->glyph[face][char_slot(c)];
}

float mien_font_width(const struct mien_font *f, enum mien_font_face face, const char *text)
{
    float w = 0;
    const struct mien_glyph *g;
    while (f->ready && (g = mien_font_next(f, face, &text))) {
        w += g->advance;
    }
    return w;
}

// Radiance RGBE panoramas and their spherical harmonics.
//
// Format: Ward, "Real Pixels" (Graphics Gems II, 1991) and the RADIANCE file format notes.
// Irradiance from radiance: Ramamoorthi and Hanrahan 2001, "An Efficient Representation for
// Irradiance Environment Maps".
#include "synth/assets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "face/harmonics.h"
#include "image/luma.h"

// Direction of pixel (x,y) of an equirectangular panorama: the middle column looks along +z.
static void direction(const struct mien_synth_environment *e, int x, int y, float d[3])
{
    float phi = ((float)x + 0.5f) / (float)e->width * 6.2831853f - 3.1415927f;
    float theta = ((float)y + 0.5f) / (float)e->height * 3.1415927f;
    d[0] = sinf(theta) * sinf(phi);
    d[1] = cosf(theta);
    d[2] = sinf(theta) * cosf(phi);
}

static float luminance(const float *p)
{
    return mien_luminance(p[0], p[1], p[2]);
}

static void analyse(struct mien_synth_environment *e)
{
    // Mean luminance to 1; single suns are capped so that the harmonics do not ring below zero.
    double sum = 0, weight = 0;
    for (int y = 0; y < e->height; y++) {
        double w = sin((y + 0.5) / e->height * 3.14159265);
        for (int x = 0; x < e->width; x++) {
            sum += w * (double)luminance(e->pixel + 3 * ((size_t)y * (size_t)e->width + (size_t)x));
            weight += w;
        }
    }
    float scale = sum > weight * 1e-20 ? (float)(weight / sum) : 1; // a black one stays black
    size_t n = (size_t)e->width * (size_t)e->height * 3;
    for (size_t i = 0; i < n; i++) {
        e->pixel[i] *= scale;
    }
    double sh[9][3] = {{0}}, sun[3] = {0}, rgb[3] = {0}, bright = 0, all = 0;
    for (int y = 0; y < e->height; y++) {
        double w = sin((y + 0.5) / e->height * 3.14159265) * 2 * 9.8696044 /
                   ((double)e->width * e->height);
        for (int x = 0; x < e->width; x++) {
            float d[3], b[9];
            direction(e, x, y, d);
            mien_harmonics(d, b);
            const float *p = e->pixel + 3 * ((size_t)y * (size_t)e->width + (size_t)x);
            float l = luminance(p), cap = l > 12 ? 12 / l : 1;
            for (int i = 0; i < 9; i++) {
                for (int c = 0; c < 3; c++) {
                    sh[i][c] += w * (double)(b[i] * p[c] * cap);
                }
            }
            all += w * (double)l;
            if (l > 4) {
                for (int c = 0; c < 3; c++) {
                    sun[c] += w * (double)(l * d[c]);
                    rgb[c] += w * (double)p[c];
                }
                bright += w * (double)l;
            }
        }
    }
    static const float band[9] = {1,     2 / 3.0f, 2 / 3.0f, 2 / 3.0f, 0.25f,
                                  0.25f, 0.25f,    0.25f,    0.25f};
    for (int i = 0; i < 9; i++) {
        for (int c = 0; c < 3; c++) {
            e->sh[i][c] = (float)sh[i][c] * band[i];
        }
    }
    double len = sqrt(sun[0] * sun[0] + sun[1] * sun[1] + sun[2] * sun[2]);
    float lum = (float)(0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]);
    for (int c = 0; c < 3; c++) {
        e->sun[c] = len > 1e-6 ? (float)(sun[c] / len) : (c == 1 ? 1.0f : 0.0f);
        e->sun_rgb[c] = lum > 1e-6f ? (float)rgb[c] / lum : 1;
    }
    e->contrast = all > 0 && bright > 0 ? (float)(len / all) : 0;
}

struct reader {
    const uint8_t *p, *end;
};

static bool read_line(struct reader *r, char *out, size_t room)
{
    size_t n = 0;
    while (r->p < r->end && *r->p != '\n') {
        if (n + 1 < room) {
            out[n++] = (char)*r->p;
        }
        r->p++;
    }
    out[n] = 0;
    if (r->p >= r->end) {
        return false;
    }
    r->p++;
    return true;
}

// One row of RGBE, new-style run-length coded or flat. row: (width,4).
static bool scanline(struct reader *r, uint8_t *row, int width)
{
    if (r->end - r->p < 4) {
        return false;
    }
    if (width < 8 || width > 32767 || r->p[0] != 2 || r->p[1] != 2 || (r->p[2] & 0x80)) {
        if ((size_t)(r->end - r->p) < (size_t)width * 4) {
            return false;
        }
        memcpy(row, r->p, (size_t)width * 4);
        r->p += (size_t)width * 4;
        return true;
    }
    if ((r->p[2] << 8 | r->p[3]) != width) {
        return false;
    }
    r->p += 4;
    for (int c = 0; c < 4; c++) {
        for (int x = 0; x < width;) {
            if (r->end - r->p < 2) {
                return false;
            }
            int n = *r->p++;
            if (n > 128) {
                n -= 128;
                if (n > width - x) {
                    return false;
                }
                uint8_t v = *r->p++;
                while (n--) {
                    row[4 * x++ + c] = v;
                }
            } else {
                if (n == 0 || n > width - x || r->end - r->p < n) {
                    return false;
                }
                while (n--) {
                    row[4 * x++ + c] = *r->p++;
                }
            }
        }
    }
    return true;
}

bool mien_synth_hdr_parse(const void *data, size_t size, const char *name,
                          struct mien_synth_environment *e)
{
    memset(e, 0, sizeof *e);
    struct reader r = {data, (const uint8_t *)data + size};
    char text[256];
    if (!read_line(&r, text, sizeof text) || strncmp(text, "#?", 2) != 0) {
        mien_error("%s: not a Radiance picture (no \"#?\" at its start)", name);
        return false;
    }
    while (read_line(&r, text, sizeof text) && text[0]) {
    }
    int w = 0, h = 0;
    if (!read_line(&r, text, sizeof text) || sscanf(text, "-Y %d +X %d", &h, &w) != 2 || w < 8 ||
        h < 4 || w > 8192 || h > 4096) {
        mien_error("%s: unusable resolution line \"%.40s\" (want -Y 128 +X 256)", name, text);
        return false;
    }
    // A row takes four bytes and, of each channel, two for every run of at most 127.
    if ((size_t)(r.end - r.p) / (4 + 8 * (((size_t)w + 126) / 127)) < (size_t)h) {
        mien_error("%s: cut off: %zu bytes cannot hold %d x %d pixels", name, size, w, h);
        return false;
    }
    uint8_t *row = mien_calloc((size_t)w, 4);
    e->pixel = mien_calloc((size_t)w * (size_t)h * 3 + 1, sizeof *e->pixel);
    e->width = w;
    e->height = h;
    bool ok = row && e->pixel;
    for (int y = 0; ok && y < h; y++) {
        if (!scanline(&r, row, w)) {
            mien_error("%s: broken or cut off in row %d of %d", name, y, h);
            ok = false;
            break;
        }
        for (int x = 0; x < w; x++) {
            int ex = row[4 * x + 3];
            float f = ex ? ldexpf(1, ex - 136) : 0;
            for (int c = 0; c < 3; c++) {
                e->pixel[3 * ((size_t)y * (size_t)w + (size_t)x) + (size_t)c] =
                    fminf((float)row[4 * x + c] * f, 1e4f);
            }
        }
    }
    mien_free(row);
    if (!ok) {
        mien_free(e->pixel);
        memset(e, 0, sizeof *e);
        return false;
    }
    analyse(e);
    return true;
}

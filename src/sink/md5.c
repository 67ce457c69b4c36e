// The digest itself (RFC 1321) and the sink that writes one a frame.
#include "sink/md5.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "sink/sinks.h"

static uint32_t rotate(uint32_t v, int n)
{
    return v << n | v >> (32 - n);
}

// RFC 1321, 3.4, with the table of its definition: floor(2^32 |sin(i + 1)|).
static const uint32_t sines[64] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static void compress(struct mien_md5 *m)
{
    static const uint8_t shift[4][4] = {
        {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};
    uint32_t w[16];
    for (int i = 0; i < 16; i++) {
        const uint8_t *p = m->block + 4 * i;
        w[i] = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    }
    uint32_t a = m->state[0], b = m->state[1], c = m->state[2], d = m->state[3];
    for (int i = 0; i < 64; i++) {
        uint32_t f = 0;
        int k = 0;
        switch (i / 16) {
        case 0:
            f = (b & c) | (~b & d);
            k = i;
            break;
        case 1:
            f = (d & b) | (~d & c);
            k = (5 * i + 1) & 15;
            break;
        case 2:
            f = b ^ c ^ d;
            k = (3 * i + 5) & 15;
            break;
        default:
            f = c ^ (b | ~d);
            k = (7 * i) & 15;
        }
        uint32_t next = b + rotate(a + f + sines[i] + w[k], shift[i / 16][i & 3]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    m->state[0] += a;
    m->state[1] += b;
    m->state[2] += c;
    m->state[3] += d;
}

void mien_md5_begin(struct mien_md5 *m)
{
    *m = (struct mien_md5){.state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476}};
}

void mien_md5_add(struct mien_md5 *m, const void *data, size_t size)
{
    const uint8_t *p = data;
    while (size) {
        size_t at = m->length % 64, n = 64 - at < size ? 64 - at : size;
        memcpy(m->block + at, p, n);
        m->length += n;
        p += n;
        size -= n;
        if (m->length % 64 == 0) {
            compress(m);
        }
    }
}

void mien_md5_end(struct mien_md5 *m, char hex[33])
{
    uint64_t bits = 8 * m->length;
    uint8_t tail[8];
    for (int i = 0; i < 8; i++) {
        tail[i] = (uint8_t)(bits >> (8 * i));
    }
    mien_md5_add(m, "\x80", 1);
    while (m->length % 64 != 56) {
        mien_md5_add(m, "", 1);
    }
    mien_md5_add(m, tail, 8);
    for (int i = 0; i < 16; i++) {
        snprintf(hex + 2 * i, 3, "%02x", (unsigned)(m->state[i / 4] >> (8 * (i & 3)) & 255));
    }
}

struct md5_sink {
    struct mien_sink sink;
    struct mien_text text;
    struct mien_md5 total;
    unsigned long long frames;
};

// Member by member: padding has no value.
static void add_face(struct mien_md5 *m, const struct mien_face_result *f)
{
    int32_t whole[4] = {f->id, (int32_t)f->state, f->landmark_count, f->expression_class};
    mien_md5_add(m, whole, sizeof(whole));
    mien_md5_add(m, &f->confidence, sizeof(f->confidence));
    mien_md5_add(m, f->box_px, sizeof(f->box_px));
    mien_md5_add(m, &f->crop, sizeof(f->crop));
    size_t n = (size_t)f->landmark_count;
    mien_md5_add(m, f->landmark_px, n * sizeof(f->landmark_px[0]));
    mien_md5_add(m, f->landmark_sigma_px, n * sizeof(f->landmark_sigma_px[0]));
    mien_md5_add(m, f->ibug_px, sizeof(f->ibug_px));
    mien_md5_add(m, f->pose.R, sizeof(f->pose.R));
    mien_md5_add(m, f->pose.t, sizeof(f->pose.t));
    mien_md5_add(m, f->identity, sizeof(f->identity));
    mien_md5_add(m, f->blendshape, sizeof(f->blendshape));
    mien_md5_add(m, f->action, sizeof(f->action));
    mien_md5_add(m, f->expression, sizeof(f->expression));
    mien_md5_add(m, f->gaze_deg, sizeof(f->gaze_deg));
    mien_md5_add(m, &f->fit_rms, sizeof(f->fit_rms));
    mien_md5_add(m, &f->light_hint, sizeof(f->light_hint));
}

static bool md5_write(struct mien_sink *s, const struct mien_sink_frame *f)
{
    struct md5_sink *d = (struct md5_sink *)s;
    struct mien_md5 m;
    mien_md5_begin(&m);
    int32_t size[3] = {f->result->width_px, f->result->height_px, f->result->count};
    mien_md5_add(&m, size, sizeof(size));
    for (int i = 0; i < f->result->count; i++) {
        add_face(&m, &f->result->face[i]);
    }
    char hex[33];
    mien_md5_end(&m, hex);
    mien_md5_add(&d->total, hex, 32);
    d->frames++;
    fprintf(d->text.file, "%s frame %llu", hex, (unsigned long long)f->result->frame);
    return mien_text_end_line(&d->text);
}

static bool md5_close(struct mien_sink *s)
{
    struct md5_sink *d = (struct md5_sink *)s;
    char hex[33];
    mien_md5_end(&d->total, hex);
    fprintf(d->text.file, "%s total %llu", hex, d->frames);
    bool ok = mien_text_end_line(&d->text);
    return mien_text_close(&d->text) && ok;
}

// "MD5 frame N" a frame and "MD5 total" at the end: of the results, times left out. The same input
// gives the same lines on every run of one build on one machine.
static bool open_md5(struct mien_sink *sink, const struct mien_sink_target *to,
                     const struct mien_sink_context *c)
{
    struct md5_sink *d = (struct md5_sink *)sink;
    mien_md5_begin(&d->total);
    return mien_text_open(&d->text, to->path);
}

const struct mien_sink_type mien_sink_md5 = {
    .name = "MD5",
    .size = sizeof(struct md5_sink),
    .open = open_md5,
    .write = md5_write,
    .close = md5_close,
};

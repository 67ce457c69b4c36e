// A small software rasteriser: triangles into a depth and a visibility buffer.
//
// It decides which triangle is seen in each sample; colours are worked out afterwards, once a
// sample, from the triangle's number and its barycentric weights (deferred shading).
// Does not: clip against a near plane (a triangle with a vertex behind the eye is dropped), blend,
// or allocate after create.
// Frame of reference: buffer samples, x right, y down, centres at integer coordinates. Depth is
// stored as nearness: 1/distance for a perspective picture (affine over the picture), any affine
// function for a parallel one; larger is nearer, 0 is empty.
// Method: edge functions (Pineda 1988, "A Parallel Algorithm for Polygon Rasterization") with the
// top-left rule, so that triangles that share an edge never both own a sample.
#ifndef MIEN_SYNTH_RASTER_H
#define MIEN_SYNTH_RASTER_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mien_raster {
    int width, height;
    float *near_; // (height,width) nearness; 0 where empty
    uint32_t *id; // (height,width) what was drawn there: id0 + triangle; 0 where empty
};

// What a vertex looks like on the buffer: x, y, nearness (<= 0: behind the eye), unused.
typedef float mien_raster_vertex[4];

bool mien_raster_create(struct mien_raster *r, int width, int height); // false: logged
void mien_raster_destroy(struct mien_raster *r);                       // idempotent
void mien_raster_clear(struct mien_raster *r);

enum mien_raster_cull { MIEN_RASTER_BOTH, MIEN_RASTER_FRONT }; // FRONT: counter-clockwise as seen

// v (V), tri (count,3) vertex indices. id 0 is reserved: id0 >= 1.
void mien_raster_draw(struct mien_raster *r, const mien_raster_vertex *v, const int32_t *tri,
                      int count, uint32_t id0, enum mien_raster_cull cull);

struct mien_raster_sheet {  // of hair
    const float *uv;        // (points,2), 0…1, v up
    const int32_t *corners; // (count,3): the triangles' points in uv
    const uint8_t *alpha;   // (size,size), row 0 on top, wrapping
    int size;               // a power of two
};
// Alpha-tested triangles, both sides. A sample is kept when alpha exceeds an ordered-dither
// threshold, so that averaging samples gives back partial coverage.
void mien_raster_draw_alpha(struct mien_raster *r, const mien_raster_vertex *v, const int32_t *tri,
                            int count, uint32_t id0, const struct mien_raster_sheet *sheet);

// Perspective-correct barycentric weights of sample (x,y) in the triangle a, b, c. False when the
// triangle is degenerate.
static inline bool mien_raster_weights(const mien_raster_vertex a, const mien_raster_vertex b,
                                       const mien_raster_vertex c, float x, float y, float w[3])
{
    float ax = a[0] - x, ay = a[1] - y, bx = b[0] - x, by = b[1] - y, cx = c[0] - x, cy = c[1] - y;
    float w0 = (bx * cy - cx * by) * a[2], w1 = (cx * ay - ax * cy) * b[2],
          w2 = (ax * by - bx * ay) * c[2];
    float sum = w0 + w1 + w2;
    if (fabsf(sum) < 1e-20f) {
        return false;
    }
    float k = 1 / sum;
    w[0] = w0 * k;
    w[1] = w1 * k;
    w[2] = w2 * k;
    return true;
}

#endif

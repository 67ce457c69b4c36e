// A picture's transparent layer for what is worn.
#include "view/layer.h"

#include <math.h>
#include <string.h>

#include "base/log.h"

// Four samples a pixel: edges of things an arm's length away need no more. Small pictures are drawn
// at twice their size: they are mostly shown enlarged. Where the CPU draws, larger ones are drawn
// smaller: with three things on a face 500 pixels high of 1280x720 a frame takes 54 ms of CPU so,
// and 74 at the picture's size.
enum { SAMPLES = 4, SMALL_PX = 960, MOST_PX = 800 };

bool mien_layer_init(struct mien_layer *l)
{
    static const char *const uniforms[] = {"u_mirror", "u_layer", NULL};
    memset(l, 0, sizeof(*l));
    l->software = mien_gl_software();
    l->program = mien_gl_program("video.vert", "layer.frag", uniforms, l->uniform);
    glGenFramebuffers(1, &l->drawn);
    glGenFramebuffers(1, &l->shown);
    glGenRenderbuffers(1, &l->color);
    glGenRenderbuffers(1, &l->depth);
    glGenTextures(1, &l->texture);
    glGenVertexArrays(1, &l->blank);
    return l->program != 0;
}

void mien_layer_destroy(struct mien_layer *l)
{
    if (l->drawn) {
        glDeleteFramebuffers(1, &l->drawn);
        glDeleteFramebuffers(1, &l->shown);
        glDeleteRenderbuffers(1, &l->color);
        glDeleteRenderbuffers(1, &l->depth);
        glDeleteTextures(1, &l->texture);
        glDeleteVertexArrays(1, &l->blank);
    }
    if (l->program) {
        glDeleteProgram(l->program);
    }
    memset(l, 0, sizeof(*l));
}

static bool make(struct mien_layer *l, int width, int height)
{
    GLint most = 0, side = 0;
    glGetIntegerv(GL_MAX_SAMPLES, &most);
    glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &side);
    l->width = width;
    l->height = height;
    memset(l->used, 0, sizeof(l->used));
    if (width > side || height > side) {
        mien_error("nothing can be drawn over the picture: a layer of %dx%d is needed, and this "
                   "OpenGL draws %d pixels at most; ask the source for a smaller picture",
                   width, height, side);
        return false;
    }
    GLsizei samples = l->plain ? 0 : most < SAMPLES ? most : SAMPLES;
    glBindRenderbuffer(GL_RENDERBUFFER, l->color);
    glRenderbufferStorageMultisample(GL_RENDERBUFFER, samples, GL_RGBA8, width, height);
    glBindRenderbuffer(GL_RENDERBUFFER, l->depth);
    glRenderbufferStorageMultisample(GL_RENDERBUFFER, samples, GL_DEPTH_COMPONENT24, width, height);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, l->texture);
    glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA8, width, height, 0, GL_RGBA, GL_UNSIGNED_BYTE, NULL);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAG_FILTER, GL_LINEAR);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_S, GL_CLAMP_TO_EDGE);
    glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_WRAP_T, GL_CLAMP_TO_EDGE);
    glBindFramebuffer(GL_FRAMEBUFFER, l->shown);
    glFramebufferTexture2D(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_TEXTURE_2D, l->texture, 0);
    GLenum one = glCheckFramebufferStatus(GL_FRAMEBUFFER);
    glBindFramebuffer(GL_FRAMEBUFFER, l->drawn);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, l->color);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_DEPTH_ATTACHMENT, GL_RENDERBUFFER, l->depth);
    GLenum many = glCheckFramebufferStatus(GL_FRAMEBUFFER);
    if (one != GL_FRAMEBUFFER_COMPLETE || many != GL_FRAMEBUFFER_COMPLETE) {
        mien_error(
            "nothing can be drawn over the picture: no layer of %dx%d here (status %#x, %#x): "
            "ask the source for a smaller picture",
            width, height, one, many);
        return false;
    }
    return true;
}

static void clear(const int rect[4])
{
    glScissor(rect[0], rect[1], rect[2] - rect[0], rect[3] - rect[1]);
    glClearColor(0, 0, 0, 0);
    glClear(GL_COLOR_BUFFER_BIT | GL_DEPTH_BUFFER_BIT);
}

bool mien_layer_begin(struct mien_layer *l, int picture_w, int picture_h, bool costly)
{
    if (!l->program || picture_w < 1 || picture_h < 1) {
        return false;
    }
    int longest = picture_w > picture_h ? picture_w : picture_h;
    float scale = !l->software ? (longest <= SMALL_PX ? 2 : 1)
                  : costly     ? 1
                               : fminf(1, (float)MOST_PX / (float)longest);
    int width = (int)ceilf((float)picture_w * scale), height = (int)ceilf((float)picture_h * scale);
    bool plain = l->software && costly;
    bool same = l->width == width && l->height == height && l->plain == plain;
    l->plain = plain;
    if (!same) {
        l->ready = make(l, width, height);
    }
    if (!l->ready) {
        return false;
    }
    glBindFramebuffer(GL_FRAMEBUFFER, l->drawn);
    glViewport(0, 0, l->width, l->height);
    glEnable(GL_SCISSOR_TEST);
    glEnable(GL_DEPTH_TEST);
    glEnable(GL_MULTISAMPLE);
    glDepthMask(GL_TRUE);
    if (!same) {
        memcpy(l->used, (int[4]){0, 0, l->width, l->height}, sizeof(l->used));
    }
    if (mien_layer_used(l)) {
        clear(l->used);
    }
    memset(l->used, 0, sizeof(l->used));
    return true;
}

// Widens a by b where that is not empty.
static void join(int a[4], const int b[4])
{
    bool any = a[2] > a[0] && a[3] > a[1];
    for (int c = 0; c < 2 && b[2] > b[0] && b[3] > b[1]; c++) {
        a[c] = any && a[c] < b[c] ? a[c] : b[c];
        a[2 + c] = any && a[2 + c] > b[2 + c] ? a[2 + c] : b[2 + c];
    }
}

void mien_layer_reach(struct mien_layer *l, const float low[2], const float high[2])
{
    int side[2] = {l->width, l->height}, r[4];
    for (int c = 0; c < 2; c++) { // a pixel more, for the filter
        float a = floorf((low[c] * 0.5f + 0.5f) * (float)side[c]) - 1,
              b = ceilf((high[c] * 0.5f + 0.5f) * (float)side[c]) + 1;
        r[c] = (int)fminf(fmaxf(a, 0), (float)side[c]);
        r[2 + c] = (int)fminf(fmaxf(b, (float)r[c]), (float)side[c]);
    }
    glScissor(r[0], r[1], r[2] - r[0], r[3] - r[1]);
    join(l->used, r);
}

bool mien_layer_used(const struct mien_layer *l)
{
    return l->ready && l->used[2] > l->used[0] && l->used[3] > l->used[1];
}

void mien_layer_end(struct mien_layer *l)
{
    // A pixel more, which is clear: the filter reads it at the edge.
    int u[4] = {l->used[0] > 0 ? l->used[0] - 1 : 0, l->used[1] > 0 ? l->used[1] - 1 : 0,
                l->used[2] < l->width ? l->used[2] + 1 : l->width,
                l->used[3] < l->height ? l->used[3] + 1 : l->height};
    glDisable(GL_SCISSOR_TEST);
    glDisable(GL_DEPTH_TEST);
    if (mien_layer_used(l)) {
        glBindFramebuffer(GL_READ_FRAMEBUFFER, l->drawn);
        glBindFramebuffer(GL_DRAW_FRAMEBUFFER, l->shown);
        glBlitFramebuffer(u[0], u[1], u[2], u[3], u[0], u[1], u[2], u[3], GL_COLOR_BUFFER_BIT,
                          GL_NEAREST);
    }
}

void mien_layer_show(struct mien_layer *l, const struct mien_map *map, int height_px)
{
    if (!mien_layer_used(l)) {
        return;
    }
    struct mien_rect r = map->rect;
    int x = (int)lroundf(r.x), w = (int)lroundf(r.w), h = (int)lroundf(r.h);
    int y = height_px - (int)lroundf(r.y) - h;
    // Only where something was drawn.
    float k = (float)w / (float)l->width, m = (float)h / (float)l->height;
    int left = map->mirror ? l->width - l->used[2] : l->used[0];
    int x0 = x + (int)floorf((float)left * k), y0 = y + (int)floorf((float)l->used[1] * m);
    int x1 = x + (int)ceilf((float)(left + l->used[2] - l->used[0]) * k),
        y1 = y + (int)ceilf((float)l->used[3] * m);
    glViewport(x, y, w, h);
    glEnable(GL_SCISSOR_TEST);
    glScissor(x0, y0, x1 - x0, y1 - y0);
    glDisable(GL_DEPTH_TEST);
    glDisable(GL_CULL_FACE);
    glEnable(GL_BLEND);
    glBlendFunc(GL_ONE, GL_ONE_MINUS_SRC_ALPHA);
    glUseProgram(l->program);
    glUniform1f(l->uniform[0], map->mirror ? 1 : 0);
    glUniform1i(l->uniform[1], 0);
    glActiveTexture(GL_TEXTURE0);
    glBindTexture(GL_TEXTURE_2D, l->texture);
    glBindVertexArray(l->blank);
    glDrawArrays(GL_TRIANGLE_STRIP, 0, 4);
    glBindVertexArray(0);
    glDisable(GL_BLEND);
    glDisable(GL_SCISSOR_TEST);
}

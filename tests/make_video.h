// Small videos made for tests, of any size, pixel format, codec and tags.
//
// Frame i is grey of level 40 + 5 i, its left half darker (20), or what paint draws.
#ifndef MAKE_VIDEO_H
#define MAKE_VIDEO_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

struct test_video {
    int frames, width, height; // 0: 64 x 48
    enum AVCodecID codec;      // 0: MPEG-4
    enum AVPixelFormat format; // 0: YUV 4:2:0 of 8 bits (which is 0)
    int rotate_deg;            // as phones write it
    AVRational sar;            // 0/0: none
    enum AVColorTransferCharacteristic transfer;
    enum AVColorPrimaries primaries;
    enum AVColorSpace space;
    int64_t start_ms; // of the first frame
    void (*paint)(AVFrame *f, int i);
};

static inline void paint_halves(AVFrame *f, int i)
{
    for (int y = 0; y < f->height; y++) {
        memset(f->data[0] + y * f->linesize[0], 40 + 5 * i, (size_t)f->width);
        memset(f->data[0] + y * f->linesize[0], 20, (size_t)f->width / 2);
    }
    for (int y = 0; y < (f->height + 1) / 2; y++) {
        memset(f->data[1] + y * f->linesize[1], 128, (size_t)(f->width + 1) / 2);
        memset(f->data[2] + y * f->linesize[2], 128, (size_t)(f->width + 1) / 2);
    }
}

static inline AVCodecContext *test_encoder(const struct test_video *v, AVFormatContext *f)
{
    const AVCodec *codec = avcodec_find_encoder(v->codec ? v->codec : AV_CODEC_ID_MPEG4);
    if (!codec) {
        skip();
    }
    AVCodecContext *c = avcodec_alloc_context3(codec);
    c->width = v->width ? v->width : 64;
    c->height = v->height ? v->height : 48;
    c->pix_fmt = v->format;
    c->time_base = (AVRational){1, 25};
    c->bit_rate = 400000;
    c->gop_size = 5;
    c->thread_count = 1;
    c->sample_aspect_ratio = v->sar.den ? v->sar : (AVRational){0, 1};
    c->color_trc = v->transfer ? v->transfer : AVCOL_TRC_UNSPECIFIED;
    c->color_primaries = v->primaries ? v->primaries : AVCOL_PRI_UNSPECIFIED;
    c->colorspace = v->space ? v->space : AVCOL_SPC_UNSPECIFIED;
    if (f->oformat->flags & AVFMT_GLOBALHEADER) {
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    assert_true(avcodec_open2(c, codec, NULL) >= 0);
    return c;
}

static inline void test_rotation(AVStream *st, int deg)
{
    int32_t *m = (int32_t *)av_stream_new_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, 36);
    double a = deg * 3.14159265358979 / 180; // 16.16 fixed point, row-major
    int32_t q[9] = {(int32_t)lrint(65536 * cos(a)),
                    (int32_t)lrint(65536 * sin(a)),
                    0,
                    (int32_t)lrint(-65536 * sin(a)),
                    (int32_t)lrint(65536 * cos(a)),
                    0,
                    0,
                    0,
                    1 << 30};
    memcpy(m, q, sizeof q);
}

static inline void make_test_video(const char *file, const struct test_video *v)
{
    AVFormatContext *f = NULL;
    assert_true(avformat_alloc_output_context2(&f, NULL, NULL, file) >= 0);
    AVCodecContext *c = test_encoder(v, f);
    AVStream *st = avformat_new_stream(f, NULL);
    avcodec_parameters_from_context(st->codecpar, c);
    st->time_base = c->time_base;
    st->avg_frame_rate = (AVRational){25, 1};
    st->sample_aspect_ratio = c->sample_aspect_ratio;
    if (v->rotate_deg) {
        test_rotation(st, v->rotate_deg);
    }
    f->output_ts_offset = v->start_ms * 1000;
    assert_true(avio_open(&f->pb, file, AVIO_FLAG_WRITE) >= 0);
    assert_true(avformat_write_header(f, NULL) >= 0);
    AVFrame *p = av_frame_alloc();
    p->format = c->pix_fmt;
    p->width = c->width;
    p->height = c->height;
    p->color_trc = c->color_trc;
    p->color_primaries = c->color_primaries;
    p->colorspace = c->colorspace;
    p->sample_aspect_ratio = c->sample_aspect_ratio;
    assert_true(av_frame_get_buffer(p, 0) >= 0);
    AVPacket *k = av_packet_alloc();
    for (int i = 0; i <= v->frames; i++) {
        if (i < v->frames) {
            assert_true(av_frame_make_writable(p) >= 0);
            (v->paint ? v->paint : paint_halves)(p, i);
            p->pts = i;
        }
        assert_true(avcodec_send_frame(c, i < v->frames ? p : NULL) >= 0);
        while (avcodec_receive_packet(c, k) >= 0) {
            av_packet_rescale_ts(k, c->time_base, st->time_base);
            k->duration = av_rescale_q(1, c->time_base, st->time_base);
            assert_true(av_interleaved_write_frame(f, k) >= 0);
        }
    }
    av_write_trailer(f);
    avio_closep(&f->pb);
    av_packet_free(&k);
    av_frame_free(&p);
    avcodec_free_context(&c);
    avformat_free_context(f);
}

#endif

// What a film shows and sounds like, for tests: when its picture flashes and when its sound clicks.
//
// A flash is a frame brighter than 128 after a darker one; a click is a sample above 0.25 after
// 0.2 s without one.
#ifndef HEAR_VIDEO_H
#define HEAR_VIDEO_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

enum { HEARD_MAX = 128 };
struct heard {
    double flash_s[HEARD_MAX], click_s[HEARD_MAX];
    int flashes, clicks;
    double picture_s, sound_s, loudest; // ends; loudest: sample
    int streams;
    // While it is read.
    bool bright;
    double loud_s;
};

static inline void hear_picture(struct heard *h, const AVFrame *f, double t)
{
    double sum = 0;
    for (int y = 0; y < f->height; y++) {
        for (int x = 0; x < f->width; x++) {
            sum += f->data[0][y * f->linesize[0] + x];
        }
    }
    bool bright = sum / (f->width * f->height) > 128;
    if (bright && !h->bright && h->flashes < HEARD_MAX) {
        h->flash_s[h->flashes++] = t;
    }
    h->bright = bright;
    h->picture_s = t;
}

static inline void hear_sound(struct heard *h, const AVFrame *f, double t)
{
    for (int i = 0; i < f->nb_samples; i++) {
        double at = t + (double)i / f->sample_rate;
        double x = fabs((double)((const float *)f->data[0])[i]);
        h->loudest = x > h->loudest ? x : h->loudest;
        if (x > 0.25) {
            if (at > h->loud_s + 0.2 && h->clicks < HEARD_MAX) {
                h->click_s[h->clicks++] = at;
            }
            h->loud_s = at;
        }
    }
    h->sound_s = t + (double)f->nb_samples / f->sample_rate;
}

static inline bool hear_frames(struct heard *h, AVCodecContext *c, const AVPacket *p, AVFrame *f,
                               AVRational unit)
{
    bool ok = avcodec_send_packet(c, p) >= 0;
    while (ok && avcodec_receive_frame(c, f) >= 0) {
        double t = (double)f->best_effort_timestamp * av_q2d(unit);
        if (c->codec_type == AVMEDIA_TYPE_VIDEO) {
            hear_picture(h, f, t);
        } else {
            hear_sound(h, f, t);
        }
    }
    return ok;
}

// False: it cannot be read.
static inline bool hear_video(const char *path, struct heard *h)
{
    AVFormatContext *file = NULL;
    AVCodecContext *codec[4] = {0};
    AVPacket *p = av_packet_alloc();
    AVFrame *f = av_frame_alloc();
    memset(h, 0, sizeof(*h));
    h->loud_s = -1;
    bool ok = avformat_open_input(&file, path, NULL, NULL) >= 0 &&
              avformat_find_stream_info(file, NULL) >= 0 && file->nb_streams <= 4;
    h->streams = ok ? (int)file->nb_streams : 0;
    for (int i = 0; ok && i < h->streams; i++) {
        const AVCodecParameters *o = file->streams[i]->codecpar;
        codec[i] = avcodec_alloc_context3(avcodec_find_decoder(o->codec_id));
        ok = avcodec_parameters_to_context(codec[i], o) >= 0 &&
             avcodec_open2(codec[i], NULL, NULL) >= 0;
    }
    while (ok && av_read_frame(file, p) >= 0) {
        ok =
            hear_frames(h, codec[p->stream_index], p, f, file->streams[p->stream_index]->time_base);
        av_packet_unref(p);
    }
    for (int i = 0; i < 4; i++) {
        if (ok && codec[i]) {
            hear_frames(h, codec[i], NULL, f, file->streams[i]->time_base);
        }
        avcodec_free_context(&codec[i]);
    }
    av_frame_free(&f);
    av_packet_free(&p);
    avformat_close_input(&file);
    return ok;
}

// The most by which a click is beside its flash; 1e9 when there are not as many of both.
static inline double hear_beside_s(const struct heard *h)
{
    double most = h->clicks == h->flashes && h->clicks ? 0 : 1e9;
    for (int i = 0; most < 1e9 && i < h->clicks; i++) {
        most = fmax(most, fabs(h->click_s[i] - h->flash_s[i]));
    }
    return most;
}

#endif

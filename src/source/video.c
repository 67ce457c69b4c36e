// A video file through FFmpeg's libraries: software decoding on the calling thread, RGB8 with
// square pixels out, the file's own timestamps, phone rotation applied, HDR (PQ, HLG) brought into
// the range of ordinary pictures (tone.c), seek to the start for looping.
//
// Damaged packets are skipped and counted; a file that ends early is played as far as it goes. Only
// local files of real video containers are opened: playlists are refused. A frame that comes too
// late is left out before its colours are converted.
// Does not: decode sound, seek elsewhere than to the start.
#include "source/internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "image/planes.h"
#include "late/ffmpeg.h"

struct video {
    char *path;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *sws;
    int stream;
    int quarter_turns; // clockwise, to show it upright
    struct mien_image rgb, upright;
    uint16_t *wide; // HDR before the tone curve, R, G, B
    size_t wide_size;
    struct mien_tone *tone[2]; // by kind
    bool pending;              // frame holds one that was not yet delivered
    bool converted;            // and rgb or upright shows it
    bool draining, ended;
    int64_t media_ns; // of the pending frame, loops included
    int64_t last_ns, loop_ns, period_ns;
    uint64_t decoded; // in this round
    struct pace pace;
};

static void close_streams(struct video *v)
{
    avcodec_free_context(&v->codec);
    avformat_close_input(&v->format);
}

static void close_video(struct mien_source *s)
{
    struct video *v = s->self;
    close_streams(v);
    av_packet_free(&v->packet);
    av_frame_free(&v->frame);
    sws_freeContext(v->sws);
    mien_image_destroy(&v->rgb);
    mien_image_destroy(&v->upright);
    av_free(v->wide);
    mien_tone_destroy(v->tone[MIEN_TONE_PQ]);
    mien_tone_destroy(v->tone[MIEN_TONE_HLG]);
    av_free(v->path);
    mien_free(v);
    s->self = NULL;
}

static bool fail(const struct video *v, const char *what, int error, struct mien_why *why)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(error, text, sizeof text);
    return mien_explain(why, "%s: %s: %s", v->path, what, text);
}

static int rotation_of(const AVStream *st)
{
    const int32_t *m =
        (const int32_t *)av_stream_get_side_data(st, AV_PKT_DATA_DISPLAYMATRIX, NULL);
    double angle = m ? av_display_rotation_get(m) : 0; // counter-clockwise turn needed to show it
    return isfinite(angle) ? ((int)lrint(-angle / 90) % 4 + 4) % 4 : 0;
}

// What a file is that has no video; NULL when it may have one, or its first bytes do not say.
static const char *other_kind(const struct video *v)
{
    unsigned char head[64];
    FILE *f = fopen(v->path, "rb");
    size_t n = f ? fread(head, 1, sizeof head, f) : 0;
    bool video;
    const char *kind = mien_image_other_kind(head, n, &video);
    if (f) {
        fclose(f);
    }
    return video ? NULL : kind;
}

static bool explain_no_video(const struct video *v, struct mien_why *why)
{
    const char *kind = other_kind(v);
    return mien_explain(why, "%s: there is no video in this file%s%s", v->path,
                        kind ? ": " : " that can be read", kind ? kind : "");
}

static bool size_ok(const struct video *v, int width, int height, struct mien_why *why)
{
    struct mien_why side;
    size_t w = (size_t)(width > 0 ? width : 0), h = (size_t)(height > 0 ? height : 0);
    if (mien_image_not_too_large(w, h, &side) && mien_image_not_too_small(w, h, &side)) {
        return true;
    }
    return mien_explain(why, "%s: %s", v->path, side.text);
}

static bool open_streams(struct video *v, struct mien_why *why)
{
    AVDictionary *o = NULL;
    av_dict_set(&o, "protocol_whitelist", "file", 0);
    // Containers only: playlists (HLS, DASH, concat) would open, and wait for, other files.
    av_dict_set(
        &o, "format_whitelist",
        "mov,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,mjpeg,m4v,h264,hevc,av1,ivf,"
        "gif,apng,mxf,nut,dv,yuv4mpegpipe",
        0);
    char url[4200];
    snprintf(url, sizeof url, "file:%s", v->path);
    int r = avformat_open_input(&v->format, url, NULL, &o);
    av_dict_free(&o);
    if (r == AVERROR(EINVAL) || (r == AVERROR_INVALIDDATA && other_kind(v))) {
        return explain_no_video(v, why); // EINVAL: a format that is not on the list
    }
    if (r == AVERROR_INVALIDDATA) {
        return mien_explain(
            why,
            "%s: neither a picture nor a video that can be read; a recording that was cut off "
            "may lack its index",
            v->path);
    }
    if (r < 0) {
        return fail(v, "opening the video failed", r, why);
    }
    r = avformat_find_stream_info(v->format, NULL);
    if (r < 0) {
        return fail(v, "the video's streams cannot be read", r, why);
    }
    const AVCodec *codec = NULL;
    v->stream = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
    if (v->stream < 0) {
        return explain_no_video(v, why);
    }
    AVStream *st = v->format->streams[v->stream];
    if (st->codecpar->width > 0 && // else the first frame tells
        !size_ok(v, st->codecpar->width, st->codecpar->height, why)) {
        return false;
    }
    for (unsigned i = 0; i < v->format->nb_streams; i++) {
        v->format->streams[i]->discard = (int)i == v->stream ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    v->codec = avcodec_alloc_context3(codec);
    r = v->codec ? avcodec_parameters_to_context(v->codec, st->codecpar) : AVERROR(ENOMEM);
    if (r >= 0) {
        v->codec->thread_count = 1;
        v->codec->pkt_timebase = st->time_base;
        v->codec->max_pixels = 128 << 20;
        r = avcodec_open2(v->codec, codec, NULL);
    }
    if (r < 0) {
        return fail(v, "starting the decoder failed", r, why);
    }
    v->quarter_turns = rotation_of(st);
    AVRational rate = av_guess_frame_rate(v->format, st, NULL);
    v->period_ns = rate.num > 0 && rate.den > 0 ? av_rescale(MIEN_NS_PER_S, rate.den, rate.num)
                                                : MIEN_NS_PER_S / 30;
    return true;
}

static int64_t stream_ns(const struct video *v)
{
    const AVStream *st = v->format->streams[v->stream];
    int64_t pts = v->frame->best_effort_timestamp;
    if (pts == AV_NOPTS_VALUE) {
        return v->decoded ? v->last_ns + v->period_ns : 0;
    }
    int64_t start = st->start_time != AV_NOPTS_VALUE ? st->start_time : 0;
    AVRational ns = {1, 1000000000};
    int64_t t = av_rescale_q(av_sat_sub64(pts, start), st->time_base, ns);
    // Time runs forward, by less than a minute a frame, whatever the file says.
    if (v->decoded && (t <= v->last_ns || t > v->last_ns + 60 * MIEN_NS_PER_S)) {
        return v->last_ns + v->period_ns;
    }
    return t < 0 || t > 60 * MIEN_NS_PER_S ? 0 : t;
}

// The old "J" formats are full range by another name.
static enum AVPixelFormat plain_format(enum AVPixelFormat f, bool *full)
{
    switch (f) {
    case AV_PIX_FMT_YUVJ420P:
        *full = true;
        return AV_PIX_FMT_YUV420P;
    case AV_PIX_FMT_YUVJ422P:
        *full = true;
        return AV_PIX_FMT_YUV422P;
    case AV_PIX_FMT_YUVJ444P:
        *full = true;
        return AV_PIX_FMT_YUV444P;
    default:
        return f;
    }
}

static bool fit(struct mien_image *im, int w, int h)
{
    if (im->width == w && im->height == h) {
        return true;
    }
    mien_image_destroy(im);
    return mien_image_create(im, w, h, MIEN_FORMAT_RGB8);
}

// The size of a frame once its pixels are square (sample aspect ratio): the shorter side of a pixel
// is stretched, so that nothing of the picture is lost. Ratios that no camera makes are not
// believed.
static void square_size(const struct video *v, int *width, int *height)
{
    AVFrame *f = v->frame;
    AVRational sar = av_guess_sample_aspect_ratio(v->format, v->format->streams[v->stream], f);
    double ratio = sar.num > 0 && sar.den > 0 ? (double)sar.num / sar.den : 1;
    double w = f->width, h = f->height, sw = w, sh = h;
    *width = f->width;
    *height = f->height;
    if (ratio < 1.0 / 8 || ratio > 8 || fabs(ratio - 1) < 1e-3) {
        return;
    }
    *(ratio > 1 ? &sw : &sh) *= ratio > 1 ? ratio : 1 / ratio;
    if (!mien_image_not_too_large((size_t)lrint(sw), (size_t)lrint(sh), NULL)) {
        sw = ratio > 1 ? w : w * ratio;
        sh = ratio > 1 ? h / ratio : h;
    }
    *width = (int)lrint(sw);
    *height = (int)lrint(sh);
}

// Room for v->rgb's size in 16 bits a channel.
static bool fit_wide(struct video *v)
{
    size_t size = 6 * (size_t)v->rgb.width * (size_t)v->rgb.height;
    if (v->wide_size >= size) {
        return true;
    }
    av_free(v->wide);
    v->wide = av_malloc(size); // aligned as swscale likes it
    v->wide_size = v->wide ? size : 0;
    return v->wide != NULL;
}

static bool is_hdr(const AVFrame *f)
{
    return f->color_trc == AVCOL_TRC_SMPTE2084 || f->color_trc == AVCOL_TRC_ARIB_STD_B67;
}

// NULL: no HDR. *ok false: no memory.
static const struct mien_tone *tone_of(struct video *v, const AVFrame *f, bool *ok)
{
    *ok = true;
    if (!is_hdr(f)) {
        return NULL;
    }
    enum mien_tone_kind kind = f->color_trc == AVCOL_TRC_SMPTE2084 ? MIEN_TONE_PQ : MIEN_TONE_HLG;
    if (!v->tone[kind]) {
        v->tone[kind] = mien_tone_create(kind);
    }
    *ok = v->tone[kind] && fit_wide(v);
    return v->tone[kind];
}

static int space_of(const AVFrame *f)
{
    switch (f->colorspace) {
    case AVCOL_SPC_BT709:
        return SWS_CS_ITU709;
    case AVCOL_SPC_BT2020_NCL:
        return SWS_CS_BT2020;
    case AVCOL_SPC_UNSPECIFIED: // BT.601 for standard definition, BT.709 above, as players do
        return is_hdr(f) ? SWS_CS_BT2020 : f->height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601;
    default:
        return SWS_CS_ITU601;
    }
}

// 4:2:0 of 8 bits at its own size, what most videos are: nearer the truth than swscale, and faster.
static void convert_planes(const AVFrame *f, bool full, struct mien_image *rgb)
{
    const struct mien_planes p = {
        .width = f->width,
        .height = f->height,
        .y = f->data[0],
        .u = f->data[1],
        .v = f->data[2],
        .stride = {f->linesize[0], f->linesize[1], f->linesize[2]},
        .full = full,
        .hd = space_of(f) == SWS_CS_ITU709,
        .centred = f->chroma_location == AVCHROMA_LOC_CENTER,
    };
    mien_planes_to_rgb(&p, rgb);
}

// The decoded frame into rgb, with square pixels.
static bool convert_colours(struct video *v)
{
    AVFrame *f = v->frame;
    bool full = f->color_range == AVCOL_RANGE_JPEG, ok;
    enum AVPixelFormat fmt = plain_format(f->format, &full);
    int w, h;
    square_size(v, &w, &h);
    if (!fit(&v->rgb, w, h)) {
        return false;
    }
    const struct mien_tone *tone = tone_of(v, f, &ok);
    if (!ok) {
        return false;
    }
    if (fmt == AV_PIX_FMT_YUV420P && !tone && space_of(f) != SWS_CS_BT2020 && w == f->width &&
        h == f->height) {
        convert_planes(f, full, &v->rgb);
        return true;
    }
    v->sws = sws_getCachedContext(v->sws, f->width, f->height, fmt, w, h,
                                  tone ? AV_PIX_FMT_RGB48 : AV_PIX_FMT_RGB24,
                                  SWS_BILINEAR | SWS_ACCURATE_RND, NULL, NULL, NULL);
    if (!v->sws) {
        return false;
    }
    sws_setColorspaceDetails(v->sws, sws_getCoefficients(space_of(f)), full,
                             sws_getCoefficients(SWS_CS_DEFAULT), 1, 0, 1 << 16, 1 << 16);
    uint8_t *dst[4] = {tone ? (uint8_t *)v->wide : v->rgb.data};
    int stride[4] = {tone ? 6 * w : (int)v->rgb.stride};
    if (sws_scale(v->sws, (const uint8_t *const *)f->data, f->linesize, 0, f->height, dst,
                  stride) != h) {
        return false;
    }
    if (tone) {
        mien_tone_apply(tone, v->wide, (size_t)stride[0], &v->rgb);
    }
    return true;
}

// The decoded frame into what is shown: rgb, or upright where it must be turned.
static bool convert(struct video *v)
{
    if (!convert_colours(v)) {
        return false;
    }
    if (!v->quarter_turns) {
        return true;
    }
    int w = v->rgb.width, h = v->rgb.height;
    bool swap = v->quarter_turns % 2;
    if (!fit(&v->upright, swap ? h : w, swap ? w : h)) {
        return false;
    }
    // From the upright picture's pixel to the stored one's.
    float lw = (float)(w - 1), lh = (float)(h - 1);
    struct mien_affine turn[4] = {{{1, 0, 0, 0, 1, 0}},
                                  {{0, 1, 0, -1, 0, lh}},
                                  {{-1, 0, lw, 0, -1, lh}},
                                  {{0, -1, lw, 1, 0, 0}}};
    mien_warp(&v->rgb, &turn[v->quarter_turns], &v->upright, -1);
    return true;
}

static bool convert_timed(struct mien_source *s, struct video *v)
{
    int64_t t0 = mien_source_clock(s);
    bool ok = convert(v);
    mien_source_count_convert(s, mien_source_clock(s) - t0);
    return ok;
}

static void leave_out(struct video *v)
{
    av_frame_unref(v->frame);
    v->pending = v->converted = false;
}

static void send_packet(struct mien_source *s, struct video *v)
{
    int r = av_read_frame(v->format, v->packet);
    if (r < 0) {
        if (r != AVERROR_EOF) {
            mien_source_say(s, "%s: the video is damaged and ends early", s->info.name);
        }
        avcodec_send_packet(v->codec, NULL);
        v->draining = true;
        return;
    }
    if (v->packet->stream_index == v->stream) {
        r = avcodec_send_packet(v->codec, v->packet);
        if (r < 0 && r != AVERROR(EAGAIN)) {
            mien_source_count(s, 0, 1, 1, 0);
        }
    }
    av_packet_unref(v->packet);
}

// One more frame, pending: OK, END, FAILED, or TIMEOUT when there is none yet.
static enum mien_source_status decode_next(struct mien_source *s, struct video *v,
                                           int64_t deadline_ns)
{
    for (bool first = true;; first = false) {
        if (!first && mien_now_ns() >= deadline_ns) {
            return MIEN_SOURCE_TIMEOUT;
        }
        int r = avcodec_receive_frame(v->codec, v->frame);
        if (r >= 0) {
            int64_t t = stream_ns(v);
            if (v->frame->decode_error_flags || (v->frame->flags & AV_FRAME_FLAG_CORRUPT)) {
                mien_source_say(s, "%s: parts of this video are damaged", s->info.name);
            }
            v->last_ns = t;
            v->media_ns = v->loop_ns + t;
            v->decoded++;
            if (!size_ok(v, v->frame->width, v->frame->height, NULL)) {
                av_frame_unref(v->frame);
                mien_source_count(s, 0, 1, 1, 0);
                continue;
            }
            v->pending = true;
            return MIEN_SOURCE_OK;
        }
        if (r == AVERROR_EOF) {
            return v->decoded ? MIEN_SOURCE_END : MIEN_SOURCE_FAILED;
        }
        if (r != AVERROR(EAGAIN)) {
            mien_source_count(s, 0, 1, 1, 0);
            if (v->draining) {
                return v->decoded ? MIEN_SOURCE_END : MIEN_SOURCE_FAILED;
            }
        }
        send_packet(s, v);
    }
}

static bool rewind_video(struct video *v)
{
    AVStream *st = v->format->streams[v->stream];
    int64_t start = st->start_time != AV_NOPTS_VALUE ? st->start_time : 0;
    v->loop_ns += v->last_ns + v->period_ns;
    v->decoded = 0;
    v->last_ns = 0;
    v->draining = false;
    if (av_seek_frame(v->format, v->stream, start, AVSEEK_FLAG_BACKWARD) >= 0) {
        avcodec_flush_buffers(v->codec);
        return true;
    }
    // raw streams cannot seek: open the file again
    close_streams(v);
    return open_streams(v, NULL);
}

// Containers with the index at the front, or none, just stop where a recording was cut off. Some
// count their length from zero, some from where they begin: what either way is whole is whole.
static void check_length(struct mien_source *s, const struct video *v)
{
    const AVFormatContext *f = v->format;
    double told = f->duration > 0 ? (double)f->duration / AV_TIME_BASE : 0;
    double start = f->start_time > 0 ? (double)f->start_time / AV_TIME_BASE : 0;
    double got = (double)(v->last_ns + v->period_ns) * 1e-9;
    if (start + got < 0.9 * told - 0.5) {
        mien_source_say(s, "%s: the video ends after %.1f of its %.1f seconds: it is incomplete",
                        s->info.name, got, told);
    }
}

// The next frame, pending; the loop begins again where there is one.
static enum mien_source_status next_frame(struct mien_source *s, struct video *v,
                                          int64_t deadline_ns)
{
    if (v->ended) {
        return MIEN_SOURCE_END;
    }
    enum mien_source_status st = decode_next(s, v, deadline_ns);
    if (st == MIEN_SOURCE_END && s->options.loop && rewind_video(v)) {
        st = decode_next(s, v, deadline_ns);
    }
    if (st == MIEN_SOURCE_END) {
        v->ended = true;
        check_length(s, v);
    } else if (st == MIEN_SOURCE_FAILED) {
        mien_source_say(s, "%s: no frame of this video could be decoded", s->info.name);
    }
    return st;
}

static enum mien_source_status read_video(struct mien_source *s, struct mien_payload *p,
                                          int64_t deadline_ns)
{
    struct video *v = s->self;
    for (bool first = true;; first = false) {
        if (!first && mien_now_ns() >= deadline_ns) {
            return MIEN_SOURCE_TIMEOUT;
        }
        enum mien_source_status st = MIEN_SOURCE_OK;
        if (!v->pending && (st = next_frame(s, v, deadline_ns)) != MIEN_SOURCE_OK) {
            return st;
        }
        int64_t due = mien_now_ns();
        if (s->options.realtime) {
            st = mien_pace(s, &v->pace, v->media_ns, v->period_ns, true, deadline_ns, &due);
            if (st == MIEN_SOURCE_LOST) {
                leave_out(v);
                continue;
            }
            if (st != MIEN_SOURCE_OK) {
                return st;
            }
        }
        if (!v->converted && !convert_timed(s, v)) {
            leave_out(v);
            mien_source_count(s, 0, 1, 1, 0);
            continue;
        }
        if (!mien_payload_set_rgb(s, p, v->quarter_turns ? &v->upright : &v->rgb)) {
            return MIEN_SOURCE_FAILED;
        }
        leave_out(v);
        p->capture_ns = due;
        p->media_ns = v->media_ns;
        return MIEN_SOURCE_OK;
    }
}

// The file's own count, or what its length makes; 0 when it tells neither.
static int64_t read_frame_count(const struct video *v, double fps)
{
    const AVFormatContext *f = v->format;
    int64_t n = f->streams[v->stream]->nb_frames, length = f->duration;
    if (n > 0 || length <= 0) {
        return n > 0 ? n : 0;
    }
    // A header's length is mostly the time of the file's end.
    if (f->duration_estimation_method == AVFMT_DURATION_FROM_STREAM && f->start_time > 0 &&
        f->start_time < length) {
        length -= f->start_time;
    }
    return llrint((double)length / AV_TIME_BASE * fps);
}

static const struct source_ops video_ops = {read_video, close_video};

bool mien_video_open(struct mien_source *s, const char *path, struct mien_why *why)
{
    if (!mien_ffmpeg_load(why)) {
        return false;
    }
    av_log_set_level(AV_LOG_QUIET); // what matters is said by us, once
    struct video *v = mien_calloc(1, sizeof *v);
    if (!v) {
        return mien_explain(why, "out of memory");
    }
    s->self = v;
    s->ops = &video_ops;
    mien_explain(why, "%s: out of memory", path);
    v->path = av_strdup(path);
    v->packet = av_packet_alloc();
    v->frame = av_frame_alloc();
    if (!v->path || !v->packet || !v->frame || !open_streams(v, why)) {
        return false;
    }
    snprintf(s->info.name, sizeof s->info.name, "%s", path);
    // The first frame is decoded now: it tells the real size, and that there is one.
    while (!v->converted) {
        if (decode_next(s, v, INT64_MAX) != MIEN_SOURCE_OK) {
            return mien_explain(why, "%s: no frame of this video could be decoded", path);
        }
        v->converted = convert(v);
        if (!v->converted) {
            leave_out(v);
            mien_source_count(s, 0, 1, 1, 0);
        }
    }
    const struct mien_image *im = v->quarter_turns ? &v->upright : &v->rgb;
    s->info.width = im->width;
    s->info.height = im->height;
    s->info.fps = 1e9 / (double)v->period_ns;
    s->info.frames = read_frame_count(v, s->info.fps);
    snprintf(s->info.kind, sizeof s->info.kind, "video");
    snprintf(s->info.format, sizeof s->info.format, "RGB");
    return true;
}

// Encodes and muxes with FFmpeg. Does not draw (sink/overlay.c does), nor encode sound
// (sink/sound_track.c).
#include "sink/video.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/save.h"
#include "late/ffmpeg.h"
#include "sink/sound_track.h"

struct mien_video_writer {
    AVFormatContext *format;
    AVIOContext *io;
    int fd;
    AVCodecContext *codec;
    AVStream *stream;
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *scaler;
    struct mien_sound_track *sound; // NULL: none
    struct mien_sound_copy *own;    // of a clip; NULL: none
    char path[1024];
    int64_t next_pts, last_pts;
    double frames_per_s;
    bool header, failed;
};

// Ticks a second of the time stamps: divides the usual frame rates.
enum { TIME_BASE = 90000, IO_BUFFER = 1 << 16 };

static bool complain(struct mien_video_writer *v, const char *what, int code)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    if (code < 0) {
        av_strerror(code, text, sizeof(text));
    }
    if (!v->failed) {
        mien_error("%s: %s%s%s", v->path, what, *text ? ": " : "", text);
    }
    v->failed = true;
    return false;
}

static bool open_codec(struct mien_video_writer *v, int width, int height, int quality)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    bool h264 = codec != NULL;
    if (!codec) {
        codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    }
    if (!codec) {
        return complain(v, "this FFmpeg has neither an H.264 nor an MPEG-4 encoder", 0);
    }
    v->codec = avcodec_alloc_context3(codec);
    if (!v->codec) {
        return complain(v, "not enough memory for the encoder", 0);
    }
    AVCodecContext *c = v->codec;
    c->width = width & ~1;
    c->height = height & ~1;
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    // MPEG-4 Part 2 cannot count finer than 1/65535 s: it gets the frame rate.
    AVRational rate = av_d2q(v->frames_per_s, 60000);
    c->time_base = h264 ? (AVRational){1, TIME_BASE} : av_inv_q(rate);
    c->framerate = rate;
    c->gop_size = (int)fmax(1, 2 * v->frames_per_s);
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = AVCOL_SPC_SMPTE170M;
    c->thread_count = 1;
    if (v->format->oformat->flags & AVFMT_GLOBALHEADER) {
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    if (h264) {
        av_opt_set(c->priv_data, "preset", "veryfast", 0);
        av_opt_set_int(c->priv_data, "crf", quality > 0 ? quality : 20, 0);
        // Five instead of ten pictures ahead: 6 MB less at 640x480, and about the same picture for
        // its size.
        av_opt_set_int(c->priv_data, "rc-lookahead", 5, 0);
        c->max_b_frames = 0; // time stamps in order: no fragment starts before zero
    } else {
        c->bit_rate = (int64_t)(0.25 * width * height * v->frames_per_s);
    }
    int code = avcodec_open2(c, codec, NULL);
    return code >= 0 || complain(v, "the encoder does not start", code);
}

// Without the track that was asked for there is no recording; without a clip's own sound there is.
static bool open_sound(struct mien_video_writer *v, const struct mien_video_sound *sound)
{
    struct mien_why why = {0};
    if (sound && sound->track) {
        v->sound = mien_sound_track_open(v->format, &why);
        return v->sound || complain(v, why.text, 0);
    }
    if (sound && sound->of) {
        v->own = mien_sound_copy_open(v->format, sound->of, &why);
        if (!v->own && why.text[0]) {
            mien_warn("%s: %s", sound->of, why.text);
        }
    }
    return true;
}

static int on_write(void *self, uint8_t *data, int size)
{
    struct mien_video_writer *v = self;
    for (int done = 0; done < size;) {
        ssize_t n = write(v->fd, data + done, (size_t)(size - done));
        if (n < 0 && errno != EINTR) {
            return AVERROR(errno);
        }
        done += n > 0 ? (int)n : 0;
    }
    return size;
}

static int64_t on_seek(void *self, int64_t at, int whence)
{
    struct mien_video_writer *v = self;
    if (whence == AVSEEK_SIZE) {
        return AVERROR(ENOSYS);
    }
    off_t now = lseek(v->fd, at, whence & ~AVSEEK_FORCE);
    return now < 0 ? AVERROR(errno) : now;
}

// FFmpeg is given no name that it could take for an address.
static bool open_io(struct mien_video_writer *v)
{
    uint8_t *buffer = av_malloc(IO_BUFFER);
    v->fd = mien_save_open(v->path);
    if (v->fd < 0 || !buffer) {
        av_free(buffer);
        v->failed = true; // logged
        return false;
    }
    v->io = avio_alloc_context(buffer, IO_BUFFER, 1, v, NULL, on_write, on_seek);
    if (!v->io) {
        av_free(buffer);
        return complain(v, "not enough memory for the file's buffer", 0);
    }
    v->io->seekable = lseek(v->fd, 0, SEEK_CUR) >= 0 ? AVIO_SEEKABLE_NORMAL : 0;
    v->format->pb = v->io;
    v->format->flags |= AVFMT_FLAG_CUSTOM_IO;
    return true;
}

static bool open_file(struct mien_video_writer *v, const struct mien_video_sound *sound)
{
    v->stream = avformat_new_stream(v->format, NULL);
    if (!v->stream || avcodec_parameters_from_context(v->stream->codecpar, v->codec) < 0) {
        return complain(v, "not enough memory for the stream", 0);
    }
    v->stream->time_base = v->codec->time_base;
    v->stream->avg_frame_rate = v->codec->framerate;
    if (!open_sound(v, sound) || !open_io(v)) {
        return false;
    }
    v->format->flush_packets = 1; // a fragment is in the file when it is whole
    AVDictionary *options = NULL;
    av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
    av_dict_set(&options, "frag_duration", "1000000", 0); // µs, whatever the frames' real rate
    int code = avformat_write_header(v->format, &options);
    av_dict_free(&options);
    if (code < 0) {
        return complain(v, "cannot write the header", code);
    }
    v->header = true;
    return true;
}

struct mien_video_writer *mien_video_writer_open(const char *path, int width, int height,
                                                 double frames_per_s, int quality,
                                                 const struct mien_video_sound *sound)
{
    if (width < 16 || height < 16 || width > 8192 || height > 8192 || !(frames_per_s > 0.1) ||
        frames_per_s > 1000 || strlen(path) >= sizeof(((struct mien_video_writer *)0)->path)) {
        mien_error("%s: cannot record %d×%d at %.2f frames a second (16…8192 pixels a side, "
                   "0.1…1000 a second)",
                   path, width, height, frames_per_s);
        return NULL;
    }
    struct mien_why why;
    if (!mien_ffmpeg_load(&why)) {
        mien_error("%s: %s", path, why.text);
        return NULL;
    }
    struct mien_video_writer *v = mien_calloc(1, sizeof(*v));
    if (!v) {
        return NULL;
    }
    strcpy(v->path, path);
    v->fd = -1;
    v->frames_per_s = frames_per_s;
    v->last_pts = -1;
    av_log_set_level(AV_LOG_ERROR);
    if (avformat_alloc_output_context2(&v->format, NULL, "mp4", NULL) < 0) {
        complain(v, "this FFmpeg cannot write MP4", 0);
        goto fail;
    }
    v->frame = av_frame_alloc();
    v->packet = av_packet_alloc();
    if (!v->frame || !v->packet) {
        complain(v, "no memory", 0);
        goto fail;
    }
    if (!open_codec(v, width, height, quality) || !open_file(v, sound)) {
        goto fail;
    }
    v->frame->format = AV_PIX_FMT_YUV420P;
    v->frame->width = v->codec->width;
    v->frame->height = v->codec->height;
    v->scaler =
        sws_getContext(v->codec->width, v->codec->height, AV_PIX_FMT_RGB24, v->codec->width,
                       v->codec->height, AV_PIX_FMT_YUV420P, SWS_BILINEAR, NULL, NULL, NULL);
    if (!v->scaler || av_frame_get_buffer(v->frame, 0) < 0) {
        complain(v, "not enough memory for frames", 0);
        goto fail;
    }
    return v;
fail:
    mien_video_writer_close(v);
    return NULL;
}

static int64_t seconds_ns(const struct mien_video_writer *v, int64_t pts)
{
    return llround((double)pts * av_q2d(v->codec->time_base) * 1e9);
}

static bool drain(struct mien_video_writer *v)
{
    int code = 0;
    while ((code = avcodec_receive_packet(v->codec, v->packet)) >= 0) {
        if (v->packet->duration <= 0) {
            v->packet->duration =
                (int64_t)lround(1 / (v->frames_per_s * av_q2d(v->codec->time_base)));
        }
        av_packet_rescale_ts(v->packet, v->codec->time_base, v->stream->time_base);
        v->packet->stream_index = v->stream->index;
        code = av_interleaved_write_frame(v->format, v->packet);
        av_packet_unref(v->packet);
        if (code < 0) {
            return complain(v, "writing failed", code);
        }
    }
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF || complain(v, "encoding failed", code);
}

// Sound keeps up with the picture, heard or not: what waits for it to come is not in the file yet.
static const int64_t sound_late_ns = 500000000;

static bool keep_sound_up(struct mien_video_writer *v, int64_t time_ns, bool last)
{
    struct mien_why why;
    bool ok = true;
    if (v->sound) {
        int64_t late_ns = last ? 0 : sound_late_ns;
        ok = mien_sound_track_fill(v->sound, time_ns - late_ns, &why);
    } else if (v->own) {
        ok = mien_sound_copy_until(v->own, time_ns, &why);
    }
    return ok || complain(v, why.text, 0);
}

bool mien_video_writer_sound(struct mien_video_writer *v, const float *samples, int n,
                             int64_t time_ns)
{
    struct mien_why why;
    if (v->failed || !v->sound) {
        return !v->failed;
    }
    return mien_sound_track_add(v->sound, samples, n, time_ns, &why) || complain(v, why.text, 0);
}

bool mien_video_writer_add(struct mien_video_writer *v, const struct mien_image *frame,
                           int64_t time_ns)
{
    if (v->failed) {
        return false;
    }
    if (frame->format != MIEN_FORMAT_RGB8 || (frame->width & ~1) != v->codec->width ||
        (frame->height & ~1) != v->codec->height) {
        return complain(v, "a frame of another size or format than the recording's", 0);
    }
    if (av_frame_make_writable(v->frame) < 0) {
        return complain(v, "not enough memory for frames", 0);
    }
    const uint8_t *rows[1] = {frame->data};
    int stride[1] = {(int)frame->stride};
    sws_scale(v->scaler, rows, stride, 0, v->codec->height, v->frame->data, v->frame->linesize);
    double tick = av_q2d(v->codec->time_base);
    int64_t pts = time_ns < 0 ? v->next_pts : llround((double)time_ns * 1e-9 / tick);
    pts = pts > v->last_pts ? pts : v->last_pts + 1;
    v->frame->pts = v->last_pts = pts;
    v->next_pts = pts + llround(1 / (v->frames_per_s * tick));
    int code = avcodec_send_frame(v->codec, v->frame);
    return code < 0 ? complain(v, "encoding failed", code)
                    : drain(v) && keep_sound_up(v, seconds_ns(v, pts), false);
}

static void finish_sound(struct mien_video_writer *v)
{
    struct mien_why why;
    if (keep_sound_up(v, seconds_ns(v, v->next_pts), true) && v->sound &&
        !mien_sound_track_finish(v->sound, &why)) {
        complain(v, why.text, 0);
    }
}

bool mien_video_writer_close(struct mien_video_writer *v)
{
    if (!v) {
        return true;
    }
    if (v->header && !v->failed) {
        int code = avcodec_send_frame(v->codec, NULL);
        if (code < 0) {
            complain(v, "the last frames were not encoded", code);
        } else if (drain(v)) {
            finish_sound(v);
        }
    }
    if (v->header) {
        int code = av_write_trailer(v->format);
        if (code < 0) {
            complain(v, "cannot write the end", code);
        }
    }
    if (v->io) {
        avio_flush(v->io);
        if (v->io->error < 0) {
            complain(v, "not all of it was written", v->io->error);
        }
        av_freep(&v->io->buffer);
        avio_context_free(&v->io);
    }
    if (v->fd >= 0 && close(v->fd) != 0) {
        complain(v, "not all of it was written", AVERROR(errno));
    }
    bool ok = !v->failed;
    mien_sound_track_close(v->sound);
    mien_sound_copy_close(v->own);
    sws_freeContext(v->scaler);
    av_frame_free(&v->frame);
    av_packet_free(&v->packet);
    avcodec_free_context(&v->codec);
    avformat_free_context(v->format);
    mien_free(v);
    return ok;
}

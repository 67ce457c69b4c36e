// Samples to AAC packets: libswresample keeps them in time, libavcodec encodes.
#include "sink/sound_track.h"

#include <math.h>

#include "base/mem.h"
#include "late/ffmpeg.h"

enum { BIT_RATE = 128000, ROOM = 4096, SILENT = 1024 };
// How far samples may be beside their time before a hole is filled, or samples are left out, at
// once; below that they are stretched, by up to MOST_STRETCH of 48000. Half of what an audience
// notices (40 ms, EBU R37); a clock's error is a hundredth of what is stretched at most.
static const double most_beside_s = 0.02;
static const double most_stretch = 2400;

struct mien_sound_track {
    AVFormatContext *file;
    AVStream *stream;
    AVCodecContext *codec;
    struct SwrContext *swr;
    AVFrame *frame; // being filled
    AVPacket *packet;
    int filled;     // samples of it
    int64_t frames; // encoded, in samples
    int64_t end_ns; // of what was added
    float room[MIEN_SOUND_CHANNELS][ROOM];
};

static bool complain(const char *what, int code, struct mien_why *why)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    if (code < 0) {
        av_strerror(code, text, sizeof(text));
    }
    return mien_explain(why, "%s%s%s", what, *text ? ": " : "", text);
}

static bool open_codec(struct mien_sound_track *t, struct mien_why *why)
{
    const AVCodec *codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
    t->codec = codec ? avcodec_alloc_context3(codec) : NULL;
    if (!t->codec) {
        return complain("this FFmpeg has no AAC encoder for the sound", 0, why);
    }
    AVCodecContext *c = t->codec;
    c->sample_fmt = AV_SAMPLE_FMT_FLTP;
    c->sample_rate = MIEN_SOUND_RATE;
    c->ch_layout = (AVChannelLayout)AV_CHANNEL_LAYOUT_STEREO;
    c->time_base = (AVRational){1, MIEN_SOUND_RATE};
    c->bit_rate = BIT_RATE;
    if (t->file->oformat->flags & AVFMT_GLOBALHEADER) {
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    }
    int code = avcodec_open2(c, codec, NULL);
    return code >= 0 || complain("the sound's encoder does not start", code, why);
}

static bool open_clock(struct mien_sound_track *t, struct mien_why *why)
{
    AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
    int code = swr_alloc_set_opts2(&t->swr, &stereo, AV_SAMPLE_FMT_FLTP, MIEN_SOUND_RATE, &stereo,
                                   AV_SAMPLE_FMT_FLT, MIEN_SOUND_RATE, 0, NULL);
    if (code >= 0) {
        av_opt_set(t->swr, "flags", "res", 0);
        av_opt_set_double(t->swr, "async", most_stretch, 0);
        av_opt_set_double(t->swr, "min_hard_comp", most_beside_s, 0);
        av_opt_set_int(t->swr, "first_pts", 0, 0);
        code = swr_init(t->swr);
    }
    return code >= 0 || complain("the sound's clock does not start", code, why);
}

static bool open_stream(struct mien_sound_track *t, struct mien_why *why)
{
    t->frame = av_frame_alloc();
    t->packet = av_packet_alloc();
    t->stream = avformat_new_stream(t->file, NULL);
    if (!t->frame || !t->packet || !t->stream ||
        avcodec_parameters_from_context(t->stream->codecpar, t->codec) < 0) {
        return complain("not enough memory for the sound", 0, why);
    }
    t->stream->time_base = t->codec->time_base;
    t->frame->format = AV_SAMPLE_FMT_FLTP;
    t->frame->sample_rate = MIEN_SOUND_RATE;
    t->frame->ch_layout = t->codec->ch_layout;
    t->frame->nb_samples = t->codec->frame_size;
    return av_frame_get_buffer(t->frame, 0) >= 0 ||
           complain("not enough memory for the sound", 0, why);
}

struct mien_sound_track *mien_sound_track_open(struct AVFormatContext *file, struct mien_why *why)
{
    struct mien_sound_track *t = mien_calloc(1, sizeof(*t));
    if (!t) {
        complain("not enough memory for the sound", 0, why);
        return NULL;
    }
    t->file = file;
    if (!open_codec(t, why) || !open_clock(t, why) || !open_stream(t, why)) {
        mien_sound_track_close(t);
        return NULL;
    }
    return t;
}

void mien_sound_track_close(struct mien_sound_track *t)
{
    if (!t) {
        return;
    }
    if (t->swr) {
        swr_free(&t->swr);
    }
    av_frame_free(&t->frame);
    av_packet_free(&t->packet);
    avcodec_free_context(&t->codec);
    mien_free(t);
}

// The encoder's run-up, before 0, is left out: players would begin with it.
static bool drain(struct mien_sound_track *t, struct mien_why *why)
{
    int code;
    while ((code = avcodec_receive_packet(t->codec, t->packet)) >= 0) {
        if (t->packet->pts < 0) {
            av_packet_unref(t->packet);
            continue;
        }
        av_packet_rescale_ts(t->packet, t->codec->time_base, t->stream->time_base);
        t->packet->stream_index = t->stream->index;
        code = av_interleaved_write_frame(t->file, t->packet);
        av_packet_unref(t->packet);
        if (code < 0) {
            return complain("writing failed", code, why);
        }
    }
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF ||
           complain("encoding the sound failed", code, why);
}

static bool encode(struct mien_sound_track *t, struct mien_why *why)
{
    t->frame->nb_samples = t->filled;
    t->frame->pts = t->frames;
    t->frames += t->filled;
    t->filled = 0;
    int code = avcodec_send_frame(t->codec, t->frame);
    t->frame->nb_samples = t->codec->frame_size;
    if (code < 0 || (code = av_frame_make_writable(t->frame)) < 0) {
        return complain("encoding the sound failed", code, why);
    }
    return drain(t, why);
}

// n samples of t->room into frames.
static bool put(struct mien_sound_track *t, int n, struct mien_why *why)
{
    for (int done = 0; done < n;) {
        int take = t->codec->frame_size - t->filled;
        take = take < n - done ? take : n - done;
        for (int k = 0; k < MIEN_SOUND_CHANNELS; k++) {
            memcpy((float *)t->frame->data[k] + t->filled, t->room[k] + done,
                   (size_t)take * sizeof(float));
        }
        t->filled += take;
        done += take;
        if (t->filled == t->codec->frame_size && !encode(t, why)) {
            return false;
        }
    }
    return true;
}

// What swresample gives for n samples and has kept; in NULL: the rest.
static bool convert(struct mien_sound_track *t, const uint8_t *in, int n, struct mien_why *why)
{
    uint8_t *out[MIEN_SOUND_CHANNELS] = {(uint8_t *)t->room[0], (uint8_t *)t->room[1]};
    for (;;) {
        int got = swr_convert(t->swr, out, ROOM, in ? &in : NULL, n);
        if (got < 0) {
            return complain("the sound cannot be kept in step", got, why);
        }
        if (!put(t, got, why)) {
            return false;
        }
        if (got < ROOM) {
            return true;
        }
        n = 0; // taken
    }
}

bool mien_sound_track_add(struct mien_sound_track *t, const float *samples, int n, int64_t time_ns,
                          struct mien_why *why)
{
    const double unit = 1e-9 * MIEN_SOUND_RATE * MIEN_SOUND_RATE; // of swr_next_pts
    swr_next_pts(t->swr, llround((double)time_ns * unit));
    int64_t end_ns = time_ns + (int64_t)n * 1000000000 / MIEN_SOUND_RATE;
    t->end_ns = end_ns > t->end_ns ? end_ns : t->end_ns;
    return convert(t, (const uint8_t *)samples, n, why);
}

bool mien_sound_track_fill(struct mien_sound_track *t, int64_t until_ns, struct mien_why *why)
{
    static const float silence[SILENT][MIEN_SOUND_CHANNELS];
    while (t->end_ns < until_ns) {
        int64_t n = (until_ns - t->end_ns) * MIEN_SOUND_RATE / 1000000000 + 1;
        n = n < SILENT ? n : SILENT;
        if (!mien_sound_track_add(t, silence[0], (int)n, t->end_ns, why)) {
            return false;
        }
    }
    return true;
}

bool mien_sound_track_finish(struct mien_sound_track *t, struct mien_why *why)
{
    if (!convert(t, NULL, 0, why) || (t->filled && !encode(t, why))) {
        return false;
    }
    int code = avcodec_send_frame(t->codec, NULL);
    return code >= 0 ? drain(t, why) : complain("encoding the sound failed", code, why);
}

// A clip's own sound, copied packet by packet.
//
// Does not: decode; seek; follow a clip that is played in loops.
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "late/ffmpeg.h"
#include "sink/sound_track.h"

struct mien_sound_copy {
    AVFormatContext *file, *clip;
    AVStream *from, *to;
    AVPacket *packet;
    bool waits, ended; // waits: packet is of a later time
    int64_t begin_ns;  // of the clip's picture
};

static bool complain(const char *what, int code, struct mien_why *why)
{
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(code, text, sizeof(text));
    return mien_explain(why, "%s: %s", what, text);
}

static int64_t to_ns(int64_t t, AVRational unit)
{
    return t == AV_NOPTS_VALUE ? 0 : av_rescale_q(t, unit, (AVRational){1, 1000000000});
}

static bool open_clip(struct mien_sound_copy *c, const char *video, struct mien_why *why)
{
    AVDictionary *o = NULL;
    char url[4200];
    snprintf(url, sizeof(url), "file:%s", video);
    av_dict_set(&o, "protocol_whitelist", "file", 0);
    int code = avformat_open_input(&c->clip, url, NULL, &o);
    av_dict_free(&o);
    code = code < 0 ? code : avformat_find_stream_info(c->clip, NULL);
    if (code < 0) {
        return complain("its sound cannot be read", code, why);
    }
    int picture = av_find_best_stream(c->clip, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    int sound = av_find_best_stream(c->clip, AVMEDIA_TYPE_AUDIO, -1, picture, NULL, 0);
    if (sound < 0 || picture < 0) {
        return mien_explain(why, "%s", "");
    }
    for (unsigned i = 0; i < c->clip->nb_streams; i++) {
        c->clip->streams[i]->discard = (int)i == sound ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    c->from = c->clip->streams[sound];
    const AVStream *first = c->clip->streams[picture];
    c->begin_ns = to_ns(first->start_time, first->time_base);
    return true;
}

static bool add_stream(struct mien_sound_copy *c, struct mien_why *why)
{
    const AVCodecParameters *p = c->from->codecpar;
    if (avformat_query_codec(c->file->oformat, p->codec_id, FF_COMPLIANCE_NORMAL) != 1) {
        return mien_explain(why, "its sound (%s) cannot be in an MP4 file: it is left out",
                            avcodec_get_name(p->codec_id));
    }
    c->packet = av_packet_alloc();
    c->to = c->packet ? avformat_new_stream(c->file, NULL) : NULL;
    if (!c->to || avcodec_parameters_copy(c->to->codecpar, p) < 0) {
        return mien_explain(why, "not enough memory for its sound");
    }
    c->to->codecpar->codec_tag = 0; // the file's own
    c->to->time_base = c->from->time_base;
    return true;
}

struct mien_sound_copy *mien_sound_copy_open(struct AVFormatContext *file, const char *video,
                                             struct mien_why *why)
{
    struct mien_sound_copy *c = mien_calloc(1, sizeof(*c));
    if (!c) {
        mien_explain(why, "not enough memory for its sound");
        return NULL;
    }
    c->file = file;
    if (!open_clip(c, video, why) || !add_stream(c, why)) {
        mien_sound_copy_close(c);
        return NULL;
    }
    return c;
}

void mien_sound_copy_close(struct mien_sound_copy *c)
{
    if (c) {
        av_packet_free(&c->packet);
        avformat_close_input(&c->clip);
        mien_free(c);
    }
}

// The next packet of the sound. A clip that is damaged further on has no more.
static bool read_packet(struct mien_sound_copy *c)
{
    while (!c->waits && !c->ended) {
        c->ended = av_read_frame(c->clip, c->packet) < 0;
        c->waits = !c->ended && c->packet->stream_index == c->from->index;
        if (!c->ended && !c->waits) {
            av_packet_unref(c->packet);
        }
    }
    return c->waits;
}

bool mien_sound_copy_until(struct mien_sound_copy *c, int64_t until_ns, struct mien_why *why)
{
    int64_t begin = av_rescale_q(c->begin_ns, (AVRational){1, 1000000000}, c->from->time_base);
    while (read_packet(c)) {
        AVPacket *p = c->packet;
        int64_t t = p->pts == AV_NOPTS_VALUE ? p->dts : p->pts;
        if (t == AV_NOPTS_VALUE || t < begin) { // before the picture
            av_packet_unref(p);
            c->waits = false;
            continue;
        }
        if (to_ns(t - begin, c->from->time_base) > until_ns) {
            return true;
        }
        p->pts = p->dts = t - begin;
        p->pos = -1;
        av_packet_rescale_ts(p, c->from->time_base, c->to->time_base);
        p->stream_index = c->to->index;
        c->waits = false;
        int code = av_interleaved_write_frame(c->file, p);
        av_packet_unref(p);
        if (code < 0) {
            return complain("writing failed", code, why);
        }
    }
    return true;
}

// FFmpeg's libraries, loaded when asked for (late/late.h). Include this in place of the library's
// headers.
//
// A function that is called for the first time gets its name in both lists.
#ifndef MIEN_LATE_FFMPEG_H
#define MIEN_LATE_FFMPEG_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libavutil/pixdesc.h>
#include <libswresample/swresample.h>
#include <libswscale/swscale.h>

#include <stdbool.h>

#include "base/why.h"

// clang-format off
#define MIEN_FFMPEG_FUNCTIONS(X) \
    X(av_d2q) \
    X(av_dict_free) \
    X(av_dict_set) \
    X(av_display_rotation_get) \
    X(av_find_best_stream) \
    X(av_frame_alloc) \
    X(av_frame_free) \
    X(av_frame_get_buffer) \
    X(av_frame_make_writable) \
    X(av_frame_unref) \
    X(av_free) \
    X(av_freep) \
    X(av_guess_frame_rate) \
    X(av_guess_sample_aspect_ratio) \
    X(av_interleaved_write_frame) \
    X(av_log_set_level) \
    X(av_malloc) \
    X(av_opt_set) \
    X(av_opt_set_double) \
    X(av_opt_set_int) \
    X(av_packet_alloc) \
    X(av_packet_free) \
    X(av_packet_rescale_ts) \
    X(av_packet_unref) \
    X(av_read_frame) \
    X(av_rescale) \
    X(av_rescale_q) \
    X(av_seek_frame) \
    X(av_strdup) \
    X(av_stream_get_side_data) \
    X(av_strerror) \
    X(av_write_trailer) \
    X(avcodec_alloc_context3) \
    X(avcodec_find_encoder) \
    X(avcodec_find_encoder_by_name) \
    X(avcodec_flush_buffers) \
    X(avcodec_free_context) \
    X(avcodec_get_name) \
    X(avcodec_open2) \
    X(avcodec_parameters_copy) \
    X(avcodec_parameters_from_context) \
    X(avcodec_parameters_to_context) \
    X(avcodec_receive_frame) \
    X(avcodec_receive_packet) \
    X(avcodec_send_frame) \
    X(avcodec_send_packet) \
    X(avformat_alloc_output_context2) \
    X(avformat_close_input) \
    X(avformat_find_stream_info) \
    X(avformat_free_context) \
    X(avformat_new_stream) \
    X(avformat_open_input) \
    X(avformat_query_codec) \
    X(avformat_write_header) \
    X(avio_alloc_context) \
    X(avio_context_free) \
    X(avio_flush) \
    X(swr_alloc_set_opts2) \
    X(swr_convert) \
    X(swr_free) \
    X(swr_init) \
    X(swr_next_pts) \
    X(sws_freeContext) \
    X(sws_getCachedContext) \
    X(sws_getCoefficients) \
    X(sws_getContext) \
    X(sws_scale) \
    X(sws_setColorspaceDetails)
// clang-format on

struct mien_ffmpeg {
#define MIEN_FFMPEG_POINTER(f) __typeof__(f) *f;
    MIEN_FFMPEG_FUNCTIONS(MIEN_FFMPEG_POINTER)
};

// To be asked before any of the functions is called. False: it cannot be loaded; *why says so,
// and what to install.
bool mien_ffmpeg_load(struct mien_why *why);
const struct mien_ffmpeg *mien_ffmpeg(void); // all NULL before it is loaded

#ifndef MIEN_FFMPEG_ITSELF // but for the table's own file
#define av_d2q (mien_ffmpeg()->av_d2q)
#define av_dict_free (mien_ffmpeg()->av_dict_free)
#define av_dict_set (mien_ffmpeg()->av_dict_set)
#define av_display_rotation_get (mien_ffmpeg()->av_display_rotation_get)
#define av_find_best_stream (mien_ffmpeg()->av_find_best_stream)
#define av_frame_alloc (mien_ffmpeg()->av_frame_alloc)
#define av_frame_free (mien_ffmpeg()->av_frame_free)
#define av_frame_get_buffer (mien_ffmpeg()->av_frame_get_buffer)
#define av_frame_make_writable (mien_ffmpeg()->av_frame_make_writable)
#define av_frame_unref (mien_ffmpeg()->av_frame_unref)
#define av_free (mien_ffmpeg()->av_free)
#define av_freep (mien_ffmpeg()->av_freep)
#define av_guess_frame_rate (mien_ffmpeg()->av_guess_frame_rate)
#define av_guess_sample_aspect_ratio (mien_ffmpeg()->av_guess_sample_aspect_ratio)
#define av_interleaved_write_frame (mien_ffmpeg()->av_interleaved_write_frame)
#define av_log_set_level (mien_ffmpeg()->av_log_set_level)
#define av_malloc (mien_ffmpeg()->av_malloc)
#define av_opt_set (mien_ffmpeg()->av_opt_set)
#define av_opt_set_double (mien_ffmpeg()->av_opt_set_double)
#define av_opt_set_int (mien_ffmpeg()->av_opt_set_int)
#define av_packet_alloc (mien_ffmpeg()->av_packet_alloc)
#define av_packet_free (mien_ffmpeg()->av_packet_free)
#define av_packet_rescale_ts (mien_ffmpeg()->av_packet_rescale_ts)
#define av_packet_unref (mien_ffmpeg()->av_packet_unref)
#define av_read_frame (mien_ffmpeg()->av_read_frame)
#define av_rescale (mien_ffmpeg()->av_rescale)
#define av_rescale_q (mien_ffmpeg()->av_rescale_q)
#define av_seek_frame (mien_ffmpeg()->av_seek_frame)
#define av_strdup (mien_ffmpeg()->av_strdup)
#define av_stream_get_side_data (mien_ffmpeg()->av_stream_get_side_data)
#define av_strerror (mien_ffmpeg()->av_strerror)
#define av_write_trailer (mien_ffmpeg()->av_write_trailer)
#define avcodec_alloc_context3 (mien_ffmpeg()->avcodec_alloc_context3)
#define avcodec_find_encoder (mien_ffmpeg()->avcodec_find_encoder)
#define avcodec_find_encoder_by_name (mien_ffmpeg()->avcodec_find_encoder_by_name)
#define avcodec_flush_buffers (mien_ffmpeg()->avcodec_flush_buffers)
#define avcodec_free_context (mien_ffmpeg()->avcodec_free_context)
#define avcodec_get_name (mien_ffmpeg()->avcodec_get_name)
#define avcodec_open2 (mien_ffmpeg()->avcodec_open2)
#define avcodec_parameters_copy (mien_ffmpeg()->avcodec_parameters_copy)
#define avcodec_parameters_from_context (mien_ffmpeg()->avcodec_parameters_from_context)
#define avcodec_parameters_to_context (mien_ffmpeg()->avcodec_parameters_to_context)
#define avcodec_receive_frame (mien_ffmpeg()->avcodec_receive_frame)
#define avcodec_receive_packet (mien_ffmpeg()->avcodec_receive_packet)
#define avcodec_send_frame (mien_ffmpeg()->avcodec_send_frame)
#define avcodec_send_packet (mien_ffmpeg()->avcodec_send_packet)
#define avformat_alloc_output_context2 (mien_ffmpeg()->avformat_alloc_output_context2)
#define avformat_close_input (mien_ffmpeg()->avformat_close_input)
#define avformat_find_stream_info (mien_ffmpeg()->avformat_find_stream_info)
#define avformat_free_context (mien_ffmpeg()->avformat_free_context)
#define avformat_new_stream (mien_ffmpeg()->avformat_new_stream)
#define avformat_open_input (mien_ffmpeg()->avformat_open_input)
#define avformat_query_codec (mien_ffmpeg()->avformat_query_codec)
#define avformat_write_header (mien_ffmpeg()->avformat_write_header)
#define avio_alloc_context (mien_ffmpeg()->avio_alloc_context)
#define avio_context_free (mien_ffmpeg()->avio_context_free)
#define avio_flush (mien_ffmpeg()->avio_flush)
#define swr_alloc_set_opts2 (mien_ffmpeg()->swr_alloc_set_opts2)
#define swr_convert (mien_ffmpeg()->swr_convert)
#define swr_free (mien_ffmpeg()->swr_free)
#define swr_init (mien_ffmpeg()->swr_init)
#define swr_next_pts (mien_ffmpeg()->swr_next_pts)
#define sws_freeContext (mien_ffmpeg()->sws_freeContext)
#define sws_getCachedContext (mien_ffmpeg()->sws_getCachedContext)
#define sws_getCoefficients (mien_ffmpeg()->sws_getCoefficients)
#define sws_getContext (mien_ffmpeg()->sws_getContext)
#define sws_scale (mien_ffmpeg()->sws_scale)
#define sws_setColorspaceDetails (mien_ffmpeg()->sws_setColorspaceDetails)
#endif

#endif

// Every sink by its name on the command line: "kind[:argument]", several with commas.
//
// Does not: know threads or pacing. Sinks that send do not wait: what cannot go at once is dropped,
// counted, and said once. Sockets stay on this computer unless an address says otherwise.
#ifndef MIEN_OUT_SINKS_H
#define MIEN_OUT_SINKS_H

#include "out/sink.h"

enum { MIEN_SINKS_MAX = 16 };

struct mien_sink_context {
    const struct mien_face_model *model; // borrowed until close; needed by sinks that show meshes
    double frames_per_s;                 // nominal
    bool dated;                          // reports say when they were begun
    const char *settings; // what was measured with, in words, for reports; copied; NULL: not told
};

// Syntax only: nothing is opened or resolved. False: *reason says what is wrong and what there is
// (valid until the next call by this thread).
bool mien_sinks_check(const char *list, const char **reason);
bool mien_sinks_use_stdout(const char *list); // one of them writes to standard output
bool mien_sinks_need_pictures(const char *list);
// The next sink of *list that writes a file or a device: its kind ("csv"), its path ("-": standard
// output). Goes on in *list; false at the end.
bool mien_sinks_next_file(const char **list, char kind[16], char path[1024]);
// What there is, as one sentence for --help.
#define MIEN_SINKS_HELP                                                                           \
    "where results go, several with commas: jsonl:FILE, csv:FILE, md5[:FILE], null; for others: " \
    "openface:FILE.csv, mediapipe:FILE.json, livelinkcsv:FILE.csv, gltf:FILE.glb, "               \
    "vmc[:HOST:PORT], "                                                                           \
    "osf[:HOST:PORT] (OpenSeeFace), livelink[:HOST:PORT] (Live Link Face), "                      \
    "ifacialmocap[:[BIND:]PORT|:to=HOST:PORT], facecap[:HOST:PORT], opentrack[:HOST:PORT], "      \
    "ws[:[BIND:]PORT] (page in a browser), loopback:/dev/videoN (virtual camera), "               \
    "report:FILE.html (session report)"

// Opens all; false when one fails (logged; none stays open). sink: room for MIEN_SINKS_MAX.
bool mien_sinks_open(const char *list, const struct mien_sink_context *c,
                     struct mien_sink *sink[MIEN_SINKS_MAX], int *count);

// The single ones; arg is what follows the kind's colon ("" when there is none), already checked.
// NULL on failure (logged).
struct mien_sink *mien_sink_vmc(const char *arg);
struct mien_sink *mien_sink_facecap(const char *arg);
struct mien_sink *mien_sink_osf(const char *arg, const struct mien_face_model *m);
struct mien_sink *mien_sink_livelink(const char *arg, double frames_per_s);
struct mien_sink *mien_sink_livelink_csv(const char *path, double frames_per_s);
struct mien_sink *mien_sink_ifacialmocap(const char *arg);
struct mien_sink *mien_sink_opentrack(const char *arg);
struct mien_sink *mien_sink_ws(const char *arg, const struct mien_face_model *m);
struct mien_sink *mien_sink_openface(const char *path, const struct mien_face_model *m);
struct mien_sink *mien_sink_mediapipe(const char *path, const struct mien_face_model *m);
struct mien_sink *mien_sink_gltf(const char *path, const struct mien_face_model *m);
// A self-contained page about the session: expression over time and its episodes, blinks, head,
// gaze, action units and blendshapes, event marks (out/report.c). Rewritten every minute. c: may be
// NULL.
struct mien_sink *mien_sink_report(const char *path, const struct mien_sink_context *c);
struct mien_sink *mien_sink_loopback(const char *path, double frames_per_s,
                                     const struct mien_face_model *m);

#endif

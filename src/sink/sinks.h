// Every sink by its name on the command line: "kind[:argument]", several with commas.
//
// A kind is one row of MIEN_SINK_KINDS: what it is called, takes, lets out and says of itself.
// Parser, --help, man page, completion, menus and the privacy lamp read it; nothing else knows a
// kind. What it does is its struct mien_sink_type, at the end of the sink's own file.
// Does not: know threads or pacing. Sinks that send do not wait: what cannot go at once is dropped,
// counted, and said once. Sockets stay on this computer unless an address says otherwise.
#ifndef MIEN_SINK_SINKS_H
#define MIEN_SINK_SINKS_H

#include "base/traffic.h"
#include "base/why.h"
#include "sink/sink.h"

enum { MIEN_SINKS_MAX = 16, MIEN_SINKS_HELP_SIZE = 1024 };

enum mien_sink_argument {
    MIEN_SINK_NONE,
    MIEN_SINK_FILE,
    MIEN_SINK_FILE_OR_STDOUT,    // nothing or "-": standard output
    MIEN_SINK_ADDRESS,           // may be left out
    MIEN_SINK_ADDRESS_OR_TARGET, // the same; "to=" before one that is sent to without being asked
    MIEN_SINK_DEVICE,
};

struct mien_sink_kind {
    const char *name; // lower-case letters and digits, at most 15
    enum mien_sink_argument argument;
    int port; // of an address that names none
    enum mien_traffic traffic;
    const char *help;    // how it is written, for --help: "csv:FILE"
    const char *what;    // a few words for the menu
    const char *example; // what the menu offers to begin with; NULL: the menu does not offer it
    const struct mien_sink_type *type;
};

// name, argument, port, traffic, help, what, example; in the order of --help. What it does is
// mien_sink_NAME, in the sink's own file.
#define MIEN_SINK_KINDS(X)                                                                         \
    X(jsonl, FILE_OR_STDOUT, 0, FILE, "jsonl:FILE", "everything, a line a frame",                  \
      "jsonl:mien.jsonl")                                                                          \
    X(csv, FILE_OR_STDOUT, 0, FILE, "csv:FILE", "table, a row a face", "csv:mien.csv")             \
    X(tidy, FILE, 0, FILE, "tidy:FILE.csv (one table for R and pandas)",                           \
      "one table for R and pandas", "tidy:mien-tidy.csv")                                          \
    X(md5, FILE_OR_STDOUT, 0, FILE, "md5[:FILE]", "digests, to compare runs", "md5:mien.md5")      \
    X(null, NONE, 0, NONE, "null", "counts frames only", NULL)                                     \
    X(openface, FILE_OR_STDOUT, 0, FILE, "openface:FILE.csv", "table like OpenFace's",             \
      "openface:openface.csv")                                                                     \
    X(mediapipe, FILE_OR_STDOUT, 0, FILE, "mediapipe:FILE.json", "like MediaPipe's",               \
      "mediapipe:mediapipe.json")                                                                  \
    X(livelinkcsv, FILE_OR_STDOUT, 0, FILE, "livelinkcsv:FILE.csv", "table like Live Link Face's", \
      "livelinkcsv:livelink.csv")                                                                  \
    X(gltf, FILE, 0, FILE, "gltf:FILE.glb", "animated face for Blender", "gltf:mien.glb")          \
    X(vmc, ADDRESS, 39539, NETWORK, "vmc[:HOST:PORT]", "VMC: VSeeFace, Warudo, VNyan", "vmc")      \
    X(osf, ADDRESS, 11573, NETWORK, "osf[:HOST:PORT] (OpenSeeFace)",                               \
      "OpenSeeFace: VTube Studio, VSeeFace", "osf")                                                \
    X(livelink, ADDRESS, 11111, NETWORK, "livelink[:HOST:PORT] (Live Link Face)",                  \
      "Live Link Face: Unreal Engine", "livelink")                                                 \
    X(ifacialmocap, ADDRESS_OR_TARGET, 49983, NETWORK, "ifacialmocap[:[BIND:]PORT|:to=HOST:PORT]", \
      "iFacialMocap", "ifacialmocap")                                                              \
    X(facecap, ADDRESS, 8080, NETWORK, "facecap[:HOST:PORT]", "Face Cap (OSC)", "facecap")         \
    X(opentrack, ADDRESS, 4242, NETWORK, "opentrack[:HOST:PORT]", "head pose for games",           \
      "opentrack")                                                                                 \
    X(ws, ADDRESS, 8765, NETWORK, "ws[:[BIND:]PORT] (page in a browser)",                          \
      "page in a browser, port 8765", "ws")                                                        \
    X(loopback, DEVICE, 0, CAMERA, "loopback:/dev/videoN (virtual camera)", "virtual camera",      \
      "loopback:/dev/video10")                                                                     \
    X(report, FILE, 0, FILE, "report:FILE.html (session report)", "page about a session", NULL)
#define MIEN_SINK_DECLARE(name, argument, port, traffic, help, what, example) \
    extern const struct mien_sink_type mien_sink_##name;
MIEN_SINK_KINDS(MIEN_SINK_DECLARE)

const struct mien_sink_kind *mien_sink_kind_at(int i); // NULL past the last
// Of what stands before the colon in "kind[:argument]"; NULL: there is none of this name.
const struct mien_sink_kind *mien_sink_kind_of(const char *spec);
// What is not known is taken for the network, so that the lamp never says too little.
enum mien_traffic mien_sink_traffic(const char *spec);

// Syntax only: nothing is opened or resolved. False: *why says what is wrong and what there is.
bool mien_sinks_check(const char *list, struct mien_why *why);
bool mien_sinks_use_stdout(const char *list); // one of them writes to standard output
bool mien_sinks_need_pictures(const char *list);
// The next sink of *list that writes a file or a device: its kind ("csv"), its path ("-": standard
// output). Goes on in *list; false at the end.
bool mien_sinks_next_file(const char **list, char kind[16], char path[1024]);
// What there is, as one sentence for --help. Returns text.
const char *mien_sinks_help(char text[MIEN_SINKS_HELP_SIZE]);

// Opens all; false when one fails (logged; none stays open). sink: room for MIEN_SINKS_MAX.
bool mien_sinks_open(const char *list, const struct mien_sink_context *c,
                     struct mien_sink *sink[MIEN_SINKS_MAX], int *count);
// One, by its kind's name; c NULL: no model, no rate. NULL on failure (logged).
struct mien_sink *mien_sink_open(const char *kind, const char *arg,
                                 const struct mien_sink_context *c);

#endif

// Every sink by its name on the command line: "kind[:argument]", several with commas.
//
// A kind is one row, which stands in the sink's own file: what it is called, takes, lets out, says
// of itself, and how it is opened. Parser, --help, man page, completion, menus and the privacy lamp
// read it; nothing else knows a kind. MIEN_SINK_KINDS lists them.
// Does not: know threads or pacing. Sinks that send do not wait: what cannot go at once is dropped,
// counted, and said once. Sockets stay on this computer unless an address says otherwise.
#ifndef MIEN_SINK_SINKS_H
#define MIEN_SINK_SINKS_H

#include "base/traffic.h"
#include "base/why.h"
#include "sink/address.h"
#include "sink/sink.h"

enum { MIEN_SINKS_MAX = 16, MIEN_SINKS_HELP_SIZE = 1024 };

struct mien_sink_context {
    const struct mien_face_model *model; // borrowed until close; needed by sinks that show meshes
    double frames_per_s;                 // nominal
    bool dated;                          // reports say when they were begun
    const char *settings; // what was measured with, in words, for reports; copied; NULL: not told
};

enum mien_sink_argument {
    MIEN_SINK_NONE,
    MIEN_SINK_FILE,
    MIEN_SINK_FILE_OR_STDOUT,    // nothing or "-": standard output
    MIEN_SINK_ADDRESS,           // may be left out
    MIEN_SINK_ADDRESS_OR_TARGET, // the same; "to=" before one that is sent to without being asked
    MIEN_SINK_DEVICE,
};

struct mien_sink_target {        // what stands after the colon, as the kind's `argument` reads it
    const char *path;            // a file or device; "-": standard output
    struct mien_address address; // where nothing is said: this computer and the kind's port
    bool unasked;                // "to=" stood before the address
};

struct mien_sink_kind {
    const char *name; // lower-case letters and digits, at most 15
    enum mien_sink_argument argument;
    int port; // of an address that names none
    enum mien_traffic traffic;
    bool wants_pictures; // its write or show takes the frame's picture
    const char *help;    // how it is written, for --help: "csv:FILE"
    const char *what;    // a few words for the menu
    const char *example; // what the menu offers to begin with; NULL: the menu does not offer it
    struct mien_sink_type type;
    // s: of `type`, zeroed. False on failure (logged), with nothing left open: s is then freed
    // without a call of its close.
    bool (*open)(struct mien_sink *s, const struct mien_sink_target *to,
                 const struct mien_sink_context *c);
};

// One name a kind, in the order of --help; its row is mien_sink_kind_NAME.
#define MIEN_SINK_KINDS(X) \
    X(jsonl)               \
    X(csv)                 \
    X(tidy)                \
    X(md5)                 \
    X(null)                \
    X(openface)            \
    X(mediapipe)           \
    X(livelinkcsv)         \
    X(gltf)                \
    X(vmc)                 \
    X(osf)                 \
    X(livelink)            \
    X(ifacialmocap)        \
    X(facecap)             \
    X(opentrack)           \
    X(ws)                  \
    X(loopback)            \
    X(report)
#define MIEN_SINK_DECLARE(name) extern const struct mien_sink_kind mien_sink_kind_##name;
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

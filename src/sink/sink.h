// Sinks: where results go. One small interface; a sink is opened by its own function, gets every
// frame in order, and is closed.
//
// Does not: start threads, wait for anybody but the disk, or keep what it is given. One thread at a
// time. The write path does not allocate once the largest picture was seen (video encoders may).
#ifndef MIEN_SINK_SINK_H
#define MIEN_SINK_SINK_H

#include "base/claims.h"
#include "face/model.h"
#include "face/result.h"
#include "image/image.h"
#include "sink/address.h"
#include <stdbool.h>

struct mien_sink_frame {
    const char *source;               // file's name, or the source's URI
    const struct mien_image *picture; // the frame, RGB8; NULL where nobody kept it
    const struct mien_result *result;
};

struct mien_sink_context {
    const struct mien_face_model *model; // borrowed until close; needed by sinks that show meshes
    double frames_per_s;                 // nominal
    bool dated;                          // reports say when they were begun
    const char *settings; // what was measured with, in words, for reports; copied; NULL: not told
};

struct mien_sink_target {        // what stands after the colon, as the kind's `argument` reads it
    const char *path;            // a file or device; "-": standard output
    struct mien_address address; // where nothing is said: this computer and the kind's port
    bool unasked;                // "to=" stood before the address
};

struct mien_sink;
struct mien_sink_type {  // what a sink does: one constant each
    const char *name;    // for messages
    size_t size;         // of its struct, which begins with a struct mien_sink
    bool wants_pictures; // its write or show takes the frame's picture
    // s: zeroed. False on failure (logged), with nothing left open: s is then freed without a call
    // of its close. NULL for sinks that other functions make (mien_sink_overlay …).
    bool (*open)(struct mien_sink *s, const struct mien_sink_target *to,
                 const struct mien_sink_context *c);
    bool (*write)(struct mien_sink *s, const struct mien_sink_frame *f);
    // May be NULL. A live program that draws hands what it shows here (RGB8), and then leaves
    // `picture` in write NULL; others give the frame's picture in write.
    bool (*show)(struct mien_sink *s, const struct mien_image *shown);
    // May be NULL. Called every few hundredths of a second while no frame comes: answers clients.
    void (*idle)(struct mien_sink *s);
    // Writes what is left and lets go of all that s holds; s itself is its owner's.
    bool (*close)(struct mien_sink *s);
};

struct mien_sink { // first member of every sink
    const struct mien_sink_type *type;
    bool failed; // a write failed; it was logged, later ones are skipped
};

// A sink of this type, zeroed, to be opened; mien_sink_close or mien_free. NULL: no memory
// (logged).
void *mien_sink_create(const struct mien_sink_type *type);

bool mien_sink_write(struct mien_sink *s, const struct mien_sink_frame *f); // false: it failed
bool mien_sink_show(struct mien_sink *s, const struct mien_image *shown);   // the same, for show
void mien_sink_idle(struct mien_sink *s);
// Flushes and frees. False when anything was not written. s NULL is fine (true).
bool mien_sink_close(struct mien_sink *s);

enum mien_overlay_parts {
    MIEN_OVERLAY_MESH = 1,
    MIEN_OVERLAY_LANDMARKS = 2,
    MIEN_OVERLAY_AXES = 4,
    MIEN_OVERLAY_TEXT = 8,
    MIEN_OVERLAY_ALL = 15,
};
// Pictures with the results drawn over them: DIR/NAME.png, NAME from the source (its folder and
// ending taken off). m is borrowed until close.
// This and the next one choose their files' names: one that claims knows, or that belongs to a file
// that they did not make, gets a number (NAME-2), which is said. claims: of the run, borrowed;
// NULL: none but their own.
struct mien_sink *mien_sink_overlay(const char *dir, const struct mien_face_model *m,
                                    unsigned parts, struct mien_claims *claims);
// A mesh for every face: DIR/NAME.obj + .mtl + .png (the picture unwrapped onto the model's UV) and
// DIR/NAME.ply (binary, vertex colours); NAME-2.obj for the second face and so on. Head frame, mm.
// What OBJ and MTL cannot say in a name (blanks, line ends, "#") becomes "_"; the source's whole
// name is in the OBJ's first lines.
struct mien_sink *mien_sink_mesh(const char *dir, const struct mien_face_model *m,
                                 struct mien_claims *claims);
// Overlays as an MP4 (sink/video.h); frames_per_s: the clip's; sound_of: a clip whose own sound is
// copied, borrowed; NULL: none.
struct mien_sink *mien_sink_video(const char *path, double frames_per_s,
                                  const struct mien_face_model *m, unsigned parts,
                                  const char *sound_of);

#endif

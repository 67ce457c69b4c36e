// Shapes refined while a video runs: who turns the head gets a shape of many pictures together.
//
// The portrait network's looks (engine/portrait.h) say a shape within a second; what the pictures
// of a turned head show together (scan/scan.h) says it far better, and costs a second of a core.
// So small cut-outs of each person are kept as the head turns, and once the head was seen from far
// enough apart, and again as that grows, its shape is refined and the engine told to hold it. A
// head that stays as it is costs nothing. `apart`: a thread of its own refines, so that no frame
// waits, and one person's pictures stay as they are meanwhile; else the frame waits, and the same
// frames give the same results. Does not: read or write files, decide who is who (ids do), allocate
// after create (but on a thread of its own).
#ifndef MIEN_SCAN_REFINE_H
#define MIEN_SCAN_REFINE_H

#include "engine/engine.h"

struct mien_refiner; // opaque; used by the engine's thread

// m must outlive it. NULL on failure (logged).
struct mien_refiner *mien_refiner_create(const struct mien_face_model *m, bool apart);
void mien_refiner_destroy(struct mien_refiner *r); // NULL is fine
// After each frame, with what the engine said of it: keeps, refines, has the engine hold. The
// shapes count from the next frame on, or from when they are ready.
void mien_refiner_see(struct mien_refiner *r, struct mien_engine *e, const struct mien_image *frame,
                      const struct mien_result *result);

#endif

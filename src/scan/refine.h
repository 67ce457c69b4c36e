// Shapes refined while a video runs: who turns the head gets a shape of many pictures together.
//
// The portrait network's looks (engine/portrait.h) say a shape within a second; what the pictures
// of a turned head show together (scan/scan.h) says it far better, and costs a second of a core.
// So small cut-outs of each person are kept as the head turns, and once the head was seen from far
// enough apart, and again as that grows, its shape is refined and the engine told to hold it. A
// head that stays as it is costs nothing. Does not: read or write files, decide who is who (ids
// do), or spare the frame that waits for it: it is for files, not for live pictures.
#ifndef MIEN_SCAN_REFINE_H
#define MIEN_SCAN_REFINE_H

#include "engine/engine.h"

struct mien_refiner; // opaque; used by the engine's thread

// The same frames give the same results. NULL on failure (logged).
struct mien_refiner *mien_refiner_create(void);
void mien_refiner_destroy(struct mien_refiner *r); // NULL is fine
// After each frame, with what the engine said of it: keeps, refines, has the engine hold. The
// shapes count from the next frame on. Short of memory it does without (logged).
void mien_refiner_see(struct mien_refiner *r, struct mien_engine *e, const struct mien_image *frame,
                      const struct mien_result *result);

#endif

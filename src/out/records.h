// The JSON object of one frame, as the JSON lines and the WebSocket have it (out/sink.h lists it).
#ifndef MIEN_OUT_RECORDS_H
#define MIEN_OUT_RECORDS_H

#include "out/sink.h"
#include "out/text.h"

// No newline after it.
void mien_record_json(struct mien_text *t, const struct mien_sink_frame *f);

#endif

// The JSON object of one frame, as the JSON lines and the WebSocket have it (sink/sink.h lists it).
#ifndef MIEN_SINK_RECORDS_H
#define MIEN_SINK_RECORDS_H

#include "base/text.h"
#include "sink/sink.h"

// No newline after it.
void mien_record_json(struct mien_text *t, const struct mien_sink_frame *f);

#endif

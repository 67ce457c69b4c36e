// Sinks that make pictures, meshes and videos: names, scratch pictures, counting.
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "out/mesh.h"
#include "out/overlay.h"
#include "out/sink.h"
#include "out/video.h"


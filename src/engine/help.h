// What the engine's options are said to do: one text for every command that has them.
//
// Does not: define options; each command has its own struct for them.
#ifndef MIEN_ENGINE_HELP_H
#define MIEN_ENGINE_HELP_H

#define MIEN_HELP_FACES \
    "most faces to find and follow; 0: one with cameras and videos, eight in pictures"
#define MIEN_HELP_FOV                                                                             \
    "horizontal field of view of the camera; 0: unknown, the focal length is taken as 1.2 times " \
    "the longer side, for pictures 4 times except in mien head"
#define MIEN_HELP_QUALITY                                                                         \
    "also evaluate each face mirrored: slightly more accurate, twice the network's time; on for " \
    "pictures, off for cameras and videos unless it is asked for"
#define MIEN_HELP_FILTER "strength of smoothing; 0 is the default, -1 none, 2 twice as steady"
#define MIEN_HELP_NET \
    "face network: standard, clean (licence-clean; not for `mien head`), or a file"
#define MIEN_HELP_DETECTOR "detector instead of models/detect.net"
#define MIEN_HELP_FACE "face model instead of models/ict.face"

#endif

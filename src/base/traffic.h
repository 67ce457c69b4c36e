// What an output lets out of the program: what the privacy lamp and the menus say of it.
//
// Does not: look at addresses. What is sent to this very computer is network traffic too.
#ifndef MIEN_BASE_TRAFFIC_H
#define MIEN_BASE_TRAFFIC_H

enum mien_traffic {
    MIEN_TRAFFIC_NONE,    // nothing leaves
    MIEN_TRAFFIC_FILE,    // a file or standard output
    MIEN_TRAFFIC_NETWORK, // packets
    MIEN_TRAFFIC_CAMERA,  // pictures, to a virtual camera (v4l2loopback)
    MIEN_TRAFFICS
};

#endif

// Signals that end a program: a long-running command asks now and then whether it should end, and
// then finishes its files.
#ifndef MIEN_APP_STOP_H
#define MIEN_APP_STOP_H

#include <stdatomic.h>
#include <stdbool.h>

// From now on SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU and SIGXFSZ ask to stop (at a file that
// reached the limit of its size, writing fails, and the other files are finished). SIGINT, SIGTERM
// and SIGQUIT kill as usual when they come again two seconds later or more.
void mien_stop_install(void);
bool mien_stop_asked(void);
const atomic_int *mien_stop_flag(void); // not 0: asked

#endif

// Ctrl-C: a command that runs long asks now and then whether it should end.
#ifndef MIEN_APP_STOP_H
#define MIEN_APP_STOP_H

#include <stdbool.h>

// SIGINT and SIGTERM ask to stop from now on; a second one kills as usual.
void mien_stop_install(void);
bool mien_stop_asked(void);

#endif

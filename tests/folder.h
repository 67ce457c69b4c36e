// A folder of a test's own, for tests.
#ifndef MIEN_TESTS_FOLDER_H
#define MIEN_TESTS_FOLDER_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

// Makes one that nobody has, /tmp/mien-NAME-…, and says in dir where.
static inline bool folder_make(char dir[64], const char *name)
{
    snprintf(dir, 64, "/tmp/mien-%s-XXXXXX", name);
    return mkdtemp(dir) != NULL;
}

// DIR/NAME; until the fourth call from now.
static inline const char *folder_path(const char *dir, const char *name)
{
    static char path[4][256];
    static int i;
    i = (i + 1) % 4;
    snprintf(path[i], sizeof(path[i]), "%s/%s", dir, name);
    return path[i];
}

// With all that is in it; 0, or what a test's tear-down fails with.
static inline int folder_remove(const char *dir)
{
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    return chdir("/") || system(command);
}

#endif

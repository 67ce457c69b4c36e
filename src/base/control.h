// A device's controls, for the code that talks to it and for the code that shows them.
//
// Does not: set anything (source/controls.h does).
#ifndef MIEN_BASE_CONTROL_H
#define MIEN_BASE_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

enum { MIEN_CONTROLS = 40, MIEN_CONTROL_ITEMS = 12, MIEN_CONTROL_TEXT = 1000 };

enum mien_control_kind { MIEN_CONTROL_NUMBER, MIEN_CONTROL_SWITCH, MIEN_CONTROL_CHOICE };

struct mien_control {
    uint32_t id; // the driver's
    enum mien_control_kind kind;
    char key[40];  // its name in small letters: "exposure_time_absolute"
    char name[36]; // as the driver writes it
    int min, max, step, usual, value;
    bool ruled; // by another one, which is automatic: setting it has no effect
    bool fixed; // it can only be read
    struct {
        int value;
        char name[36];
    } item[MIEN_CONTROL_ITEMS]; // of a choice
    int items;
};

#endif

// The fuzz entries, one a file. libFuzzer calls the one named by -DFUZZ=name (driver.c); the unit
// test test_fuzz replays the corpus and seeded mutations of it through all of them.
#ifndef MIEN_TESTS_FUZZ_H
#define MIEN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int fuzz_image(const uint8_t *data, size_t size);
int fuzz_container(const uint8_t *data, size_t size);

#endif

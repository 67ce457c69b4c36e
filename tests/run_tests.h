// A test program's main.
#ifndef MIEN_TESTS_RUN_TESTS_H
#define MIEN_TESTS_RUN_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

// set_up, tear_down: of the program, or NULL. Then the tests: cmocka_unit_test(…), …
#define RUN_TESTS(set_up, tear_down, ...)                        \
    int main(void)                                               \
    {                                                            \
        const struct CMUnitTest tests[] = {__VA_ARGS__};         \
        return cmocka_run_group_tests(tests, set_up, tear_down); \
    }

#endif

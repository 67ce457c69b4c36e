// Inside of bench/: a network's description read from a file.
#ifndef MIEN_BENCH_DESCRIPTION_H
#define MIEN_BENCH_DESCRIPTION_H

// A description with $LANDMARKS defined; NULL on failure (logged). Free with mien_free.
char *mien_bench_description(const char *path, int landmarks);

#endif

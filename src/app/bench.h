// Parts of `mien bench` with a file of their own.
#ifndef MIEN_APP_BENCH_H
#define MIEN_APP_BENCH_H

// Renders people of one series of pictures, size x size px, JPEG included, on this thread for
// `seconds` (at least eight pictures) and prints pictures a second by the clock and processor
// milliseconds a picture. textures: folder of skins as `mien synth --textures`, NULL for none. Data
// comes from mien_data_dir(). Returns an exit status.
int mien_bench_synth(int size, const char *textures, double seconds);

// `mien bench live`: the live program on a picture of so many faces (1…8), width x height px, fps
// offered, mode: enum mien_view_mode. clip NULL: the bundled one. Returns the exit status.
int mien_bench_live(const char *clip, int faces, int width, int height, int fps, int mode,
                    double seconds);

// `mien bench step`: what each stage of following a clip costs, in processor time a frame: medians
// of the rounds that fit into `seconds`, at least three. Prints a table. clip NULL: the bundled
// one. Returns the exit status.
int mien_bench_step(const char *clip, int faces, double seconds);

// Processor time of the whole process, s.
double mien_bench_cpu_seconds(void);

#endif

// Runs the entry that -DFUZZ=name names: under libFuzzer; with -DALONE (no clang) by itself:
//   driver SECONDS ARTIFACTS INPUT…
// replays the inputs, then mutations of them until time is up. What an entry dies of, or takes over
// twenty seconds for, is left in the folder ARTIFACTS.
// Does not: measure coverage; libFuzzer finds more.
#include "fuzz/fuzz.h"

#include <signal.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rng.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mien_log_set_level(MIEN_LOG_ERROR + 1);
    FUZZ(data, size);
    return 0;
}

#ifdef ALONE
enum { ROOM = 1 << 16, INPUTS = 1000, LIMIT_S = 20 };

static uint8_t input[INPUTS][ROOM / 4], now[ROOM];
static size_t input_size[INPUTS], now_size;
static int inputs;
static char artifact[1024];

static void keep(void)
{
    FILE *f = fopen(artifact, "wb");
    if (f) {
        fwrite(now, 1, now_size, f);
        fclose(f);
    }
    fprintf(stderr, "Test unit written to %s\n", artifact);
}

static void on_signal(int signal)
{
    keep();
    fprintf(stderr, "ERROR: signal %d\n", signal);
    _Exit(1);
}

void __sanitizer_set_death_callback(void (*call)(void));

static void read_input(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f || inputs == INPUTS) {
        perror(path);
        exit(2);
    }
    input_size[inputs] = fread(input[inputs], 1, sizeof(input[0]), f);
    inputs++;
    fclose(f);
}

static void run(void)
{
    uint8_t *exact = malloc(now_size ? now_size : 1); // reading past it is caught
    memcpy(exact, now, now_size);
    alarm(LIMIT_S);
    LLVMFuzzerTestOneInput(exact, now_size);
    alarm(0);
    free(exact);
}

static uint32_t below(struct mien_rng *r, size_t n)
{
    return mien_rng_below(r, n ? (uint32_t)n : 1);
}

// One change: a byte, a number, a piece taken out, doubled, or of another input.
static void mutate(struct mien_rng *r)
{
    static const uint8_t special[] = {0, 1, 0x7f, 0x80, 0xfe, 0xff, '0', '9', '-', ' ', '\n'};
    size_t at = below(r, now_size), n = 1 + below(r, 16);
    int other = (int)below(r, (size_t)inputs);
    switch (below(r, 6)) {
    case 0:
        now[at] = (uint8_t)mien_rng_u32(r);
        break;
    case 1:
        now[at] = special[below(r, sizeof(special))];
        break;
    case 2:
        now[at] = (uint8_t)(now[at] + below(r, 17) - 8);
        break;
    case 3:
        n = n < now_size - at ? n : now_size - at;
        memmove(now + at, now + at + n, now_size - at - n);
        now_size -= n;
        break;
    case 4:
        n = n < now_size - at ? n : now_size - at;
        if (now_size + n <= ROOM) {
            memmove(now + at + n, now + at, now_size - at);
            now_size += n;
        }
        break;
    default:
        n = n < input_size[other] ? n : input_size[other];
        n = n < now_size - at ? n : now_size - at;
        memcpy(now + at, input[other] + below(r, input_size[other] - n), n);
        break;
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: driver SECONDS ARTIFACTS INPUT...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        read_input(argv[i]);
    }
    snprintf(artifact, sizeof(artifact), "%s/crash", argv[2]);
    signal(SIGABRT, on_signal);
    signal(SIGALRM, on_signal);
    __sanitizer_set_death_callback(keep);
    int64_t until = mien_now_ns() + atoi(argv[1]) * MIEN_NS_PER_S;
    long long runs = 0;
    struct mien_rng r;
    mien_rng_seed(&r, (uint64_t)until, 0);
    for (; runs < inputs || mien_now_ns() < until; runs++) {
        int i = runs < inputs ? (int)runs : (int)below(&r, (size_t)inputs);
        now_size = input_size[i];
        memcpy(now, input[i], now_size);
        for (uint32_t k = runs < inputs ? 0 : 1 + below(&r, 8); k > 0 && now_size > 0; k--) {
            mutate(&r);
        }
        run();
    }
    fprintf(stderr, "stat::number_of_executed_units: %lld\n", runs);
    return 0;
}
#endif

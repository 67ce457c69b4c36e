// Reads a source through src/source as the live program does (raw payload, then decoder) and prints
// one line; for the camera tests in the virtual machine.
//
//   capture URI FRAMES SECONDS [WIDTH HEIGHT yuyv|mjpg|auto] [MARKFILE]
//   capture DEVICE hold        holds 30 frames a second, as the camera's page does, and says how
//
// Prints one line: decoded frames, bad ones (refused by the decoder), the source's counters,
// whether the camera was lost, size and format, granted and measured rate, oldest age, state; exit
// 0 when FRAMES decoded frames came within SECONDS, 1 when not, 2 when opening failed. MARKFILE is
// made after 8 frames, so that a script can act on a stream that flows.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "source/controls.h"
#include "source/source.h"

static int hold(const char *device)
{
    char said[200] = "";
    struct mien_why why = {0};
    bool ok = mien_controls_hold_rate(device, 30, said, sizeof said, &why);
    printf("%s\n", ok ? said : why.text);
    return !ok;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[2], "hold")) {
        return hold(argv[1]);
    }
    if (argc < 4) {
        fprintf(stderr, "usage: capture URI FRAMES SECONDS [WIDTH HEIGHT FORMAT] [MARKFILE]\n");
        return 2;
    }
    struct mien_source_options o = {0};
    if (argc > 6) {
        o.width = atoi(argv[4]);
        o.height = atoi(argv[5]);
        o.format = !strcmp(argv[6], "mjpg")   ? MIEN_CAMERA_MJPG
                   : !strcmp(argv[6], "yuyv") ? MIEN_CAMERA_YUYV
                                              : MIEN_CAMERA_AUTO;
    }
    const char *mark = argc > 7 ? argv[7] : NULL;
    char text[512];
    struct mien_source *s = mien_source_open(argv[1], &o, NULL);
    if (!s) {
        return 2;
    }
    struct mien_decoder *d = mien_decoder_create();
    struct mien_payload p = {0};
    struct mien_image rgb = {0};
    int want = atoi(argv[2]), decoded = 0, bad = 0, lost = 0;
    int64_t end = mien_now_ns() + (int64_t)(atof(argv[3]) * 1e9), first = 0, last = 0, worst = 0;
    while (d && decoded < want && mien_now_ns() < end) {
        enum mien_source_status st =
            mien_source_read_raw(s, &p, mien_now_ns() + 200 * MIEN_NS_PER_MS);
        if (st == MIEN_SOURCE_LOST) {
            lost = 1;
        }
        if (st == MIEN_SOURCE_FAILED || st == MIEN_SOURCE_END) {
            break;
        }
        if (st != MIEN_SOURCE_OK) {
            continue;
        }
        int64_t age = mien_now_ns() - p.capture_ns;
        worst = age > worst ? age : worst;
        if (!mien_decoder_decode(d, &p, &rgb, NULL)) {
            bad++;
            continue;
        }
        first = first ? first : p.capture_ns;
        last = p.capture_ns;
        if (++decoded == 8 && mark) {
            FILE *f = fopen(mark, "w");
            if (f) {
                fclose(f);
            }
        }
    }
    struct mien_source_counts c;
    mien_source_counts(s, &c);
    mien_source_state(s, text, sizeof text);
    const struct mien_source_info *i = mien_source_info(s);
    printf("decoded=%d bad=%d dropped=%llu corrupt=%llu reconnects=%llu lost=%d %dx%d %s "
           "granted=%.4g fps=%.1f age_ms=%.0f state=%s\n",
           decoded, bad, (unsigned long long)c.dropped, (unsigned long long)c.corrupt,
           (unsigned long long)c.reconnects, lost, i->width, i->height, i->format, i->fps,
           decoded > 1 ? (decoded - 1) * 1e9 / (double)(last - first) : 0, (double)worst * 1e-6,
           text);
    mien_image_destroy(&rgb);
    mien_payload_destroy(&p);
    mien_decoder_destroy(d);
    mien_source_close(s);
    return decoded >= want ? 0 : 1;
}

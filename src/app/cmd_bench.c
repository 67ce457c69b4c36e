// `mien bench`: how fast this machine trains and runs networks, renders people, follows a clip and
// runs the live program. Does not: measure (src/bench).
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/args.h"
#include "base/log.h"
#include "base/mem.h"
#include "bench/bench.h"
#include "view/view.h"

static bool read_size(const char *picture, struct mien_bench *b)
{
    char rest;
    if (sscanf(picture, "%dx%d%c", &b->width, &b->height, &rest) == 2 && b->width >= 128 &&
        b->height >= 128 && b->width <= 4096 && b->height <= 4096) {
        return true;
    }
    mien_error("--picture \"%s\": a size is written 640x480, from 128x128 to 4096x4096", picture);
    return false;
}

int mien_cmd_bench(int argc, char **argv)
{
    struct mien_bench b = {.batch = 64,
                           .shard = 16,
                           .landmarks = 240,
                           .size = 160,
                           .precision = MIEN_PRECISION_AUTO,
                           .seconds = 5,
                           .fps = 30,
                           .mode = MIEN_VIEW_WIREFRAME};
    const char *picture = "640x480";
    const struct mien_command cmd = {
        .name = "bench",
        .synopsis = "train | net FILE | synth | step [CLIP] | live [CLIP] [options]",
        .summary = "measure the speed of training, of one network (.net or description .txt), of "
                   "rendering people, of each stage of tracking a clip on one core, or of the live "
                   "program with several faces",
        .example = "mien bench train --threads 2\nmien bench net models/face.net\n"
                   "mien bench synth --seconds 10\nmien bench step\n"
                   "mien bench live --faces 4 --mode shaded",
        .min_args = 1,
        .max_args = 2,
        .sub = "train|net|synth|step|live"};
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &b.net, "FILE",
         "train: description of the network (assets/nets/…); by default 3x3 convolutions of 50 "
         "million multiply-adds.",
         0, 0},
        {"threads", 't', MIEN_OPT_FIELD(&b.threads), "N", "train: threads, 0 = one per core.", 0,
         256},
        {"batch", 'b', MIEN_OPT_FIELD(&b.batch), "N", "train: pictures a step.", 1, 4096},
        {"shard", 0, MIEN_OPT_FIELD(&b.shard), "N", "train: pictures a shard.", 1, 1024},
        {"precision", 0, MIEN_OPT_CHOICE, &b.precision, MIEN_PRECISION_NAMES,
         "train: of the convolutions' operands, as in `mien train`.", 0, 0},
        {"landmarks", 0, MIEN_OPT_FIELD(&b.landmarks), "N", "value of $LANDMARKS in a description.",
         1, 4096},
        {"size", 0, MIEN_OPT_FIELD(&b.size), "PX", "synth: side of a picture, pixels.", 64, 1024},
        {"textures", 0, MIEN_OPT_FIELD(&b.textures), "DIR",
         "synth: folder of skins (*.jpg) made by `mien prepare textures`.", 0, 0},
        {"faces", 'n', MIEN_OPT_FIELD(&b.faces), "N",
         "live: faces in the picture (0 means 4). step: most faces to follow (0 means 1).", 1,
         MIEN_FACES_MAX},
        {"picture", 0, MIEN_OPT_FIELD(&picture), "WxH", "live: size of the picture.", 0, 0},
        {"fps", 0, MIEN_OPT_FIELD(&b.fps), "N", "live: frames per second of the source.", 1, 240},
        {"mode", 'm', MIEN_OPT_CHOICE, &b.mode, MIEN_VIEW_MODE_NAMES, "live: what is drawn.", 0, 0},
        {"seconds", 'd', MIEN_OPT_FIELD(&b.seconds), "S", "How many seconds to measure.", 0.1, 600},
        {"layers", 0, MIEN_OPT_FIELD(&b.layers), NULL, "train: time of each layer.", 0, 0},
        {0},
    };
    const char **args = mien_calloc((size_t)argc + 1, sizeof *args);
    int nargs = 0;
    if (!args) {
        return 1;
    }
    int status = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (status) {
        status = status == 1 ? 0 : 2;
    } else if (!strcmp(args[0], "train") && nargs == 1) {
        status = mien_bench_train(&b);
    } else if (!strcmp(args[0], "net") && nargs == 2) {
        b.net = args[1];
        status = mien_bench_net(&b);
    } else if (!strcmp(args[0], "synth") && nargs == 1) {
        status = mien_bench_synth(&b);
    } else if (!strcmp(args[0], "step")) {
        b.clip = nargs == 2 ? args[1] : NULL;
        status = mien_bench_step(&b);
    } else if (!strcmp(args[0], "live")) {
        b.clip = nargs == 2 ? args[1] : NULL;
        status = read_size(picture, &b) ? mien_bench_live(&b) : 2;
    } else {
        mien_error(
            "bench: write `mien bench train`, `mien bench net FILE.net`, `mien bench synth`, "
            "`mien bench step` or `mien bench live`");
        status = 2;
    }
    mien_free(args);
    return status;
}

// `mien eval`: how accurate a network is on labelled pictures; `mien eval detect` judges the
// detector. Does not: judge (src/eval).
#include "app/commands.h"

#include <string.h>

#include "base/args.h"
#include "base/log.h"
#include "eval/eval.h"
#include "learn/dataset.h"

int mien_cmd_eval(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "detect")) {
        return mien_cmd_eval_detect(argc - 1, argv + 1);
    }
    const char *source[MIEN_DATASET_SOURCES];
    struct mien_eval e = {.data = {source, MIEN_DATASET_SOURCES, 0}, .seed = 7, .people = 20};
    bool shapes = false, looks = false, scan = false;
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &e.net, "FILE", "network to evaluate (.net)", 0, 0},
        {"data", 0, MIEN_OPT_FIELD(&e.data), MIEN_DATASET_ARG, MIEN_DATASET_HELP, 0, 0},
        {"split", 0, MIEN_OPT_CHOICE, &e.split, "validation|train", "which records", 0, 0},
        {"limit", 0, MIEN_OPT_FIELD(&e.limit), "N", "at most N records per source, 0 = all", 0,
         1e9},
        {"jitter", 0, MIEN_OPT_FIELD(&e.jitter), NULL, "crops as inaccurate as a detector's", 0, 0},
        {"augment", 0, MIEN_OPT_FIELD(&e.augment), NULL, "pictures augmented as in training", 0, 0},
        {"seed", 0, MIEN_OPT_FIELD(&e.seed), "N", "of jitter and of crops without a face", 0, 2e9},
        {"model", 0, MIEN_OPT_INPUT, &e.model, "FILE", "face model (the shipped one)", 0, 0},
        {"groups", 0, MIEN_OPT_FIELD(&e.groups), NULL,
         "a second table: results by pose, glasses, light and other tags", 0, 0},
        {"channels", 0, MIEN_OPT_FIELD(&e.channels), NULL,
         "a table of the accuracy of each blendshape channel", 0, 0},
        {"upended", 0, MIEN_OPT_FIELD(&e.upended), "X",
         "share of crops on their side or upside down, which are labelled as no face", 0, 0.9},
        {"calibrate", 0, MIEN_OPT_FIELD(&e.calibrate), NULL,
         "calibrate the network's probabilities (for a portrait network: measure the population "
         "mean; with --pairs: how alike shapes of one person are), print the result, and write it "
         "into the network's file",
         0, 0},
        {"shapes", 0, MIEN_OPT_FIELD(&shapes), NULL,
         "instead: response to each blendshape alone at weight 1, on unseen rendered people", 0, 0},
        {"looks", 0, MIEN_OPT_FIELD(&looks), NULL,
         "instead: shape error on unseen rendered people, from one estimate and from ten", 0, 0},
        {"scan", 0, MIEN_OPT_FIELD(&scan), NULL,
         "instead: shape error of heads scanned from unseen rendered people", 0, 0},
        {"camera-unknown", 0, MIEN_OPT_FIELD(&e.camera_unknown), NULL,
         "scan: the camera's field of view is treated as unknown", 0, 0},
        {"pairs", 0, MIEN_OPT_INPUT, &e.pairs, "DIR",
         "instead: how well shapes tell whether two photographs (of DIR/index.csv) show the same "
         "person",
         0, 0},
        {"portrait", 0, MIEN_OPT_INPUT, &e.portrait, "FILE",
         "looks, scan and pairs: portrait network (default: the one that belongs to the network)",
         0, 0},
        {"people", 0, MIEN_OPT_FIELD(&e.people), "N",
         "shapes, looks and scan: number of rendered people", 1, 1000},
        {"pictures", 0, MIEN_OPT_FIELD(&e.pictures), "DIR", "shapes: save the pictures in DIR", 0,
         0},
        {"json", 0, MIEN_OPT_FIELD(&e.json), NULL, "print one JSON object instead of a table", 0,
         0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "eval",
        .synopsis = "--net FILE --data PACK… [options]",
        .summary = "evaluate a face network on labelled pictures (`mien eval detect --help`: the "
                   "detector)",
        .example = "mien eval --net models/face.net --data photos.pack --data ferplus.pack\n"
                   "mien eval --shapes --net models/face.net\n"
                   "mien eval --pairs ../shared/data/photos",
        .min_args = 0,
        .max_args = 0,
        .sub = "detect",
    };
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, NULL, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (scan) {
        return mien_eval_scan(&e);
    }
    if (shapes || looks || e.pairs) {
        return shapes ? mien_eval_shapes(&e) : e.pairs ? mien_eval_pairs(&e) : mien_eval_looks(&e);
    }
    if (!e.data.count || !e.net) {
        mien_error("eval needs --net and --data; see `mien eval --help`");
        return 2;
    }
    return mien_eval_network(&e);
}

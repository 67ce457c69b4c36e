// `mien eval detect`: how many marked faces the detector finds, how many false detections it makes,
// and how long it takes. Does not: judge (src/eval).
#include "app/commands.h"

#include "base/args.h"
#include "detect/detect.h"
#include "eval/eval.h"

int mien_cmd_eval_detect(int argc, char **argv)
{
    struct mien_eval_detect o = {.threshold = (double)MIEN_DETECT_THRESHOLD, .scenes = 500};
    const struct mien_opt opts[] = {
        {"net", 0, MIEN_OPT_INPUT, &o.net, "FILE", "detector to evaluate (the shipped one)", 0, 0},
        {"data", 0, MIEN_OPT_FIELD(&o.data), "DIR", "folder that holds eval/ and data/", 0, 0},
        {"threshold", 0, MIEN_OPT_FIELD(&o.threshold), "X", "lowest score", 0.001, 0.999},
        {"scenes", 0, MIEN_OPT_FIELD(&o.scenes), "N", "scenes of held-out people, 0 = none", 0,
         1e6},
        {"pack", 0, MIEN_OPT_INPUT, &o.pack, "FILE", "rendered faces (split val) for the scenes", 0,
         0},
        {"sheets", 0, MIEN_OPT_FIELD(&o.sheets), "DIR", "write pictures of the failures", 0, 0},
        {0},
    };
    const struct mien_command cmd = {
        .name = "eval detect",
        .synopsis = "[options]",
        .summary = "evaluate the face detector",
        .example = "mien eval detect --sheets /tmp",
        .min_args = 0,
        .max_args = 0,
    };
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, NULL, &nargs);
    return status == 1 ? 0 : status ? status : mien_eval_detect(&o);
}

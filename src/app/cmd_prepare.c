// `mien prepare photos|turned|ferplus|textures|refine|sheet`: turns training data into packs for
// `mien train`.
#include "app/commands.h"

#include <string.h>

#include "app/prepare.h"
#include "base/args.h"
#include "base/log.h"
#include "tensor/blas.h"

int mien_cmd_prepare(int argc, char **argv)
{
    const char *out = NULL, *net = NULL, *sources = NULL, *args[64];
    bool quick = false;
    int nargs = 0, limit = 0, first = 0, copies = 3;
    const struct mien_command cmd = {
        .name = "prepare",
        .synopsis = "photos|turned|marks|expressions|ferplus|textures|refine|sheet --out FILE "
                    "[options]",
        .summary = "turn training data into packs",
        .example = "mien prepare photos --out photos.pack\n"
                   "mien prepare ferplus --out ferplus.pack",
        .min_args = 1,
        .max_args = 1,
    };
    const struct mien_opt opts[] = {
        {"out", 'o', MIEN_OPT_OUTPUT, &out, "FILE", "where the result goes", 0, 0},
        {"quick", 0, MIEN_OPT_BOOL, &quick, NULL, "photos: landmarks and expression only, no fit",
         0, 0},
        {"limit", 0, MIEN_OPT_INT, &limit, "N", "at most so many pictures (0 = all)", 0, 1e9},
        {"sources", 0, MIEN_OPT_STRING, &sources, "LIST",
         "photos, turned: only these, for example portraits,portraits-small", 0, 0},
        {"net", 0, MIEN_OPT_INPUT, &net, "FILE",
         "ferplus, expressions, marks: the network that finds the landmarks", 0, 0},
        {"copies", 0, MIEN_OPT_INT, &copies, "N", "turned: pictures made of each photo", 1, 100},
        {"first", 0, MIEN_OPT_INT, &first, "N", "turned, sheet: the first picture taken", 0, 1e9},
        {0},
    };
    if (argc > 60) {
        mien_error("prepare: too many arguments");
        return 2;
    }
    const int r = mien_args_parse(&cmd, opts, argc, argv, args, &nargs);
    if (r) {
        return r == 1 ? 0 : r;
    }
    if (!out) {
        mien_error("prepare: --out is missing");
        return 2;
    }
    if (!mien_args_keep_apart(opts) || !mien_blas_init()) {
        return 2;
    }
    if (!strcmp(args[0], "photos")) {
        return mien_prepare_photos(out, sources, quick, limit);
    }
    if (!strcmp(args[0], "turned")) {
        return mien_prepare_turned(out, sources, first, limit, copies);
    }
    if (!strcmp(args[0], "marks")) {
        return mien_prepare_marks(out, net);
    }
    if (!strcmp(args[0], "expressions")) {
        return mien_prepare_expressions(out, net);
    }
    if (!strcmp(args[0], "ferplus")) {
        return mien_prepare_ferplus(out, net);
    }
    if (!strcmp(args[0], "textures")) {
        return mien_prepare_textures(out, limit);
    }
    if (!strcmp(args[0], "refine")) {
        return mien_prepare_refine(out, limit);
    }
    if (!strcmp(args[0], "sheet")) {
        return mien_prepare_sheet(out, limit, first);
    }
    mien_error("prepare: there is no \"%s\"; photos, turned, marks, expressions, ferplus, "
               "textures, refine or sheet",
               args[0]);
    return 2;
}

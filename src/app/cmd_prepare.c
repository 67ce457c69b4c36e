// `mien prepare photos|turned|…`: turns training data into packs for `mien train`.
#include "app/commands.h"

#include "base/args.h"
#include "base/log.h"
#include "prepare/prepare.h"
#include "tensor/blas.h"

#define SUBCOMMANDS "photos|turned|marks|expressions|ferplus|textures|refine|sheet"
enum { PHOTOS, TURNED, MARKS, EXPRESSIONS, FERPLUS, TEXTURES, REFINE, SHEET };

int mien_cmd_prepare(int argc, char **argv)
{
    const char *out = NULL, *net = NULL, *sources = NULL, *args[64];
    bool quick = false;
    int nargs = 0, limit = 0, first = 0, copies = 3;
    const struct mien_command cmd = {
        .name = "prepare",
        .synopsis = SUBCOMMANDS " --out FILE [options]",
        .summary = "turn training data into packs",
        .example = "mien prepare photos --out photos.pack\n"
                   "mien prepare ferplus --out ferplus.pack",
        .min_args = 1,
        .max_args = 1,
        .sub = SUBCOMMANDS,
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
    switch (mien_args_sub(&cmd, args[0])) {
    case PHOTOS:
        return mien_prepare_photos(out, sources, quick, limit);
    case TURNED:
        return mien_prepare_turned(out, sources, first, limit, copies);
    case MARKS:
        return mien_prepare_marks(out, net);
    case EXPRESSIONS:
        return mien_prepare_expressions(out, net);
    case FERPLUS:
        return mien_prepare_ferplus(out, net);
    case TEXTURES:
        return mien_prepare_textures(out, limit);
    case REFINE:
        return mien_prepare_refine(out, limit);
    case SHEET:
        return mien_prepare_sheet(out, limit, first);
    }
    return 2; // mien_args_parse lets no other one through
}

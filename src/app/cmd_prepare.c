// `mien prepare photos|turned|…`: turns training data into packs for `mien train`.
#include "app/commands.h"

#include "base/args.h"
#include "base/log.h"
#include "prepare/prepare.h"
#include "tensor/blas.h"

static int (*const parts[])(const struct mien_prepare_options *) = {
    mien_prepare_photos,  mien_prepare_turned,   mien_prepare_marks,  mien_prepare_expressions,
    mien_prepare_ferplus, mien_prepare_textures, mien_prepare_refine, mien_prepare_sheet};
#define PARTS "photos|turned|marks|expressions|ferplus|textures|refine|sheet" // in this order

int mien_cmd_prepare(int argc, char **argv)
{
    struct mien_prepare_options o = {.copies = 3};
    const struct mien_command cmd = {
        .name = "prepare",
        .synopsis = PARTS " --out FILE [options]",
        .summary = "turn training data into packs",
        .example = "mien prepare photos --out photos.pack\n"
                   "mien prepare ferplus --out ferplus.pack",
        .min_args = 1,
        .max_args = 1,
        .sub = PARTS,
    };
    const struct mien_opt opts[] = {
        {"out", 'o', MIEN_OPT_OUTPUT, &o.out, "FILE", "file to write the result to", 0, 0},
        {"quick", 0, MIEN_OPT_FIELD(&o.quick), NULL,
         "photos: landmarks and expression only, no fit", 0, 0},
        {"limit", 0, MIEN_OPT_FIELD(&o.limit), "N", "at most N pictures (0 = all)", 0, 1e9},
        {"sources", 0, MIEN_OPT_FIELD(&o.sources), "LIST",
         "photos, turned: only these sources, for example portraits,portraits-small", 0, 0},
        {"net", 0, MIEN_OPT_INPUT, &o.net, "FILE",
         "ferplus, expressions, marks: the network that finds the landmarks", 0, 0},
        {"copies", 0, MIEN_OPT_FIELD(&o.copies), "N", "turned: pictures made from each photo", 1,
         100},
        {"first", 0, MIEN_OPT_FIELD(&o.first), "N", "turned, sheet: index of the first picture", 0,
         1e9},
        {0},
    };
    const char *part = NULL;
    int nargs = 0, status = mien_args_parse(&cmd, opts, argc, argv, &part, &nargs);
    if (status) {
        return status == 1 ? 0 : status;
    }
    if (!o.out) {
        mien_error("prepare: --out is missing");
        return 2;
    }
    if (!mien_args_keep_apart(opts) || !mien_blas_init()) {
        return 2;
    }
    return parts[mien_args_sub(&cmd, part)](&o); // mien_args_parse lets no other one through
}

// The program: finds the subcommand and runs it. Without one, or with an option first, `live` runs.
#include "app/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"

static const struct {
    const char *name;
    mien_cmd_fn run;
    const char *summary;
} commands[] = {
    {"live", mien_cmd_live, "the live window: camera or clip, with the fitted face drawn over it"},
    {"cameras", mien_cmd_cameras, "list the cameras and the picture sizes they offer"},
    {"model", mien_cmd_model, "compile the morphable face model, or say what is in one"},
    {"synth", mien_cmd_synth, "render people with exact labels"},
    {"prepare", mien_cmd_prepare, "turn training data into packs"},
    {"bench", mien_cmd_bench, "measure the speed of training and of a network on this machine"},
    {"train", mien_cmd_train, "train the face network or the detector"},
    {"study", mien_cmd_study, "run a study of many trainings and tabulate what came out"},
    {"eval", mien_cmd_eval, "judge a network on labelled pictures"},
    {"image", mien_cmd_image, "find faces in pictures: results, overlays, meshes"},
    {"video", mien_cmd_video, "follow the faces of a video or a folder of frames"},
    {0},
};

static void usage(FILE *f)
{
    fputs("mien: a live 3D face sensor from an ordinary camera\n\n"
          "usage: mien [COMMAND] [options]      mien COMMAND --help tells the rest\n\n",
          f);
    for (size_t i = 0; i + 1 < MIEN_COUNT(commands); i++) {
        fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n  -h, --help     this text\n  -V, --version  the version\n", f);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help"))) {
        usage(stdout);
        return 0;
    }
    if (argc > 1 && (!strcmp(argv[1], "-V") || !strcmp(argv[1], "--version"))) {
        puts("mien " MIEN_VERSION);
        return 0;
    }
    const char *name = argc > 1 && argv[1][0] != '-' ? argv[1] : "live";
    bool named = argc > 1 && argv[1][0] != '-';
    for (size_t i = 0; i + 1 < MIEN_COUNT(commands); i++) {
        if (!strcmp(commands[i].name, name)) {
            return commands[i].run(argc - named, argv + named);
        }
    }
    mien_error("there is no command \"%s\"; `mien --help` lists them", name);
    return 2;
}

// Finds a subcommand, in this program or in the one that has it. Knows what there is and in which
// program; the programs' own files know the functions.
#include "app/commands.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"

static const struct {
    const char *name, *program, *summary;
} commands[] = {
    {"live", "mien-live", "the live window: camera or clip, with the fitted face drawn over it"},
    {"cameras", "mien", "list the cameras and the picture sizes they offer"},
    {"model", "mien", "compile the morphable face model, or describe one"},
    {"synth", "mien-train", "render people with exact labels"},
    {"prepare", "mien-train", "turn training data into packs"},
    {"bench", "mien-live", "measure the speed of training and of a network on this machine"},
    {"train", "mien-train", "train the face network or the detector"},
    {"study", "mien-train", "run a study of many trainings and tabulate the results"},
    {"eval", "mien-train", "evaluate a network on labelled pictures"},
    {"image", "mien", "find faces in pictures: results, overlays, meshes"},
    {"head", "mien", "make one person's own head from pictures or videos"},
    {"video", "mien", "follow the faces of a video or a folder of frames"},
};

static void usage(FILE *f)
{
    fputs("mien: a live 3D face sensor from an ordinary camera\n\n"
          "usage: mien [COMMAND] [options]      mien COMMAND --help tells the rest\n\n",
          f);
    for (size_t i = 0; i < MIEN_COUNT(commands); i++) {
        fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
    }
    fputs("\n  -h, --help     this text\n  -V, --version  the version\n", f);
}

// Becomes the program of this name that lies beside this one; returns the exit status when it
// cannot.
static int become(const char *program, const char *command, char **argv)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - path) : 0;
    if (!slash || folder + strlen(program) >= sizeof(path)) {
        mien_error("mien %s is in a program of its own, %s, which cannot be found: /proc does not "
                   "say where this program is (%s)",
                   command, program, n < 0 ? strerror(errno) : "its path is too long");
        return 1;
    }
    strcpy(slash + 1, program);
    execv(path, argv);
    mien_error(
        "mien %s is in a program of its own, %s, which cannot be run (%s): it belongs beside "
        "mien; install or build mien as a whole (make install, make)",
        command, path, strerror(errno));
    return 1;
}

int mien_commands_run(const struct mien_command_row *rows, int argc, char **argv)
{
    mien_stack_reserve();
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
    for (const struct mien_command_row *r = rows; r->name; r++) {
        if (!strcmp(r->name, name)) {
            return r->run(argc - named, argv + named);
        }
    }
    for (size_t i = 0; i < MIEN_COUNT(commands); i++) {
        if (!strcmp(commands[i].name, name)) {
            return become(commands[i].program, name, argv);
        }
    }
    mien_error("there is no command \"%s\"; `mien --help` lists them", name);
    return 2;
}

// The program `mien-train`: what learns, judges, and makes data to learn from. `mien` hands over to
// it.
#include "app/commands.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct mien_command_row rows[] = {
        {"train", mien_cmd_train},     {"study", mien_cmd_study}, {"eval", mien_cmd_eval},
        {"prepare", mien_cmd_prepare}, {"synth", mien_cmd_synth}, {NULL, NULL},
    };
    return mien_commands_run(rows, argc, argv);
}

// The program `mien-live`: what draws, or measures drawing. `mien` hands over to it.
#include "app/commands.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct mien_command_row rows[] = {
        {"live", mien_cmd_live},
        {"bench", mien_cmd_bench},
        {NULL, NULL},
    };
    return mien_commands_run(rows, argc, argv);
}

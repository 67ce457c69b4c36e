// The program `mien`: what starts quickly, for it needs no window and learns nothing.
#include "app/commands.h"

#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct mien_command_row rows[] = {
        {"cameras", mien_cmd_cameras}, {"model", mien_cmd_model}, {"head", mien_cmd_head},
        {"image", mien_cmd_image},     {"video", mien_cmd_video}, {NULL, NULL},
    };
    return mien_commands_run(rows, argc, argv);
}

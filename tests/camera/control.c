// Sets one control of a V4L2 device by its name, as v4l2-ctl does: control DEVICE NAME VALUE.
// Names are lower case with underscores ("inject_v4l2_buf_flag_error").
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/videodev2.h>

static void plain(const unsigned char *in, char *out)
{
    size_t n = 0;
    for (; *in; in++) {
        if (isalnum(*in)) {
            out[n++] = (char)tolower(*in);
        } else if (n && out[n - 1] != '_') {
            out[n++] = '_';
        }
    }
    out[n] = 0;
}

int main(int argc, char **argv)
{
    int fd = argc == 4 ? open(argv[1], O_RDWR) : -1;
    if (fd < 0) {
        fprintf(stderr, "usage: control DEVICE NAME VALUE\n");
        return 2;
    }
    const unsigned next = V4L2_CTRL_FLAG_NEXT_CTRL;
    struct v4l2_queryctrl q = {.id = next};
    while (!ioctl(fd, VIDIOC_QUERYCTRL, &q)) {
        char name[64];
        plain(q.name, name);
        if (!strcmp(name, argv[2])) {
            struct v4l2_control c = {.id = q.id, .value = atoi(argv[3])};
            if (ioctl(fd, VIDIOC_S_CTRL, &c)) {
                perror(argv[2]);
                return 1;
            }
            return 0;
        }
        q.id |= next;
    }
    fprintf(stderr, "control: %s has no \"%s\"\n", argv[1], argv[2]);
    return 1;
}

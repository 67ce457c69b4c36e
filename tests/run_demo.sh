#!/usr/bin/env bash
# `make run`: the live window on the first camera, or on the bundled clip when there is none; without
# a display the same thing headless, which prints one summary line and leaves a picture.
set -eu
mien=$1
source=
if ! "$mien" cameras --quiet >/dev/null 2>&1; then
    echo "mien: no camera found, showing the bundled clip"
    source="--source assets/demo.mp4"
fi
if [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    exec "$mien" live $source
fi
echo "mien: no display here: running headless; the last frame goes to build/demo.png"
[ -n "$source" ] || source="--source assets/demo.mp4"
exec "$mien" live $source --headless --frames 300 --screenshot build/demo.png

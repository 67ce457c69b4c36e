#!/usr/bin/env bash
# The live window on an X server (GLX): frames, summary, picture.
. "$(dirname "$0")/live_common.inc"
need_job
command -v Xvfb >/dev/null || { echo "Xvfb is not installed"; exit 77; }
exec 3<>"$tmp/display"
Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp >"$tmp/xvfb.log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null; rm -rf "$tmp"' EXIT
for _ in $(seq 100); do
    [ -s "$tmp/display" ] && break
    kill -0 $server 2>/dev/null || { echo "Xvfb does not start: $(tail -n 1 "$tmp/xvfb.log")"; exit 77; }
    sleep 0.1
done
DISPLAY=:$(head -n 1 "$tmp/display")
export DISPLAY
unset WAYLAND_DISPLAY SDL_VIDEODRIVER
"$MIEN" live "$clip" --frames 30 --size 800x450 --screenshot "$tmp/a.png" >"$tmp/log" 2>&1 ||
    fail "exit status $?: $(cat "$tmp/log")"
check_summary "$tmp/log" 30
is_png "$tmp/a.png" 800 450
tail -n 1 "$tmp/log"

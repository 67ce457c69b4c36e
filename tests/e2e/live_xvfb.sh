#!/usr/bin/env bash
# The live window on an X server (GLX): frames, summary, picture.
. "$(dirname "$0")/live_common.inc"
need_job
start_x
"$MIEN" live "$clip" --frames 30 --size 800x450 --screenshot "$tmp/a.png" >"$tmp/log" 2>&1 ||
    fail "exit status $?: $(cat "$tmp/log")"
check_summary "$tmp/log" 30
is_png "$tmp/a.png" 800 450
tail -n 1 "$tmp/log"

#!/usr/bin/env bash
# The live program without a display: frames, summary, picture, recording, outputs, determinism.
. "$(dirname "$0")/live_common.inc"
need_job
"$MIEN" live "$clip" --headless --frames 40 --size 872x480 --screenshot "$tmp/a.png" \
    --record "$tmp/a.mp4" --out "jsonl:$tmp/a.jsonl" --no-pace >"$tmp/log" 2>&1 ||
    fail "exit status $?: $(cat "$tmp/log")"
check_summary "$tmp/log" 40
is_png "$tmp/a.png" 872 480
[ "$(wc -l <"$tmp/a.jsonl")" = 40 ] || fail "$(wc -l <"$tmp/a.jsonl") lines of JSON, not 40"
[ -s "$tmp/a.mp4" ] || fail "no recording"
if command -v ffprobe >/dev/null; then
    n=$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames \
        -of csv=p=0 "$tmp/a.mp4" | tr -d ,)
    [ "$n" = 40 ] || fail "the recording has $n frames, not 40"
fi
for mode in shaded textured uv normals landmarks off; do
    "$MIEN" live "$clip" --headless --frames 3 --mode $mode --mirror --head --no-pace \
        --screenshot "$tmp/$mode.png" >"$tmp/log" 2>&1 || fail "--mode $mode: $(cat "$tmp/log")"
    for other in "$tmp"/*.png; do
        [ "$other" = "$tmp/$mode.png" ] || ! cmp -s "$other" "$tmp/$mode.png" ||
            fail "$mode draws the same as $other"
    done
done
# Every run in step gives the same results.
for i in 1 2; do
    "$MIEN" live "$clip" --headless --frames 20 --no-pace --out "md5:$tmp/md5-$i" >"$tmp/log" 2>&1 ||
        fail "md5: $(cat "$tmp/log")"
done
cmp "$tmp/md5-1" "$tmp/md5-2" || fail "two runs in step differ"
# In real time, at the clip's own rate.
"$MIEN" live "$clip" --headless --frames 45 >"$tmp/log" 2>&1 || fail "paced: $(cat "$tmp/log")"
check_summary "$tmp/log" 45
# A signal ends it cleanly, with its summary.
"$MIEN" live "$clip" --headless --loop --out "jsonl:$tmp/t.jsonl" >"$tmp/log" 2>&1 &
pid=$!
until_true has_lines "$tmp/t.jsonl" 30
kill -TERM $pid
until_ended $pid || fail "exit status $? after SIGTERM"
check_summary "$tmp/log" '[0-9]+'
tail -n 1 "$tmp/log"

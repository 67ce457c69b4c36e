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
# What is recorded is chosen apart from what is shown.
if command -v ffmpeg >/dev/null; then
    for what in props picture everything; do
        "$MIEN" live "$clip" --headless --frames 8 --no-pace --size 872x480 --hud full --axes --prop sunglasses \
            --programme $what --record "$tmp/$what.mp4" >"$tmp/log" 2>&1 || fail "--programme $what: $(cat "$tmp/log")"
        ffmpeg -v error -sseof -0.1 -i "$tmp/$what.mp4" -frames:v 1 -pix_fmt gray -f rawvideo "$tmp/$what.gray" ||
            fail "--programme $what: the recording cannot be read"
    done
    python3 - "$tmp" <<'END' || fail "the recordings do not show what they should"
import sys
W, H = 640, 480
props, picture, everything = (open(f"{sys.argv[1]}/{w}.gray", "rb").read() for w in ("props", "picture", "everything"))
assert len(props) == len(picture) == W * H and len(everything) == 872 * 480, [len(props), len(picture), len(everything)]


def differs(a, b, width, x0, y0, x1, y1):
    return sum(abs(a[y * width + x] - b[y * W + x]) > 40 for y in range(y0, y1) for x in range(x0, x1))


assert differs(props, picture, W, 0, 0, 200, 160) == 0, "figures in the picture with what is worn"
assert differs(props, picture, W, 200, 120, 440, 300) > 1000, "no sunglasses"
assert differs(everything, picture, 872, 0, 0, 200, 160) > 5000, "no figures"
END
fi
# An avatar in place of the picture, for the window and for others: the ground is its colour, the picture is nowhere.
if command -v ffmpeg >/dev/null; then
    "$MIEN" head "$clip" --size 256 --out "$tmp/me.glb" >"$tmp/log" 2>&1 || fail "head: $(cat "$tmp/log")"
    "$MIEN" live "$clip" --headless --frames 8 --no-pace --avatar "$tmp/me.glb" --ground '#204080' --record "$tmp/avatar.mp4" \
        --screenshot "$tmp/avatar.png" >"$tmp/log" 2>&1 || fail "--avatar: $(cat "$tmp/log")"
    grep -q "52 of ARKit's 52 shapes" "$tmp/log" || fail "--avatar does not say what the file can do: $(cat "$tmp/log")"
    for what in avatar.mp4 avatar.png; do
        ffmpeg -v error -i "$tmp/$what" -frames:v 1 -pix_fmt rgb24 -f rawvideo "$tmp/$what.rgb" || fail "$what cannot be read"
    done
    python3 - "$tmp" <<'END' || fail "the avatar is not shown as it should be"
import sys
for what in ("avatar.mp4", "avatar.png"):
    d = open(f"{sys.argv[1]}/{what}.rgb", "rb").read()
    w, h = 640, 480
    assert len(d) == w * h * 3, (what, len(d))
    ground = [all(abs(d[3 * i + c] - (32, 64, 128)[c]) < 14 for c in range(3)) for i in range(w * h)]
    corners = sum(ground[y * w + x] for y in range(300, h) for x in list(range(100)) + list(range(w - 100, w)))
    assert corners > 0.98 * 180 * 200, (what, corners)
    head = sum(not ground[y * w + x] for y in range(160, 300) for x in range(270, 370))
    assert head > 0.9 * 140 * 100, (what, head)
END
    "$MIEN" live "$clip" --headless --frames 3 --no-pace --avatar "$tmp/me.glb" --beside --figure clay --screenshot "$tmp/beside.png" \
        >"$tmp/log" 2>&1 || fail "--beside: $(cat "$tmp/log")"
    cmp -s "$tmp/beside.png" "$tmp/avatar.png" && fail "--beside and --figure show nothing of their own"
fi
# One's own head, made while it runs.
"$MIEN" live "$clip" --headless --frames 90 --my-head --screenshot "$tmp/own.png" >"$tmp/log" 2>&1 || fail "--my-head: $(cat "$tmp/log")"
cmp -s "$tmp/own.png" "$tmp/off.png" && fail "--my-head shows nothing"
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

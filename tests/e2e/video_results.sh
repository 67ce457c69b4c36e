#!/usr/bin/env bash
# A folder of frames and a video: one line a frame, one id, the same on every run; the overlay plays.
. "$(dirname "$0")/common.inc"
need_models
make_frames 1
n=$(ls "$tmp/frames" | wc -l)
expect 0 "$n frames" video "$tmp/frames" --json "$tmp/a.jsonl" --csv "$tmp/a.csv" \
    --overlay "$tmp/a.mp4" --md5 "$tmp/a.md5"
expect 0 "$n frames" video "$tmp/frames" --md5 "$tmp/b.md5"
cmp "$tmp/a.md5" "$tmp/b.md5" || fail "two runs differ"
for t in 1 2 3; do # in order, to the last digit
    expect 0 "$n frames" video "$tmp/frames" --threads $t --json "$tmp/t$t.jsonl" --csv "$tmp/t$t.csv"
    cmp "$tmp/t1.jsonl" "$tmp/t$t.jsonl" && cmp "$tmp/t1.csv" "$tmp/t$t.csv" || fail "$t threads find something else than one"
    expect 0 "5 frames" video "$tmp/frames" --threads $t --frames 5 --json "$tmp/five.jsonl"
    head -n 5 "$tmp/t1.jsonl" | cmp - "$tmp/five.jsonl" || fail "the first five frames with $t threads"
done
# The same of several faces in a frame.
/usr/bin/python3 - "$tmp/frames" "$tmp/four" <<'PY' || fail "four people in a picture"
import os, sys
from PIL import Image
names = sorted(os.listdir(sys.argv[1]))
frames = [Image.open(os.path.join(sys.argv[1], n)).convert("RGB") for n in names]
os.mkdir(sys.argv[2])
w, h = frames[0].size
for i, n in enumerate(names):
    tile = Image.new("RGB", (2 * w, 2 * h))
    for k in range(4):
        tile.paste(frames[(i + 3 * k) % len(frames)], (k % 2 * w, k // 2 * h))
    tile.save(os.path.join(sys.argv[2], n))
PY
for t in 1 2 4; do
    expect 0 "$n frames" video "$tmp/four" --faces 4 --threads $t --json "$tmp/four$t.jsonl"
    cmp "$tmp/four1.jsonl" "$tmp/four$t.jsonl" || fail "$t threads find something else than one in four faces"
done
python3 - "$tmp/four1.jsonl" <<'PY' || fail "fewer than three of four faces"
import json, sys
assert max(len(json.loads(l)["faces"]) for l in open(sys.argv[1])) >= 3
PY
expect 0 "frames" video "$tmp/a.mp4" --csv "$tmp/c.csv"
[ "$(wc -l <"$tmp/c.csv")" = $((n + 1)) ] || fail "the overlay has not $n frames"
expect 0 "5 frames" video "$tmp/frames" --frames 5 --filter -1 --json -
# Options mean what they mean in the live program: 0 is the default.
for o in "--filter 0" "--filter 1" "--faces 0" "--faces 1"; do
    expect 0 "$n frames" video "$tmp/frames" $o --md5 "$tmp/d.md5"
    cmp "$tmp/a.md5" "$tmp/d.md5" || fail "$o is not the default"
done
python3 - "$tmp/a.jsonl" "$n" <<'PY' || fail "the JSON lines are not as expected"
import json, sys
lines = [json.loads(l) for l in open(sys.argv[1])]
assert len(lines) == int(sys.argv[2])
assert [r["frame"] for r in lines] == list(range(len(lines)))
assert {f["id"] for r in lines for f in r["faces"]} == {1}
assert sum(bool(r["faces"]) for r in lines) >= 0.95 * len(lines)
assert all(a["time_s"] < b["time_s"] for a, b in zip(lines, lines[1:]))
PY
# Ctrl-C: what is done is kept.
"$MIEN" video "$tmp/a.mp4" --json "$tmp/d.jsonl" --overlay "$tmp/d.mp4" 2>"$tmp/err" &
pid=$!
until_true test -s "$tmp/d.jsonl"
kill -INT $pid
wait $pid
got=$?
[ $got = 0 ] || [ $got = 1 ] || fail "Ctrl-C: exit status $got"
tail -n 1 "$tmp/d.jsonl" | python3 -c 'import json,sys; json.loads(sys.stdin.read())' || fail "Ctrl-C: half a line"
echo "$n frames: lines, table, overlay; two runs agree"

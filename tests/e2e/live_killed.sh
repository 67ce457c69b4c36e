#!/usr/bin/env bash
# Killed with SIGKILL in the middle: the recording opens and decodes, with all but the last second and ten frames; lines of
# JSON and tables are whole up to the last one; report, glTF and MediaPipe JSON have all but the last second.
. "$(dirname "$0")/live_common.inc"
need_job
command -v python3 >/dev/null || { echo "python3 is not there"; exit 77; }
"$MIEN" live "$clip" --headless --loop --size 640x360 --record "$tmp/a.mp4" --report "$tmp/a.html" \
    --out "gltf:$tmp/a.glb,mediapipe:$tmp/a.json,jsonl:$tmp/a.jsonl,csv:$tmp/a.csv,openface:$tmp/of.csv,livelinkcsv:$tmp/ll.csv,md5:$tmp/a.md5" >"$tmp/log" 2>&1 &
pid=$!
# Six seconds of recording, on however slow a machine.
for _ in $(seq 6000); do
    kill -0 $pid 2>/dev/null || fail "it ended by itself: $(cat "$tmp/log")"
    has_lines "$tmp/a.jsonl" 180 && break
    sleep 0.1
done
kill -KILL $pid
wait $pid 2>/dev/null
seen=$(wc -l <"$tmp/a.jsonl")
[ "$seen" -ge 180 ] || fail "only $seen results: $(cat "$tmp/log")"
python3 - "$tmp" <<'END' || fail "a file is not whole"
import csv, json, sys
tmp = sys.argv[1]
text = open(tmp + "/a.jsonl").read()
rows = [json.loads(l) for l in text.split("\n")[:-1]]
assert text.endswith("\n") and [r["frame"] for r in rows] == sorted({r["frame"] for r in rows})
# A file of which no row was written says at least what its columns are.
for name in ("a.csv", "of.csv", "ll.csv"):
    text = open(tmp + "/" + name, newline="").read()
    table = list(csv.reader(text.splitlines()))
    assert text.endswith("\n") and len({len(r) for r in table}) == 1 and len(table) > 100, name
for line in open(tmp + "/a.md5"):
    assert len(line.split()[0]) == 32 and line.endswith("\n")
END
# A second of results, those on their way, and a page that takes longer to write on a slow machine.
python3 tests/whole_files.py "$tmp" 60 || fail "a file is not whole, or lacks more than a second"
# The recording, by mien itself, and by FFmpeg's own tools where they are.
"$MIEN" video "$tmp/a.mp4" --md5 /dev/null 2>"$tmp/log" || fail "the recording does not open: $(cat "$tmp/log")"
got=$(grep -oE '[0-9]+ frames, ' "$tmp/log" | tail -n 1 | cut -d' ' -f1)
python3 - "$tmp" "$got" <<'END' || fail "of $seen results only $got frames are in the recording"
import json, sys
tmp, got = sys.argv[1], int(sys.argv[2])
rows = [json.loads(l)["time_s"] for l in open(tmp + "/a.jsonl")]
# Of the results of the last two seconds none may be there (a fragment takes one), the encoder looks
# ten frames ahead, and the first frames come late.
last = sum(t > rows[-1] - 2 for t in rows)
assert len(rows) - got <= last + 24, (len(rows), got, last)
END
if command -v ffmpeg >/dev/null; then
    ffmpeg -v error -xerror -i "$tmp/a.mp4" -f null - 2>"$tmp/log" || fail "ffmpeg: $(tail -n 2 "$tmp/log")"
    n=$(ffprobe -v error -count_frames -select_streams v -show_entries stream=nb_read_frames -of csv=p=0 "$tmp/a.mp4" | tr -d ,)
    [ "$n" = "$got" ] || fail "ffprobe counts $n frames, mien $got"
fi
echo "of $seen results before SIGKILL $got frames are in the recording"

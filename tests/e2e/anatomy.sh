#!/usr/bin/env bash
# How much of somebody's shape is read, on rendered people whom no network has seen: one look is nearer to
# the truth than the mean face is, ten looks together are nearer than one, and refined they are nearer still. Of a video, results say how many looks the
# shape rests on, and hold it.
. "$(dirname "$0")/common.inc"
need_models
[ -e "$home/models/portrait.net" ] || { echo "models/portrait.net is not there"; exit 77; }
case $MIEN in */asan/* | */tsan/*) people=1 ;; *) people=8 ;; esac
"$MIEN" eval --looks --people $people --json >"$tmp/looks" 2>"$tmp/err" || fail "$(tail -n 3 "$tmp/err")"
"$MIEN" video "$home/assets/demo.mp4" --frames 200 --json "$tmp/v.jsonl" 2>"$tmp/err" || fail "$(tail -n 3 "$tmp/err")"
python3 - "$tmp" $people <<'PY'
import json, sys
tmp, people = sys.argv[1], int(sys.argv[2])
l = json.load(open(tmp + "/looks"))
assert l["looks"] == 10 * people and l["missed"] == 0, l
if people > 1:
    assert l["portrait"] < 0.85 and l["together"] < l["portrait"] - 0.02 and l["one_look"] < 0.9, l
    assert l["refined"] < l["together"] - 0.02, l
faces = [json.loads(line)["faces"] for line in open(tmp + "/v.jsonl")]
faces = [f[0] for f in faces if f]
looks = [f["identity_looks"] for f in faces]
assert looks == sorted(looks) and looks[0] >= 1 and looks[-1] >= 5, looks
for f in faces:
    assert len(f["identity_sigma"]) == 60 and all(0 < s <= 1 for s in f["identity_sigma"])
# It is taken up without a jump, and stays while nothing new is known.
steps = [max(abs(a - b) for a, b in zip(f["identity"], g["identity"])) for f, g in zip(faces, faces[1:])]
assert max(steps) < 0.5, max(steps)
print("one look %.2f of the mean face's error, by the portrait network %.2f, ten looks %.2f, refined %.2f; %d looks in %d frames" % (
    l["one_look"], l["portrait"], l["together"], l["refined"], looks[-1], len(faces)))
PY

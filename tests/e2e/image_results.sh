#!/usr/bin/env bash
# Pictures in; JSON lines, overlays and meshes out, the same on every run.
. "$(dirname "$0")/common.inc"
need_models
make_frames 1 8
expect 0 "without a face" image "$tmp/frames" --json "$tmp/a.jsonl" --csv "$tmp/a.csv" \
    --overlay "$tmp/seen" --mesh "$tmp/mesh" --md5 "$tmp/a.md5"
expect 0 "without a face" image "$tmp/frames" --md5 "$tmp/b.md5"
cmp "$tmp/a.md5" "$tmp/b.md5" || fail "two runs differ"
echo "no picture" >"$tmp/frames/0-broken.png" # first of all, so that the others' numbers show it
for t in 1 2 3 16; do # in order, to the last digit
    expect 1 "1 not readable" image "$tmp/frames" --threads $t --json "$tmp/t$t.jsonl" --csv "$tmp/t$t.csv" --overlay "$tmp/seen$t"
    cmp "$tmp/t1.jsonl" "$tmp/t$t.jsonl" && cmp "$tmp/t1.csv" "$tmp/t$t.csv" && diff -r "$tmp/seen1" "$tmp/seen$t" ||
        fail "$t threads find something else than one"
done
rm "$tmp/frames/0-broken.png"
n=$(ls "$tmp/frames" | wc -l)
[ "$(wc -l <"$tmp/a.jsonl")" = "$n" ] || fail "not a line for each of $n pictures"
[ "$(ls "$tmp/seen" | wc -l)" = "$n" ] || fail "not an overlay for each of $n pictures"
ls "$tmp"/mesh/*.obj "$tmp"/mesh/*.mtl "$tmp"/mesh/*.ply >/dev/null || fail "meshes are missing"
python3 - "$tmp/a.jsonl" <<'PY' || fail "the JSON lines are not as documented"
import json, math, sys
def numbers(v):
    if isinstance(v, dict): v = v.values()
    if isinstance(v, (list, type({}.values()))):
        for x in v: yield from numbers(x)
    elif not isinstance(v, str): yield v
for line in open(sys.argv[1]):
    r = json.loads(line)
    assert len(r["faces"]) == 1, (r["source"], len(r["faces"]))
    f = r["faces"][0]
    assert all(isinstance(x, (int, float)) and math.isfinite(x) for x in numbers(f))
    assert len(f["landmarks68"]) == 68 and len(f["blendshapes"]) == 52 and len(f["pose"]["R"]) == 9
    assert abs(sum(f["expression"]["probabilities"].values()) - 1) < 0.01
    assert f["expression"]["label"] == max(f["expression"]["probabilities"], key=f["expression"]["probabilities"].get)
    assert abs(f["pose"]["yaw"]) < 60 and f["pose"]["t_mm"][2] < -100
PY
for net in "$home"/models/face-*.net; do # by name, by path and not by another name
    [ -e "$net" ] || continue
    name=$(basename "$net" .net)
    name=${name#face-}
    expect 0 "without a face" image "$tmp/frames" --net "$name" --md5 "$tmp/c.md5"
    expect 0 "without a face" image "$tmp/frames" --net "$net" --md5 "$tmp/d.md5"
    cmp "$tmp/c.md5" "$tmp/d.md5" || fail "$net differs by name and by path"
    cmp -s "$tmp/a.md5" "$tmp/c.md5" && fail "--net $name changes nothing"
done
expect 2 "face-none-such.net" image "$tmp/frames" --net none-such
echo "$n pictures: lines, overlays, meshes; two runs agree"

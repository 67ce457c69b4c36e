#!/usr/bin/env bash
# mien video: a head that turns gets a shape of many pictures together, surer than by single looks, the same on
# every run; --no-refine leaves it out, and nothing but the shape differs much.
. "$(dirname "$0")/common.inc"
need_models
[ -e "$home/models/portrait.net" ] || { echo "models/portrait.net is not there"; exit 77; }
[ -e "$home/assets/demo.mp4" ] || { echo "assets/demo.mp4 is not there"; exit 77; }
clip=$home/assets/demo.mp4
cd "$tmp" || exit 1
expect 0 "frames" video "$clip" --frames 150 --json a.jsonl
expect 0 "frames" video "$clip" --frames 150 --threads 1 --json b.jsonl
expect 0 "frames" video "$clip" --frames 150 --no-refine --json c.jsonl
python3 - <<'PY' || exit 1
import json
def last(name):
    return [f[0] for f in (json.loads(l)["faces"] for l in open(name)) if f]
a, b, c = map(last, ("a.jsonl", "b.jsonl", "c.jsonl"))
shape = lambda r: (r["identity"], r["identity_sigma"])
assert list(map(shape, a)) == list(map(shape, b)), "two runs differ"
assert a[0]["identity"] == c[0]["identity"], "the first frame is refined already"
off = sum((x - y) ** 2 for x, y in zip(a[-1]["identity"], c[-1]["identity"])) ** 0.5
sure = [sum(r[-1]["identity_sigma"]) / 60 for r in (a, c)]
assert off > 0.3, "nothing was refined: %g" % off
assert sure[0] < 0.8 * sure[1], "it is not surer: %g of %g" % tuple(sure)
turn = max(abs(x["pose"]["yaw"] - y["pose"]["yaw"]) for x, y in zip(a, c))
assert turn < 5, "the head turned by %g" % turn
PY

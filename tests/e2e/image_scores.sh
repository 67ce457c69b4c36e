#!/usr/bin/env bash
# The development sets, scored: no worse than what the shipped networks reach (models/face.md), less
# a margin for processors that round otherwise.
. "$(dirname "$0")/common.inc"
need_models
[ -e "$data/eval/score.py" ] || { echo "no $data/eval"; exit 77; }
case ${MIEN_BUILD:-} in *asan* | *tsan*) echo "too slow under a sanitizer"; exit 77 ;; esac
for set in lfpw pointing04 ferplus; do
    "$MIEN" image "$data/eval/$set-dev" --json "$tmp/$set.jsonl" 2>"$tmp/log" || fail "$(tail -n 3 "$tmp/log")"
    python3 "$data/eval/score.py" "$data/eval/$set-dev/truth.json" "$tmp/$set.jsonl" --json >"$tmp/$set.json" || exit 1
done
python3 - "$tmp" <<'PY'
import json, sys
r = {s: json.load(open("%s/%s.json" % (sys.argv[1], s))) for s in ("lfpw", "pointing04", "ferplus")}
bars = [("lfpw found %", 100 * r["lfpw"]["found"] / r["lfpw"]["faces"], 99, 1), ("lfpw fail %", r["lfpw"]["fail"], 1, -1), ("lfpw AUC", r["lfpw"]["auc"], 75, 1),
        ("pointing04 pose MAE", r["pointing04"]["pose_mae"], 10.7, -1), ("ferplus accuracy", r["ferplus"]["expression_acc"], 79, 1)]
bad = [n for n, v, bar, sign in bars if sign * v < sign * bar]
print("; ".join("%s %.2f (bar %g)" % (n, v, b) for n, v, b, _ in bars))
sys.exit(bool(bad))
PY
# The two branches agree: whom the class branch calls happy smiles in the coefficients too, and so on.
python3 - "$tmp/ferplus.jsonl" <<'PY'
import json, sys
sums = {}
for line in open(sys.argv[1]):
    for f in json.loads(line)["faces"][:1]:
        b, s = f["blendshapes"], sums.setdefault(f["expression"]["label"], [0, 0, 0, 0])
        for k, v in enumerate((1, b["mouthSmileLeft"] + b["mouthSmileRight"], b["jawOpen"], b["browInnerUp"])):
            s[k] += v
mean = {c: [v / s[0] for v in s[1:]] for c, s in sums.items()}
for name, k, who, others in (("smile", 0, "happy", ("neutral", "sad", "anger", "fear", "surprise", "disgust")),
                             ("open jaw", 1, "surprise", ("neutral", "sad")),
                             ("raised inner brow", 2, "surprise", ("neutral", "anger", "happy", "disgust"))):
    other = max(mean[o][k] for o in others)
    print("%s: %.2f of %s faces, %.2f of others at most" % (name, mean[who][k], who, other))
    if mean[who][k] < 1.5 * other:
        sys.exit("the branches disagree")
PY

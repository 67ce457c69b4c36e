#!/usr/bin/env bash
# mien train and mien eval from rendered people to a network: learns, stops on Ctrl-C, goes on, is
# judged; mistakes give exit status 2 and say what is wrong.
. "$(dirname "$0")/common.inc"
make_pack a.pack 48 5
make_pack b.pack 12 6 --split val
cat >"$tmp/net.txt" <<'NET'
input image 3 48 48 mean 127.5 scale 0.0078125
conv a image out 12 s 2 bn relu
conv b a out 16 s 2 bn relu
conv c b out 16 s 2 bn relu
dense d c out 64 relu
dense lm d out 2*$LANDMARKS
dense ls d out $LANDMARKS
dense po d out 9
dense pr d out 1
output landmarks lm
output landmark_sigma ls
output pose po
output presence pr
NET
common=(--net "$tmp/net.txt" --data "$tmp/a.pack:1" --data "$tmp/b.pack:0" --batch 16 --shard 8 --warmup 10)

"$MIEN" train "${common[@]}" --sheet "$tmp/sheet.png" 2>"$tmp/log" || fail "sheet: $(cat "$tmp/log")"
[ -s "$tmp/sheet.png" ] || fail "no contact sheet"
"$MIEN" train "${common[@]}" --steps 150 --out "$tmp/run" 2>"$tmp/log" || fail "train: $(tail -n 5 "$tmp/log")"
for f in last.ckpt face.net log.jsonl curves.png; do
    [ -s "$tmp/run/$f" ] || fail "training left no $f"
done
first=$(head -n 1 "$tmp/run/log.jsonl" | sed -E 's/.*"loss":([0-9.e+-]+).*/\1/')
last=$(grep '"loss"' "$tmp/run/log.jsonl" | tail -n 1 | sed -E 's/.*"loss":([0-9.e+-]+).*/\1/')
awk -v a="$first" -v b="$last" 'BEGIN { exit !(b < a) }' || fail "the loss rose from $first to $last"

# A stop (as Ctrl-C, which a background job of a script ignores) keeps what is done; --resume goes on.
"$MIEN" train "${common[@]}" --steps 1000000 --out "$tmp/long" 2>"$tmp/log" &
pid=$!
for _ in $(seq 6000); do
    [ -s "$tmp/long/log.jsonl" ] && break
    sleep 0.1
done
kill -TERM $pid
wait $pid || fail "stopped by a signal, exit status $?: $(tail -n 3 "$tmp/log")"
step=$(sed -nE 's/.*stopped at step ([0-9]+).*/\1/p' "$tmp/log")
[ -n "$step" ] && [ "$step" -ge 50 ] || fail "no word about where it stopped: $(tail -n 3 "$tmp/log")"
"$MIEN" train "${common[@]}" --steps $((step + 5)) --resume --out "$tmp/long" 2>"$tmp/log" ||
    fail "resume: $(tail -n 3 "$tmp/log")"
grep -q "resuming .* at step $step" "$tmp/log" || fail "resumed elsewhere: $(cat "$tmp/log")"

"$MIEN" eval --net "$tmp/run/face.net" --data "$tmp/b.pack" --json >"$tmp/eval.json" 2>"$tmp/log" ||
    fail "eval: $(tail -n 3 "$tmp/log")"
python3 - "$tmp/eval.json" <<'PY' || fail "eval printed $(cat "$tmp/eval.json")"
import json, sys
m = json.load(open(sys.argv[1]))
assert m["pictures"] >= 12 and 0 < m["synth_nme"] < 60 and 0 < m["synth_rotation_deg"] < 120, m
PY

# Without bfloat16 arithmetic the default is float, and asking for it is a mistake.
MIEN_CPU=avx512 "$MIEN" train "${common[@]}" --steps 2 --out "$tmp/float" 2>"$tmp/log" || fail "auto: $(tail -n 3 "$tmp/log")"
grep -q 'multiply-adds a picture in float' "$tmp/log" || fail "auto's precision: $(cat "$tmp/log")"
MIEN_CPU=avx512 "$MIEN" train "${common[@]}" --steps 2 --out "$tmp/bf16" --precision bf16 2>"$tmp/log"
[ $? = 2 ] && grep -q 'no bfloat16 arithmetic' "$tmp/log" || fail "bf16 without it: $(cat "$tmp/log")"

# Few labels, the rest from the first network, two tasks.
"$MIEN" train "${common[@]}" --steps 10 --tasks landmarks,pose --label-fraction all=0.3 --weighting famo \
    --pseudo "$tmp/run/face.net" --out "$tmp/few" 2>"$tmp/log" || fail "pseudo-labels: $(tail -n 3 "$tmp/log")"
grep -q rotation_deg "$tmp/few/log.jsonl" && ! grep -q presence_auc "$tmp/few/log.jsonl" ||
    fail "two tasks: $(cat "$tmp/few/log.jsonl")"

expect2() { # WORD COMMAND…
    word=$1
    shift
    "$@" >"$tmp/out" 2>&1
    rc=$?
    [ $rc -eq 2 ] && grep -q "$word" "$tmp/out" || fail "exit $rc, not 2 with \"$word\": $* : $(tail -n 2 "$tmp/out")"
}
head -c 5000 "$tmp/run/face.net" >"$tmp/cut.net"
echo "this is no pack" >"$tmp/bad.pack"
expect2 "needs --data" "$MIEN" train --out "$tmp/x"
expect2 "bad.pack" "$MIEN" train --data "$tmp/bad.pack" --out "$tmp/x"
expect2 "heavy" "$MIEN" train --data "$tmp/a.pack:heavy" --out "$tmp/x"
expect2 "TASK=NUMBER" "$MIEN" train --data "$tmp/a.pack" --out "$tmp/x" --weights nose=1
expect2 "is no task" "$MIEN" train --data "$tmp/a.pack" --out "$tmp/x" --tasks nose
expect2 "weight 0" "$MIEN" train --data "$tmp/a.pack" --out "$tmp/x" --tasks pose,consistency
expect2 "LABEL=0" "$MIEN" train --data "$tmp/a.pack" --out "$tmp/x" --label-fraction pose=2
expect2 "cut.net" "$MIEN" train --data "$tmp/a.pack" --out "$tmp/x" --pseudo "$tmp/cut.net"
expect2 "cut.net" "$MIEN" eval --net "$tmp/cut.net" --data "$tmp/b.pack"
echo "trained, stopped, resumed at step $step, judged; loss $first -> $last"

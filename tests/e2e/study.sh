#!/usr/bin/env bash
# mien study: two short trainings, tables and pictures, finished ones skipped, a stop goes on later;
# the kept configs can be read.
. "$(dirname "$0")/common.inc"
for c in assets/study/*.txt; do
    case $c in */README.txt | */common.txt) continue ;; esac
    "$MIEN" study "$c" --set PACKS=packs --list >"$tmp/list" 2>"$tmp/log" || fail "$c: $(cat "$tmp/log")"
    [ "$(wc -l <"$tmp/list")" -ge 15 ] || fail "$c: few runs: $(cat "$tmp/list")"
done
make_pack a.pack 40 5
make_pack b.pack 12 6 --split val
cat >"$tmp/net.txt" <<'NET'
input image 3 32 32 mean 127.5 scale 0.0078125
conv a image out 8 s 2 bn relu
conv b a out 12 s 2 bn relu
conv c b out 16 s 2 bn relu
dense d c out 48 relu
dense lm d out 2*$LANDMARKS
dense ls d out $LANDMARKS
dense po d out 9
output landmarks lm
output landmark_sigma ls
output pose po
NET
cat >"$tmp/study.txt" <<'STUDY'
base --net $T/net.txt --data $T/a.pack:1 --data $T/b.pack:0
base --batch 16 --shard 8 --steps 100 --warmup 10 --validate-every 0 --steadiness 6
seeds 3
run single_pose --tasks pose
baseline pose single_pose
run both --tasks landmarks,pose
STUDY
go=("$MIEN" study "$tmp/study.txt" --set T="$tmp" --out "$tmp/out")
nice -n 10 "${go[@]}" 2>"$tmp/log" || fail "study: $(cat "$tmp/log" "$tmp"/out/runs/*/train.log)"
for f in table.csv table.md bars.png curves.png; do
    [ -s "$tmp/out/$f" ] || fail "no $f"
done
python3 - "$tmp/out/table.csv" <<'PY' || fail "the table is wrong: $(cat "$tmp/out/table.csv")"
import csv, sys
a, b = csv.DictReader(open(sys.argv[1]))
assert (a["run"], b["run"]) == ("single_pose", "both") and a["finished"] == b["finished"] == "1"
x, y = float(a["synth_rotation_deg"]), float(b["synth_rotation_deg"])
assert abs(float(b["delta_m"]) - 100 * (x - y) / x) < 0.01 and a["delta_m"] == ""
assert a["synth_nme"] == "" and float(b["synth_nme"]) > 0
assert float(b["steady_jitter"]) > 0 and float(a["steady_pose_deg"]) > 0
PY
"${go[@]}" 2>"$tmp/log" || fail "again: $(cat "$tmp/log")"
[ "$(grep -c 'finished before' "$tmp/log")" = 2 ] || fail "trained again: $(cat "$tmp/log")"

# A long one is stopped (as Ctrl-C would) and goes on where it was.
echo 'run long --tasks pose --steps 1000000' >>"$tmp/study.txt"
"${go[@]}" 2>"$tmp/log" &
pid=$!
for _ in $(seq 6000); do
    [ -s "$tmp/out/runs/long.3/log.jsonl" ] && break
    sleep 0.1
done
kill -TERM $pid
wait $pid || fail "stopped, exit status $?: $(cat "$tmp/log")"
[ -e "$tmp/out/runs/long.3/done" ] && fail "a stopped training counts as finished"
grep -q "2 of 3 trainings; stopped" "$tmp/log" || fail "no word about the stop: $(cat "$tmp/log")"
step=$(sed -nE 's/.*stopped at step ([0-9]+).*/\1/p' "$tmp/out/runs/long.3/train.log")
[ -n "$step" ] || fail "the training was killed: $(tail -n 2 "$tmp/out/runs/long.3/train.log")"
"${go[@]}" 2>"$tmp/log" &
pid=$!
for _ in $(seq 6000); do
    grep -q "resuming" "$tmp/out/runs/long.3/train.log" && break
    sleep 0.1
done
sleep 0.5
kill -TERM $pid
wait $pid
grep -q "resuming .* at step $step" "$tmp/out/runs/long.3/train.log" || fail "did not go on at step $step"

expect2() { # WORD COMMAND…
    word=$1
    shift
    "$@" >"$tmp/o" 2>&1
    rc=$?
    [ $rc -eq 2 ] && grep -q "$word" "$tmp/o" || fail "exit $rc, not 2 with \"$word\": $* : $(tail -n 2 "$tmp/o")"
}
expect2 "needs --out" "$MIEN" study "$tmp/study.txt" --set T="$tmp"
expect2 'T is not known' "$MIEN" study "$tmp/study.txt" --out "$tmp/x"
expect2 "NAME=VALUE" "$MIEN" study "$tmp/study.txt" --set T --out "$tmp/x"
echo "run bad --data $tmp/none.pack" >>"$tmp/study.txt"
sed -i '/^run long/d' "$tmp/study.txt"
"${go[@]}" 2>"$tmp/log"
[ $? -eq 1 ] && grep -q "bad, seed 3: training failed" "$tmp/log" || fail "a failed run: $(cat "$tmp/log")"
echo "two trainings, tables, pictures; skipped when finished; stopped at step $step and went on"

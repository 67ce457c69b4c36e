#!/usr/bin/env bash
# mien bench: the quick measures print their figures, mistakes are answered with status 2.
. "$(dirname "$0")/common.inc"
mkdir "$tmp/none"

MIEN_DATA=$tmp/none "$MIEN" bench synth --size 96 --seconds 0.2 >"$tmp/synth" 2>"$tmp/log" || fail "bench synth: $(cat "$tmp/log")"
grep -qx 'people: 0 hairs, 0 environments, 0 backgrounds, 0 skins' "$tmp/synth" || fail "what it rendered with: $(cat "$tmp/synth")"
figures='synth: 96x96, one core: ([0-9]+) pictures/s, ([0-9.]+) ms of processor time a picture; ([0-9]+) pictures, ([0-9.]+) kB each'
[[ $(tail -n 1 "$tmp/synth") =~ ^$figures$ ]] || fail "its figures: $(cat "$tmp/synth")"
[ "${BASH_REMATCH[1]}" -gt 0 ] && [ "${BASH_REMATCH[3]}" -ge 8 ] || fail "no speed or too few pictures: ${BASH_REMATCH[0]}"
# One thread: a second on the clock holds at most a second of work.
awk -v r="${BASH_REMATCH[1]}" -v ms="${BASH_REMATCH[2]}" 'BEGIN { exit !(ms > 0 && (r - 1) * ms <= 1050) }' ||
    fail "rate and time disagree: ${BASH_REMATCH[0]}"

"$MIEN" bench train --threads 1 --batch 8 --seconds 0.1 >"$tmp/train" 2>"$tmp/log" || fail "bench train: $(cat "$tmp/log")"
grep -q '^train: [1-9][0-9]* pictures/s' "$tmp/train" || fail "its figures: $(cat "$tmp/train")"
grep -qE ' shards of 8, (bf16|float)$' "$tmp/train" || fail "its precision: $(cat "$tmp/train")"
"$MIEN" bench train --threads 1 --batch 8 --seconds 0.1 --precision float >"$tmp/train" 2>"$tmp/log" || fail "float: $(cat "$tmp/log")"
grep -q ' shards of 8, float$' "$tmp/train" || fail "precision float: $(cat "$tmp/train")"
MIEN_CPU=avx512 "$MIEN" bench train --batch 8 --seconds 0.1 --precision bf16 >"$tmp/train" 2>"$tmp/log"
[ $? = 2 ] && grep -q 'no bfloat16 arithmetic' "$tmp/log" || fail "bf16 without it: $(cat "$tmp/log")"
if [ -e "$home/models/face.net" ]; then
    "$MIEN" bench net "$home/models/face.net" --seconds 0.1 >"$tmp/net" 2>"$tmp/log" || fail "bench net: $(cat "$tmp/log")"
    grep -q '^one picture, one core: [0-9.]* ms mean' "$tmp/net" || fail "its figures: $(cat "$tmp/net")"
fi

# Stages of following a clip: they add up to the whole, and following needs a network.
if [ -e "$home/models/face.net" ]; then
    "$MIEN" bench step --seconds 0.1 >"$tmp/step" 2>"$tmp/log" || fail "bench step: $(cat "$tmp/log")"
    grep -qE '640x480, 360 frames, 1\.00 faces a frame of at most 1; kernels [a-z0-9]+$' "$tmp/step" || fail "what it followed: $(cat "$tmp/step")"
    grep -qx 'processor time of one thread, ms a frame, median of 3 rounds' "$tmp/step" || fail "its rounds: $(cat "$tmp/step")"
    awk '$1 ~ /^(decode|convert|detect|follow|network|fit|filter|rest|portrait|mesh|output)$/ && $2 > 0 { n++; sum += $2 }
        $1 ~ /^(detect|follow|network|fit|filter|rest)$/ { step += $2 }
        $1 == "step" { s = $2 } $1 == "with" { m = $3 } $1 == "mesh" { mesh = $2 } $1 == "whole" { w = $2 }
        function near(a, b) { return a > 0.7 * b && a < 1.4 * b }
        END { exit !(n == 11 && near(sum, w) && near(step, s) && near(step + mesh, m)) }' "$tmp/step" ||
        fail "its stages do not add up: $(cat "$tmp/step")"
fi

for wrong in "" nonsense "synth more" "net" "synth --size 7" "net $tmp/none/no.net" "step $tmp/none/no.mp4" "step one two"; do
    "$MIEN" bench $wrong >/dev/null 2>"$tmp/log"
    [ $? = 2 ] || fail "bench $wrong is a mistake"
    [ -s "$tmp/log" ] || fail "bench $wrong says nothing"
done
echo "bench: all well"

#!/bin/sh
# mien synth: the same pack whatever the threads, sheets and clips, mistakes answered with status 2.
set -u
mien=${1:-${MIEN:-build/release/mien}}
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fail() { echo "FAIL: $*"; exit 1; }

mkdir "$tmp/none"
"$mien" synth --count 6 --seed 9 --threads 1 --data "$tmp/none" --out "$tmp/a.pack" 2>"$tmp/log" || fail "a pack: $(cat "$tmp/log")"
"$mien" synth --count 6 --seed 9 --threads 3 --data "$tmp/none" --out "$tmp/b.pack" 2>"$tmp/log" || fail "a pack with threads: $(cat "$tmp/log")"
cmp "$tmp/a.pack" "$tmp/b.pack" || fail "the pack depends on the number of threads"
"$mien" synth --count 6 --seed 10 --threads 1 --data "$tmp/none" --out "$tmp/c.pack" 2>/dev/null || fail "another seed"
cmp -s "$tmp/a.pack" "$tmp/c.pack" && fail "another seed made the same people"
[ -e "$tmp/a.pack.tmp" ] && fail "a temporary file was left"
"$mien" synth --sheet "$tmp/s.png" --count 4 --labels --data "$tmp/none" 2>/dev/null || fail "a sheet"
[ -s "$tmp/s.png" ] || fail "the sheet is empty"
"$mien" synth --clip "$tmp/clip" --seconds 1 --data "$tmp/none" 2>/dev/null || fail "a clip"
[ "$(ls "$tmp/clip" | wc -l)" = 30 ] || fail "a second of clip is not 30 frames"

"$mien" synth 2>/dev/null; [ $? = 2 ] || fail "nothing to do is a mistake"
"$mien" synth --out "$tmp/x.pack" 2>/dev/null; [ $? = 2 ] || fail "--out needs --count"
"$mien" synth --count 1 --size 7 --out "$tmp/x.pack" 2>/dev/null; [ $? = 2 ] || fail "a size out of range"
"$mien" synth --count 1 --out "$tmp/no/such/x.pack" 2>/dev/null; [ $? = 2 ] || fail "an unwritable pack"
mkdir -p "$tmp/bad/hair"; echo "v 1 2" >"$tmp/bad/hair/x.obj"
"$mien" synth --count 1 --data "$tmp/bad" --out "$tmp/x.pack" 2>"$tmp/log"; [ $? = 2 ] || fail "broken hair"
grep -q x.obj "$tmp/log" || fail "broken hair is not named"
for skins in "$tmp/noskins" "$tmp/bad" "$tmp/log"; do # missing, empty of skins, a file
    "$mien" synth --count 1 --data "$tmp/none" --textures "$skins" --out "$tmp/x.pack" 2>"$tmp/err"
    [ $? = 2 ] || fail "--textures $skins without a skin"
    grep -q "$skins" "$tmp/err" || fail "the folder without a skin is not named"
done

# Ctrl-C keeps what is done.
"$mien" synth --count 100000 --threads 1 --data "$tmp/none" --out "$tmp/d.pack" 2>"$tmp/log" &
pid=$!
for _ in $(seq 6000); do # pictures are in the file under its temporary name
    [ -n "$(find "$tmp" -name '.mien-*.tmp' -size +20k)" ] && break
    sleep 0.1
done
kill -INT $pid
wait $pid || fail "Ctrl-C is not an error: $(cat "$tmp/log")"
[ -s "$tmp/d.pack" ] || fail "Ctrl-C lost the pictures that were done"
echo "synth: all well"

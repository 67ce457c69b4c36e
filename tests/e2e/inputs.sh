#!/usr/bin/env bash
# Every file that a command line names and that cannot be read: exit status 2, and its name is said.
. "$(dirname "$0")/common.inc"
need_models
[ -e "$home/assets/demo.mp4" ] || { echo "assets/demo.mp4 is not there"; exit 77; }
clip=$home/assets/demo.mp4
head -c 3000 /dev/urandom >"$tmp/junk"
mkdir "$tmp/folder"
cd "$tmp" || exit 1
live="live $clip --headless --no-config --frames 2 --no-pace"
n=0
bad() { # FILE COMMAND…
    expect 2 "$1" "${@:2}"
    n=$((n + 1))
}
for f in missing junk folder; do
    for o in prop net detector; do
        bad $f $live --$o $f
    done
    for c in image video; do
        bad $f $c $f
        bad $f $c "$clip" --net $f
        bad $f $c "$clip" --detector $f
        bad $f $c "$clip" --face $f
    done
    bad $f live $f --headless --no-config --frames 2
    bad $f model info $f
    bad $f model seal $f
    bad $f model build --ict $f --out x.face
    bad $f bench net $f
    bad "$f\|network description" bench train --net $f --seconds 0.2
    bad $f bench live $f --seconds 0.2
    bad $f bench synth --textures $f --seconds 0.2
    bad $f synth --count 1 --out p.pack --data none --model $f
    bad $f synth --count 1 --out p.pack --data none --textures $f
    bad $f synth --count 1 --out p.pack --data none --expressions $f
    bad $f train --data $f --out o
    bad $f train detect --data $f --out o.net
    bad $f eval --net $f --data $f
    bad $f eval --shapes --net $f --people 1
    bad $f eval --looks --net $f --people 1
    bad $f eval --looks --portrait $f --people 1
    bad $f eval --pairs $f
    bad $f study $f --out o
done
[ ! -e x.face ] && [ ! -e p.pack ] && [ ! -e o.net ] || fail "something was written all the same"
echo "$n command lines with a file that cannot be read: each is refused with its name"

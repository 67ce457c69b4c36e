#!/usr/bin/env bash
# Outputs destroy neither inputs nor each other: refused with status 2 before anything is opened, or, in a folder, under another
# name. Links and other ways of writing a path hide nothing.
. "$(dirname "$0")/common.inc"
need_models
make_frames 1 8
cd "$tmp" || exit 1
photo=$(ls frames/*.png | head -n 1)
mkdir d dir
cp "$photo" d/p.png
cp "$home/assets/demo.mp4" c.mp4
ln -s c.mp4 soft.mp4
ln c.mp4 hard.mp4
ln -s . way
clip=$(md5sum <c.mp4) picture=$(md5sum <d/p.png)
kept() {
    [ "$(md5sum <c.mp4)" = "$clip" ] && [ "$(md5sum <d/p.png)" = "$picture" ] || fail "mien $*: an input was destroyed"
}
refused() { # WORD ARGS…: status 2, the word, nothing made and nothing lost
    word=$1
    shift
    before=$(find . -newer "$tmp/out" -type f | wc -l; ls)
    timeout 3000 "$MIEN" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
    got=$?
    [ $got = 2 ] || fail "mien $*: exit status $got, not 2: $(tail -n 2 "$tmp/err")"
    grep -q -- "$word" "$tmp/err" || fail "mien $*: \"$word\" is not in: $(cat "$tmp/err")"
    [ "$(ls)" = "$(echo "$before" | tail -n +2)" ] || fail "mien $*: something was made: $(ls)"
    kept "$@"
}
: >"$tmp/out"
: >"$tmp/err"
# The input by each of its names, and by each output of each command.
for name in c.mp4 soft.mp4 ./dir/../c.mp4 way/c.mp4 "$tmp/c.mp4"; do
    refused "another name" video c.mp4 --frames 1 --overlay "$name"
    refused "another name" live c.mp4 --headless --no-config --frames 1 --record "$name"
done
for option in --overlay --csv --json --md5 --report; do
    refused "another name" video c.mp4 --frames 1 $option hard.mp4
done
for sink in csv jsonl md5 tidy openface mediapipe livelinkcsv gltf report; do
    refused "another name" video c.mp4 --frames 1 --out "null,$sink:hard.mp4"
done
for option in --out=csv:hard.mp4 --screenshot=hard.mp4 --report=hard.mp4; do
    refused "another name" live c.mp4 --headless --no-config --frames 1 $option
done
refused "another name" video hard.mp4 --frames 1 --csv soft.mp4
for option in --json --csv --md5; do
    refused "another name" image d/p.png $option d/p.png
    refused "another name" image d $option d/p.png
done
refused "another name" video frames --frames 1 --csv "$photo"
refused "another name" live frames --headless --no-config --frames 1 --screenshot "$photo"
refused "another name" live --source c.mp4 --headless --no-config --frames 1 --prop d/p.png --record d/p.png
# What the program itself reads: networks, face model, settings, profiles.
for f in face.net detect.net ict.face; do
    cp "$home/models/$f" .
done
refused "another name" image d/p.png --net ./face.net --csv face.net
refused "another name" image d/p.png --detector detect.net --json detect.net
refused "another name" video c.mp4 --face ict.face --overlay ict.face
refused "another name" live c.mp4 --headless --no-config --net ./face.net --record face.net
mkdir own own/models
cp "$home/models/face.net" "$home/models/ict.face" "$home/models/detect.net" own/models
MIEN_HOME=$tmp/own refused "another name" image d/p.png --csv own/models/face.net
MIEN_HOME=$tmp/own refused "another name" image d/p.png --csv own/models/detect.net
MIEN_HOME=$tmp/own refused "another name" live c.mp4 --headless --no-config --record own/models/ict.face
: >settings
refused "settings file" live c.mp4 --headless --config settings --frames 1 --record settings
# Two outputs in one place, there already or not.
for name in q way/q dir/../q; do
    refused "of its own" video c.mp4 --csv q --json "$name"
    refused "of its own" video c.mp4 --out "csv:q,jsonl:$name"
    refused "of its own" video c.mp4 --overlay q --out "md5:$name"
    refused "of its own" video c.mp4 --report q --csv "$name"
    refused "of its own" live c.mp4 --headless --no-config --record q --out "null,csv:$name"
    refused "of its own" live c.mp4 --headless --no-config --report q --screenshot "$name"
    refused "of its own" live c.mp4 --headless --no-config --out "csv:q,csv:$name"
    refused "of its own" image d/p.png --csv q --md5 "$name"
done
refused "of its own" video c.mp4 --json - --csv -
refused "of its own" video c.mp4 --json - --out md5
refused "of its own" image d/p.png --json - --csv /dev/stdout
expect 0 frames video c.mp4 --frames 1 --csv /dev/null --json /dev/null --report /dev/null
# The other commands.
"$MIEN" synth --count 4 --out a.pack --size 64 --data "$tmp" 2>"$tmp/err" || fail "mien synth: $(cat "$tmp/err")"
pack=$(md5sum <a.pack)
refused "another name" synth --count 4 --out a.pack --size 64 --data "$tmp" --expressions a.pack
refused "another name" synth --sheet ict.face --model ict.face --data "$tmp"
refused "another name" model build --ibug d/p.png --out d/p.png
refused "another name" prepare marks --net ./face.net --out face.net
refused "another name" train --data a.pack --out dir --init way/dir/../dir/last.ckpt --sheet a.pack
: >dir/last.ckpt
refused "another name" train --data a.pack --out dir --init dir/last.ckpt
cp a.pack dir/detect.net
refused "another name" train detect --pack dir/detect.net --out dir
refused "another name" train detect --pack a.pack --out d --sheet a.pack
[ "$(md5sum <a.pack)" = "$pack" ] || fail "a pack was destroyed"

# Folders: another name is chosen and said.
expect 0 p-2.png image d/p.png --overlay d --mesh d
kept image
[ -s d/p-2.png ] && [ -s d/p-3.obj ] && [ -s d/p-3.png ] || fail "no other name: $(ls d)"
mkdir a b
cp "$photo" a/x.png
cp "$photo" b/x.png
cp "$(ls frames/*.png | tail -n 1)" b/x.PNG
expect 0 "3 faces" image a/x.png b/x.png b/x.PNG --overlay ov --mesh me
[ "$(ls ov | wc -l)" = 3 ] && [ "$(ls me/*.obj | wc -l)" = 3 ] && [ "$(ls me | wc -l)" = 15 ] || fail "not three: $(ls ov me)"
expect 0 "3 faces" image a/x.png b/x.png b/x.PNG --overlay ov --mesh me
[ "$(ls ov me | wc -l)" = $((3 + 15 + 3)) ] || fail "the second time other names were taken: $(ls ov me)"
mkdir mine
printf 'a photograph' >mine/x.png
expect 0 x-2.png image a/x.png --overlay mine
[ "$(cat mine/x.png)" = "a photograph" ] || fail "somebody's file was destroyed"
echo "inputs and outputs are kept apart"

#!/usr/bin/env bash
# What is there is respected: links are followed, devices and pipes written through, modes kept. New files are their owner's. A
# file that another program is writing is refused. What looks like an address is a path.
. "$(dirname "$0")/live_common.inc"
need_job
cp "$clip" "$tmp/c.mp4"
cd "$tmp" || exit 1
umask 022
run() { # STATUS ARGS…
    want=$1
    shift
    timeout 3000 "$MIEN" "$@" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got = "$want" ] || fail "mien $*: exit status $got, not $want: $(tail -n 2 "$tmp/err")"
}
live() { run 0 live c.mp4 --headless --no-config --no-pace --size 320x180 --frames 8 "$@"; }
mode() { stat -Lc %a "$1"; }
# Links.
mkdir far
for f in s.png r.html g.glb m.mp4 c.csv j.json; do
    echo old >"far/$f"
    chmod 640 "far/$f"
    ln -s "far/$f" "$f"
done
live --screenshot s.png --record m.mp4 --report r.html --out gltf:g.glb,csv:c.csv,mediapipe:j.json
for f in s.png r.html g.glb m.mp4 c.csv j.json; do
    [ -L $f ] || fail "$f is no link any more"
    [ "$(stat -c %s far/$f)" -gt 1000 ] || fail "what is behind $f was not written"
    [ "$(mode far/$f)" = 640 ] || fail "$f: mode $(mode far/$f), not 640"
done
run 0 synth --clip frames --seconds 1 --data "$tmp" # one clear face
cp "$(ls frames/* | head -n 1)" face.png
mkdir o
ln -s ../far/later.png o/face.png
run 0 image face.png --overlay o
[ -L o/face.png ] && [ -s far/later.png ] || fail "an overlay replaces a link"
run 0 image face.png --overlay o
[ -L o/face.png ] && [ "$(ls o)" = face.png ] || fail "an overlay replaces a link the second time"
# Devices and pipes.
"$MIEN" video c.mp4 --frames 8 --report /dev/stdout 2>"$tmp/err" | cat >page.html
[ "$(grep -c '</html>' page.html)" = 1 ] || fail "not one page came through /dev/stdout: $(cat "$tmp/err")"
{ echo first; "$MIEN" video c.mp4 --frames 2 --csv /dev/stdout 2>"$tmp/err"; echo last; } >both
[ "$(head -n 1 both) $(tail -n 1 both) $(wc -l <both)" = "first last 5" ] || fail "/dev/stdout begins anew: $(cut -c 1-50 both)"
for full in --report=/dev/full --out=gltf:/dev/full --json=/dev/full --overlay=/dev/full; do
    run 1 video c.mp4 --frames 40 $full
    grep -q /dev/full "$tmp/err" || fail "$full is not named"
done
run 1 live c.mp4 --headless --no-config --frames 2 --screenshot /dev/full
[ -c /dev/full ] && [ -c /dev/null ] && [ -L /dev/stdout ] || fail "a device was replaced"
mkfifo pipe
cat pipe >from-pipe &
live --out gltf:pipe
wait $!
[ -p pipe ] && [ "$(head -c 4 from-pipe)" = glTF ] || fail "a pipe was replaced"
# New files.
live --screenshot new.png --record new.mp4 --report new.html --out gltf:new.glb,csv:new.csv --folder new.folder
run 0 image face.png --overlay new.o --mesh new.m --json new.json
XDG_DATA_HOME=$tmp/data run 0 live c.mp4 --headless --no-config --frames 320 --no-pace --profile me --out null
for f in new.* new.o/* new.m/* data/mien/profiles/*; do
    case $(mode "$f") in
    600) [ -f "$f" ] ;;
    700) [ -d "$f" ] ;;
    *) false ;;
    esac || fail "$f: mode $(mode "$f")"
done
live --share --screenshot shared.png --record shared.mp4 --out gltf:shared.glb
run 0 image face.png --overlay shared.o --json shared.json --share
for f in shared.png shared.mp4 shared.glb shared.json shared.o/*; do
    [ "$(mode "$f")" = 644 ] || fail "--share: $f: mode $(mode "$f")"
done
(umask 0277 && "$MIEN" video c.mp4 --frames 1 --csv strict.csv 2>"$tmp/err") || fail "umask 0277: $(cat "$tmp/err")"
[ "$(mode strict.csv)" = 400 ] || fail "a stricter umask: mode $(mode strict.csv)"
# Another program.
"$MIEN" live c.mp4 --headless --no-config --loop --size 320x180 --record two.mp4 --report two.html --out gltf:two.glb,csv:two.csv \
    >"$tmp/log" 2>&1 &
program=$!
until_true has_lines two.csv 6
for other in --record=two.mp4 --report=two.html --out=gltf:two.glb --out=csv:two.csv; do
    timeout 3000 "$MIEN" live c.mp4 --headless --no-config --size 320x180 --frames 2 $other >"$tmp/out" 2>"$tmp/err" &&
        fail "two programs write one file: $other"
    grep -q "another program" "$tmp/err" || fail "$other: $(cat "$tmp/err")"
done
run 2 video c.mp4 --frames 1 --csv two.csv
kill -TERM $program
wait $program || fail "the first program: $(tail -n 2 "$tmp/log")"
[ "$(grep -c source two.csv)" = 1 ] || fail "the table was begun anew"
# What looks like an address.
command -v python3 >/dev/null || { echo "links, devices, modes; no python3 for the rest"; exit 0; }
python3 - >port <<'END' &
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
print(s.getsockname()[1], flush=True)
s.settimeout(3000)
try:
    s.accept()
    print("connected", flush=True)
except OSError:
    pass
END
listener=$!
until_true test -s port
address=tcp://127.0.0.1:$(head -n 1 port)
mkdir -p "tcp:/${address#tcp://}"
live --record "12:30 talk.mp4"
live --record "$address/x.mp4"
run 0 video c.mp4 --frames 3 --overlay "pipe:1"
run 0 video c.mp4 --frames 3 --overlay "$address/y.mp4"
for f in "12:30 talk.mp4" "tcp:/${address#tcp://}/x.mp4" "tcp:/${address#tcp://}/y.mp4" pipe:1; do
    [ -s "$f" ] || fail "there is no file $f"
    run 0 video "$f" --frames 2 --csv /dev/null
done
run 0 live "12:30 talk.mp4" --headless --no-config --frames 2 --no-pace
grep -q connected port && fail "it connects to $address"
kill $listener
rm -f "$address/x.mp4"
run 2 video "$address/x.mp4" --csv none.csv
echo "links, devices, modes, other programs and odd paths are respected"

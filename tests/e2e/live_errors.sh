#!/usr/bin/env bash
# What cannot work is explained, with the right exit status.
. "$(dirname "$0")/live_common.inc"
expect() { # STATUS WORD ARGS…
    want=$1 word=$2
    shift 2
    timeout 3000 "$MIEN" live "$@" >"$tmp/log" 2>&1
    got=$?
    [ $got = "$want" ] || fail "mien live $*: exit status $got, not $want: $(cat "$tmp/log")"
    grep -qi -- "$word" "$tmp/log" || fail "mien live $*: \"$word\" is not in: $(cat "$tmp/log")"
}
expect 0 --headless --help
expect 2 nosuch --nosuch
expect 2 size --size 12x --headless
expect 2 size --capture 1x1 --headless
expect 2 jsonl --out nonsense --headless
expect 2 none --mode nonsense
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless
: >"$tmp/file"
expect 2 'file of that name' "$tmp/nosuchfile.mp4" --headless --folder "$tmp/file"
expect 2 folder "$tmp/nosuchfile.mp4" --headless --folder "$tmp/file/sub"
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless --folder "$tmp/made/too"
[ -d "$tmp/made/too" ] || fail "--folder is not made"
expect 2 'two sources.*one.mp4.*two.mp4' "$tmp/one.mp4" --source "$tmp/two.mp4" --headless
expect 2 'two sources.*one.mp4.*two.mp4' --source="$tmp/two.mp4" --headless "$tmp/one.mp4"
printf 'source = /dev/video9\n' >"$tmp/config" # what is remembered is none of the two
expect 2 nosuchfile "$tmp/nosuchfile.mp4" --headless --config "$tmp/config"
expect 2 nosuchfile --source "$tmp/nosuchfile.mp4" --headless --config "$tmp/config"
head -c 5000 /dev/urandom >"$tmp/broken.mp4"
expect 2 broken "$tmp/broken.mp4" --headless
ls /dev/video* >/dev/null 2>&1 || expect 1 camera --headless
if [ -e "$home/models/face.net" ] && [ -e "$home/models/detect.net" ] && [ -e "$clip" ]; then
    unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
    expect 1 --headless "$clip"
    expect 2 nosuch "$clip" --headless --net "$tmp/nosuch.net"
    head -c 5000 /dev/urandom >"$tmp/broken.net"
    expect 2 broken "$clip" --headless --net "$tmp/broken.net"
fi
echo "errors are explained"

#!/usr/bin/env bash
# With too little memory (ulimit -v) programs and library end with a message that names what is
# needed, and never hang.
. "$(dirname "$0")/common.inc"
case $MIEN in
*/asan/* | */tsan/*) echo "sanitizers need memory of their own"; exit 77 ;;
esac
need_models
make_frames 1 29
picture=$(ls "$tmp"/frames/*.png | head -n 1)
limited() { # MIB COMMAND…: its exit status
    (ulimit -v $(($1 * 1024)) && shift && exec timeout -s KILL 3000 "$@") >"$tmp/out" 2>"$tmp/err"
}
# What is said about the least; 0: it went well; -1: not even the shared libraries could be loaded,
# or one of them gave up before the program began.
least() { # MIB COMMAND…
    limited "$@"
    got=$?
    case $got in
    0) echo 0 ;;
    2) sed -n 's/.*out of memory.*at least \([0-9]*\) MiB are needed.*/\1/p' "$tmp/err" | head -n 1 ;;
    127) echo -1 ;;
    134) grep -q GLib "$tmp/err" && echo -1 || echo "status 134: $(tail -n 2 "$tmp/err")" ;;
    *) echo "status $got: $(tail -n 2 "$tmp/err")" ;;
    esac
}
try() { # COMMAND…
    told=0 worked=0
    for mib in 24 28 32 40 60 70 80 90 100 120 140 160 180 200 240 280 320 350 390 430 460 500 550 700 1000 4000; do
        n=$(least $mib "$@")
        case $n in
        -1) ;;
        0) worked=$mib ;;
        *[!0-9]* | "") fail "$* with $mib MiB: $n, $(tail -n 2 "$tmp/err")" ;;
        *)
            [ "$n" -gt $mib ] || fail "$* with $mib MiB: $n are said to be needed"
            told=$((told + 1))
            ;;
        esac
    done
    [ $told -gt 0 ] || fail "$*: no limit was too small"
    [ $worked = 4000 ] || fail "$*: 4000 MiB are not enough: $(tail -n 2 "$tmp/err")"
}
try "$MIEN" image "$picture" --json "$tmp/image.jsonl"
try "$MIEN" video "$tmp/frames" --json "$tmp/video.jsonl"
lib=${MIEN_BUILD:-$PWD/build/release}/lib
[ -e "$lib/libmien.so.0" ] || { echo "$lib/libmien.so.0 is not there (make lib)"; exit 77; }
cc -Isrc/lib assets/examples/face.c -o "$tmp/face" -L"$lib" -lmien -lpng || fail "the C example does not compile"
export LD_LIBRARY_PATH=$lib MIEN_HOME=$home
try "$tmp/face" "$picture"
echo "memory is asked for before it is needed"

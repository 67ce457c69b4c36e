#!/usr/bin/env bash
# SIGINT, SIGTERM, SIGHUP and SIGQUIT, twice at once as `timeout` sends them, and a limit of the files' size: the program ends and
# every file is complete. What nohup ignores stays ignored.
. "$(dirname "$0")/live_common.inc"
need_job
command -v python3 >/dev/null || { echo "python3 is not there"; exit 77; }
outputs() { # FOLDER
    mkdir -p "$1"
    list=jsonl:$1/a.jsonl,csv:$1/a.csv,md5:$1/a.md5,gltf:$1/a.glb,mediapipe:$1/a.json,report:$1/a.html
}
until_lines() { # FILE LINES
    for _ in $(seq 6000); do
        kill -0 $pid 2>/dev/null || fail "it ended by itself: $(cat "$tmp/log")"
        has_lines "$1" "$2" && return
        sleep 0.1
    done
    fail "no $2 lines: $(cat "$tmp/log")"
}
ends() { # STATUS
    until_ended $pid
    got=$?
    [ $got = "$1" ] || fail "$sig: exit status $got, not $1: $(tail -n 3 "$tmp/log")"
}
for sig in INT TERM HUP QUIT; do
    outputs "$tmp/$sig"
    "$MIEN" live "$clip" --headless --no-pace --loop --size 320x180 --record "$tmp/$sig.mp4" --out "$list" >"$tmp/log" 2>&1 &
    pid=$!
    until_lines "$tmp/$sig/a.jsonl" 20
    kill -$sig $pid
    kill -$sig $pid 2>/dev/null
    ends 0
    python3 tests/whole_files.py "$tmp/$sig" || fail "$sig: live: a file is not complete"
    tail -n 1 "$tmp/$sig/a.md5" | grep -q " total $(wc -l <"$tmp/$sig/a.jsonl")$" || fail "$sig: the digests are not complete"
    "$MIEN" video "$tmp/$sig.mp4" --frames 1 --md5 /dev/null 2>"$tmp/log" || fail "$sig: the recording: $(cat "$tmp/log")"
done
for sig in HUP TERM; do # a group of its own, as `timeout` makes one
    outputs "$tmp/video-$sig"
    setsid "$MIEN" video "$clip" --overlay "$tmp/v$sig.mp4" --out "$list" >"$tmp/log" 2>&1 &
    pid=$!
    until_lines "$tmp/video-$sig/a.jsonl" 20
    kill -$sig $pid
    kill -$sig -$pid 2>/dev/null
    ends 1
    python3 tests/whole_files.py "$tmp/video-$sig" || fail "$sig: video: a file is not complete"
done
# The table reaches the limit first; the others are complete, and the table has whole lines.
sig=XFSZ
mkdir "$tmp/XFSZ"
(
    ulimit -f 200
    exec "$MIEN" video "$clip" --out "jsonl:$tmp/XFSZ/a.jsonl,csv:$tmp/XFSZ/a.csv,report:$tmp/XFSZ/a.html,md5:$tmp/XFSZ/a.md5"
) >"$tmp/log" 2>&1 &
pid=$!
ends 1
grep -q "a.jsonl" "$tmp/log" || fail "the file that became too large is not named: $(cat "$tmp/log")"
python3 tests/whole_files.py "$tmp/XFSZ" 1 || fail "XFSZ: a file is not complete"
[ "$(stat -c %s "$tmp/XFSZ/a.jsonl")" -gt 100000 ] || fail "XFSZ: it stopped early"
# nohup.
sig=nohup
(
    trap '' HUP
    exec "$MIEN" live "$clip" --headless --loop --out "jsonl:$tmp/n.jsonl" >"$tmp/log" 2>&1
) &
pid=$!
until_lines "$tmp/n.jsonl" 5
kill -HUP $pid
until_lines "$tmp/n.jsonl" $(($(wc -l <"$tmp/n.jsonl") + 20))
kill -TERM $pid
ends 0
echo "every file is complete after each signal"

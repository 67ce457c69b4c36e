#!/usr/bin/env bash
# Event marks with words: a list for a clip, lines of a pipe while the live program runs, typed in its window.
. "$(dirname "$0")/live_common.inc"
need_job
printf '# the experiment\n1.5 stimulus A\n0.5,"rest", eyes open\n' >"$tmp/list"
"$MIEN" video "$clip" --frames 60 --marks "$tmp/list" --json "$tmp/v.jsonl" --csv "$tmp/v.csv" --out "tidy:$tmp/v.tidy" \
    --report "$tmp/v.html" 2>"$tmp/log" || fail "mien video: $(cat "$tmp/log")"
python3 - "$tmp" <<'PY' || fail "a clip's marks"
import csv, json, sys
d = sys.argv[1] + "/v."
want = [(15, 1, '"rest", eyes open'), (45, 2, "stimulus A")]
said = [(r["frame"], r["mark"], r["mark_text"]) for r in map(json.loads, open(d + "jsonl")) if "mark" in r]
assert said == want, said
for name in ("csv", "tidy"):
    said = [(int(r["frame"]), int(r["mark"]), r["mark_text"]) for r in csv.DictReader(open(d + name)) if r["mark"] not in ("", "0")]
    assert said == want, (name, said)
page = open(d + "html").read()
assert "<td>&quot;rest&quot;, eyes open</tr>" in page and page.index("eyes open") < page.index("stimulus A")
PY
printf 'soon 1\n' >"$tmp/list"
"$MIEN" video "$clip" --frames 2 --marks "$tmp/list" --md5 /dev/null 2>"$tmp/log"; [ $? = 2 ] || fail "a list without times"
grep -q 'list:1: a mark is written' "$tmp/log" || fail "it does not say which line: $(cat "$tmp/log")"
"$MIEN" live "$clip" --headless --no-config --marks "$tmp/list" >"$tmp/log" 2>&1; [ $? = 1 ] || fail "a file for the live program"
grep -q 'make a pipe' "$tmp/log" || fail "it does not say what to do: $(cat "$tmp/log")"
mkfifo "$tmp/pipe"
"$MIEN" live "$clip" --headless --no-config --loop --marks "$tmp/pipe" --out "jsonl:$tmp/l.jsonl" >"$tmp/log" 2>&1 &
program=$!
until_true test -s "$tmp/l.jsonl"
printf 'from a pipe\n' >"$tmp/pipe"
until_true grep -q '"mark":1,"mark_text":"from a pipe"' "$tmp/l.jsonl"
kill $program
until_ended $program
program=
# In the window: K, words, Enter; the mark's time is that of the key.
python3 -c 'import ctypes; ctypes.CDLL("libXtst.so.6")' 2>/dev/null || { echo "marks of lists and pipes; libXtst is not installed"; exit; }
start_x
HOME=$tmp PYTHONPATH=$PWD/tests "$MIEN" live "$clip" --no-config --loop --size 640x480 --out "jsonl:$tmp/w.jsonl" >"$tmp/log" 2>&1 &
program=$!
PYTHONPATH=$PWD/tests python3 - "$tmp/w.jsonl" <<'PY' || fail "the user: $(tail -n 3 "$tmp/log")"
import json, sys, time, x11_user
u = x11_user.User("mien", results=sys.argv[1])
u.pause(1)
u.press("K")
u.pause(1)
for key in "quit":
    u.press(key)
    u.pause(0.3)
u.press("return", 0.5)
end = time.monotonic() + 600
while '"mark_text":"quit"' not in open(sys.argv[1]).read():
    assert time.monotonic() < end
    time.sleep(0.2)
for line in open(sys.argv[1]):
    if '"mark"' in line:
        r = json.loads(line)
        assert r["mark"] == 1 and r["mark_time_s"] < r["time_s"] - 0.5, r["mark_time_s"] - r["time_s"]
for key in "kq":
    u.press(key)
    u.pause(1)
u.press("q")
PY
until_ended $program
program=
grep -q '"mark":2,"width"' "$tmp/w.jsonl" || fail "a mark without words"
echo "marks of a list, a pipe and the window"

#!/usr/bin/env bash
# The audience's window beside the operator's: it shows what others get and nothing that is the operator's, closes
# without ending the program, and is remembered.
. "$(dirname "$0")/live_common.inc"
need_job
python3 -c 'import ctypes; ctypes.CDLL("libXtst.so.6")' 2>/dev/null || { echo "libXtst is not installed"; exit 77; }
start_x
export PYTHONPATH=$PWD/tests HOME=$tmp
unset XDG_DATA_HOME XDG_CONFIG_HOME
"$MIEN" live "$clip" --size 640x400 --loop --hud full --prop sunglasses --out "jsonl:$tmp/results.jsonl" >"$tmp/log" 2>&1 &
program=$!
python3 - "$tmp/results.jsonl" <<'END' || fail "the user: $(tail -n 3 "$tmp/log")"
import sys, time, x11_user


def until(what, true, seconds=600):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.2)


u = x11_user.User("mien", results=sys.argv[1])
until("no results", lambda: u.count() > 10)
u.move(0, 0)
assert not u.find("mien audience")
u.press("W")
a = x11_user.User("mien audience", types=False)  # waits for it
u.focus()
assert a.at()[2:] == (640, 480), a.at()
u.press(" ", 1)  # paused: both show one frame from now on
u.pause(0)
time.sleep(2)
clean, seen = a.pixels(), u.pixels()
assert len(set(clean[2])) > 30, "the second window is empty"
for key in "bahm":  # bars, axes, figures, another overlay: the operator's own
    u.press(key, 0)
time.sleep(3)
until("the operator sees nothing of it", lambda: u.pixels() != seen)
assert a.pixels() == clean, "what the operator sees is in the second window"
u.press("w", 0)  # the picture alone
until("what is worn stays", lambda: a.pixels() != clean)
plain = a.pixels()
different = sum(x != y for x, y in zip(plain[2], clean[2])) / len(plain[2])
assert 0.002 < different < 0.2, f"not the sunglasses alone: {different}"
u.press("w", 0)  # all
until("not all is shown", lambda: a.pixels() not in (plain, clean))
everything, told = a.pixels(), u.pixels()
for _ in range(40):  # the operator's notice goes; it was the operator's alone
    if u.pixels() != told: break
    time.sleep(0.2)
time.sleep(0.5)
assert a.pixels() == everything, "a notice was in the second window"
u.press("w", 0)
until("it is not as it was", lambda: a.pixels() == clean)
u.press("W", 0)
until("it does not close", lambda: not u.find("mien audience"))
u.focus()
u.press("W", 0)
until("it does not open again", lambda: u.find("mien audience"))
u.focus()
u.press("q", 0)
time.sleep(1)
u.press("q", 0)  # results are written: it asks
END
until_ended $program
got=$?
program=
[ $got = 0 ] || fail "exit status $got: $(tail -n 3 "$tmp/log")"
grep -qx 'audience = yes' "$tmp/.config/mien/config" || fail "it was not remembered: $(cat "$tmp/.config/mien/config")"
# Without a display there is none, and a word for it; the run goes on.
"$MIEN" live "$clip" --headless --audience --frames 3 >"$tmp/log" 2>&1 || fail "headless: $(tail -n 3 "$tmp/log")"
echo "the audience's window shows what others get, alone"

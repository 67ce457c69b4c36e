#!/usr/bin/env bash
# The window as a user has it, on an X server with a real pointer: menus by mouse, a folder that is typed, recording over a
# change of the window's size, what is remembered; and a window that opens without a camera.
. "$(dirname "$0")/live_common.inc"
need_job
python3 -c 'import ctypes; ctypes.CDLL("libXtst.so.6")' 2>/dev/null || { echo "libXtst is not installed"; exit 77; }
start_x
export PYTHONPATH=$PWD/tests HOME=$tmp
unset XDG_DATA_HOME XDG_CONFIG_HOME
here=$PWD
cd "$tmp" || exit 1
ends() { # STATUS
    until_ended $program
    got=$?
    program=
    [ $got = "$1" ] || fail "exit status $got: $(tail -n 3 "$tmp/log")"
}
"$MIEN" live "$clip" --size 872x480 --loop --out jsonl:results.jsonl >"$tmp/log" 2>&1 &
program=$!
python3 - <<'END' || fail "the user: $(tail -n 3 "$tmp/log")"
import glob, os, time, x11_user


def until(what, true, seconds=600):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, what
        time.sleep(0.2)


u = x11_user.User("mien", results="results.jsonl")
until("no results", lambda: u.count() > 10)
assert u.at()[2:] == (872, 480)
u.click(84, 10)   # View: at the places of tests/golden/session_menu_view.png, in double size
u.click(90, 74)   # shaded
u.point(230, 10)  # Record: opens by itself while a menu is open
u.click(300, 176) # the folder's field
for key in "films":
    u.press(key)  # keys that would do something else outside of it
u.press("return", 0.3)
until("the folder is not made", lambda: os.path.isdir("films"))
u.click(250, 74)  # Start recording
films = lambda: glob.glob("films/mien-*.mp4")
until("recording does not begin", films)
until("nothing is recorded", lambda: os.path.getsize(films()[0]) > 30000)
u.resize(1000, 600)
until("no size", lambda: u.at()[2:] == (1000, 600))
size = os.path.getsize(films()[0])
until("recording stands still", lambda: os.path.getsize(films()[0]) > size + 60000)
u.press("r")
u.pause(1)
u.press("q")  # asks, as results are written, and goes on meanwhile
u.pause(1)
u.press("q")  # yes
END
ends 0
check_summary "$tmp/log" '[0-9]+'
grep -qx 'mode = shaded' .config/mien/config || fail "the mode was not remembered: $(cat .config/mien/config 2>&1)"
grep -qx "folder = $PWD/films" .config/mien/config || fail "the folder was not remembered: $(cat .config/mien/config)"
film=$(ls films/mien-*.mp4)
if command -v ffprobe >/dev/null; then
    [ "$(ffprobe -v error -show_entries stream=width,height -of csv=p=0 "$film")" = 640,480 ] || fail "the recording's size"
    # Its darkest frame: none is black.
    dark=$(ffmpeg -v error -i "$film" -vf signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=- -f null - |
        sed -n 's/.*YAVG=//p' | sort -n | head -n 1)
    [ "${dark%.*}" -ge 40 ] || fail "a frame of the recording is black (mean $dark)"
fi
if ls /dev/video* >/dev/null 2>&1; then
    echo "by mouse: mode, folder and recording; there is a camera"
    exit 0
fi
"$MIEN" live --no-config >"$tmp/log" 2>&1 &
program=$!
python3 - <<'END' || fail "without a camera: $(tail -n 3 "$tmp/log")"
import time, x11_user
u = x11_user.User("mien")
time.sleep(3)
u.press("d")  # the demo clip, as the window offers
time.sleep(4)
u.press("q")
END
ends 0
check_summary "$tmp/log" '[1-9][0-9]*'
grep -q 'no camera was found' "$tmp/log" || fail "the missing camera is not told: $(cat "$tmp/log")"
cd "$here" || exit 1
echo "by mouse: mode, folder and recording; without a camera the window opens"

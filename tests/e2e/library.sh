#!/usr/bin/env bash
# libmien: only its own names are exported and nothing of windows or videos is behind it; the C
# example (shared and static) and the Python example see the same face as the program.
. "$(dirname "$0")/common.inc"
lib=${MIEN_BUILD:-$PWD/build/release}/lib
[ -e "$lib/libmien.so.0" ] || { echo "$lib/libmien.so.0 is not there (make lib)"; exit 77; }
nm -D --defined-only "$lib/libmien.so.0" | awk '$2 == "T" {sub(/@.*/, "", $3); print $3}' | grep -vE '^_(_|init$|fini$)' |
    sort >"$tmp/exported"
grep -o '\bmien_[a-z_0-9]*(' src/lib/mien.h | tr -d '(' | sort -u >"$tmp/declared"
grep '^MIEN_API' src/lib/mien.h | grep -o '\bmien_[a-z_0-9]*(' | tr -d '(' | sort >"$tmp/public"
diff "$tmp/public" "$tmp/exported" >"$tmp/log" || fail "exported and declared names differ: $(head -n 4 "$tmp/log")"
nm -g --defined-only "$lib/libmien.a" | awk '$2 ~ /[TDBR]/ {print $3}' | sort >"$tmp/static"
diff "$tmp/public" "$tmp/static" >"$tmp/log" || fail "the static library shows other names: $(head -n 4 "$tmp/log")"
readelf -d "$lib/libmien.so.0" | grep -q 'SONAME.*\[libmien.so.0\]' || fail "no soname"
bad=$(readelf -d "$lib/libmien.so.0" | grep NEEDED | grep -E 'SDL|GL|avformat|avcodec|swscale|curl')
[ -z "$bad" ] || fail "behind the library: $bad"
need_models
export MIEN_HOME=$home
sanitize=
case $lib in
*/asan/*) sanitize=-fsanitize=address,undefined ;;
*/tsan/*) sanitize=-fsanitize=thread ;;
esac
make_frames 1 29
picture=$(ls "$tmp"/frames/*.png | head -n 1)
cc -Wall -Wextra -Werror $sanitize -Isrc/lib assets/examples/face.c -o "$tmp/shared" -L"$lib" -lmien -lpng ||
    fail "the C example does not compile"
LD_LIBRARY_PATH=$lib "$tmp/shared" "$picture" >"$tmp/c.txt" || fail "the C example failed"
grep -q '^face 1: yaw' "$tmp/c.txt" || fail "the C example sees no face: $(cat "$tmp/c.txt")"
if [ -z "$sanitize" ]; then # sanitizers do not like partly linked objects
    cc -Isrc/lib assets/examples/face.c -o "$tmp/static.run" "$lib/libmien.a" -lpng -ljpeg -lz -ldeflate -lm -pthread ||
        fail "the static library does not link"
    "$tmp/static.run" "$picture" | cmp - "$tmp/c.txt" || fail "static and shared library differ"
fi
LD_LIBRARY_PATH=$lib "$tmp/shared" Makefile 2>/dev/null; [ $? = 2 ] || fail "a file that is no picture"
MIEN_HOME=$tmp LD_LIBRARY_PATH=$lib "$tmp/shared" "$picture" 2>"$tmp/err" && [ ! -e "$lib/../../../models/face.net" ] &&
    fail "without models there must be an error"
python=/usr/bin/python3
"$python" -c 'import numpy, PIL' 2>/dev/null || { echo "python3-numpy or python3-pil is not there"; exit 77; }
preload=
[ -z "$sanitize" ] || preload=$(cc -print-file-name=lib$([ "${sanitize#*thread}" = "$sanitize" ] && echo asan || echo tsan).so)
ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$preload MIEN_LIB=$lib/libmien.so.0 "$python" assets/examples/face.py "$picture" "$tmp/mesh.obj" \
    >"$tmp/py.txt" || fail "the Python example failed"
[ "$(cut -d, -f 1-2 "$tmp/py.txt")" = "$(cut -d, -f 1-2 "$tmp/c.txt")" ] ||
    fail "Python says $(cat "$tmp/py.txt"), C says $(cat "$tmp/c.txt")"
"$MIEN" image "$picture" --no-quality --json "$tmp/program.json" 2>/dev/null || fail "mien image"
python3 - "$tmp/program.json" "$tmp/c.txt" "$tmp/mesh.obj" <<'PY' || fail "library and program differ"
import json, re, sys
f = json.loads(open(sys.argv[1]).readline())["faces"][0]
yaw, pitch, roll, z = map(float, re.search(r"yaw (\S+) pitch (\S+) roll (\S+), (\S+) mm", open(sys.argv[2]).read()).groups())
p = f["pose"]
assert abs(p["yaw"] - yaw) < 0.06 and abs(p["pitch"] - pitch) < 0.06 and abs(p["roll"] - roll) < 0.06, (p, yaw, pitch, roll)
assert abs(-p["t_mm"][2] - z) < 0.6
v = [list(map(float, l.split()[1:])) for l in open(sys.argv[3]) if l[0] == "v"]
assert len(v) > 1000 and all(q[2] < 0 for q in v)
PY
# Networks by name, in the models' folder.
cat >"$tmp/named.py" <<'PY'
import os, sys
sys.path.insert(0, "assets/examples")
import numpy as np
from PIL import Image
import face
rgb = np.asarray(Image.open(sys.argv[1]).convert("RGB"))
models = os.path.join(os.environ["MIEN_HOME"], "models").encode()
say = {}
for name in [None, b"standard"] + [n.encode() for n in sys.argv[2:]]:
    for folder in (None, models):
        m = face.Mien(model_dir=folder, still=1, network=name)
        say.setdefault(name, []).append(m.run(rgb)[0]["landmarks"])
        m.close()
for name, (a, b) in say.items():
    assert (a == b).all(), "%s: the folder's network is another" % name
    assert name in (None, b"standard") or (a != say[None][0]).any(), "%s is the standard network" % name
assert (say[None][0] == say[b"standard"][0]).all()
for wrong in (b"none-such", b"/some/where.net"):
    try:
        face.Mien(still=1, network=wrong)
        sys.exit("%s was taken for a network" % wrong)
    except RuntimeError as e:
        assert wrong.decode() in str(e), e
PY
names=$(cd "$home/models" && ls face-*.net 2>/dev/null | sed 's/^face-//; s/\.net$//')
ASAN_OPTIONS=detect_leaks=0 LD_PRELOAD=$preload MIEN_LIB=$lib/libmien.so.0 "$python" "$tmp/named.py" "$picture" $names 2>"$tmp/log" ||
    fail "networks by name: $(tail -n 3 "$tmp/log")"
head -n 1 "$tmp/c.txt"

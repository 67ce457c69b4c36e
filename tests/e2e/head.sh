#!/usr/bin/env bash
# mien head: one person's own head from a video and from pictures, as GLB and OBJ: whole, the same on every
# run, with 52 morph targets and textures; what cannot be made says why.
. "$(dirname "$0")/common.inc"
need_models
[ -e "$home/models/portrait.net" ] || { echo "models/portrait.net is not there"; exit 77; }
[ -e "$home/assets/demo.mp4" ] || { echo "assets/demo.mp4 is not there"; exit 77; }
clip=$home/assets/demo.mp4
cd "$tmp" || exit 1
expect 2 "out is missing" head "$clip"
expect 2 "neither FILE.glb nor FILE.obj" head "$clip" --out head.png
expect 2 "cannot\|No such file" head missing.jpg --out head.glb
expect 2 "its folder is not there" head "$clip" --out nowhere/head.glb
printf 'P' >junk.jpg
expect 2 "junk.jpg" head junk.jpg --out head.glb
expect 0 "looks from [0-9]* directions" head "$clip" --out head.glb
expect 0 "looks from" head "$clip" --out again.glb
cmp -s head.glb again.glb || fail "two runs differ"
[ "$(stat -c %a head.glb)" = 600 ] || fail "others may read a face"
expect 0 "looks from" head "$clip" "$clip" --out twice.glb
! grep -q "show two people\|somebody else" "$tmp/err" "$tmp/out" 2>/dev/null || fail "one person is taken for two"
expect 0 "looks from" head "$clip" --size 256 --share --out head.obj
python3 - <<'PY' || exit 1
import json, struct
data = open("head.glb", "rb").read()
magic, version, size, n, kind = struct.unpack("<4sIIII", data[:20])
assert (magic, version, size, kind) == (b"glTF", 2, len(data), 0x4E4F534A), "head"
g = json.loads(data[20:20 + n])
body = data[28 + n:]
assert len(body) == g["buffers"][0]["byteLength"], "buffer"
for v in g["bufferViews"]:
    assert v["byteOffset"] % 4 == 0 and v["byteOffset"] + v["byteLength"] <= len(body), "view"
mesh = g["meshes"][0]
names = mesh["extras"]["targetNames"]
assert len(names) == len(mesh["weights"]) == 52 and "jawOpen" in names, "targets"
for p in mesh["primitives"]:
    assert len(p["targets"]) == 52 and {"POSITION", "NORMAL", "TEXCOORD_0"} <= set(p["attributes"]), "primitive"
    count = g["accessors"][p["attributes"]["POSITION"]]["count"]
    a = g["accessors"][p["indices"]]
    v = g["bufferViews"][a["bufferView"]]
    index = struct.unpack("<%dI" % a["count"], body[v["byteOffset"]:v["byteOffset"] + v["byteLength"]])
    assert max(index) < count, "index"
for i in g["images"]:
    v = g["bufferViews"][i["bufferView"]]
    assert body[v["byteOffset"]:v["byteOffset"] + 3] == b"\xff\xd8\xff", "picture"
about = g["asset"]["extras"]
assert about["looks"] >= 10 and len(about["identity"]) == len(about["identity_sigma"]) == 60, "identity"
assert all(0 < s <= 1 for s in about["identity_sigma"]) and any(abs(c) > 0.2 for c in about["identity"]), "sigma"
low, high = (g["accessors"][mesh["primitives"][0]["attributes"]["POSITION"]][k] for k in ("min", "max"))
assert all(0.1 < h - l < 0.6 for l, h in zip(low, high)), "a head is no such size"
lines = [l.split() for l in open("head.obj")]
v = sum(l[0] == "v" for l in lines)
assert v == sum(l[0] == "vt" for l in lines) and sum(l[0] == "f" for l in lines) > 40000, "obj"
assert all(int(k.split("/")[0]) <= v for l in lines if l[0] == "f" for k in l[1:]), "obj index"
for f in ("head-skin.png", "head-eyes.png"):
    assert open(f, "rb").read(4) == b"\x89PNG", f
assert "head-skin.png" in open("head.mtl").read(), "mtl"
PY
# Nothing of the wall behind ears and neck, and of the grey collar, is on the skin.
if command -v ffmpeg >/dev/null; then
    ffmpeg -v error -i head-skin.png -pix_fmt rgb24 -f rawvideo skin.rgb || fail "head-skin.png cannot be read"
    python3 - <<'PY' || fail "the skin has something of what is behind it"
d = open("skin.rgb", "rb").read()
assert len(d) == 512 * 256 * 3
grey = sum(sum(p) > 285 and max(p) - min(p) < 32 for p in zip(d[0::3], d[1::3], d[2::3]))
assert grey < 25, grey
PY
fi
# The same person followed over time: the head at rest beside the results.
expect 2 "FILE.glb" video "$clip" --mesh person.obj
expect 0 "frames" video "$clip" --frames 90 --mesh person.glb --json person.jsonl
expect 0 "frames" video "$clip" --frames 20 --out gltf:take.glb
for f in head.glb person.glb take.glb; do
    python3 "$home/tests/gltf_rules.py" $f || fail "$f breaks a rule of glTF"
done
# What breaks one is found: a normal of length 2, a key that is no number.
python3 - <<'PY'
import struct
d = bytearray(open("head.glb", "rb").read())
n = struct.unpack("<I", d[12:16])[0]
import json
g = json.loads(d[20:20 + n])
a = g["accessors"][g["meshes"][0]["primitives"][0]["attributes"]["NORMAL"]]
at = 28 + n + g["bufferViews"][a["bufferView"]]["byteOffset"]
d[at:at + 12] = struct.pack("<3f", 0, 0, 2)
open("long.glb", "wb").write(d)
d[at:at + 12] = struct.pack("<3f", 0, float("nan"), 1)
open("nan.glb", "wb").write(d)
PY
! python3 "$home/tests/gltf_rules.py" long.glb 2>said || fail "a long normal was not found"
grep -q "length 1" said || fail "$(cat said)"
! python3 "$home/tests/gltf_rules.py" nan.glb 2>said || fail "NaN was not found"
[ "$(wc -l <person.jsonl)" = 90 ] || fail "the results are missing"
python3 - <<'PY' || exit 1
import json, struct
data = open("person.glb", "rb").read()
about = json.loads(data[20:20 + struct.unpack("<I", data[12:16])[0]])["asset"]["extras"]
last = json.loads(open("person.jsonl").read().splitlines()[-1])["faces"][0]
assert about["looks"] == last["identity_looks"] > 0, "looks"
assert sum(about["identity_sigma"]) < sum(last["identity_sigma"]), "not refined"
PY
# Nothing that is read or written twice is destroyed.
cp head-skin.png face.png
expect 2 "head-skin.png" head head-skin.png --out head.obj
cmp -s face.png head-skin.png || fail "an input was replaced"
python3 - <<'PY'
import struct, zlib
w = 200
raw = b"".join(b"\0" + bytes((x * y) & 255 for x in range(w)) for y in range(w))
def chunk(k, d): return struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d))
open("nobody.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, w, 8, 0, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b""))
PY
expect 2 "no face in 1 picture that was looked at" head nobody.png --out no.glb
[ ! -e no.glb ] || fail "a head of nobody was written"
looks=$("$MIEN" head "$clip" --out head.glb 2>&1 | grep -o '[0-9]* looks from [0-9]* directions')
echo "a head from the clip: $looks, GLB and OBJ, the same on every run"

#!/usr/bin/env python3
"""Reads the files that a run left behind, FOLDER/a.jsonl and others: each must be whole, and say as many results as a.jsonl.

    whole_files.py FOLDER [LATE]     a killed program's may differ by LATE
"""
import csv, html.parser, json, os, re, struct, sys

folder, late = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0


def path(name):
    return os.path.join(folder, name)


def lines(name):
    text = open(path(name), newline="", encoding="utf-8").read()
    assert text.endswith("\n"), name
    return text.splitlines()


def glb(name):
    data = open(path(name), "rb").read()
    assert data[:4] == b"glTF" and struct.unpack("<I", data[8:12])[0] == len(data), name
    n = struct.unpack("<I", data[12:16])[0]
    g = json.loads(data[20:20 + n])
    binary = data[28 + n:]
    if "animations" not in g:
        return 0
    a = g["accessors"][g["animations"][0]["samplers"][0]["input"]]
    start = g["bufferViews"][a["bufferView"]]["byteOffset"]
    times = struct.unpack_from("<%df" % a["count"], binary, start)
    assert times[0] == 0 and all(x < y for x, y in zip(times, times[1:])) and abs(times[-1] - a["max"][0]) < 1e-6
    return a["count"]


rows = [json.loads(l) for l in lines("a.jsonl")]
seen = [r for r in rows if r["faces"]]
found = {"jsonl": len(rows)}
table = list(csv.reader(lines("a.csv")))
assert len({len(r) for r in table}) == 1
found["csv"] = len(table) - 1
if os.path.exists(path("a.glb")):
    found["gltf"] = glb("a.glb") + len(rows) - len(seen)
if os.path.exists(path("a.json")):
    found["mediapipe"] = len(json.load(open(path("a.json"))))
if os.path.exists(path("a.html")):
    page = open(path("a.html"), encoding="utf-8").read()
    assert page.rstrip().endswith("</html>")
    html.parser.HTMLParser().feed(page)
    found["report"] = int(re.search(r"<b>(\d+)</b><span>frames<", page)[1])
print(found)
assert len(rows) > 0
for name, n in found.items():
    assert len(rows) - late <= n <= len(rows) + late, (name, n, len(rows))
assert late or not [f for f in os.listdir(folder) if f.startswith(".mien-")], "a temporary file is left"

#!/usr/bin/env bash
# Odd names of pictures and videos: JSON lines, tables, pages, meshes and their materials can be read by others' readers, and say
# the same name.
. "$(dirname "$0")/live_common.inc"
need_job
command -v python3 >/dev/null || { echo "python3 is not there"; exit 77; }
"$MIEN" live "$clip" --headless --no-config --no-pace --size 640x360 --frames 3 --programme picture --record "$tmp/c.mp4" >"$tmp/log" 2>&1 ||
    fail "no clip: $(cat "$tmp/log")"
"$MIEN" synth --clip "$tmp/frames" --seconds 1 --data "$tmp" >"$tmp/log" 2>&1 || fail "no picture: $(cat "$tmp/log")"
cat >"$tmp/odd.py" <<'END'
import csv, html.parser, json, os, shutil, subprocess, sys
mien, tmp = sys.argv[1].encode(), os.fsencode(sys.argv[2])
os.chdir(tmp)
NAMES = [b"new\nline", b"#hash? & <b>", b"sp ace", b"caf\xe9", "Grüße €".encode(), b"=1+1", b"-dash", b"@x", b'quo"te, \'s', b"cr\rx"]


def run(*args):
    r = subprocess.run([mien, *args], capture_output=True, timeout=3000)
    assert r.returncode == 0, (args, r.stderr)


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.now, self.title, self.first = None, None, None
    def handle_starttag(self, tag, attrs): self.now = tag
    def handle_data(self, data):
        if self.now == "title" and self.title is None: self.title = data
        if self.now == "p" and self.first is None: self.first = data


def said_by(name, as_cell):
    with open("r.jsonl", encoding="utf-8") as f:
        sources = {json.loads(l)["source"] for l in f}
    with open("r.csv", encoding="utf-8", newline="") as f:
        table = list(csv.DictReader(f))
    assert all(None not in r and None not in r.values() for r in table), name
    sources |= {r["source"] for r in table}
    assert len(sources) == 1, (name, sources)
    (said,) = sources
    assert said[:1] not in set("=+-@\t\r\n"), said
    assert as_cell(said) == name, (name, said)
    return said


# What is said means the file: as it is, with bytes that are no UTF-8 as \xHH.
def meant(said):
    b = said.encode()
    return b.replace(b"\\xE9", b"\xe9").removeprefix(b"./")


for name in NAMES:
    picture, video = name + b".png", name + b".mp4"
    shutil.copy("frames/00003.png", picture)
    run(b"image", b"--json", b"r.jsonl", b"--csv", b"r.csv", b"--mesh", b"m", b"--overlay", b"o", b"--", picture)
    said = said_by(picture, meant)
    assert os.path.exists(b"o/" + picture)
    (obj,) = [f for f in os.listdir("m") if f.endswith(".obj")]
    lines = open("m/" + obj, encoding="utf-8").read().split("\n")
    assert json.loads([l for l in lines if l.startswith("# picture: ")][0][11:]) == said
    (library,) = [l.split() for l in lines if l.startswith("mtllib")]
    assert len(library) == 2 and os.path.exists("m/" + library[1]), library
    maps = [l.split() for l in open("m/" + library[1], encoding="utf-8") if l.startswith("map_Kd")]
    assert len(maps) == 2 and all(len(m) == 2 and os.path.exists("m/" + m[1]) for m in maps), maps
    shutil.rmtree("m")
    shutil.copy("c.mp4", video)
    run(b"video", b"--json", b"r.jsonl", b"--csv", b"r.csv", b"--report", b"r.html", b"--", video)
    said = said_by(video, meant)
    page = Page()
    page.feed(open("r.html", encoding="utf-8", newline="").read())
    assert page.title == "mien: " + said and page.first.startswith(said + " · "), (page.title, page.first, said)
# A long path is said whole, by both.
deep = "/".join(["a" * 60] * 6)
os.makedirs(deep)
shutil.copy("c.mp4", deep + "/c.mp4")
run(b"video", deep.encode() + b"/c.mp4", b"--json", b"r.jsonl", b"--csv", b"r.csv")
said_by((deep + "/c.mp4").encode(), meant)
run(b"live", deep.encode() + b"/c.mp4", b"--headless", b"--no-config", b"--no-pace", b"--frames", b"2", b"--out", b"jsonl:r.jsonl,csv:r.csv")
said_by((deep + "/c.mp4").encode(), meant)
print("%d odd names are said alike in all formats" % len(NAMES))
END
python3 "$tmp/odd.py" "$MIEN" "$tmp" || fail "a name is lost"

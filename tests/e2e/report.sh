#!/usr/bin/env bash
# `mien video --report` and the live program in step give the same numbers and the same page.
. "$(dirname "$0")/live_common.inc"
need_job
n=150 # the head has turned by then, and its shape is refined in both
"$MIEN" video "$clip" --frames $n --md5 "$tmp/video.md5" --report "$tmp/video.html" 2>"$tmp/log" ||
    fail "mien video: $(cat "$tmp/log")"
"$MIEN" live "$clip" --headless --frames $n --no-pace --out "md5:$tmp/live.md5,report:$tmp/live.html" >"$tmp/log" 2>&1 ||
    fail "mien live: $(cat "$tmp/log")"
cmp "$tmp/video.md5" "$tmp/live.md5" || fail "live and video differ: $(diff "$tmp/video.md5" "$tmp/live.md5" | head -n 4)"
same="s|$clip||g;s|demo.mp4||g;s|<time>[^<]*</time>|<time></time>|;s|\"wall_s\":[0-9]*||" # but for their names and the second they were begun in
diff <(sed "$same" "$tmp/video.html") <(sed "$same" "$tmp/live.html") >"$tmp/diff" ||
    fail "the reports differ: $(cut -c 1-300 "$tmp/diff" | head -n 4)"
python3 - "$tmp/video.html" $n <<'PY' || fail "the page is not as expected"
import html.parser, re, sys
text = open(sys.argv[1], encoding="utf-8").read()
assert "http:" not in text and "https:" not in text and "url(" not in text and "nan" not in text.split("<script")[0]
assert "content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"" in text
class Page(html.parser.HTMLParser):
    stack, svg, words = [], 0, []
    def handle_starttag(self, tag, attrs):
        assert not {"src", "href"} & {a for a, _ in attrs}, "something is fetched"
        self.svg += tag == "svg"
        if tag in ("svg", "div", "details", "table"): self.stack.append(tag)
    def handle_endtag(self, tag):
        if tag in ("svg", "div", "details", "table"): assert self.stack.pop() == tag
    def handle_data(self, data): self.words.append(data)
p = Page()
p.feed(text)
assert not p.stack and p.svg == 81
words = " ".join(p.words)
assert "Face 1" in words and "Blinks" in words and "Quality of the measurement" in words and "Episodes" in words and "jawOpen" in words
assert re.search(r"\b%s +frames" % sys.argv[2], words)
assert re.search(r"<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}</time>", text) and "1 face at most, smoothing 1.00" in words
PY
# The page's script: means are those of the table, zoom stays within the session, another report is read.
if command -v node >/dev/null; then
    "$MIEN" video "$clip" --frames $n --csv "$tmp/v.csv" --report "$tmp/v.html" 2>"$tmp/log" || fail "$(cat "$tmp/log")"
    node tests/e2e/report_script.js "$tmp/v.html" "$tmp/live.html" >"$tmp/script.json" || fail "the page's script"
    python3 - "$tmp/v.csv" "$tmp/script.json" <<'PY' || fail "the page's script says something else than the table"
import csv, io, json, sys
rows = list(csv.DictReader(open(sys.argv[1]))); said = json.load(open(sys.argv[2]))
for name in ("jawOpen", "happy", "yaw", "pitch", "light"):
    mean = sum(float(r[name]) for r in rows) / len(rows)
    assert abs(said["mean"][name] - mean) < 0.002 * max(1, abs(mean)), (name, said["mean"][name], mean)
half = [r for r in rows if float(r["time_s"]) <= said["length"] / 2]
mean = sum(float(r["yaw"]) for r in half) / len(half)
assert abs(said["half"]["yaw"] - mean) < 1, (said["half"]["yaw"], mean)
assert said["view"] == [0.5, 1.5] and said["whole"] == [0, said["length"]], (said["view"], said["whole"])
table = list(csv.DictReader(io.StringIO(said["csv"])))
assert sum(int(r["samples"]) for r in table) == len(rows) and abs(float(table[5]["yaw"]) - float(rows[5]["yaw"])) < 2
PY
else
    echo "no node: the page's script was not run"
fi
# A profile learnt from the clip changes both alike.
export XDG_DATA_HOME=$tmp/data
"$MIEN" live "$clip" --headless --frames 320 --no-pace --profile me --out null >"$tmp/log" 2>&1 || fail "learning: $(cat "$tmp/log")"
[ -s "$tmp/data/mien/profiles/me" ] || fail "no profile was kept: $(cat "$tmp/log")"
"$MIEN" video "$clip" --frames $n --md5 "$tmp/video2.md5" --profile me 2>"$tmp/log" || fail "mien video: $(cat "$tmp/log")"
"$MIEN" live "$clip" --headless --frames $n --no-pace --profile me --out "md5:$tmp/live2.md5" --report "$tmp/live2.html" \
    >"$tmp/log" 2>&1 || fail "mien live: $(cat "$tmp/log")"
cmp "$tmp/video2.md5" "$tmp/live2.md5" || fail "live and video differ with a profile"
cmp -s "$tmp/video.md5" "$tmp/video2.md5" && fail "the profile changes nothing"
[ -s "$tmp/live2.html" ] || fail "mien live --report wrote nothing"
"$MIEN" video "$clip" --frames 2 --profile nobody --md5 /dev/null 2>"$tmp/log"; [ $? = 2 ] || fail "a profile that is not there"
"$MIEN" video "$clip" --frames 2 --profile ../me --md5 /dev/null 2>"$tmp/log"; [ $? = 2 ] || fail "a profile's name with a slash"
"$MIEN" video "$clip" --frames 2 --report /nonexistent/r.html 2>"$tmp/log"; [ $? = 2 ] || fail "an unwritable report"
"$MIEN" live "$clip" --headless --frames 10 --no-pace --screenshot "$tmp/plain.png" >"$tmp/log" 2>&1 &&
    "$MIEN" live "$clip" --headless --frames 10 --no-pace --curves jawOpen,yaw --screenshot "$tmp/curves.png" >"$tmp/log" 2>&1 ||
    fail "curves: $(cat "$tmp/log")"
cmp -s "$tmp/plain.png" "$tmp/curves.png" && fail "--curves draws nothing"
"$MIEN" live "$clip" --headless --curves nose >"$tmp/log" 2>&1; [ $? = 2 ] || fail "a channel that is none"
echo "$n frames: live and video agree, page of $(($(stat -c %s "$tmp/video.html") / 1024)) KiB"

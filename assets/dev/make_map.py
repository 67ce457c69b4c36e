#!/usr/bin/env python3
"""Draws the house: src/modules.txt becomes assets/doc/map.svg and the table of modules in CONTRIBUTING.md.

    assets/dev/make_map.py [--check]

A module stands above all that it includes; a line goes down to each module that it includes and that is not reached by another line
already. --check writes nothing and fails where picture or table are not what would be written.
"""
import html, os, sys

BEGIN, END = "<!-- modules: assets/dev/make_map.py -->\n", "<!-- end of modules -->\n"
WIDE, HIGH, GAP_X, GAP_Y, EDGE = 196, 62, 20, 46, 16


def read_modules(path):
    may, what = {}, {}
    for line in open(path, encoding="utf-8"):
        if line.startswith("#"):
            continue
        name, rest = line.rstrip("\n").split(":", 1)
        included, words = rest.split("|", 1)
        may[name] = [m for m in included.split() if m != "-"]
        what[name] = words.strip()
    return may, what


def below(may, name, seen=None):
    """All that a module includes, also by way of others."""
    seen = set() if seen is None else seen
    for m in may[name]:
        if m not in seen:
            seen.add(m)
            below(may, m, seen)
    return seen


def rank(may, name):
    return 1 + max((rank(may, m) for m in may[name]), default=-1)


def direct(may, name):
    """Those that no other included module includes."""
    return [m for m in may[name] if not any(m in below(may, o) for o in may[name] if o != m)]


def place(may):
    """Rows from the top; within a row each near the middle of what stands on it."""
    ranks = {m: rank(may, m) for m in may}
    rows = [[m for m in may if ranks[m] == r] for r in range(max(ranks.values()), -1, -1)]
    widest = max(map(len, rows))
    x = {}
    for row in rows:
        def wish(m):
            over = [x[o] for o in x if m in direct(may, o)]
            return sum(over) / len(over) if over else widest / 2
        row.sort(key=lambda m: (wish(m), m))
        for i, m in enumerate(row):
            x[m] = (widest - len(row)) / 2 + i
    y = {m: i for i, row in enumerate(rows) for m in row}
    return x, y, widest, len(rows)


def wrap(words, width=31):
    lines = [""]
    for w in words.split():
        if len(lines[-1]) + len(w) + 1 > width and lines[-1]:
            lines.append("")
        lines[-1] = (lines[-1] + " " + w).strip()
    return lines


def draw(may, what):
    x, y, widest, rows = place(may)
    left = lambda m: EDGE + x[m] * (WIDE + GAP_X)
    top = lambda m: EDGE + y[m] * (HIGH + GAP_Y)
    w, h = 2 * EDGE + widest * (WIDE + GAP_X) - GAP_X, 2 * EDGE + rows * (HIGH + GAP_Y) - GAP_Y
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="DejaVu Sans, sans-serif">'
           % (w, h, w, h), '<rect width="%d" height="%d" fill="#ffffff"/>' % (w, h)]
    for m in may:
        for n in direct(may, m):
            x1, y1, x2, y2 = left(m) + WIDE / 2, top(m) + HIGH, left(n) + WIDE / 2, top(n)
            bend = (y2 - y1) / 2
            out.append('<path d="M%.0f %.0f C%.0f %.0f %.0f %.0f %.0f %.0f" fill="none" stroke="#8a99a8" stroke-width="1.2"/>'
                       % (x1, y1, x1, y1 + bend, x2, y2 - bend, x2, y2))
    for m in may:
        out.append('<rect x="%.0f" y="%.0f" width="%d" height="%d" rx="6" fill="#eef4f7" stroke="#38759a"/>'
                   % (left(m), top(m), WIDE, HIGH))
        out.append('<text x="%.0f" y="%.0f" font-size="14" font-weight="bold" fill="#12394f">%s</text>' % (left(m) + 10, top(m) + 19, m))
        for i, line in enumerate(wrap(what[m])[:3]):
            out.append('<text x="%.0f" y="%.0f" font-size="10" fill="#333333">%s</text>'
                       % (left(m) + 10, top(m) + 33 + 12 * i, html.escape(line)))
    return "\n".join(out + ["</svg>"]) + "\n"


def table(may, what):
    out = "| module | includes | what it is |\n|---|---|---|\n"
    for m in may:
        out += "| `%s` | %s | %s |\n" % (m, " ".join(may[m]) or "–", what[m])
    return out


def main():
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    may, what = read_modules("src/modules.txt")
    page = open("CONTRIBUTING.md", encoding="utf-8").read()
    head, rest = page.split(BEGIN, 1)
    tail = rest.split(END, 1)[1]
    new = {"assets/doc/map.svg": draw(may, what), "CONTRIBUTING.md": head + BEGIN + table(may, what) + END + tail}
    bad = 0
    for path, text in new.items():
        if os.path.exists(path) and open(path, encoding="utf-8").read() == text:
            continue
        if "--check" in sys.argv[1:]:
            print("%s is not what src/modules.txt says: run assets/dev/make_map.py" % path)
            bad = 1
        else:
            open(path, "w", encoding="utf-8").write(text)
    if "--check" in sys.argv[1:] and not bad:
        print("map and table are those of %d modules" % len(may))
    return bad


if __name__ == "__main__":
    sys.exit(main())

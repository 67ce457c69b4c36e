#!/usr/bin/env bash
# An option means the same in every command: a letter stands for one long name, a long name takes one kind of value,
# and what all that follow faces have is said to do the same, defaults included.
. "$(dirname "$0")/common.inc"
for c in live image video head cameras model synth prepare train eval study bench; do
    "$MIEN" $c --help >"$tmp/$c.help" || fail "mien $c --help"
done
python3 - "$tmp" <<'PY' || fail "options differ between commands"
import glob, os, re, sys
letters, values, wrong, told = {}, {}, [], {}
for path in sorted(glob.glob(sys.argv[1] + "/*.help")):
    command = os.path.basename(path)[:-5]
    for name, text in re.findall(r"^  (?:-\w, |    )--([a-z0-9-]+)( .*(?:\n {16,}\S.*)*)", open(path).read(), re.M):
        text = re.sub(r" \[[^]]*\]$", "", " ".join(text.split()))  # what it is now
        if command in ("live", "image", "video", "head"):
            told.setdefault(name, {}).setdefault(text, []).append(command)
    for line in open(path):
        m = re.match(r"  (?:-(\w), |    )--([a-z0-9-]+)(?: (\S+))?", line)
        if m:
            if m[1]: letters.setdefault(m[1], {}).setdefault(m[2], []).append(command)
            values.setdefault(m[2], {}).setdefault(m[3] or "", []).append(command)
for letter, names in letters.items():
    if len(names) > 1: wrong.append("-%s: %s" % (letter, names))
assert letters["n"]["faces"] == ["bench", "image", "live", "video"], letters["n"]
for name in ("faces", "filter", "frames", "fov", "fps", "quality", "threads", "profile", "report", "seconds"):
    if len(values[name]) != 1: wrong.append("--%s: %s" % (name, values[name]))
for name in ("faces", "fov", "quality", "filter", "net", "detector", "face", "control", "share", "threads"):
    assert name in told, name
    if len(told[name]) != 1: wrong.append("--%s: %s" % (name, told[name]))
print("\n".join(wrong) or "%d options, %d letters" % (len(values), len(letters)))
sys.exit(bool(wrong))
PY

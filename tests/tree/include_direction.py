#!/usr/bin/env python3
"""Checks that modules of src/ include only what the table (src/modules.txt) allows, and that each header compiles alone."""
import os, re, subprocess, sys

ALLOWED = {}
for line in open("src/modules.txt", encoding="utf-8"):
    if not line.startswith("#"):
        name, rest = line.split(":", 1)
        ALLOWED[name] = rest.split("|")[0].replace("-", "")
bad = []
headers = []
for module in sorted(os.listdir("src")):
    if not os.path.isdir("src/" + module):
        continue
    if module not in ALLOWED:
        bad.append("src/%s: no such module in the table" % module)
        continue
    for name in sorted(os.listdir("src/" + module)):
        path = "src/%s/%s" % (module, name)
        if not name.endswith((".c", ".h", ".cc")):
            continue
        if name.endswith(".h"):
            headers.append(path)
        for i, line in enumerate(open(path, encoding="utf-8"), 1):
            m = re.match(r'\s*#\s*include\s+"([^"/]+)/', line)
            if m and m[1] != module and m[1] not in ALLOWED[module].split():
                bad.append("%s:%d: %s may not include %s" % (path, i, module, m[1]))
            if len(line.rstrip("\n")) > 120:
                bad.append("%s:%d: line over 120 characters" % (path, i))
            if "TODO" in line or "FIXME" in line:
                bad.append("%s:%d: unfinished note" % (path, i))
flags = subprocess.run(["pkg-config", "--cflags", "sdl2", "glew"], capture_output=True, text=True).stdout.split()
for h in headers:
    r = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-Isrc", *flags, "-fsyntax-only", "-x", "c", h],
                       capture_output=True, text=True)
    if r.returncode:
        bad.append("%s does not compile alone:\n%s" % (h, r.stderr))
print("\n".join(bad) if bad else "%d headers, include direction holds" % len(headers))
sys.exit(1 if bad else 0)

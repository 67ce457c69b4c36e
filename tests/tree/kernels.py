#!/usr/bin/env python3
"""Checks that every kernel is a row of the one harness (tests/kernels): what stands in the tables of
src/tensor, what is compiled for one processor, and what the compiler vectorises for two."""
import glob, re, sys

# Vectorised, but held elsewhere.
ELSEWHERE = {
    "src/synth": "pictures of a renderer: test_synth and golden pictures",
    "src/learn/adamw.c": "test_graph, against the formula",
    "src/learn/consistency.c": "test_learn, gradient check of the loss",
    "src/learn/augment.c": "test_learn; of it mien_augment_noise is a row",
}
bad, found = [], {}


def strip(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/|\\\n", " ", text, flags=re.S)


def found_in(names, path):
    for n in names:
        found.setdefault(n, path)


for path in ("src/tensor/kernels.h", "src/tensor/infer.h"):
    found_in(re.findall(r"\(\*(\w+)\)\(", strip(open(path).read())), path)
for path in sorted(glob.glob("src/*/*.c")):
    text = strip(open(path).read())
    marked = re.findall(r"MIEN_MULTIVERSION\s+(?:static\s+)?[\w ]+?\b(\w+)\(", text)
    if "name" in marked:  # of a macro that makes several
        marked.remove("name")
        marked += re.findall(r"^DEFINE_\w+\((\w+),", text, re.M)
    if path not in ELSEWHERE and path.rsplit("/", 1)[0] not in ELSEWHERE:
        found_in(marked, path)
        found_in(re.findall(r"__attribute__\(\(target\([^)]*\)[^)]*\)\)\s+(?:static\s+)?[\w ]+?\b(\w+)\(", text), path)
    if re.search(r"_(avx2|avx512|bf16)\.c$", path):
        found_in(re.findall(r"^(?!static)[\w ]+?\**\b(mien_\w+)\([^;{}]*\)\s*\{", text, re.M), path)

rows = [(p, m) for p in sorted(glob.glob("tests/kernels/rows_*.c")) for m in
        re.findall(r'\.covers = "([^"]*)"|ROW\(\s*"[^"]*",\s*"([^"]*)"', re.sub(r'"\s*"', "", open(p).read()))]
covered = {name: p for p, m in rows for name in "".join(m).split()}
# The bench's own multiply-adds, which measure the processor.
found.pop("fma_chains", None)
for name, path in sorted(found.items()):
    if name not in covered:
        bad.append("%s: %s is a kernel without a row: add one to tests/kernels/rows_….c, or its name to a row's .covers" % (path, name))
for name, path in sorted(covered.items()):
    if name not in found and not re.search(r"\b%s\(" % name, "".join(open(p).read() for p in glob.glob("src/*/*.h"))):
        bad.append("%s: covers %s, which is no kernel of src/ any more" % (path, name))
print("\n".join(bad) if bad else "%d kernels in %d rows" % (len(found), len(rows)))
sys.exit(1 if bad else 0)

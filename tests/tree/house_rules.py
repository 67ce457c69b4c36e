#!/usr/bin/env python3
"""Checks what every file of the house keeps to: clang-format (where it is installed), one suffix for
floats, an opening comment, no function that nobody calls, at most seven parameters, and a frame's way
on one page."""
import collections, os, re, shutil, subprocess, sys

# Called by tests alone, on purpose.
FOR_TESTS = {
    "mien_affine_invert": "tells that two warps undo each other",
    "mien_engine_create_with": "an engine around a network made by the test",
    "mien_graph_steps": "that a restored run goes on",
    "mien_i420_to_rgb": "the reference of the YUV conversions",
    "mien_kernels_in_double": "gradient checks",
    "mien_kernels_plain": "the reference of every kernel",
    "mien_letterbox_to_input": "the inverse of the map that the detector uses",
    "mien_metric_group_name": "walks the groups",
    "mien_queue_try_push": "a full queue, without a thread that waits",
    "mien_flip_horizontal": "the mirror image of a picture",
    "mien_convention_unity_position": "Unity's axes, which VMC's positions are held against",
    "mien_steady_forget": "a face that comes anew",
}
# Eight parameters and more, on purpose.
WIDE = {
    "mien_sgemm": "BLAS's own signature",
    "product": "the same, of the kernels",
    "lay_pictures": "a kernel's loop over planes",
    "pair_weights": "a kernel's loop over planes",
    "gradient_taps": "a kernel's loop over planes",
    "mien_noise_lane": "eight lanes of a shader",
    "pose_rows": "a kernel over arrays",
    "mien_fit_pose_rows": "a kernel over arrays",
    "mien_draw_line": "two points, a width and a colour, as every drawing library has it",
    "mien_smooth_landmarks": "arrays to be filtered and the measures of their filter",
}
FRAME = ("src/live/frame.c", 200)  # lines
ENDINGS = (".c", ".h", ".cc", ".hh")
src = sorted(os.path.join(d, f) for d, _, fs in os.walk("src") for f in fs if f.endswith(ENDINGS))
tests = sorted(os.path.join(d, f) for d, _, fs in os.walk("tests") for f in fs if f.endswith(ENDINGS))
text = {p: open(p, encoding="utf-8").read() for p in src + tests}
bad = []

for p in src + tests:
    if not re.match(r"(// |/\*)", text[p]):
        bad.append("%s: does not open with what it is" % p)


def code(p):
    """Without comments and texts."""
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', " ", text[p], flags=re.S)


plain = {p: code(p) for p in text}
for p in src + tests:
    for m in re.finditer(r"(?<![\w.])(?:\d+\.\d*|\.\d+|\d+(?=e))(?:e[-+]?\d+)?F\b", plain[p]):
        bad.append("%s:%d: %s: floats end in f" % (p, plain[p].count("\n", 0, m.start()) + 1, m[0]))

head = r"^%s[A-Za-z_][\w \*]*?\b(mien_\w+)\([^;{}]*?\)\s*%s"
defined, used = collections.Counter(), collections.Counter()
for p in src:
    inner = "static inline " if p.endswith((".h", ".hh")) else r"(?!static\b)"
    defined.update(m[1] for m in re.finditer(head % (inner, r"\{"), plain[p], re.M))
    declared = {m[1] for m in re.finditer(head % (r"(?!static\b)", ";"), plain[p], re.M)}
    used.update(re.findall(r"\bmien_\w+", plain[p]))
    used.subtract(declared)
offered = set(re.findall(r"MIEN_API [^;]*?\b(mien_\w+)\(", plain["src/lib/mien.h"]))
everywhere = collections.Counter(w for p in tests for w in re.findall(r"\bmien_\w+", plain[p]))
for f, n in sorted(defined.items()):
    alone = f not in offered and used[f] <= n
    if alone and (f not in FOR_TESTS or not everywhere[f]):
        bad.append("%s: nobody calls it%s" % (f, ", but tests" if everywhere[f] else ""))
    if f in FOR_TESTS and not alone:
        bad.append("%s: is called now; take it off the list in this script" % f)

wide = re.compile(r"^[A-Za-z_][\w \*]*?\b(\w+)\(([^;{}]*?)\)\s*\{", re.M)
for p in src:
    for m in wide.finditer(plain[p]):
        flat = re.sub(r"\([^()]*\)|\[[^\]]*\]", "", m[2])
        if flat.count(",") >= 7 and m[1] not in WIDE:
            bad.append("%s: %s takes %d parameters: those that belong together make a struct" % (p, m[1], flat.count(",") + 1))
if text[FRAME[0]].count("\n") > FRAME[1]:
    bad.append("%s: %d lines; a frame's way is to be read on one page of at most %d" % (FRAME[0], text[FRAME[0]].count("\n"), FRAME[1]))

formatted = "clang-format is not installed: format not checked"
if shutil.which("clang-format"):
    r = subprocess.run(["clang-format", "--dry-run", "-Werror"] + src + tests, capture_output=True, text=True)
    wrong = sorted(set(re.findall(r"^((?:src|tests)/[^:]+):", r.stderr, re.M)))
    bad += ["%s: not as clang-format has it (clang-format -i %s)" % (p, p) for p in wrong]
    formatted = "formatted"
print("\n".join(bad) if bad else "%d files open with what they are, %d functions have callers, %s"
      % (len(src) + len(tests), len(defined), formatted))
sys.exit(1 if bad else 0)

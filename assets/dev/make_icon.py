#!/usr/bin/env python3
"""Draws assets/mien.png: the model's own head, half shaded, half wireframe.

    make lib && assets/dev/make_icon.py PICTURE      PICTURE: any face that mien can fit; only the mesh shows
"""
import ctypes, os, sys
import numpy as np
from PIL import Image, ImageDraw

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # assets
os.environ.setdefault("MIEN_LIB", os.path.join(HERE, "..", "build", "release", "lib", "libmien.so.0"))
sys.path.insert(0, os.path.join(HERE, "examples"))
import face as api

SIZE = 1024
mien = api.Mien(still=1)
mien.run(np.asarray(Image.open(sys.argv[1]).convert("RGB")))
mesh = np.empty((api.vertex_count(mien.handle), 3), np.float32)
if api.vertices(mien.handle, 0, 0, mesh.ctypes.data):
    sys.exit("no face in " + sys.argv[1])
a, b = np.radians(-24), np.radians(4)
turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
nod = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
p = mesh @ (nod @ turn).T
t = mien.triangles
n = np.cross(p[t[:, 1]] - p[t[:, 0]], p[t[:, 2]] - p[t[:, 0]])
n /= np.linalg.norm(n, axis=1, keepdims=True) + 1e-9
front = n[:, 2] > 0
middle = mesh[t].mean(1)
picture = Image.new("RGBA", (SIZE, SIZE), (0, 0, 0, 0))
draw = ImageDraw.Draw(picture)
draw.rounded_rectangle((24, 24, SIZE - 24, SIZE - 24), 200, fill=(19, 32, 44, 255))
keep = front & (middle[:, 1] > mesh[:, 1].max() - 290)
top, bottom = p[t[keep]].reshape(-1, 3)[:, 1].max(), p[t[keep]].reshape(-1, 3)[:, 1].min()
scale = (SIZE + 40) / (top - bottom)  # the ragged lower end is outside
centre = (p[t[keep]].reshape(-1, 3)[:, 0].max() + p[t[keep]].reshape(-1, 3)[:, 0].min()) / 2
x = SIZE / 2 + (p[:, 0] - centre) * scale
y = 75 + (top - p[:, 1]) * scale
light = np.array([-0.45, 0.5, 0.75]) / np.linalg.norm([-0.45, 0.5, 0.75])
for i in np.argsort(p[t].mean(1)[:, 2]):
    if not keep[i]:
        continue
    corners = [(x[v], y[v]) for v in t[i]]
    lit = 0.28 + 0.72 * max(0.0, float(n[i] @ light))
    if middle[i, 0] < 0:  # the subject's right half is skin, the left one a net
        draw.polygon(corners, fill=tuple(int(c * lit) for c in (255, 178, 140)) + (255,))
    else:
        draw.polygon(corners, fill=(24, 44, 60, 255))
        draw.line(corners + corners[:1], fill=tuple(int(c * lit) for c in (90, 225, 215)) + (255,), width=2)
mask = Image.new("L", (SIZE, SIZE), 0)
ImageDraw.Draw(mask).rounded_rectangle((24, 24, SIZE - 24, SIZE - 24), 200, fill=255)
picture.putalpha(mask)
picture.resize((256, 256), Image.LANCZOS).save(os.path.join(HERE, "mien.png"))

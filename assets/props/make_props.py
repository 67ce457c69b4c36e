#!/usr/bin/env python3
"""Draws mien's own things to wear, from nothing but arithmetic: glasses, sunglasses, hat, party hat,
crown, cat's ears, clown's nose and moustache as glTF (.glb), tiger and mask (face paint) as PNG.

    assets/props/make_props.py [FOLDER]     default: this folder

Lengths are millimetres from the anchor in the head's axes (x to the wearer's left, y up, z out of
the face), as on the mean head; files hold metres. Anchors, `extras` and paint: src/view/prop.h.
Paint is laid out in the face model's UV (u to the wearer's left, v up).
"""
import json, math, os, struct, sys, zlib

OUT = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))


def sub(a, b): return [x - y for x, y in zip(a, b)]
def add(a, b): return [x + y for x, y in zip(a, b)]
def mul(a, k): return [x * k for x in a]
def dot(a, b): return sum(x * y for x, y in zip(a, b))
def cross(a, b): return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def unit(a):
    l = math.sqrt(dot(a, a))
    return [x / l for x in a] if l > 1e-12 else [0, 0, 1]


class Part:
    """A triangle mesh of one material."""

    def __init__(self, color, rough=0.6, blend=False):
        self.color, self.rough, self.blend = color, rough, blend
        self.points, self.colors, self.index = [], [], []

    def grid(self, rows, wrap_u, wrap_v, shade=None):
        """rows[v][u] of points as quads, counter-clockwise seen from outside for a right-handed grid."""
        base, nv, nu = len(self.points), len(rows), len(rows[0])
        for v, row in enumerate(rows):
            for u, p in enumerate(row):
                self.points.append(p)
                self.colors.append(shade(u, v) if shade else 1.0)
        for v in range(nv if wrap_v else nv - 1):
            for u in range(nu if wrap_u else nu - 1):
                a, b = base + v * nu + u, base + v * nu + (u + 1) % nu
                c, d = base + (v + 1) % nv * nu + (u + 1) % nu, base + (v + 1) % nv * nu + u
                self.index += [a, b, c, a, c, d]

    def tube(self, path, radius, closed=False, sides=10, flat=1.0, shade=None):
        """A round tube along the path; radius a number or one for each point; flat squeezes it in z."""
        n, frame, rows = len(path), None, []
        for i in range(n):
            t = unit(sub(path[(i + 1) % n] if closed or i + 1 < n else path[i],
                         path[i - 1] if closed or i else path[i]))
            side = cross(t, frame) if frame else cross(t, [0, 0, 1] if abs(t[2]) < 0.9 else [0, 1, 0])
            side = unit(side)
            frame = unit(cross(side, t))
            r = radius[i] if isinstance(radius, list) else radius
            row = []
            for k in range(sides):
                a = 2 * math.pi * k / sides
                o = add(mul(side, r * math.cos(a)), mul(frame, r * math.sin(a)))
                row.append(add(path[i], [o[0], o[1], o[2] * flat]))
            rows.append(row)
        self.grid(rows, True, closed, shade)
        if not closed:
            for i, row in ((0, rows[0]), (n - 1, rows[-1])):
                base = len(self.points)
                self.points += [path[i]] + row
                self.colors += [1.0] * (len(row) + 1)
                for k in range(sides):
                    a, b = base + 1 + k, base + 1 + (k + 1) % sides
                    self.index += [base, a, b] if i else [base, b, a]

    def fan(self, rim, centre):
        base = len(self.points)
        self.points += [centre] + rim
        self.colors += [1.0] * (len(rim) + 1)
        for k in range(len(rim)):
            self.index += [base, base + 1 + k, base + 1 + (k + 1) % len(rim)]

    def normals(self):
        out = [[0, 0, 0] for _ in self.points]
        for i in range(0, len(self.index), 3):
            a, b, c = self.index[i:i + 3]
            n = cross(sub(self.points[b], self.points[a]), sub(self.points[c], self.points[a]))
            for k in (a, b, c):
                out[k] = add(out[k], n)
        return [unit(n) for n in out]


def glb(name, anchor, parts, **extras):
    binary, views, accessors, materials, primitives = b"", [], [], [], []

    def put(data, kind, count, component, **more):
        nonlocal binary
        binary += b"\0" * (-len(binary) % 4)
        views.append({"buffer": 0, "byteOffset": len(binary), "byteLength": len(data)})
        accessors.append({"bufferView": len(views) - 1, "componentType": component, "count": count,
                          "type": kind, **more})
        binary += data
        return len(accessors) - 1

    for p in parts:
        n = len(p.points)
        metres = [[round(x, 3) / 1000 for x in q] for q in p.points]
        lo, hi = [min(c) for c in zip(*metres)], [max(c) for c in zip(*metres)]
        attributes = {
            "POSITION": put(b"".join(struct.pack("<3f", *q) for q in metres), "VEC3", n, 5126, min=lo, max=hi),
            "NORMAL": put(b"".join(struct.pack("<3f", *q) for q in p.normals()), "VEC3", n, 5126),
            "COLOR_0": put(b"".join(struct.pack("<4B", *[min(255, int(255 * c))] * 3, 255) for c in p.colors),
                           "VEC4", n, 5121, normalized=True)}
        index = put(struct.pack("<%dH" % len(p.index), *p.index), "SCALAR", len(p.index), 5123)
        materials.append({"pbrMetallicRoughness": {"baseColorFactor": p.color, "metallicFactor": 0,
                                                   "roughnessFactor": p.rough},
                          "alphaMode": "BLEND" if p.blend else "OPAQUE", "doubleSided": True})
        primitives.append({"attributes": attributes, "indices": index, "material": len(materials) - 1})
    binary += b"\0" * (-len(binary) % 4)
    head = {"asset": {"version": "2.0", "generator": "mien make_props.py"}, "scene": 0,
            "scenes": [{"nodes": [0], "extras": {"anchor": anchor, "scale": 1, **extras}}],
            "nodes": [{"mesh": 0, "name": name}], "meshes": [{"primitives": primitives}],
            "materials": materials, "accessors": accessors, "bufferViews": views,
            "buffers": [{"byteLength": len(binary)}]}
    text = json.dumps(head, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with open(os.path.join(OUT, name + ".glb"), "wb") as f:
        f.write(struct.pack("<3I", 0x46546C67, 2, 28 + len(text) + len(binary)))
        f.write(struct.pack("<2I", len(text), 0x4E4F534A) + text)
        f.write(struct.pack("<2I", len(binary), 0x004E4942) + binary)


def lens_rim(side, n, grow=0.0, square=2.6, w=25.5, h=21.0):
    """A superellipse round an eye, wrapped a little round the face."""
    rim = []
    for k in range(n):
        a = 2 * math.pi * k / n
        c, s = math.cos(a), math.sin(a)
        x = (w + grow) * math.copysign(abs(c) ** (2 / square), c)
        y = (h + grow) * math.copysign(abs(s) ** (2 / square), s)
        rim.append([side * 32.5 + x, -8.5 + y * (1 if y < 0 else 0.92), 4 - 0.0042 * (32.5 + side * x) ** 2])
    return rim


def glasses(name, frame_color, lens_color, w, h, square, thick):
    frame, lens = Part(frame_color, 0.25), Part(lens_color, 0.08, True)
    for side in (-1, 1):
        frame.tube(lens_rim(side, 48, 1, square, w, h), thick, True)
        lens.fan(lens_rim(side, 48, 0, square, w, h), [side * 32.5, -8.5, 4 - 0.0042 * 32.5 ** 2 + 1])
        hinge = side * (32.5 + w + 1)
        z0 = 4 - 0.0042 * (32.5 + w + 1) ** 2
        path = []
        for k in range(25):
            t = k / 24
            z = z0 + (-104 - z0) * t
            # Outside the temple's skin as far as the ear, whose hull (view/mesh.h) hides the rest.
            x = hinge + side * (11 * min(1, t * 5) + (79 - 11 - abs(hinge)) * t ** 1.5)
            path.append([x, 0 - 26 * (max(0, t - 0.9) / 0.1) ** 2, z])
        path.insert(0, [hinge - side * 2, -0.5, z0 + 1])
        frame.tube(path, [thick * 1.05] * 6 + [thick * 0.95] * (len(path) - 6))
    inner = 32.5 - w - 1
    frame.tube([[inner * (2 * k / 12 - 1), -3 + 4 * math.sin(math.pi * k / 12),
                 4 + 2.5 * math.sin(math.pi * k / 12)] for k in range(13)], thick)
    glb(name, "nose_bridge", [frame, lens], offset_mm=[0, 0, 4])


def lathe(part, profile, rx, rz, n=64, dz=0.0, curl=0.0):
    """profile: (radius factor or mm added, height) rows; curl lifts what is outside at both sides."""
    rows = []
    for grow, y in profile:
        row = []
        for k in range(n):
            a = -2 * math.pi * k / n
            out = max(0.0, grow)
            lift = curl * (out / 30) ** 2 * abs(math.cos(a)) ** 2
            row.append([(rx + grow) * math.cos(a), y + lift, (rz + grow) * math.sin(a) + dz])
        rows.append(row)
    part.grid(rows, True, False)


def tilt(parts, degrees, pivot=(0, 0)):
    """Turns about the x axis, the front down, round a point (y, z)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    for part in parts:
        part.points = [[x, pivot[0] + c * (y - pivot[0]) - s * (z - pivot[1]),
                        pivot[1] + s * (y - pivot[0]) + c * (z - pivot[1])] for x, y, z in part.points]


def hat():
    felt, band = Part([0.085, 0.085, 0.10, 1], 0.72), Part([0.52, 0.07, 0.10, 1], 0.45)
    rx, rz = 88, 104
    lathe(felt, [(0, -4), (1, -3), (27, -1.5), (30, 0.2), (30, 1.8), (27, 3), (3, 2.5), (0.5, 4), (-2.5, 10),
                 (-7, 40), (-9, 80), (-8, 112), (-7, 117), (-10, 120), (-16, 121), (-44, 121.5), (-87.9, 121.5)],
          rx, rz, dz=4, curl=11)
    lathe(band, [(0.2, 3), (1.0, 4), (-3.4, 26), (-4.4, 27)], rx, rz, dz=4)
    tilt((felt, band), 5)
    glb("hat", "head_top", [felt, band], offset_mm=[0, -42, 0])


def ball(part, centre, radius, n=28):
    rows = []
    for v in range(n // 2 + 1):
        a = math.pi * (v / (n // 2) - 0.5)
        rows.append([add(centre, mul([math.cos(a) * math.cos(-2 * math.pi * u / n), math.sin(a),
                                      math.cos(a) * math.sin(-2 * math.pi * u / n)], radius)) for u in range(n)])
    part.grid(rows, True, False)


def party():
    """A paper cone with spiral stripes, a pompon and an elastic band, a little aslant."""
    blue, gold, pompon = Part([0.10, 0.30, 0.66, 1], 0.35), Part([0.96, 0.74, 0.16, 1], 0.35), Part([0.93, 0.25, 0.45, 1], 0.9)
    n, high, wide = 64, 150, 52
    for stripe, part in ((0, blue), (1, gold)):
        for k in range(stripe, 12, 2):
            rows = []
            for v in range(17):
                t = v / 16
                rows.append([[wide * (1 - t) * math.cos(a), high * t, wide * (1 - t) * math.sin(a)]
                             for a in (-2 * math.pi * ((k + u / 6) / 12 + 0.35 * t) for u in range(7))])
            part.grid(rows, False, False)
    ball(pompon, [0, high, 0], 13)
    for v in range(len(pompon.points)):
        d = sub(pompon.points[v], [0, high, 0])
        pompon.points[v] = add([0, high, 0], mul(d, 1 + 0.22 * math.sin(9 * d[0]) * math.sin(8 * d[1]) * math.sin(7 * d[2])))
    gold.tube([[(wide + 0.6) * math.cos(2 * math.pi * k / 48), 1, (wide + 0.6) * math.sin(2 * math.pi * k / 48)]
               for k in range(48)], 1.6, True)
    parts = (blue, gold, pompon)
    tilt(parts, 4)
    c, s = math.cos(0.2), math.sin(0.2)
    for part in parts:
        part.points = [[c * x + s * y, c * y - s * x, z] for x, y, z in part.points]
    glb("party", "head_top", list(parts), offset_mm=[14, -13, 14])


def crown():
    gold, velvet = Part([0.91, 0.68, 0.22, 1], 0.22), Part([0.46, 0.03, 0.09, 1], 0.9)
    ruby, sapphire = Part([0.72, 0.04, 0.10, 1], 0.05), Part([0.06, 0.16, 0.62, 1], 0.05)
    rx, rz, points = 87, 102, 8
    rows = [[], [], [], []]
    for k in range(16 * points):
        a = -2 * math.pi * k / (16 * points) + math.pi / 2
        t = abs((k % 16) / 8 - 1)  # 1 at a point, 0 between two
        top = 26 + 34 * t ** 1.7
        for row, (grow, y) in zip(rows, ((0, 0), (2.5, top), (0.3, top + 0.8), (-2, 0))):
            flare = 0.10 * y
            row.append([(rx + grow + flare) * math.cos(a), y, (rz + grow + flare) * math.sin(a)])
    gold.grid(rows, True, False)
    for y, r in ((2, 3.0), (17, 1.7)):
        gold.tube([[(rx + 1.5 + 0.1 * y) * math.cos(-2 * math.pi * k / 96), y, (rz + 1.5 + 0.1 * y) * math.sin(-2 * math.pi * k / 96)]
                   for k in range(96)], r, True, sides=8)
    for k in range(points):
        a = -2 * math.pi * k / points + math.pi / 2
        at = lambda y, out: [(rx + out + 0.1 * y) * math.cos(a), y, (rz + out + 0.1 * y) * math.sin(a)]
        ball(gold, at(63, 1), 4.6, 20)
        ball(ruby if k % 2 == 0 else sapphire, at(9.5, 1.5), 5.2, 20)
    lathe(velvet, [(-5, 6), (-6, 24), (-18, 38), (-45, 46), (-86.9, 48)], rx, rz)
    parts = [gold, velvet, ruby, sapphire]
    tilt(parts, 6)
    glb("crown", "head_top", parts, offset_mm=[0, -40, 0])


def ears():
    """A cat's ears on a hoop."""
    fur, pink = Part([0.10, 0.09, 0.10, 1], 0.8), Part([0.90, 0.52, 0.55, 1], 0.75)
    hoop = [[88 * math.cos(math.pi * k / 48), 4 + 92 * math.sin(math.pi * k / 48) - 86, 0] for k in range(49)]
    fur.tube(hoop, 3.2, sides=12, flat=1.5)
    for side in (-1, 1):
        for part, size, front in ((fur, 1.0, 0.0), (pink, 0.70, 2.2)):
            for face in ((1, -1) if part is fur else (1,)):
                rows = []
                for v in range(13):
                    t = v / 12
                    half = 27 * size * (1 - t) ** 0.75 * (1 + 0.25 * t)
                    row = []
                    for u in range(13):
                        x = (u / 12 * 2 - 1)
                        depth = 11 * size * (1 - t) * (x * x - 0.35) * (1 if face > 0 else 1.6) + (0 if face > 0 else -5 * (1 - x * x) * (1 - t))
                        row.append([x * half, 4 + 56 * size * t + (2 if part is pink else 0), depth + front])
                    rows.append(row if face > 0 else row[::-1])
                made = Part(part.color)
                made.grid(rows, False, False)
                c, s = math.cos(side * 0.55), math.sin(side * 0.55)
                base = len(part.points)
                part.points += [[side * 46 + c * x + s * y, c * y - s * x - 10, z] for x, y, z in made.points]
                part.colors += [0.8 + 0.2 * min(1, max(0, p[1] / 60)) for p in made.points]
                part.index += [base + i for i in made.index]
    glb("ears", "head_top", [fur, pink], offset_mm=[0, 3, 8])


def nose():
    red = Part([0.86, 0.05, 0.07, 1], 0.12)
    ball(red, [0, 0, 0], 19, 40)
    glb("nose", "nose_tip", [red], offset_mm=[0, 1, -3])


def moustache():
    hair = Part([0.27, 0.16, 0.09, 1], 0.65)
    for side in (-1, 1):
        path, radius = [], []
        for k in range(29):
            t = k / 28
            x = -2 + 44 * t
            y = 1.5 - 15 * math.sin(math.pi * min(1, t * 0.8)) * t + 17 * max(0, t - 0.55) ** 1.5 / 0.45 ** 1.5
            path.append([side * x, y, 2.5 - 0.0155 * x * x])
            radius.append(0.7 + 6.6 * math.sin(math.pi * (0.28 + 0.72 * t)) ** 0.9)
        strands = lambda u, v: 0.62 + 0.38 * abs(math.sin(u * 2.4 + v * 0.22))
        hair.tube(path, radius, sides=20, flat=0.8, shade=strands)
    glb("moustache", "upper_lip", [hair])


# Paint.

def png(name, w, h, pixel):
    rows = b""
    for y in range(h):
        rows += b"\0"
        for x in range(w):
            r, g, b, a = pixel((x + 0.5) / h, 1 - (y + 0.5) / h)
            rows += bytes(max(0, min(255, round(255 * c))) for c in (r, g, b, a))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    with open(os.path.join(OUT, name + ".png"), "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">2I5B", w, h, 8, 6, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def smooth(lo, hi, x):
    t = max(0.0, min(1.0, (x - lo) / (hi - lo)))
    return t * t * (3 - 2 * t)


def over(below, color, alpha):
    r, g, b, a = below
    out = alpha + a * (1 - alpha)
    if out <= 0:
        return (0, 0, 0, 0)
    return tuple((c * alpha + d * a * (1 - alpha)) / out for c, d in zip(color, (r, g, b))) + (out,)


def ellipse(u, v, cu, cv, ru, rv):
    """About the distance to an ellipse's edge, inside negative."""
    return (math.hypot((u - cu) / ru, (v - cv) / rv) - 1) * min(ru, rv)


def stroke(u, v, path, wide):
    """Distance to a line that is `wide` at its start and thins out."""
    best = 9.0
    for i in range(len(path) - 1):
        (ax, ay), (bx, by) = path[i], path[i + 1]
        dx, dy = bx - ax, by - ay
        t = max(0.0, min(1.0, ((u - ax) * dx + (v - ay) * dy) / (dx * dx + dy * dy)))
        at = (i + t) / (len(path) - 1)
        best = min(best, math.hypot(u - ax - t * dx, v - ay - t * dy) - wide * (1 - at) ** 0.7)
    return best


def curve(a, b, bend, n=6):
    out = []
    for k in range(n + 1):
        t = k / n
        s = bend * 4 * t * (1 - t)
        out.append((a[0] + (b[0] - a[0]) * t - s * (b[1] - a[1]), a[1] + (b[1] - a[1]) * t + s * (b[0] - a[0])))
    return out


TIGER = [(curve((0.5, 0.97), (0.5, 0.83), 0), 0.013), (curve((0.455, 0.95), (0.487, 0.84), 0.12), 0.012),
         (curve((0.40, 0.93), (0.47, 0.83), 0.10), 0.011), (curve((0.33, 0.91), (0.42, 0.84), 0.10), 0.011),
         (curve((0.17, 0.74), (0.28, 0.68), -0.12), 0.016), (curve((0.165, 0.64), (0.30, 0.61), -0.15), 0.017),
         (curve((0.17, 0.53), (0.31, 0.54), -0.18), 0.017), (curve((0.19, 0.42), (0.33, 0.46), -0.18), 0.016),
         (curve((0.25, 0.33), (0.36, 0.39), -0.15), 0.014), (curve((0.20, 0.84), (0.29, 0.78), 0.12), 0.013)]


def tiger(u, v):
    s = 0.5 - abs(u - 0.5)  # both sides alike
    wave = 0.006 * math.sin(37 * u + 21 * v) + 0.004 * math.sin(61 * v - 17 * u)
    edge = ellipse(u, v, 0.5, 0.62, 0.335, 0.375) + wave
    c = over((0, 0, 0, 0), (0.95, 0.52 - 0.16 * (1 - v), 0.10), 0.80 * smooth(0.02, -0.035, edge))
    white = (0.97, 0.95, 0.90)
    c = over(c, white, 0.86 * smooth(0.012, -0.02, ellipse(s, v, 0.425, 0.455, 0.095, 0.105)))
    c = over(c, white, 0.86 * smooth(0.012, -0.012, ellipse(s, v, 0.355, 0.785, 0.085, 0.030)))
    c = over(c, white, 0.86 * smooth(0.012, -0.02, ellipse(u, v, 0.5, 0.315, 0.10, 0.050)))
    ink = (0.05, 0.035, 0.03)
    d = min(stroke(s, v, path, wide) for path, wide in TIGER)
    d = min(d, ellipse(u, v, 0.5, 0.585, 0.052, 0.026), ellipse(u, v, 0.5, 0.566, 0.03, 0.024),
            abs(u - 0.5) - 0.005 if 0.50 < v < 0.56 else 9)
    d = min([d] + [ellipse(s, v, a, b, 0.0065, 0.0065) for a, b in
                   ((0.40, 0.50), (0.375, 0.475), (0.405, 0.465), (0.36, 0.50), (0.385, 0.445))])
    return over(c, ink, 0.90 * smooth(0.004, -0.004, d + wave * 0.4))


MASK = [(curve((0.445, 0.80), (0.235, 0.885), 0.16), 0.019), (curve((0.42, 0.69), (0.215, 0.76), -0.20), 0.017),
        (curve((0.41, 0.655), (0.19, 0.60), -0.16), 0.015), (curve((0.385, 0.60), (0.20, 0.47), -0.14), 0.014)]
GOLD = [(curve((0.5, 0.98), (0.5, 0.82), 0), 0.010), (curve((0.44, 0.57), (0.44, 0.75), 0.06), 0.006),
        (curve((0.36, 0.335), (0.485, 0.30), -0.10), 0.008)]


def mask(u, v):
    s = 0.5 - abs(u - 0.5)
    edge = ellipse(u, v, 0.5, 0.5375, 0.335, 0.3225)
    c = over((0, 0, 0, 0), (0.83, 0.62, 0.24), smooth(0.008, 0.002, edge))
    c = over(c, (0.94, 0.92, 0.88), smooth(-0.004, -0.010, edge))
    d = min(stroke(s, v, path, wide) for path, wide in MASK)
    c = over(c, (0.72, 0.06, 0.10), smooth(0.0035, -0.0035, d))
    c = over(c, (0.10, 0.05, 0.07), 0.95 * smooth(0.006, -0.006, ellipse(s, v, 0.362, 0.718, 0.070, 0.030)))
    d = min(stroke(s, v, path, wide) for path, wide in GOLD)
    c = over(c, (0.83, 0.62, 0.24), smooth(0.003, -0.003, d))
    lips = max(ellipse(u, v, 0.5, 0.435, 0.112, 0.082), -0.03 + abs(v - 0.435) * 0.3)
    c = over(c, (0.60, 0.04, 0.09), smooth(0.004, -0.004, lips))
    return c[:3] + (c[3] * smooth(0.008, 0.002, edge),)  # nothing beyond its rim


if __name__ == "__main__":
    glasses("glasses", [0.13, 0.10, 0.09, 1], [0.75, 0.85, 0.92, 0.10], 24.5, 20.0, 2.9, 2.0)
    glasses("sunglasses", [0.05, 0.05, 0.06, 1], [0.03, 0.035, 0.05, 0.86], 27.0, 22.5, 2.5, 2.2)
    hat()
    party()
    crown()
    ears()
    nose()
    moustache()
    png("tiger", 512, 512, tiger)
    png("mask", 256, 256, mask)

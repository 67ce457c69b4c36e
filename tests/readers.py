#!/usr/bin/env python3
"""Reads what mien's sinks write, from the formats' own descriptions; shares no code with them.

    tests/readers.py osf|livelink|ifacialmocap|glb|openface|mediapipe|take FILE

The scene is tests/sinks_scene.h: yaw 20, pitch -10, roll 5 degrees at (30, 0, -600) mm, jaw open 0.5.
Exit status 0 when everything holds; otherwise says what does not.
"""
import csv, json, math, shutil, struct, subprocess, sys


def mul(a, b):
    return [[sum(a[i][k] * b[k][j] for k in range(3)) for j in range(3)] for i in range(3)]


def rot(axis, deg):
    c, s = math.cos(math.radians(deg)), math.sin(math.radians(deg))
    return {"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
            "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis]


SCENE = mul(rot("z", -5), mul(rot("y", 20), rot("x", 10)))  # head to camera
FOCAL, CX, CY = 320 / math.tan(math.radians(30)), 319.5, 239.5


def near(a, b, tolerance, what):
    flat = lambda m: [x for row in m for x in row] if isinstance(m[0], (list, tuple)) else list(m)
    for x, y in zip(flat(a), flat(b)):
        assert math.isfinite(x) and abs(x - y) <= tolerance, "%s: %s, not %s" % (what, a, b)


def osf(data):
    assert len(data) == 1785, len(data)
    head = struct.unpack("<diffffB f 4f 3f 3f", data[:73])
    time, face, width, height, right, left, success, error = head[:8]
    q, euler, t = head[8:12], head[12:15], head[15:18]
    assert (time, face, width, height, right, left, success) == (1.5, 0, 640, 480, 0, 1, 1), head[:7]
    conf = struct.unpack("<68f", data[73:345])
    points = struct.unpack("<136f", data[345:889])
    model = struct.unpack("<210f", data[889:1729])
    features = struct.unpack("<14f", data[1729:])
    points = [points[i:i + 2] for i in range(0, 136, 2)]
    model = [(model[i], -model[i + 1], -model[i + 2]) for i in range(0, 210, 3)]  # undo its signs
    assert all(0 < c <= 1 for c in conf), conf
    assert all(-1 <= f <= 1 for f in features) and features[12] == 0.5, features
    assert features[1] == -1 and features[0] == 0, features  # right eye closed, left open
    # Nose tip is the origin; brows are above, chin below; right jaw at +x; the nose is in front.
    near(model[30], (0, 0, 0), 1e-5, "nose")
    assert model[19][1] > 0.2 and model[8][1] < -0.3 and model[0][0] > 0.3 and model[16][0] < -0.3
    assert model[0][2] < -0.2 and abs(math.dist(model[36], model[45]) - 0.66) < 0.05
    assert model[66][0] > 0.1 and model[67][0] < -0.1, "pupils: right, left"
    assert model[68][2] < model[66][2] and model[69][2] < model[67][2], "eyeballs behind pupils"
    # The quaternion is of the inverse. Project the model with it: x down, y right.
    x, y, z, w = q
    near([x * x + y * y + z * z + w * w], [1], 1e-5, "quaternion's length")
    inverse = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
               [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
               [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]
    R = [[inverse[j][i] for j in range(3)] for i in range(3)]
    assert t[2] < 0
    worst = 0
    for i in range(66):
        c = [sum(R[k][j] * model[i][j] for j in range(3)) + t[k] for k in range(3)]
        depth = 2 * t[2] - c[2]  # behind the camera, near and far are swapped: undone here
        down, right_ = CY + FOCAL * c[0] / depth, CX + FOCAL * c[1] / depth
        worst = max(worst, math.hypot(points[i][0] - right_, points[i][1] - down))
    assert worst < 0.01, worst
    # Its Euler angles as the Unity receiver straightens them: small turns about 0.
    assert abs(abs(euler[0]) - 180) < 35 and abs(euler[1]) < 35 and abs(euler[2] - 90) < 25, euler


def livelink(data):
    assert data[0] == 6
    at, strings = 1, []
    for _ in range(2):
        n, = struct.unpack(">i", data[at:at + 4])
        strings.append(data[at + 4:at + 4 + n].decode())
        at += 4 + n
    frame, part, rate, denominator = struct.unpack(">ifii", data[at:at + 16])
    count = data[at + 16]
    curve = struct.unpack(">61f", data[at + 17:])
    assert len(strings[0]) == 36 and strings[1] == "mien" and count == 61 and (rate, denominator) == (60, 1)
    assert 0 <= part < 1 and frame == 0
    assert curve[0] == 0.5 and curve[17] == 0.5 and curve[51] == 1, curve[:52]
    check_livelink_head(curve[52:55])


def check_livelink_head(ypr):
    yaw, pitch, roll = (math.degrees(v) for v in ypr)
    near(mul(rot("y", yaw), mul(rot("x", -pitch), rot("z", roll))), SCENE, 1e-4, "head")


def ifacialmocap(data):
    weights, rest = data.decode().split("=head#")
    weights = dict(w.rsplit("-", 1) for w in weights.strip("|").split("|"))
    assert len(weights) == 52 and all(0 <= int(v) <= 100 for v in weights.values()), weights
    assert {"browInnerUp", "jawLeft", "eyeLookOut_L", "noseSneer_R", "tongueOut"} <= set(weights)
    head, right, left = [[float(v) for v in p.split("#")[-1].split(",")] for p in rest.strip("|").split("|")]
    assert len(head) == 6 and len(right) == len(left) == 3


def take(path):
    rows = list(csv.reader(open(path)))
    assert len(rows[0]) == 63 and rows[0][:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert rows[0][53:57] == ["TongueOut", "HeadYaw", "HeadPitch", "HeadRoll"] and rows[0][-1] == "RightEyeRoll"
    assert all(len(r) == 63 and r[1] == "61" for r in rows[1:])
    assert rows[1][0] == "00:00:00:00.000" and rows[2][0] == "01:01:01:15.000", (rows[1][0], rows[2][0])
    check_livelink_head([float(v) for v in rows[1][54:57]])


def openface(path):
    rows = list(csv.reader(open(path)))
    for i, row in enumerate(rows[1:]):  # what is no number is nothing at all: pandas takes a blank for text
        for name, cell in zip(rows[0], row):
            assert cell == "" or math.isfinite(float(cell)), "row %d, %s: \"%s\"" % (i + 1, name, cell)
    rows = [[cell.strip() for cell in row] for row in rows]
    assert len(rows[0]) == 714 and len(set(rows[0])) == 714, len(rows[0])
    assert all(len(r) == 714 for r in rows)
    one, none = (dict(zip(rows[0], r)) for r in rows[1:3])
    v = {k: float(x) for k, x in one.items() if x != ""}
    assert v["success"] == 1 and none["success"] == "0" and one["frame"] == "1" and v["timestamp"] == 1.5
    near([v["pose_Tx"], v["pose_Ty"], v["pose_Tz"]], [30, 0, 600], 0.1, "place")
    R = mul(rot("x", math.degrees(v["pose_Rx"])),
            mul(rot("y", math.degrees(v["pose_Ry"])), rot("z", math.degrees(v["pose_Rz"]))))
    flip = [1, -1, -1]
    near([[flip[i] * R[i][j] * flip[j] for j in range(3)] for i in range(3)], SCENE, 2e-3, "pose")
    for i in range(68):  # 3D points and 2D points agree
        px = CX + FOCAL * v["X_%d" % i] / v["Z_%d" % i], CY + FOCAL * v["Y_%d" % i] / v["Z_%d" % i]
        near(px, [v["x_%d" % i], v["y_%d" % i]], 0.3, "point %d" % i)
    for eye in range(2):  # lid points: iBUG's six in every second place
        for i in range(6):
            lid = ["eye_lmk_%%s_%d" % (28 * eye + 8 + 2 * i), "%%s_%d" % (36 + 6 * eye + i)]
            near([v[lid[0] % c] for c in "xyXYZ"], [v[lid[1] % c] for c in "xyXYZ"], 0.1001, "lid %d" % i)
    # gaze_0 is the picture's left eye; both look into the camera here: z = -1.
    near([v["gaze_0_x"], v["gaze_0_y"], v["gaze_0_z"]], [0, 0, -1], 1e-5, "gaze")
    near([v["gaze_angle_x"], v["gaze_angle_y"]], [0, 0], 1e-3, "gaze angle")
    assert v["eye_lmk_x_0"] < v["eye_lmk_x_28"], "right eye first"
    assert v["AU26_r"] == 2.5 and v["AU26_c"] == 1 and v["AU25_c"] == 1 and v["AU12_r"] == 0 and v["AU28_c"] == 0


def mediapipe(path):
    results = json.load(open(path))
    assert len(results) == 2 and results[1]["faceLandmarks"] == []
    r = results[0]
    points, shapes, matrix = r["faceLandmarks"][0], r["faceBlendshapes"][0]["categories"], r["facialTransformationMatrixes"][0]
    assert len(points) == 478 and len(shapes) == 52 and r["timestampMs"] == 1500
    names = [s["categoryName"] for s in shapes]
    assert names[0] == "_neutral" and names[1:] == sorted(names[1:]) and "tongueOut" not in names
    assert [s["index"] for s in shapes] == list(range(52)) and shapes[names.index("jawOpen")]["score"] == 0.5
    seen = [p for p in points if p["visibility"] == 1]
    assert len(seen) > 80 and all(0 < p["x"] < 1 and 0 < p["y"] < 1 for p in seen), len(seen)
    assert points[1]["visibility"] == 1 and points[1]["z"] < points[234 if points[234]["visibility"] else 33]["z"]
    assert points[33]["x"] < points[263]["x"], "33 is the subject's right eye"
    m = matrix["data"]
    near([[m[4 * j + i] for j in range(3)] for i in range(3)], SCENE, 1e-5, "matrix")
    near(m[12:], [3, 0, -60, 1], 1e-4, "place in cm")


def glb(path):
    data = open(path, "rb").read()
    magic, version, size = struct.unpack("<4sII", data[:12])
    assert magic == b"glTF" and version == 2 and size == len(data) and size % 4 == 0
    n, kind = struct.unpack("<I4s", data[12:20])
    g = json.loads(data[20:20 + n])
    m, kind2 = struct.unpack("<I4s", data[20 + n:28 + n])
    binary = data[28 + n:]
    assert kind == b"JSON" and kind2 == b"BIN\0" and len(binary) == m == g["buffers"][0]["byteLength"]
    for v in g["bufferViews"]:
        assert v["byteOffset"] % 4 == 0 and v["byteOffset"] + v["byteLength"] <= m, v
    width = {"SCALAR": 1, "VEC3": 3, "VEC4": 4}

    def raw(view, kind, count):
        v = g["bufferViews"][view]
        assert struct.calcsize("<%d%s" % (count, kind)) == v["byteLength"]
        return struct.unpack_from("<%d%s" % (count, kind), binary, v["byteOffset"])

    def read(i):
        a = g["accessors"][i]
        k, n = {5126: "f", 5125: "I", 5123: "H"}[a["componentType"]], width[a["type"]]
        assert "bufferView" in a or a["sparse"]["count"] > 0, "an accessor without data: valid, yet refused by assimp"
        values = list(raw(a["bufferView"], k, n * a["count"])) if "bufferView" in a else [0] * n * a["count"]
        if "sparse" in a:
            s = a["sparse"]
            index = raw(s["indices"]["bufferView"], "I", s["count"])
            assert all(x < y for x, y in zip(index, index[1:])) and index[-1] < a["count"], "sparse indices rise"
            new = raw(s["values"]["bufferView"], "f", n * s["count"])
            for j, at in enumerate(index):
                values[n * at:n * at + n] = new[n * j:n * j + n]
        assert all(math.isfinite(v) for v in values)
        for k in range(n if "min" in a else 0):
            assert abs(min(values[k::n]) - a["min"][k]) < 1e-6 and abs(max(values[k::n]) - a["max"][k]) < 1e-6, (i, k)
        return values

    for i in range(len(g["accessors"])):
        read(i)
    mesh, node = g["meshes"][0], g["nodes"][1]
    names = mesh["extras"]["targetNames"]
    assert len(names) == len(mesh["weights"]) == 52 and "jawOpen" in names
    vertices = g["accessors"][mesh["primitives"][0]["attributes"]["POSITION"]]["count"]
    for p in mesh["primitives"]:
        assert len(p["targets"]) == 52 and p["material"] < len(g["materials"])
        assert "min" in g["accessors"][p["attributes"]["POSITION"]]
        assert max(read(p["indices"])) < vertices and len(read(p["indices"])) % 3 == 0
        assert all(g["accessors"][t["POSITION"]]["count"] == vertices for t in p["targets"])
    height = g["accessors"][mesh["primitives"][0]["attributes"]["POSITION"]]
    assert 0.15 < height["max"][1] - height["min"][1] < 0.6, "metres"
    animation = g["animations"][0]
    keys = len(read(animation["samplers"][0]["input"]))
    times = read(animation["samplers"][0]["input"])
    assert times[0] == 0 and all(a < b for a, b in zip(times, times[1:])) and keys == 700, keys
    by_path = {c["target"]["path"]: read(animation["samplers"][c["sampler"]]["output"]) for c in animation["channels"]}
    assert all(c["target"]["node"] == 1 for c in animation["channels"]) and node["mesh"] == 0
    near(by_path["translation"][:3], [0.03, 0, -0.6], 1e-6, "place")
    assert len(by_path["weights"]) == 52 * keys and by_path["weights"][names.index("jawOpen")] == 0.5
    x, y, z, w = by_path["rotation"][:4]
    near([[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
          [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
          [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]], SCENE, 1e-5, "rotation")
    jaw = read(mesh["primitives"][0]["targets"][names.index("jawOpen")]["POSITION"])
    assert min(jaw[1::3]) < -0.005, "an open jaw goes down by millimetres"
    tongue = read(mesh["primitives"][0]["targets"][names.index("tongueOut")]["POSITION"])
    assert not any(tongue), "the model has no tongue to move: zeros"
    if shutil.which("assimp"):
        said = subprocess.run(["assimp", "info", path], capture_output=True, text=True)
        assert said.returncode == 0 and "Meshes:" in said.stdout, said.stdout


kind, path = sys.argv[1:3]
try:
    {"osf": osf, "livelink": livelink, "ifacialmocap": ifacialmocap}[kind](open(path, "rb").read()) \
        if kind in ("osf", "livelink", "ifacialmocap") else \
        {"glb": glb, "openface": openface, "mediapipe": mediapipe, "take": take}[kind](path)
except (AssertionError, KeyError, IndexError, struct.error, ValueError) as e:
    import traceback
    traceback.print_exc()
    sys.exit("%s: %s does not hold: %s" % (kind, path, e))

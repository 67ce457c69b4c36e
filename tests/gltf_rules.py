#!/usr/bin/env python3
"""Holds a .glb to the rules of the glTF 2.0 specification (Khronos Group, 2021): gltf_rules.py FILE.glb …

Written for the files that mien makes, and strict: what the specification only recommends counts too. Does not:
know extensions, read .gltf, look at pictures beyond their first bytes."""
import array, json, math, struct, sys

SIZE = {5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4}
CODE = {5120: "b", 5121: "B", 5122: "h", 5123: "H", 5125: "I", 5126: "f"}
WIDTH = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
ATTRIBUTES = {"POSITION": ("VEC3", {5126}), "NORMAL": ("VEC3", {5126}), "TANGENT": ("VEC4", {5126}), "TEXCOORD_0": ("VEC2", {5126, 5121, 5123}),
              "COLOR_0": ("VEC4", {5126, 5121, 5123}), "JOINTS_0": ("VEC4", {5121, 5123}), "WEIGHTS_0": ("VEC4", {5126, 5121, 5123})}


def need(ok, what):
    if not ok:
        raise AssertionError(what)


class Glb:
    def __init__(self, data):
        need(len(data) >= 20 and len(data) % 4 == 0, "the file's length")
        magic, version, size, n, kind = struct.unpack("<4sIIII", data[:20])
        need((magic, version, size, kind) == (b"glTF", 2, len(data), 0x4E4F534A), "header")
        need(n % 4 == 0, "the JSON's length")
        text = data[20:20 + n]
        self.j = json.loads(text.decode("utf-8"))
        need(text.rstrip(b" ").endswith(b"}"), "the JSON is padded with other than spaces")
        size, kind = struct.unpack("<II", data[20 + n:28 + n])
        need(kind == 0x004E4942 and size % 4 == 0 and 28 + n + size == len(data), "the binary chunk")
        self.bin = data[28 + n:]
        self.used = {k: set() for k in ("accessors", "bufferViews", "images", "materials", "meshes", "nodes", "skins", "textures", "samplers", "cameras")}
        self.view_for = {}
        self.kept = {}

    def all(self, kind):
        return self.j.get(kind, [])

    def at(self, kind, i):
        need(isinstance(i, int) and 0 <= i < len(self.all(kind)), "%s %r is not there" % (kind, i))
        self.used[kind].add(i)
        return self.all(kind)[i]

    def view(self, i, purpose):
        v = self.at("bufferViews", i)
        need(self.view_for.setdefault(i, purpose) == purpose, "view %d is both %s and %s" % (i, self.view_for[i], purpose))
        need(v.get("target") == {"vertices": 34962, "indices": 34963}.get(purpose), "view %d: target %r of %s" % (i, v.get("target"), purpose))
        need(v["buffer"] == 0 and v["byteLength"] > 0 and 0 <= v.get("byteOffset", 0) <= len(self.bin) - v["byteLength"], "view %d reaches outside" % i)
        if "byteStride" in v:
            need(purpose == "vertices" and 4 <= v["byteStride"] <= 252 and v["byteStride"] % 4 == 0, "view %d: stride" % i)
        return v

    def take(self, view, at, component, width, count, purpose, what):
        v = self.view(view, purpose)
        item = SIZE[component] * width
        stride = v.get("byteStride", item)
        need(at % SIZE[component] == 0 and (v.get("byteOffset", 0) + at) % SIZE[component] == 0, what + ": alignment")
        need(purpose != "vertices" or (stride % 4 == 0 and at % 4 == 0), what + ": vertices at a multiple of four")
        need(at + (count - 1) * stride + item <= v["byteLength"], what + ": outside its view")
        out, begin = array.array(CODE[component]), v.get("byteOffset", 0) + at
        for i in (range(1) if stride == item else range(count)):
            out.frombytes(self.bin[begin + i * stride:begin + i * stride + (item * count if stride == item else item)])
        return out

    def read(self, i, purpose, what):
        """The accessor's numbers, its width, and itself."""
        if (i, purpose) in self.kept:
            return self.kept[i, purpose]
        a = self.at("accessors", i)
        component, width, count = a["componentType"], WIDTH[a["type"]], a["count"]
        what = "%s (accessor %d)" % (what, i)
        need(component in SIZE and count >= 1, what + ": kind and count")
        need(not a.get("normalized") or component not in (5125, 5126), what + ": normalised floats")
        need("bufferView" in a or "byteOffset" not in a, what + ": an offset into nothing")
        need("bufferView" in a or "sparse" in a, what + ": nothing but zeros")
        if "bufferView" in a:
            v = self.take(a["bufferView"], a.get("byteOffset", 0), component, width, count, purpose, what)
        else:
            v = array.array(CODE[component], bytes(SIZE[component] * width * count))
        if "sparse" in a:
            s = a["sparse"]
            need(1 <= s["count"] <= count and s["indices"]["componentType"] in (5121, 5123, 5125), what + ": sparse")
            index = self.take(s["indices"]["bufferView"], s["indices"].get("byteOffset", 0), s["indices"]["componentType"], 1, s["count"], "sparse", what)
            value = self.take(s["values"]["bufferView"], s["values"].get("byteOffset", 0), component, width, s["count"], "sparse", what)
            need(all(p < q for p, q in zip(index, index[1:])) and index[-1] < count, what + ": sparse indices do not rise")
            for k, at in enumerate(index):
                v[at * width:(at + 1) * width] = value[k * width:(k + 1) * width]
        if component == 5126:
            need(all(map(math.isfinite, v)), what + ": not finite")
        for key, of in (("min", min), ("max", max)):
            if key in a:
                need(len(a[key]) == width, what + ": " + key)
                is_ = [of(v[c::width]) for c in range(width)]
                said = array.array(CODE[component], [x if component == 5126 else int(x) for x in a[key]])
                need(list(said) == is_, "%s: its %s is %s, not %s" % (what, key, is_, list(said)))
        self.kept[i, purpose] = v, width, a
        return v, width, a


def check_primitive(g, p, what, joints):
    need(p.get("mode", 4) == 4, what + ": triangles")
    need("POSITION" in p["attributes"], what + ": positions")
    count = g.at("accessors", p["attributes"]["POSITION"])["count"]
    for key, i in p["attributes"].items():
        need(key in ATTRIBUTES, what + ": " + key)
        v, width, a = g.read(i, "vertices", what + " " + key)
        kind, components = ATTRIBUTES[key]
        need(a["type"] == kind and a["componentType"] in components and a["count"] == count, "%s: %s is of a wrong kind" % (what, key))
        need(a["componentType"] == 5126 or key.startswith("JOINTS") != a.get("normalized", False), "%s: %s normalised" % (what, key))
        if key == "POSITION":
            need("min" in a and "max" in a, what + ": positions without bounds")
        elif key == "NORMAL":
            need(all(abs(math.sqrt(v[k] ** 2 + v[k + 1] ** 2 + v[k + 2] ** 2) - 1) < 1e-4 for k in range(0, len(v), 3)), what + ": a normal is not of length 1")
        elif key == "COLOR_0" and a["componentType"] == 5126:
            need(min(v) >= 0 and max(v) <= 1, what + ": colours")
        elif key == "WEIGHTS_0":
            need(min(v) >= 0 and all(abs(sum(v[k:k + 4]) - 1) < 1e-5 for k in range(0, len(v), 4)), what + ": weights do not sum to 1")
            j = g.read(p["attributes"]["JOINTS_0"], "vertices", what)[0]
            need(joints > 0 and max(j) < joints, what + ": a joint is not there")
            need(all(w > 0 or k == 0 for w, k in zip(v, j)), what + ": an unused joint is not 0")
            used = [(k // 4, x) for k, x in enumerate(j) if v[k] > 0]
            need(len(used) == len(set(used)), what + ": a joint twice")
    if "indices" in p:
        v, width, a = g.read(p["indices"], "indices", what + " indices")
        need(a["type"] == "SCALAR" and a["componentType"] in (5121, 5123, 5125) and not a.get("normalized"), what + ": indices' kind")
        need(len(v) % 3 == 0 and max(v) < count and max(v) != (1 << 8 * SIZE[a["componentType"]]) - 1, what + ": indices")
        need(all(len({v[k], v[k + 1], v[k + 2]}) == 3 for k in range(0, len(v), 3)), what + ": a triangle of two vertices")
    for t in p.get("targets", []):
        need(set(t) <= {"POSITION", "NORMAL", "TANGENT"} and t, what + ": a target's attributes")
        for key, i in t.items():
            v, width, a = g.read(i, "targets", what + " target")
            need(a["type"] == "VEC3" and a["componentType"] == 5126 and a["count"] == count, what + ": a target's kind")
            need(key != "POSITION" or ("min" in a and "max" in a), what + ": a target without bounds")
    if "material" in p:
        g.at("materials", p["material"])


def check_nodes(g):
    parents = {}
    for i, n in enumerate(g.all("nodes")):
        need("matrix" not in n or not {"translation", "rotation", "scale"} & set(n), "node %d: matrix and parts" % i)
        if "rotation" in n:
            need(abs(math.sqrt(sum(x * x for x in n["rotation"])) - 1) < 1e-4, "node %d: rotation" % i)
        for c in n.get("children", []):
            g.at("nodes", c)
            need(c not in parents, "node %d hangs on two" % c)
            parents[c] = i
        need(len(set(n.get("children", []))) == len(n.get("children", [0])) or "children" not in n, "node %d: a child twice" % i)
        need(n.get("children") != [], "node %d: no child" % i)
    for i in range(len(g.all("nodes"))):
        k, steps = i, 0
        while k in parents:
            k, steps = parents[k], steps + 1
            need(steps <= len(parents), "nodes go round in a circle")
    need(0 <= g.j["scene"] < len(g.j["scenes"]), "scene")
    for s in g.j["scenes"]:
        need(s["nodes"], "an empty scene")
        for r in s["nodes"]:
            g.at("nodes", r)
            need(r not in parents, "a scene's node is no root")
    for i, n in enumerate(g.all("nodes")):
        if "mesh" in n:
            mesh = g.at("meshes", n["mesh"])
            joints = 0
            if "skin" in n:
                joints = len(g.at("skins", n["skin"])["joints"])
                need(i not in parents and not {"translation", "rotation", "scale", "matrix"} & set(n), "a skinned mesh is moved by its node")
            targets = {len(p.get("targets", [])) for p in mesh["primitives"]}
            need(len(targets) == 1, "primitives have different numbers of targets")
            names = mesh.get("extras", {}).get("targetNames", [])
            need(len(names) == targets.copy().pop() == len(set(names)) == len(mesh.get("weights", [])), "targets, names and weights")
            for k, p in enumerate(mesh["primitives"]):
                check_primitive(g, p, "mesh %d, primitive %d" % (n["mesh"], k), joints)
        if "camera" in n:
            c = g.at("cameras", n["camera"])
            need(c["type"] == "perspective" and 0 < c["perspective"]["yfov"] < math.pi and c["perspective"]["znear"] > 0, "camera")
    for s in g.all("skins"):
        need(s["joints"] and len(set(s["joints"])) == len(s["joints"]), "a skin's joints")
        for k in s["joints"]:
            g.at("nodes", k)
            while "skeleton" in s and k != s["skeleton"]:
                need(k in parents, "a joint is not below the skeleton's root")
                k = parents[k]
        v, width, a = g.read(s["inverseBindMatrices"], "matrices", "inverse matrices")
        need(a["type"] == "MAT4" and a["componentType"] == 5126 and a["count"] == len(s["joints"]), "inverse matrices")
        need(all(v[k + 3] == v[k + 7] == v[k + 11] == 0 and v[k + 15] == 1 for k in range(0, len(v), 16)), "a matrix' last row")


def check_looks(g):
    for m in g.all("materials"):
        pbr = m.get("pbrMetallicRoughness", {})
        need(all(0 <= x <= 1 for x in pbr.get("baseColorFactor", [])) and len(pbr.get("baseColorFactor", [1] * 4)) == 4, "a material's colour")
        need(all(0 <= pbr.get(k, 0) <= 1 for k in ("metallicFactor", "roughnessFactor")), "a material's factors")
        if "baseColorTexture" in pbr:
            t = g.at("textures", pbr["baseColorTexture"]["index"])
            g.at("images", t["source"])
            if "sampler" in t:
                g.at("samplers", t["sampler"])
    for i in g.all("images"):
        need(("bufferView" in i) != ("uri" in i), "an image is here or elsewhere")
        v = g.view(i["bufferView"], "picture")
        head = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG\r\n\x1a\n"}[i["mimeType"]]
        need(g.bin[v.get("byteOffset", 0):].startswith(head), "an image is no " + i["mimeType"])


def check_animations(g):
    for a in g.all("animations"):
        targets = [(c["target"]["node"], c["target"]["path"]) for c in a["channels"]]
        need(len(targets) == len(set(targets)), "two channels move the same")
        for c in a["channels"]:
            s = a["samplers"][c["sampler"]]
            time, _, t = g.read(s["input"], "keys", "an animation's times")
            need(t["type"] == "SCALAR" and t["componentType"] == 5126 and "min" in t and "max" in t, "an animation's times have no bounds")
            need(time[0] >= 0 and all(p < q for p, q in zip(time, time[1:])), "times do not rise")
            v, width, o = g.read(s["output"], "keys", "an animation's values")
            node, path = g.at("nodes", c["target"]["node"]), c["target"]["path"]
            each = len(g.at("meshes", node["mesh"])["weights"]) if path == "weights" else 1
            need(o["type"] == {"translation": "VEC3", "rotation": "VEC4", "scale": "VEC3", "weights": "SCALAR"}[path], path)
            need(o["count"] == t["count"] * each * (3 if s.get("interpolation") == "CUBICSPLINE" else 1), path + ": number of values")
            if path == "rotation":
                need(all(abs(sum(x * x for x in v[k:k + 4]) - 1) < 1e-4 for k in range(0, len(v), 4)), "a rotation is not of length 1")


def check(data):
    g = Glb(data)
    need(g.j["asset"]["version"] == "2.0", "version")
    need(len(g.j["buffers"]) == 1 and "uri" not in g.j["buffers"][0] and len(g.bin) - 3 <= g.j["buffers"][0]["byteLength"] <= len(g.bin), "buffer")
    need(not g.j.get("extensionsRequired"), "an extension is required")
    check_nodes(g)
    check_looks(g)
    check_animations(g)
    for kind, used in g.used.items():
        unused = set(range(len(g.all(kind)))) - used
        need(not unused or kind == "materials", "%s that nobody uses: %s" % (kind, sorted(unused)))
    return g


if __name__ == "__main__":
    for path in sys.argv[1:]:
        try:
            check(open(path, "rb").read())
        except (AssertionError, KeyError, ValueError, struct.error, TypeError) as e:
            sys.exit("%s: %s: %s" % (path, type(e).__name__, e))

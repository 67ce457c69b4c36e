#!/usr/bin/env python3
"""A picture in; landmarks, pose, blendshapes and mesh out, through ctypes and NumPy.

    face.py PICTURE [MESH.obj]      with OpenCV: run(numpy.ascontiguousarray(frame[..., ::-1]), time)
"""
import ctypes as c, os, sys
import numpy as np

lib = c.CDLL(os.environ.get("MIEN_LIB", "libmien.so.0"))


class Options(c.Structure):
    _fields_ = [("model_dir", c.c_char_p), ("fov_deg", c.c_float), ("max_faces", c.c_int),
                ("still", c.c_int), ("quality", c.c_int), ("filter", c.c_float), ("network", c.c_char_p)]


class Face(c.Structure):
    _fields_ = [("id", c.c_int), ("state", c.c_int), ("confidence", c.c_float), ("box_px", c.c_float * 4),
                ("R", c.c_float * 9), ("t_mm", c.c_float * 3), ("yaw_deg", c.c_float),
                ("pitch_deg", c.c_float), ("roll_deg", c.c_float), ("landmark68", c.c_float * 3 * 68),
                ("landmark_count", c.c_int), ("landmark_px", c.c_float * 2 * 256),
                ("landmark_sigma_px", c.c_float * 256), ("blendshape", c.c_float * 52),
                ("action", c.c_float * 52), ("expression", c.c_float * 8), ("expression_class", c.c_int),
                ("gaze_deg", c.c_float * 2 * 2), ("eye_shut", c.c_int * 2), ("blinks", c.c_int),
                ("expression_sure", c.c_int), ("identity", c.c_float * 60),
                ("identity_sigma", c.c_float * 60), ("identity_looks", c.c_int), ("fit_error", c.c_float)]


def function(name, result, *arguments):
    f = getattr(lib, name)
    f.restype, f.argtypes = result, arguments
    return f


P, I, text = c.c_void_p, c.c_int, c.c_char_p
create = function("mien_create", P, c.POINTER(Options), c.c_char_p, c.c_size_t)
destroy = function("mien_destroy", None, P)
run_frame = function("mien_run", I, P, P, I, I, c.c_ssize_t, c.c_int64)
face = function("mien_face", c.POINTER(Face), P, I)
vertex_count = function("mien_vertex_count", I, P)
vertices = function("mien_face_vertices", I, P, I, I, P)
triangles = function("mien_triangles", c.POINTER(c.c_int32), P, c.POINTER(I))
error_text = function("mien_error_text", text, P)
blendshape_name = function("mien_blendshape_name", text, I)
expression_name = function("mien_expression_name", text, I)
face_size = function("mien_face_size", c.c_size_t)
assert face_size() == c.sizeof(Face), "this file and the library have different versions"


class Mien:
    def __init__(self, **options):
        why = c.create_string_buffer(512)
        self.handle = create(Options(**options), why, len(why))
        if not self.handle:
            raise RuntimeError(why.value.decode())
        n = I()
        t = triangles(self.handle, n)
        self.triangles = np.ctypeslib.as_array(t, (n.value, 3)).copy()

    def run(self, rgb, time_s=0.0):
        """rgb: (height, width, 3) uint8. A list of dictionaries, one a face."""
        rgb = np.ascontiguousarray(rgb, np.uint8)
        h, w, _ = rgb.shape
        n = run_frame(self.handle, rgb.ctypes.data, w, h, rgb.strides[0], int(time_s * 1e9))
        if n < 0:
            raise ValueError(error_text(self.handle).decode())
        return [self._face(i) for i in range(n)]

    def _face(self, i):
        f = face(self.handle, i).contents
        mesh = np.empty((vertex_count(self.handle), 3), np.float32)
        vertices(self.handle, i, 1, mesh.ctypes.data)
        array = lambda a: np.array(a, np.float32)
        return {"id": f.id, "box": array(f.box_px), "R": array(f.R).reshape(3, 3), "t": array(f.t_mm),
                "angles": (f.yaw_deg, f.pitch_deg, f.roll_deg), "landmarks68": array(f.landmark68),
                "landmarks": array(f.landmark_px)[:f.landmark_count],
                "sigma": array(f.landmark_sigma_px)[:f.landmark_count],
                "blendshapes": {blendshape_name(k).decode(): v for k, v in enumerate(f.blendshape)},
                "expression": {expression_name(k).decode(): v for k, v in enumerate(f.expression)},
                "expression_sure": bool(f.expression_sure), "gaze": array(f.gaze_deg),
                "eye_shut": tuple(map(bool, f.eye_shut)), "blinks": f.blinks, "mesh": mesh}

    def close(self):
        destroy(self.handle)
        self.handle = None


if __name__ == "__main__":
    from PIL import Image
    mien = Mien(still=1)
    for f in mien.run(np.asarray(Image.open(sys.argv[1]).convert("RGB"))):
        top = sorted(f["blendshapes"].items(), key=lambda kv: -kv[1])[:3]
        print("face %d: yaw %.1f pitch %.1f roll %.1f, %.0f mm away, %s; %s" % (
            f["id"], *f["angles"], -f["t"][2], max(f["expression"], key=f["expression"].get),
            " ".join("%s %.2f" % kv for kv in top)))
        if len(sys.argv) > 2:
            with open(sys.argv[2], "w") as out:
                out.writelines("v %.3f %.3f %.3f\n" % tuple(v) for v in f["mesh"])
                out.writelines("f %d %d %d\n" % tuple(t + 1) for t in mien.triangles)
    mien.close()

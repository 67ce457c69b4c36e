#!/usr/bin/env python3
"""Learns where people put their marks: as mixtures of mien's dense landmarks (needs numpy).

    make_mixtures.py MARKS SOURCE MIEN [--shift FILE] [OPTIONS…] > FILE

MARKS: the folder data/marks (index.csv, marks.i16, marks.jpgs). SOURCE: lfpw (the 68 iBUG points: FILE is
assets/ibug68.txt and assets/marks/lfpw.txt), helen29 or webmorph (assets/marks/SOURCE.txt). MIEN: the program, which looks
at the pictures (OPTIONS go to `mien image`, for example --net FILE).

Training people only. Each mark is its nearest landmark plus a ridge-regressed combination of the differences to that
landmark's neighbours, the same on both sides of the face: every picture counts mirrored too, so a lean of all marks to one
side is not learned. Weights sum to one, so nothing depends on where in the picture the face is. Marks that no mixture
explains (hair, ears) are left out. Prints the five-fold cross-validated error to stderr.

--shift FILE (lfpw): people mark a wide face elsewhere than a narrow one, and a turned jaw elsewhere than one seen from the
front. FILE (assets/ibug68_shift.txt) has what is left beside the mixtures as a ridge-regressed linear function of the
face's first principal components (mien_face_model_mark in src/face/model.h), mirrored pictures again included.
"""
import csv, json, os, re, subprocess, sys, tempfile
import numpy as np

NEIGHBOURS, RIDGE, FOLDS, WORST = 18, 0.0005, 5, 0.045
SHAPES, SHAPE_RIDGE = 24, 0.26  # as src/face/model.h has; a share of the number of faces


def marked(folder, source):
    rows, index = [], csv.DictReader(open(folder + "/index.csv"))
    points = np.fromfile(folder + "/marks.i16", np.int16).reshape(-1, 2) / 64.0
    data = open(folder + "/marks.jpgs", "rb").read()
    for r in index:
        if r["source"] == source and r["split"] == "train" and not r["person"].startswith("3dsk"):
            a, n = int(r["first"]), int(r["points"])
            rows.append((r["n"] + ".jpg", data[int(r["offset"]):][:int(r["bytes"])], points[a:a + n]))
    return rows


def seen(rows, mien, options):
    with tempfile.TemporaryDirectory() as tmp:
        for name, data, _ in rows:
            open(tmp + "/" + name, "wb").write(data)
        out = tmp + "/out.jsonl"
        subprocess.run([mien, "image", tmp, "--json", out] + options, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        return {os.path.basename(r["source"]): r["faces"] for r in map(json.loads, open(out))}


def model(mien):
    names, mirror = [], []
    listing = subprocess.run([mien, "model", "info", "--landmarks"], capture_output=True, text=True, check=True).stdout
    for name, other in re.findall(r"^ *\d+ (\S+) +mediapipe +-?\d+ mirror +(\d+) ", listing, re.M):
        names.append(name)
        mirror.append(int(other))
    return names, np.array(mirror)


def mirrored_points(mean):
    """The mark on the other side of each mark, by the mean face, about its own middle: marks may lean to one side."""
    mean = mean - [mean[:, 0].mean(), 0]
    flipped = mean * [-1, 1]
    distance = np.linalg.norm(mean[:, None] - flipped[None], axis=2)
    other, free = np.full(len(mean), -1), set(range(len(mean)))
    for k in np.argsort(distance.min(1)):
        if other[k] < 0:
            j = min(free, key=lambda i: distance[k, i])
            other[k], other[j] = j, k
            free -= {k, j}
    return other


def learn(D, G, base, near):
    W = np.zeros((G.shape[1], D.shape[1]))
    for k in range(len(W)):
        F = (D[:, near[k]] - D[:, [base[k]]]).transpose(0, 2, 1).reshape(-1, len(near[k]))
        T = (G[:, k] - D[:, base[k]]).reshape(-1)
        w = np.linalg.solve(F.T @ F + RIDGE * (F * F).sum() / len(near[k]) * np.eye(len(near[k])), F.T @ T)
        W[k, near[k]] = w
        W[k, base[k]] = 1 - w.sum()
    return W


def in_mean_frame(P, mean, *others):
    """P and others without place, size and roll: those of the mean face that is nearest to P."""
    middle = P.mean(1, keepdims=True)
    z, m = (P - middle) @ [1, 1j], mean @ [1, 1j]
    by = (z @ m.conj() / len(m))[:, None]
    turned = [(A - middle) @ [1, 1j] / by for A in (P,) + others]
    return [np.stack([t.real, t.imag], -1) for t in turned]


def learn_shift(P, G):
    """Mean of P, what projects on its principal components, and how far G is from P for the mean and for each of them."""
    mean = P.mean(0) - P.mean((0, 1))
    for _ in range(4):
        mean /= np.sqrt((mean ** 2).sum() / len(mean))
        mean = in_mean_frame(P, mean)[0].mean(0)
    mean /= np.sqrt((mean ** 2).sum() / len(mean))
    Z, T = in_mean_frame(P, mean, G)
    _, S, V = np.linalg.svd((Z - mean).reshape(len(Z), -1), full_matrices=False)
    shape = V[:SHAPES] / (S[:SHAPES, None] / np.sqrt(len(Z)))
    A = np.c_[np.ones(len(Z)), (Z - mean).reshape(len(Z), -1) @ shape.T]
    ridge = SHAPE_RIDGE * len(Z) * np.eye(1 + SHAPES)
    ridge[0, 0] = 0
    return mean, shape, np.linalg.solve(A.T @ A + ridge, A.T @ (T - Z).reshape(len(Z), -1))


def write_shift(path, mean, shape, shift):
    with open(path, "w") as f:
        f.write("# By how much people mark the iBUG points elsewhere than the mixtures say (assets/dev/make_mixtures.py):\n"
                "# mean POINT X Y; shape SHAPE POINT X Y; shift SHAPE POINT X Y\n")
        for k, (x, y) in enumerate(mean):
            f.write("mean %d %.5f %.5f\n" % (k, x, y))
        for name, rows in ("shape", shape), ("shift", shift):
            for i, row in enumerate(rows):
                for k, (x, y) in enumerate(row.reshape(-1, 2)):
                    f.write("%s %d %d %.5g %.5g\n" % (name, i, k, x, y))


def pair(rows, faces):
    """Landmarks and marks of each face that was found, about the middle of the landmarks, in face sizes."""
    D, G = [], []
    for name, _, marks in rows:
        best = None
        for f in faces.get(name, []):
            points = np.array(f["landmarks"], float)[:, :2]
            size, middle = np.sqrt(np.prod(np.ptp(points, 0))), points.mean(0)
            # every mark near some landmark: the face that was marked
            gap = np.median(np.linalg.norm(marks[:, None] - points[None], axis=2).min(1)) / size
            if gap < 0.06 and (best is None or gap < best[0]):
                best = gap, (points - middle) / size, (marks - middle) / size
        if best:
            D.append(best[1])
            G.append(best[2])
    return np.array(D), np.array(G)


def main(folder, source, mien, options):
    shift = options[1] if options[:1] == ["--shift"] else None
    options = options[2:] if shift else options
    rows = marked(folder, source)
    names, mirror = model(mien)
    D, G = pair(rows, seen(rows, mien, options))
    other = mirrored_points(G.mean(0))
    both = lambda D, G: (np.r_[D, D[:, mirror] * [-1, 1]], np.r_[G, G[:, other] * [-1, 1]])
    mean, marks = (m.mean(0) for m in both(D, G))
    middle = mirror == np.arange(len(mirror))
    gap = [np.linalg.norm(D - G[:, [k]], axis=2).mean(0) + np.where(middle | (other[k] != k), 0, np.inf)
           for k in range(G.shape[1])]  # a mark in the middle is near a landmark in the middle
    base = np.argmin(gap, 1)
    near = [None] * len(base)
    for k in range(len(base)):  # the other side's are the mirror images
        if near[k] is None:
            near[k] = np.argsort(np.linalg.norm(mean - mean[base[k]], axis=1))[1:NEIGHBOURS + 1]
            if other[k] == k:  # whole pairs
                near[k] = near[k][np.isin(mirror[near[k]], near[k])]
            else:
                base[other[k]], near[other[k]] = mirror[base[k]], mirror[near[k]]
    fold, error = np.arange(len(D)) % FOLDS, np.zeros(G.shape[:2])
    for f in range(FOLDS):
        W = learn(*both(D[fold != f], G[fold != f]), base, near)
        error[fold == f] = np.linalg.norm(np.einsum("kl,nlc->nkc", W, D[fold == f]) - G[fold == f], axis=2)
    kept = np.flatnonzero(error.mean(0) < WORST)
    print("%s: %d of %d faces, %d of %d marks: %.3f %% of the face's size, cross-validated; %.3f %% with single landmarks"
          % (source, len(D), len(rows), len(kept), len(base), 100 * error[:, kept].mean(),
             100 * np.linalg.norm(D[:, base] - G, axis=2)[:, kept].mean()), file=sys.stderr)
    W = learn(*both(D, G), base, near)
    if shift:
        D, G = both(D, G)
        write_shift(shift, *learn_shift(np.einsum("kl,nlc->nkc", W, D), G))
    print("# Where people put the marks of %s, as mixtures of landmarks (assets/dev/make_mixtures.py):\n# POINT LANDMARK WEIGHT" % source)
    for k in kept:
        for l in np.flatnonzero(W[k]):
            print("%d %s %.6f" % (k, names[l], W[k, l]))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])

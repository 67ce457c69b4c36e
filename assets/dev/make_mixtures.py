#!/usr/bin/env python3
"""Learns where people put their marks: as mixtures of mien's dense landmarks (needs numpy).

    make_mixtures.py MARKS SOURCE MIEN [OPTIONS…] > FILE

MARKS: the folder data/marks (index.csv, marks.i16, marks.jpgs). SOURCE: lfpw (the 68 iBUG points: FILE is
assets/ibug68.txt and assets/marks/lfpw.txt), helen29 or webmorph (assets/marks/SOURCE.txt). MIEN: the program, which looks
at the pictures (OPTIONS go to `mien image`, for example --net FILE).

Training people only. Each mark is its nearest landmark plus a ridge-regressed combination of the differences to that
landmark's neighbours, the same on both sides of the face: every picture counts mirrored too, so a lean of all marks to one
side is not learned. Weights sum to one, so nothing depends on where in the picture the face is. Marks that no mixture
explains (hair, ears) are left out. Prints the five-fold cross-validated error to stderr.
"""
import csv, json, os, re, subprocess, sys, tempfile
import numpy as np

NEIGHBOURS, RIDGE, FOLDS, WORST = 18, 0.0005, 5, 0.045


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
    """The mark on the other side of each mark, by the mean face."""
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
        F = (D[:, near[k]] - D[:, [base[k]]]).transpose(0, 2, 1).reshape(-1, NEIGHBOURS)
        T = (G[:, k] - D[:, base[k]]).reshape(-1)
        w = np.linalg.solve(F.T @ F + RIDGE * (F * F).sum() / NEIGHBOURS * np.eye(NEIGHBOURS), F.T @ T)
        W[k, near[k]] = w
        W[k, base[k]] = 1 - w.sum()
    return W


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
    rows = marked(folder, source)
    names, mirror = model(mien)
    D, G = pair(rows, seen(rows, mien, options))
    other = mirrored_points(G.mean(0))
    both = lambda D, G: (np.r_[D, D[:, mirror] * [-1, 1]], np.r_[G, G[:, other] * [-1, 1]])
    mean, marks = (m.mean(0) for m in both(D, G))
    base = np.array([np.linalg.norm(D - G[:, [k]], axis=2).mean(0).argmin() for k in range(G.shape[1])])
    near = [None] * len(base)
    for k in range(len(base)):  # the other side's are the mirror images
        if near[k] is None:
            near[k] = np.argsort(np.linalg.norm(mean - mean[base[k]], axis=1))[1:NEIGHBOURS + 1]
            if other[k] != k:
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
    print("# Where people put the marks of %s, as mixtures of landmarks (assets/dev/make_mixtures.py):\n# POINT LANDMARK WEIGHT" % source)
    for k in kept:
        for l in np.flatnonzero(W[k]):
            print("%d %s %.6f" % (k, names[l], W[k, l]))


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:])

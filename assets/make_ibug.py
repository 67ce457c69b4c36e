#!/usr/bin/env python3
"""Learns where people mark the 68 iBUG points: as mixtures of mien's dense landmarks (needs numpy).

    make_ibug.py TRUTH.json RESULTS.jsonl MIEN > assets/ibug68.txt

TRUTH.json: {"images": {NAME: {"faces": [{"lm68": [[x, y] x 68]}]}}}. RESULTS.jsonl: `mien image DIR --json` on the
same pictures, made with a model whose 68 points are single landmarks (`mien model build` without --ibug).
MIEN: the program; `mien model info --landmarks` names the landmarks. Each point is its nearest landmark plus a ridge-regressed
combination of the differences to that landmark's neighbours, the same on both sides of the face (every picture counts
mirrored too), so the weights sum to one and nothing depends on where in the picture the face is.
Prints the five-fold cross-validated error to stderr.
"""
import json, os, re, subprocess, sys
import numpy as np

NEIGHBOURS, RIDGE, FOLDS = 18, 0.0005, 5
MIRROR68 = ([16 - i for i in range(17)] + [26 - i for i in range(10)] + [27, 28, 29, 30] + [35 - i for i in range(5)]
            + [45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40] + [54 - i for i in range(7)] + [59 - i for i in range(5)]
            + [64 - i for i in range(5)] + [67 - i for i in range(3)])


def load(truth_path, results_path):
    truth = json.load(open(truth_path))["images"]
    dense, people = [], []
    for row in map(json.loads, open(results_path)):
        for face in truth[os.path.basename(row["source"])]["faces"]:
            marks = np.array(face.get("lm68") or np.zeros((0, 2)), float)
            best, size = None, 0
            for found in row["faces"] if len(marks) else []:
                points = np.array(found["landmarks"], float)[:, :2]
                size = np.sqrt(np.prod(np.ptp(marks, 0)))
                error = np.linalg.norm(np.array(found["landmarks68"])[:, :2] - marks, axis=1).mean() / size
                if error < 0.2 and (best is None or error < best[0]):
                    best = error, points
            if best:
                dense.append((best[1] - marks.mean(0)) / size)
                people.append((marks - marks.mean(0)) / size)
    return np.array(dense), np.array(people)


def learn(D, G, base, near):
    W = np.zeros((68, D.shape[1]))
    for k in range(68):
        F = (D[:, near[k]] - D[:, [base[k]]]).transpose(0, 2, 1).reshape(-1, NEIGHBOURS)
        T = (G[:, k] - D[:, base[k]]).reshape(-1)
        w = np.linalg.solve(F.T @ F + RIDGE * (F * F).sum() / NEIGHBOURS * np.eye(NEIGHBOURS), F.T @ T)
        W[k, near[k]] = w
        W[k, base[k]] = 1 - w.sum()
    return W


def main(truth, results, mien):
    names, mirror, base = [], [], [0] * 68
    listing = subprocess.run([mien, "model", "info", "--landmarks"], capture_output=True, text=True, check=True).stdout
    for i, name, other, points in re.findall(r"^ *(\d+) (\S+) +mediapipe +-?\d+ mirror +(\d+) .*? mm(.*)$", listing, re.M):
        names.append(name)
        mirror.append(int(other))
        for k in re.findall(r"ibug (\d+)", points):
            base[int(k)] = int(i)
    mirror = np.array(mirror)
    D, G = load(truth, results)
    both = lambda D, G: (np.r_[D, D[:, mirror] * [-1, 1]], np.r_[G, G[:, MIRROR68] * [-1, 1]])
    mean = both(D, G)[0].mean(0)
    near = [np.argsort(np.linalg.norm(mean - mean[b], axis=1))[1:NEIGHBOURS + 1] for b in base]
    for k in range(68):  # the other side's neighbours are the mirror images
        if MIRROR68[k] < k:
            near[k] = mirror[near[MIRROR68[k]]]
    fold, error = np.arange(len(D)) % FOLDS, []
    for f in range(FOLDS):
        W = learn(*both(D[fold != f], G[fold != f]), base, near)
        error.append(np.linalg.norm(np.einsum("kl,nlc->nkc", W, D[fold == f]) - G[fold == f], axis=2))
    before = np.linalg.norm(D[:, base] - G, axis=2).mean()
    print("%d faces: %.3f %% of the face's size, cross-validated; %.3f %% with single landmarks"
          % (len(D), 100 * np.concatenate(error).mean(), 100 * before), file=sys.stderr)
    W = learn(*both(D, G), base, near)
    print("# Where people mark the 68 iBUG points, as mixtures of landmarks (assets/make_ibug.py):\n# POINT LANDMARK WEIGHT")
    for k in range(68):
        for l in np.flatnonzero(W[k]):
            print("%d %s %.6f" % (k, names[l], W[k, l]))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])

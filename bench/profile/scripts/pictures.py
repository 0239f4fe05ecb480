"""An entry script whose work is before and after the model: a spectrum of each picture, a small network, and a ranking."""

import json

import numpy as np


def init():
    global windows, weights
    random = np.random.default_rng(11)
    windows = [np.outer(np.hanning(160), np.hanning(160)) ** power for power in (0.5, 1, 2, 4)]
    weights = random.standard_normal((4 * 32, 20)) / 10


def features(picture):
    bands = []
    for window in windows:
        spectrum = np.log1p(np.abs(np.fft.fft2(picture * window)))
        bands.append([band.mean() for band in np.array_split(np.sort(spectrum, axis=None), 32)])
    return np.concatenate(bands)


def run(raw_data):
    picture = np.asarray(json.loads(raw_data)["picture"], np.float64) / 255
    scores = features(picture) @ weights
    shares = np.exp(scores - scores.max())
    shares /= shares.sum()
    ranking = sorted(((f"class {i}", round(float(share), 6)) for i, share in enumerate(shares)), key=lambda pair: -pair[1])
    return {"ranking": ranking, "histogram": np.histogram(picture, 64)[0].tolist()}

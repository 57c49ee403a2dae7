#!/usr/bin/env python3
"""What a planner would script instead of `covplan coverage`: the 16 nearest cells of every site by SciPy's
KD-tree, a plain path-loss formula, the best level out as GeoJSON. Usage: scale_scipy.py PROJECT_DIR OUT.geojson
Needs numpy, scipy, pyarrow. Prints the seconds of each step as JSON."""
import json
import sys
import time

import numpy as np
import pyarrow.csv as pc
from scipy.spatial import cKDTree

folder, out = sys.argv[1:3]
clock, steps = time.perf_counter(), {}


def step(name):
    global clock
    now = time.perf_counter()
    steps[name] = round(now - clock, 2)
    clock = now


def read(name, columns):
    return pc.read_csv(f"{folder}/{name}", convert_options=pc.ConvertOptions(include_columns=columns))


sites = read("sites.csv", ["site_id", "lon", "lat"])
cells = read("cells.csv", ["lon", "lat", "freq_mhz", "power_dbm"])
step("read")


def sphere(table):
    lon, lat = (np.radians(table[c].to_numpy()) for c in ("lon", "lat"))
    return np.c_[np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)] * 6371008.8


tree = cKDTree(sphere(cells))
step("index")
metres, near = tree.query(sphere(sites), k=16, workers=2)
step("query")
freq = np.nan_to_num(cells["freq_mhz"].to_numpy().astype(float), nan=3500.0)[near]
power = np.nan_to_num(cells["power_dbm"].to_numpy().astype(float), nan=53.0)[near]
loss = 13.54 + 39.08 * np.log10(np.maximum(metres, 10)) + 20 * np.log10(freq / 1000)
level = (power - 35.15 + 17 - loss).max(axis=1)
step("score")
ids, lon, lat = (sites[c].to_pylist() for c in ("site_id", "lon", "lat"))
with open(out, "w", encoding="utf-8") as f:
    f.write('{"type":"FeatureCollection","features":[\n')
    f.write(",\n".join(
        f'{{"type":"Feature","id":"{i}","properties":{{"rsrp_dbm":{p:.2f}}},'
        f'"geometry":{{"type":"Point","coordinates":[{x:.7f},{y:.7f}]}}}}'
        for i, x, y, p in zip(ids, lon, lat, level.tolist())))
    f.write("\n]}\n")
step("write")
print(json.dumps({"total": round(sum(steps.values()), 2), **steps}))

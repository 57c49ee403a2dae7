#!/usr/bin/env python3
"""FasterPAM (kmedoids) and spopt with HiGHS beside `covplan solve` on the same location instances.

usage: peers_location.py FOLDER [--limit S] [NAME ...]

FOLDER holds instances.csv and its files, NAME are rows of it: p-median (format graph or xy-floor) and MCLP
(format xy-weight). Needs numpy, kmedoids, spopt, pulp and highspy; COVPLAN names the program. Everyone gets
--limit seconds by the clock; kmedoids ends by itself. Processor seconds count all of the work but reading and,
for the peers, the matrix of distances. Objectives are counted here, from the distances.
"""
import argparse
import csv
import gzip
import json
import os
import resource
import subprocess
import sys
import time

import numpy

USUAL = ["pmed1", "pmed11", "pmed21", "rl1304-p10", "rl1304-p100", "pcb3038-p50", "pcb3038-p400",
         "mclp-n500s1-r3.25-p20", "mclp-n1000s1-r4.0-p12"]


def distances(path, kind):
    """Distances of all places, and the demand of each where the file has one."""
    words = gzip.open(path, "rt").read().split()
    if kind == "graph":
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import shortest_path

        n, m = int(words[0]), int(words[1])
        last = {}
        for k in range(m):
            i, j, c = words[3 + 3 * k:6 + 3 * k]
            last[min(int(i), int(j)), max(int(i), int(j))] = float(c)
        ends = numpy.array(list(last)) - 1
        graph = csr_matrix((list(last.values()), (ends[:, 0], ends[:, 1])), (n, n))
        return shortest_path(graph, directed=False), None
    n, each, first = (int(words[0]), 2, 1) if kind == "xy-floor" else (int(words[1]), 4, 3)
    table = numpy.array(words[first:first + each * n], dtype=float).reshape(n, each)
    apart = numpy.sqrt(((table[:, None, :2] - table[None, :, :2]) ** 2).sum(axis=2))
    return (numpy.floor(apart), None) if kind == "xy-floor" else (apart, table[:, 2])


def by_kmedoids(apart, p, _limit, _radius, _demand):
    import kmedoids

    return kmedoids.fasterpam(apart.astype(numpy.float32), p, random_state=0, n_cpu=1).medoids.tolist()


def by_spopt(apart, p, limit, radius, demand):
    import pulp
    from spopt.locate import MCLP, PMedian

    solver = pulp.HiGHS(msg=False, timeLimit=limit, threads=1)
    if demand is None:
        model = PMedian.from_cost_matrix(apart, numpy.ones(len(apart)), p_facilities=p)
    else:
        model = MCLP.from_cost_matrix(apart, demand, service_radius=radius + 1e-9, p_facilities=p)
    try:
        model = model.solve(solver)
    except Exception:
        # spopt refuses what the solver left open; what it has found is in the variables.
        pass
    chosen = [i for i, v in enumerate(model.fac_vars) if (v.value() or 0) > 0.5]
    return chosen if 0 < len(chosen) <= p else None


PEERS = {"kmedoids": by_kmedoids, "spopt": by_spopt}


def value(apart, chosen, radius, demand):
    nearest = apart[:, chosen].min(axis=1)
    return float(nearest.sum()) if demand is None else float(demand[nearest <= radius + 1e-9].sum())


def worker(name, path, kind, p, limit, radius):
    apart, demand = distances(path, kind)
    radius = float(radius or 0)
    clock, cpu = time.perf_counter(), time.process_time()
    chosen = PEERS[name](apart, int(p), float(limit), radius, demand)
    print("\n" + json.dumps({
        "value": chosen and value(apart, chosen, radius, demand), "seconds": time.perf_counter() - clock,
        "cpu": time.process_time() - cpu, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def main():
    if sys.argv[1:2] == ["--worker"]:
        return worker(*sys.argv[2:8])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("name", nargs="*")
    parser.add_argument("--limit", type=float, default=20)
    options = parser.parse_args()
    rows = {r["name"]: r for r in csv.DictReader(open(os.path.join(options.folder, "instances.csv")))}
    exe = os.environ.get("COVPLAN", "target/release/covplan")
    print("| Instance | best known | covplan | bound | processor s | MB | "
          + " | ".join(f"{p} | ratio of values | processor s | MB" for p in PEERS) + " |")
    print("|" + "---|" * (6 + 4 * len(PEERS)))
    for name in options.name or USUAL:
        row = rows[name]
        path, kind = os.path.join(options.folder, row["file"]), row["format"]
        command = [exe, "solve", row["problem"].lower(), path, "--format", kind, "--p", row["p"], "--json", "--quiet",
                   "--threads", "1", "--time-limit", str(options.limit)]
        command += ["--radius", row["radius"]] if row["radius"] else []
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        answer = json.loads(process.stdout.read())
        used = os.wait4(process.pid, 0)[2]
        apart, demand = distances(path, kind)
        ours = value(apart, [f - 1 for f in answer["solution"]["open"]], float(row["radius"] or 0), demand)
        cells = [name, row["best_known"], f"{ours:g}", f"{answer['bound']:g}", f"{used.ru_utime:.2f}",
                 f"{used.ru_maxrss / 1024:.0f}"]
        for peer in PEERS:
            if peer == "kmedoids" and demand is not None:
                cells += ["no such problem", "-", "-", "-"]
                continue
            done = subprocess.run([sys.executable, __file__, "--worker", peer, path, kind, row["p"], str(options.limit),
                                   row["radius"]], capture_output=True, text=True)
            try:
                found = json.loads(done.stdout.strip().splitlines()[-1])
            except (IndexError, ValueError):
                cells += ["fails", "-", "-", "-"]
                continue
            told = "none found" if found["value"] is None else f"{found['value']:g}"
            ratio = "-" if found["value"] is None else f"{found['value'] / ours:.4f}"
            cells += [told, ratio, f"{found['cpu']:.2f}", f"{found['memory']:.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Benchmark instances through `covplan solve`, family by family.

usage: solvers.py FOLDER [FAMILY ...] [--limit S] [--seed N] [--max N] [--match REGEX] [--under "COMMAND ..."] [--csv FILE]

FOLDER holds `steiner` and `location`, each with an instances.csv and its files; FAMILY is a name of the list
below (all when none is given). Every answer is priced anew here, from the file alone. Prints a Markdown table:
gap to the best known value, gap to the proven bound, share proven, seconds by the clock (median, longest),
processor seconds and memory of the largest run. Exit 1 when an answer doesn't hold.
COVPLAN names the program (target/release/covplan). `--under` puts a command before it, such as `nice -n 5`.
"""
import argparse
import csv
import gzip
import heapq
import json
import math
import os
import re
import shlex
import statistics
import subprocess
import sys

csv.field_size_limit(1 << 30)

PRIZES_FAST = r"pcspg-(cologne|jmp|crr)"
# Name, folder, seconds, and which rows of the list belong to it.
FAMILIES = [
    ("SteinLib B-D", "steiner", 5, lambda r: re.match(r"steinlib-[BCD]_", r["name"])),
    ("SteinLib E", "steiner", 60, lambda r: r["name"].startswith("steinlib-E_")),
    ("PACE track 1", "steiner", 60, lambda r: r["name"].startswith("pace18t1")),
    ("PACE track 2", "steiner", 60, lambda r: r["name"].startswith("pace18t2")),
    ("track 3, large, 4 s", "steiner", 4, lambda r: r["name"].startswith("pace18t3") and int(r["n"]) >= 5000),
    ("track 3, large", "steiner", 30, lambda r: r["name"].startswith("pace18t3") and int(r["n"]) >= 5000),
    ("track 3, smaller", "steiner", 30, lambda r: r["name"].startswith("pace18t3") and int(r["n"]) < 5000),
    ("other trees", "steiner", 30, lambda r: r["kind"] == "SPG" and not re.match(r"steinlib-[BCDE]_|pace", r["name"])),
    ("cologne, JMP, CRR", "steiner", 2, lambda r: re.match(PRIZES_FAST, r["name"])),
    ("other prizes", "steiner", 30, lambda r: r["kind"] != "SPG" and not re.match(PRIZES_FAST, r["name"])),
    ("p-median, graphs", "location", 10, lambda r: r["problem"] == "p-median" and r["format"] == "graph"),
    ("p-median, points", "location", 20, lambda r: r["problem"] == "p-median" and r["format"] != "graph"),
    ("p-center, graphs", "location", 10, lambda r: r["problem"] == "p-center" and r["format"] == "graph"),
    ("p-center, points", "location", 10, lambda r: r["problem"] == "p-center" and r["format"] != "graph"),
    ("UFL", "location", 30, lambda r: r["problem"] == "UFL"),
    ("CFLP cap", "location", 30, lambda r: r["problem"] == "CFLP" and "tbed" not in r["name"]),
    ("CFLP TBED", "location", 30, lambda r: r["problem"] == "CFLP" and "tbed" in r["name"]),
    ("SSCFLP", "location", 30, lambda r: r["problem"] == "SSCFLP"),
    ("set cover scp", "location", 30, lambda r: r["problem"] == "SCP" and not r["name"].startswith("rail")),
    ("set cover rail", "location", 30, lambda r: r["problem"] == "SCP" and r["name"].startswith("rail")),
    ("MCLP cities", "location", 30, lambda r: r["problem"] == "MCLP" and r["format"] == "latlon-weight"),
    ("MCLP grids", "location", 30, lambda r: r["problem"] == "MCLP" and r["format"] == "xy-weight"),
]
PROBLEM = {"SPG": "steiner", "SCP": "set-cover"}


def read(path):
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as f:
        return f.read()


class Wrong(Exception):
    """An answer that isn't one."""


def tree_price(path, kind, solution):
    """The price of a tree, after showing that it is one piece and holds what it must."""
    weight, must, prize, root = {}, set(), {}, None
    for words in map(str.split, read(path).splitlines()):
        if len(words) >= 4 and words[0] in "EA":
            ends = frozenset(words[1:3])
            weight[ends] = min(weight.get(ends, math.inf), float(words[3]))
        elif len(words) == 2 and words[0] == "T":
            must.add(words[1])
        elif len(words) == 3 and words[0] in ("T", "TP"):
            prize[words[1]] = float(words[2])
        elif len(words) == 2 and words[0] in ("Root", "RootP"):
            root = words[1]
    edges = {frozenset(map(str, e)) for e in solution["edges"]}
    if not edges <= weight.keys():
        raise Wrong("an edge that the graph doesn't have")
    top = {str(v): str(v) for v in solution["nodes"]}
    for e in edges:
        for v in e:
            top.setdefault(v, v)

    def find(v):
        while top[v] != v:
            top[v] = top[top[v]]
            v = top[v]
        return v

    for e in edges:
        a, b = e
        top[find(a)] = find(b)
    if len({find(v) for v in top}) > 1:
        raise Wrong("not in one piece")
    if len(must) > 1 and not must <= top.keys():
        raise Wrong("a terminal is left out")
    if kind == "RPCSTP" and root not in top:
        raise Wrong("the root is left out")
    return sum(weight[e] for e in edges) + sum(p for v, p in prize.items() if v not in top)


def graph_reach(numbers, sources):
    n, m = int(numbers[0]), int(numbers[1])
    last = {}
    for k in range(m):
        i, j, c = numbers[3 + 3 * k:6 + 3 * k]
        last[min(i, j), max(i, j)] = float(c)
    near = {}
    for (i, j), c in last.items():
        near.setdefault(int(i), []).append((int(j), c))
        near.setdefault(int(j), []).append((int(i), c))
    far = [math.inf] * (n + 1)
    queue = [(0.0, s) for s in sources]
    for _, s in queue:
        far[s] = 0.0
    while queue:
        d, v = heapq.heappop(queue)
        if d == far[v]:
            for w, c in near.get(v, ()):
                if d + c < far[w]:
                    far[w] = d + c
                    heapq.heappush(queue, (d + c, w))
    return far[1:]


def sphere(a, b):
    p, q = math.radians(a[0]), math.radians(b[0])
    h = math.sin((p - q) / 2) ** 2 + math.cos(p) * math.cos(q) * math.sin(math.radians(a[1] - b[1]) / 2) ** 2
    return 2 * 6378100 * math.asin(math.sqrt(min(1.0, h)))


def location_price(path, row, solution):
    """What a set of places costs or covers, after showing that it keeps to the limits."""
    problem, kind, chosen = row["problem"], row["format"], sorted(set(solution["open"]))
    if row["p"] and len(chosen) > int(float(row["p"])):
        raise Wrong("too many are open")
    words = read(path).split()
    if kind == "graph":
        reach = graph_reach([float(w) for w in words], chosen)
        return sum(reach) if problem == "p-median" else max(reach)
    if kind.startswith("xy-") and kind != "xy-weight":
        n = int(words[0])
        at = [(float(words[1 + 2 * i]), float(words[2 + 2 * i])) for i in range(n)]
        stand = [at[f - 1] for f in chosen]
        reach = [min(math.dist(a, b) for b in stand) for a in at]
        if kind == "xy-floor":
            reach = [math.floor(d) for d in reach]
        return sum(reach) if problem == "p-median" else max(reach)
    if kind == "scp":
        m, n = int(words[1]), int(words[2])
        at, chosen = 3 + n, set(chosen)
        for i in range(m):
            k = int(words[at])
            if chosen.isdisjoint(map(int, words[at + 1:at + 1 + k])):
                raise Wrong(f"row {i + 1} is bare")
            at += k + 1
        return sum(float(words[2 + c]) for c in chosen)
    m, n = int(words[1]), int(words[2]) if kind in ("ufl", "cflp") else 0
    if kind == "ufl":
        table = [float(w) for w in words[3 + m:]]
        opening = sum(float(words[2 + f]) for f in chosen)
        return opening + sum(min(table[j * m + f - 1] for f in chosen) for j in range(n))
    if kind == "cflp":
        capacity, opening = ([float(w) for w in words[3 + k * m:3 + (k + 1) * m]] for k in range(2))
        at = 3 + 2 * m
        need = [float(w) for w in words[at:at + n]]
        price = sum(opening[f - 1] for f in chosen)
        used = dict.fromkeys(chosen, 0.0)
        for j, shares in enumerate(solution["assignment"]):
            shares = shares if isinstance(shares, list) else [(shares, 1)]
            if abs(sum(s for _, s in shares) - 1) > 1e-6 or (problem == "SSCFLP" and len(shares) != 1):
                raise Wrong(f"customer {j + 1} isn't served once")
            for f, share in shares:
                used[f] += share * need[j]
                price += share * float(words[at + n + (f - 1) * n + j])
        if any(used[f] > capacity[f - 1] * (1 + 1e-6) + 1e-6 for f in chosen):
            raise Wrong("beyond a capacity")
        return price
    count, radius, each = int(words[1]), float(row["radius"]), 3 if kind == "latlon-weight" else 4
    points = [tuple(map(float, words[3 + each * i:6 + each * i])) for i in range(count)]
    apart = sphere if kind == "latlon-weight" else lambda a, b: math.dist(a[:2], b[:2])
    # A degree of latitude is no less than 111 km: what is farther north or south needs no measuring.
    band = radius / 111_000 if kind == "latlon-weight" else radius
    stand = [points[f - 1] for f in chosen]
    return sum(
        a[2] for a in points if any(abs(a[0] - b[0]) <= band + 1e-6 and apart(a, b) <= radius + 1e-6 for b in stand)
    )


def run(row, folder, limit, options):
    """One instance: the answer, its price by this script, and what the run took."""
    kind = row.get("kind") or row["problem"]
    path = os.path.join(folder, row["file"])
    exe = os.environ.get("COVPLAN", "target/release/covplan")
    command = [*shlex.split(options.under), exe, "solve", PROBLEM.get(kind, kind.lower()), path]
    command += ["--time-limit", str(limit), "--threads", "1", "--seed", str(options.seed), "--json", "--quiet"]
    for switch in ("format", "p", "radius"):
        if row.get(switch) and not (switch == "p" and kind == "SCP"):
            command += ["--" + switch, row[switch]]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    out = process.stdout.read()
    said = process.stderr.read()
    _, _, used = os.wait4(process.pid, 0)
    if not out:
        raise Wrong(said.strip()[:200] or "no answer")
    answer = json.loads(out)
    if answer["solution"] is None:
        raise Wrong(answer["status"])
    check = tree_price if "kind" in row else location_price
    value = check(path, kind if "kind" in row else row, answer["solution"])
    return answer, value, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def judge(row, answer, value):
    """Gap to the best known value and to the bound, in per cent; whether all is as it must be."""
    sign = -1 if row.get("problem") == "MCLP" else 1
    if abs(value - answer["objective"]) > 1e-5 * max(1, abs(value)):
        raise Wrong(f"says {answer['objective']}, is {value}")
    slack = 100 * sign * (value - answer["bound"]) / max(1e-9, abs(value))
    if slack < -1e-4:
        raise Wrong(f"bound {answer['bound']} beyond its own answer {value}")
    if not row["best_known"]:
        return None, slack
    best = float(row["best_known"])
    if sign * (answer["bound"] - best) > 1e-6 * abs(best) + 0.5 * ("center" in row["name"] and "." in row["best_known"]):
        raise Wrong(f"bound {answer['bound']} beyond the best known {best}")
    return 100 * sign * (value - best) / max(1e-9, abs(best)), slack


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("family", nargs="*")
    parser.add_argument("--limit", type=float, help="seconds for each instance, instead of the family's own")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--max", type=int, help="at most that many instances of a family, spread evenly")
    parser.add_argument("--match", default="", help="only instances of such names")
    parser.add_argument("--under", default="", help="a command to run the program under")
    parser.add_argument("--csv", help="every single run goes here")
    options = parser.parse_args()
    names = [f[0] for f in FAMILIES]
    for name in options.family:
        if name not in names:
            parser.error(f"{name} is no family; there are: {'; '.join(names)}")
    lists = {}
    for part in ("steiner", "location"):
        folder = os.path.join(options.folder, part)
        lists[part] = list(csv.DictReader(open(os.path.join(folder, "instances.csv"))))
    table, failed, every = [], 0, []
    for name, part, limit, belongs in FAMILIES:
        if options.family and name not in options.family:
            continue
        rows = [r for r in lists[part] if belongs(r) and re.search(options.match, r["name"])]
        if options.max and len(rows) > options.max:
            rows = [rows[k * len(rows) // options.max] for k in range(options.max)]
        seconds = options.limit or limit
        gaps, slacks, clock, cpu, most, proven, best = [], [], [], [], 0.0, 0, 0
        for row in rows:
            try:
                answer, value, used, memory = run(row, os.path.join(options.folder, part), seconds, options)
                gap, slack = judge(row, answer, value)
            except Wrong as e:
                failed += 1
                print(f"! {row['name']}: {e}", flush=True)
                continue
            gaps += [] if gap is None else [gap]
            best += gap is not None and gap < 1e-4
            slacks.append(slack)
            clock.append(answer["seconds"])
            cpu.append(used)
            most = max(most, memory)
            proven += answer["status"] == "optimal"
            shown = "-" if gap is None else f"{gap:.4f}"
            print(f"{row['name']:40} {value:<14.10g} gap {shown} % bound {slack:.3f} % {answer['status']} "
                  f"{answer['seconds']:.2f} s, cpu {used:.2f} s, {memory:.0f} MB", flush=True)
            every.append([name, row["name"], seconds, value, row["best_known"], answer["bound"], answer["status"],
                          answer["seconds"], used, memory])
            if options.csv:
                csv.writer(open(options.csv, "w")).writerows(every)
        if clock:
            known = f"{statistics.mean(gaps):.3f} / {max(gaps):.3f}" if gaps else "-"
            table.append(
                f"| {name} | {len(rows)} | {seconds:g} | {known} | {best}/{len(gaps)} | {proven}/{len(rows)} | "
                f"{statistics.mean(slacks):.3f} / {max(slacks):.3f} | {statistics.median(clock):.1f} / {max(clock):.1f} | "
                f"{sum(cpu):.0f} | {most:.0f} |")
            print(table[-1], flush=True)
    print("\n| Family | Runs | Limit, s | Gap to best known, % (mean / worst) | At best known | Proven | Gap to bound, % "
          "(mean / worst) | Seconds (median / longest) | Processor s, all | Most memory, MB |\n|" + "---|" * 10)
    print("\n".join(table))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()

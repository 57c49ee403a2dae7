#!/usr/bin/env python3
"""Steiner trees of networkx (Mehlhorn) and rustworkx (Kou, Markowsky & Berman) beside covplan's, on the same files.

usage: peers_trees.py [--limit S] [--patience S] FILE.stp[.gz] ...

Needs networkx and rustworkx; COVPLAN names the program (target/release/covplan). covplan gets --limit seconds
of wall clock, each peer --patience. Times are processor seconds of the whole work, reading left out for the
peers. The cost of every tree is summed here from the file. Exit 1 if covplan's tree is dearer than a peer's.
"""
import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import time


def read(path):
    weight, terminals = {}, []
    with (gzip.open(path, "rt") if path.endswith(".gz") else open(path)) as f:
        for line in f:
            words = line.split()
            if len(words) == 4 and words[0] == "E":
                ends = tuple(sorted(map(int, words[1:3])))
                weight[ends] = min(float(words[3]), weight.get(ends, float("inf")))
            elif len(words) == 2 and words[0] == "T":
                terminals.append(int(words[1]))
    return weight, terminals


def by_networkx(weight, terminals):
    import networkx
    from networkx.algorithms.approximation import steiner_tree

    graph = networkx.Graph()
    graph.add_weighted_edges_from((a, b, w) for (a, b), w in weight.items())
    clock = time.process_time()
    tree = steiner_tree(graph, terminals, method="mehlhorn")
    return list(tree.edges), time.process_time() - clock


def by_rustworkx(weight, terminals):
    import rustworkx

    graph = rustworkx.PyGraph(multigraph=False)
    nodes = sorted({v for e in weight for v in e})
    number = dict(zip(nodes, graph.add_nodes_from(nodes)))
    graph.add_edges_from([(number[a], number[b], w) for (a, b), w in weight.items()])
    clock = time.process_time()
    tree = rustworkx.steiner_tree(graph, [number[t] for t in terminals], weight_fn=float)
    took = time.process_time() - clock
    return [(tree[a], tree[b]) for a, b in tree.edge_list()], took


PEERS = {"networkx": by_networkx, "rustworkx": by_rustworkx}


def price(weight, edges):
    return sum(weight[e] for e in {tuple(sorted(e)) for e in edges})


def worker(name, path):
    edges, took = PEERS[name](*read(path))
    json.dump({"edges": edges, "seconds": took}, sys.stdout)


def main():
    if sys.argv[1:2] == ["--worker"]:
        return worker(*sys.argv[2:4])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=float, default=4)
    parser.add_argument("--patience", type=float, default=300)
    parser.add_argument("file", nargs="+")
    options = parser.parse_args()
    exe = os.environ.get("COVPLAN", "target/release/covplan")
    print("| File | covplan | bound | s | " + " | ".join(f"{p} | dearer by | s" for p in PEERS) + " |")
    print("|" + "---|" * (4 + 3 * len(PEERS)))
    worse = 0
    for path in options.file:
        weight, _ = read(path)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        out = subprocess.run([exe, "solve", "steiner", path, "--time-limit", str(options.limit), "--json", "--quiet",
                              "--threads", "1"], capture_output=True, text=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        answer = json.loads(out)
        ours = price(weight, answer["solution"]["edges"])
        cells = [os.path.basename(path).split(".")[0], f"{ours:g}", f"{answer['bound']:g}",
                 f"{after.ru_utime - before.ru_utime:.2f}"]
        for name in PEERS:
            try:
                done = subprocess.run([sys.executable, __file__, "--worker", name, path], capture_output=True, text=True,
                                      timeout=options.patience)
                found = json.loads(done.stdout)
                theirs = price(weight, found["edges"])
                worse += ours > theirs * (1 + 1e-9)
                cells += [f"{theirs:g}", f"{100 * (theirs / ours - 1):.2f} %", f"{found['seconds']:.2f}"]
            except subprocess.TimeoutExpired:
                cells += ["-", "-", f"> {options.patience:g}"]
            except ValueError:
                cells += ["fails", "-", "-"]
        print("| " + " | ".join(cells) + " |", flush=True)
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""A Steiner instance of a road topology without weights (PACE 2016: `p tw n m`, then one `u v` per edge).

usage: road_stp.py FILE.gr[.xz|.gz] [--terminals N] > OUT.stp

Weights are 1 + splitmix64(min * 2^32 + max) mod 1000, terminals the N nodes (10,000) of smallest splitmix64(id).
"""
import argparse
import gzip
import heapq
import lzma
import sys

MASK = (1 << 64) - 1


def splitmix64(x):
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("--terminals", type=int, default=10_000)
    options = parser.parse_args()
    opener = {"xz": lzma.open, "gz": gzip.open}.get(options.file.rsplit(".", 1)[-1], open)
    with opener(options.file, "rt") as lines:
        words = next(line.split() for line in lines if line.startswith("p"))
        nodes, edges = int(words[2]), int(words[3])
        print(f"33D32945 STP File, STP Format Version 1.0\n\nSECTION Graph\nNodes {nodes}\nEdges {edges}")
        for line in lines:
            u, v = map(int, line.split())
            print("E", u, v, 1 + splitmix64((min(u, v) << 32) + max(u, v)) % 1000)
    chosen = sorted(heapq.nsmallest(options.terminals, range(1, nodes + 1), key=splitmix64))
    print(f"END\n\nSECTION Terminals\nTerminals {len(chosen)}")
    sys.stdout.writelines(f"T {v}\n" for v in chosen)
    print("END\n\nEOF")


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Fills tables of docs/configuration.md, docs/outputs.md and docs/commands.md from the program itself.

    python3 docs/make.py [COVPLAN]          # default: target/release/covplan
    python3 docs/make.py --check [COVPLAN]  # change nothing; exit 1 when a page is stale

Settings come from `covplan config --json`, fields from the .metadata.json files of a `covplan demo` run.
Needs Python 3.8 or later and nothing else.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

DOCS = pathlib.Path(__file__).resolve().parent
SECTIONS = ["project", "radio", "score", "latency", "network", "fiber", "siting", "datacenter", "energy",
            "plan", "policy", "outlook", "uncertainty", "redact"]
KINDS = {"text": "text", "int": "whole number", "float": "number", "bool": "true/false"}


def run(covplan, *args):
    done = subprocess.run([covplan, *args], capture_output=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit(f"{covplan} {' '.join(args)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def table(heads, rows):
    text = lambda c: str(c).replace("|", "\\|").replace("\n", " ")
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(map(text, line)) + " |" for line in lines) + "\n"


def shown(value):
    if isinstance(value, float) and value == int(value) and abs(value) < 1e16:
        value = int(value)
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def settings(covplan):
    keys = json.loads(run(covplan, "config", "--json", "--quiet"))["keys"]
    out = []
    unknown = {k.split(".")[0] for k in keys} - set(SECTIONS)
    if unknown:
        sys.exit(f"docs/make.py doesn't know the sections {sorted(unknown)}")
    for section in SECTIONS:
        rows = []
        for key, e in keys.items():
            if key.split(".")[0] != section:
                continue
            if e.get("choices"):
                span = ", ".join(e["choices"])
            elif e.get("min") is not None:
                span = f"{shown(e['min'])[1:-1]} … {shown(e['max'])[1:-1]}"
            else:
                span = ""
            rows.append([f"`{key}`", shown(e["default"]), e["unit"], span, e["trust"], e["source"], e["doc"],
                         e["zh"]])
        heads = ["Key", "Default", "Unit", "Range", "Trust", "Source", "Meaning", "说明"]
        out.append(f"### `[{section}]`\n\n" + table(heads, rows))
    return "\n".join(out)


def fields(covplan):
    out = []
    with tempfile.TemporaryDirectory() as folder:
        to = pathlib.Path(folder) / "out"
        run(covplan, "demo", "-o", str(to), "--quiet")
        for file in sorted(to.glob("*.metadata.json")):
            m = json.loads(file.read_text(encoding="utf-8"))
            rows = []
            seen = set()
            for f in m["fields"] + m["fields_known_nowhere"]:
                name, alias, zh = f["name"], f["alias"]["en"], f["alias"]["zh"]
                if name.startswith("net_"):
                    # One set of fields a network: net_<network>_<what>.
                    prefix = alias.split(":")[0]
                    code = "net_" + "".join(c if c.isalnum() else "_" for c in prefix) + "_"
                    if name.startswith(code):
                        name = "net_NETWORK_" + name[len(code):]
                        alias, zh = alias[len(prefix) + 2:], zh.split("：")[-1].split(":")[-1].strip()
                if name in seen:
                    continue
                seen.add(name)
                about = f.get("about", {}).get("en", "")
                rows.append([f"`{name}`", KINDS.get(f["type"], f["type"]), f["unit"],
                             alias + (f" ({about})" if about else ""), zh])
            out.append(f"### `{m['layer']}.geojson`\n\n{m['title']['en']} ({m['title']['zh']}); "
                       f"{m['geometry']}; `{m['id_field']}` is the id. Method: {m['method']['en']}.\n\n"
                       + table(["Field", "Type", "Unit", "Meaning", "名称"], rows))
    return "\n".join(out)


def exit_codes(covplan):
    codes = json.loads(run(covplan, "help", "exit-codes", "--json"))["codes"]
    return table(["Code", "Meaning"], [[c["code"], c["meaning"]] for c in codes])


def main():
    args = sys.argv[1:]
    check = "--check" in args
    args = [a for a in args if a != "--check"]
    covplan = args[0] if args else str(DOCS.parent / "target/release/covplan")
    stale = False
    for page, mark, make in [("configuration.md", "settings", settings), ("outputs.md", "fields", fields),
                             ("commands.md", "exit codes", exit_codes)]:
        file = DOCS / page
        text = file.read_text(encoding="utf-8")
        begin, end = f"<!-- {mark}: made by docs/make.py -->\n", f"<!-- end of {mark} -->\n"
        head, rest = text.split(begin)
        _, tail = rest.split(end)
        new = head + begin + "\n" + make(covplan) + "\n" + end + tail
        if new != text:
            stale = True
            if check:
                print(f"docs/{page} is stale: run python3 docs/make.py", file=sys.stderr)
            else:
                file.write_text(new, encoding="utf-8")
    sys.exit(1 if check and stale else 0)


main()

#!/usr/bin/env python3
"""Writes docs/questions.md: each question of a planner's week, its command, and its answer from real runs.

    python3 docs/questions.py SHARED [COVPLAN]    # SHARED: the folder with data/demo_jiangsu, data/demo_guizhou

Three projects: the real sites of Jiangsu and of Guizhou (tests/real/*.toml; their stations are synthetic), and a
project of `covplan synth` that has every layer. Needs Python 3.8 or later and nothing else.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

DOCS = pathlib.Path(__file__).resolve().parent

# Question, command (with PROJECT), what of the answer is shown, what the real layers lack.
QUESTIONS = [
    ("Which factories lack adequate 5G or fiber, on which network?", "coverage PROJECT", 0, None),
    ("Are we on target, and against last quarter, last year, the start of the year?", "kpi PROJECT --preset set-sail-2027", "targets", "`regions.pop_resident`, `regions.stations_5g_official`, `regions.stat_date` (a row for each date)"),
    ("Who must build what this year?", "plan PROJECT --effort low", "tasks", None),
    ("What does a sum buy, and who pays?", "plan PROJECT --effort low", "budget", None),
    ("Cheapest way to close all gaps?", "plan PROJECT --effort low", "measures", None),
    ("Which fiber first?", "plan PROJECT --effort low", "fiber", "access fiber (`fiber_nodes` with spare fibers), roads"),
    ("Build together, operators and tower company?", "joint PROJECT", 0, "fiber and ducts with owners"),
    ("Build together, cities?", "joint PROJECT --parties cities --orders 4", "cities", "fiber and ducts with owners"),
    ("Is this application a duplicate?", "duplicates PROJECT", 0, "`projects`, `ducts`, surveyed `fiber_segments`"),
    ("Is compute near enough, and where should it stand?", "centers PROJECT", 0, "positions of halls (the layer has city centres), racks, PUE"),
    ("Are networks joined where they should be?", "centers PROJECT", "exchange_pairs", "`fiber_nodes` of kind `ixp`, `fiber_segments` of each network"),
    ("Ready for which 5G-factory scheme?", "readiness PROJECT", 0, "`questionnaire`; `sites.indoor_5g`, `sites.has_fiber`"),
    ("What would a subsidy bring?", "readiness PROJECT --subsidy 0.5:100000:small", "subsidy", "`sites.firm_size`; as above"),
    ("Which services run where?", "readiness PROJECT --with-plan", "services", "`sites.indoor_5g`"),
    ("What breaks if asset N fails?", "failures PROJECT", 0, "physical `fiber_segments` and nodes, `sites.has_fiber`"),
    ("Energy and carbon?", "energy PROJECT", (0, 1), "`racks_std`, `rack_use_pct`, `pue` of the centers"),
    ("What changed since the last run? (here: dearer roofs, a higher target)", "compare BEFORE AFTER", (0, 1), None),
    ("How sure are we?", "uncertainty PROJECT", (0, 1), None),
    ("Where is the data bad?", "check PROJECT", "findings", None),
    ("Does the model agree with drive tests?", "coverage PROJECT", "measured", "`measurements`"),
    ("5G-A, U6G, 6G outlook?", "outlook PROJECT", (0, 1, 2), None),
    ("Which large and medium firms use 5G at all?", "readiness PROJECT", 1, "`sites.firm_size`, `sites.uses_5g`"),
    ("What can be shared?", "energy PROJECT", "sharing", "candidates with owners, `ducts`, `fiber_segments.duct_id`"),
    ("What may I publish?", "coverage PROJECT --redact public", "banner", None),
    ("Why this score?", "explain DIR SITE", None, None),
    ("Why this route?", "explain DIR ROUTE", "route", "access fiber, roads"),
]


def run(covplan, args, ok=(0, 1)):
    done = subprocess.run([covplan, *args, "--quiet"], capture_output=True, encoding="utf-8")
    if done.returncode not in ok:
        sys.exit(f"{covplan} {' '.join(args)} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


class Project:
    """A project and the answers that its commands gave, each run once."""

    def __init__(self, covplan, path, work, name):
        self.covplan, self.path, self.work, self.name = covplan, str(path), pathlib.Path(work), name
        self.answers = {}
        self.folder = self.work / f"{name}-plan"
        # Printed and written in one go.
        planned = run(covplan, ["plan", self.path, "-o", str(self.folder), "--effort", "low", "--json"])
        self.answers["plan PROJECT --effort low"] = json.loads(planned)
        # The same with dearer roofs and a higher bar: something to compare with.
        text = pathlib.Path(path).read_text(encoding="utf-8")
        self.other = pathlib.Path(path).with_name("later.toml")
        self.other.write_text(text + "\n[siting]\nroof_station_cny = 240000.0\n[score]\ntarget = 65.0\n", encoding="utf-8")
        self.later = self.work / f"{name}-later"
        run(covplan, ["plan", str(self.other), "-o", str(self.later), "--effort", "low"])

    def document(self, command):
        if command not in self.answers:
            words = command.replace("BEFORE", str(self.folder)).replace("AFTER", str(self.later))
            self.answers[command] = json.loads(run(self.covplan, [*words.replace("PROJECT", self.path).split(), "--json"]))
        return self.answers[command]

    def answer(self, command, what):
        if command.startswith("explain"):
            plan = json.loads((self.folder / "plan.json").read_text(encoding="utf-8"))
            if what == "route":
                return self.route(plan)
            worst = min((s for s in plan["sites"] if s.get("gap")), key=lambda s: s["gap"]["rank"], default=None)
            if worst is None:
                return "no gap to explain"
            told = json.loads(run(self.covplan, ["explain", str(self.folder), worst["site_id"], "--json"]))
            terms = told["item"]["score"]["terms"]
            points = lambda t: "unknown" if t["points"] is None else f"{t['points']:.1f}"
            terms = ", ".join(f"{TERMS.get(t['term'], t['term'])} {points(t)}" for t in terms)
            return f"`{worst['site_id']}`: {told['item']['score']['total']:.1f} points of 100 ({terms})"
        document = self.document(command)
        if what == "findings":
            return findings(document)
        if what == "banner":
            return document["banners"][-1]
        if isinstance(what, (int, tuple)):
            lines = document["headline"]
            asked = what if isinstance(what, tuple) else (what,)
            return "; ".join(lines[k] for k in asked if k < len(lines)) or "no answer"
        tables = {t["key"]: t for t in document["tables"]}
        return WORDS[what](tables.get(what), document)

    def route(self, plan):
        most = max(plan["fiber_routes"], key=lambda r: (r["serves"], r["id"]), default=None)
        if most is None:
            return "no route to explain"
        item = json.loads(run(self.covplan, ["explain", str(self.folder), most["id"], "--json"]))["item"]
        laid = f"new trench of {item['trench_m'] / 1e3:.1f} km" if item["trench_m"] else f"{item['cable_m'] / 1e3:.1f} km of cable on what stands"
        around = "" if item.get("around_cny") is None else f"; the way around it would cost ¥{item['around_cny'] / 1e6:.2f} M"
        owner = "" if item.get("owner") is None else f" of {item['owner']}{' (consent needed)' if item.get('consent') else ''}"
        return f"`{item['id']}`: {laid}{owner} serves {item['serves']} plants and stations for ¥{item['capex_cny'] / 1e6:.2f} M, paid by the {item['payer']} in phase {item['phase']}{around}"

    def synthetic(self):
        """What the project itself says of made-up layers."""
        said = [b for b in self.document("coverage PROJECT")["banners"] if b.startswith("Synthetic data")]
        return said[0] if said else "no layer is synthetic"


def rows(table):
    return table["rows"] if table else []


def targets(_, document):
    said = document["headline"][0]
    whole = document["result"]["targets"][0]["together"] or {}
    changes = (whole.get("stations") or {}).get("changes") or []
    names = ("last quarter", "last year", "the start of the year")
    told = [f"{c['stations']:+,.0f} stations since {name} ({c['since']})" for name, c in zip(names, changes) if c]
    return "; ".join([said, *told])


def exchange_pairs(table, document):
    said = [line for line in document["headline"] if "networks are joined" in line]
    pairs = [f"{r[0]}: {r[1]} of the traffic joined, {r[4]} km of detour" for r in rows(table)]
    return "; ".join(said + pairs) or "the layers hold fewer than two networks that sites could join"


def findings(document):
    layers = document["layers"].values()
    read, dropped = (sum(layer[key] for layer in layers) for key in ("rows_read", "rows_dropped"))
    worst = sorted(document["findings"], key=lambda f: (f["severity"] == "warning", f["code"]))
    row = lambda f: f", first in row {f['place']['row']}" if f["place"].get("row") else ""
    told = [f"{f['code']} {f['title']['en']}: {f['count']:,} in {f['layer']}{row(f)}" for f in worst]
    return f"{dropped} of {read:,} rows rejected; " + ("; ".join(told) or "nothing found wrong")


def measured(table, _):
    bands = [r for r in rows(table) if r[1] == "all" and r[6] == "yes"]
    return "; ".join(f"{r[0]}: bias {number(r[3]):+.1f} dB, σ {r[4]} dB ({r[2]} tests)" for r in bands) or "no drive tests in these layers"


def tasks(table, document):
    parties = sorted({r[1] for r in rows(table)})
    cities = len({r[0] for r in rows(table)})
    return f"{len(rows(table))} lines: {cities} cities × {', '.join(parties) or 'no party'} × years; " + document["headline"][0]


def number(text):
    return float(str(text).replace(",", "") or 0)


def budget(table, document):
    steps = [r for r in rows(table) if number(r[1])]
    if not steps:
        return "no money lifts any site"
    some = sorted({0, (len(steps) - 1) // 2, len(steps) - 1})
    told = ", ".join(f"¥{number(steps[k][0]):.1f} M lifts {steps[k][1]} sites" for k in some)
    gap = max(number(r[4].rstrip(" %")) for r in steps)
    more = f"; all {len(steps)} steps within {gap:.1f} % of the most possible"
    if len(steps) > 1 and number(steps[-1][1]) > number(steps[-2][1]):
        each = (number(steps[-1][0]) - number(steps[-2][0])) / (number(steps[-1][1]) - number(steps[-2][1]))
        more += f"; in the last step a site costs ¥{each:.2f} M"
    payers = {}
    for item in document["result"]["items"]:
        payers[item["payer"]] = payers.get(item["payer"], 0.0) + item["capex_cny"]
    paid = ", ".join(f"{who} ¥{cny / 1e6:.1f} M" for who, cny in sorted(payers.items(), key=lambda p: -p[1]))
    return f"{told}{more}; the whole plan's capex is paid by {paid}"


def measures(table, document):
    proven = [c for c in document["result"]["certificates"] if c["stage"] == "plan"]
    gap = f"; proven within {100 * proven[0]['gap']:.1f} % of the optimum" if proven else ""
    parts = [f"{r[0]}: {r[1]} {r[2]}, ¥{r[3]} M" for r in rows(table)]
    return ("; ".join(parts) or "nothing to build") + gap


def fiber(table, _):
    n, km = len(rows(table)), sum(float(r[1].replace(",", "")) for r in rows(table))
    return f"{n} segments, {km:.1f} km of new trench" if n else "no fiber is planned"


def sharing(table, _):
    def told(r):
        name, unit, today, shared, share, plan, standing, on, several, co = r[:10]
        parts = []
        if number(today):
            parts.append(f"of {today} {unit} today shared: {shared}" + (f" ({share})" if share else ""))
        if number(plan):
            parts.append(f"plan {plan} {unit}" + (f", {on} on what stands" if on else "") + (f", {co} built for several" if co else ""))
        return f"{name}: {', '.join(parts)}" if parts else ""
    return "; ".join(filter(None, map(told, rows(table)))) or "nothing to share"


def subsidy(table, document):
    return next((line for line in document["headline"] if line.startswith("subsidy")), "no subsidy")


def services(table, _):
    after = len(table["headings"]) > 8
    sites = sum(int(str(table["rows"][0][k]).replace(",", "")) for k in (4, 5, 6)) if rows(table) else 0
    return f"of {sites} sites, today" + (" → after the plan: " if after else ": ") + "; ".join(f"{r[0]} {r[4]}" + (f" → {r[7]}" if after else "") + (" (never)" if r[-1] == "never" else "") for r in rows(table))


def cities(table, document):
    joint = document["result"]["joint"]
    shares, whole = joint["split"]["share_cny"], joint["together"]["cost_cny"]
    apart = abs(sum(shares) - whole) / max(whole, 1.0)
    worse = len(document["result"]["worse_off"])
    errors = [e for e in joint["split"]["error_cny"] if e is not None]
    told = f", known to ±¥{max(errors) / 1e6:.2f} M or better (standard error)" if joint["split"]["orders"] and errors else ""
    return (f"{document['headline'][0]}; shares of {len(shares)} cities add up to the whole"
            f"{'' if apart < 1e-9 else ' but for %g' % apart}{told}; {worse or 'none'} worse off than alone")


WORDS = {f.__name__: f for f in (targets, exchange_pairs, measured, tasks, budget, measures, fiber, sharing, subsidy, services, cities)}
TERMS = {"outdoor_rsrp": "outdoor level", "indoor_rsrp": "indoor level", "dl_rate": "downlink", "ul_rate": "uplink"}


def submissions(folder):
    """What firms and applicants hand in, made up: `synth` makes none."""
    ducts = json.loads((folder / "ducts.geojson").read_text(encoding="utf-8"))["features"]
    longest = max(ducts, key=lambda d: len(d["geometry"]["coordinates"]))
    wkt = ",".join(f"{x + 0.0005:.6f} {y + 0.0005:.6f}" for x, y in longest["geometry"]["coordinates"])
    (folder / "projects.csv").write_text(
        "project_id,name,kind,party,geometry\n"
        f'APP-1,Beside a duct,fiber,ct,"LINESTRING({wkt})"\n'
        'APP-2,Away from all,fiber,cu,"LINESTRING(121.9 31.2,121.95 31.2)"\n', encoding="utf-8")
    sites = (folder / "sites.csv").read_text(encoding="utf-8-sig").splitlines()[1:31]
    answers = [f"{line.split(',')[0]},T/CCIASC 0025,network security,{'yes' if n % 3 else 'no'}" for n, line in enumerate(sites)]
    (folder / "answers.csv").write_text("\n".join(["site_id,scheme,item,answer", *answers]) + "\n", encoding="utf-8")
    project = folder / "covplan.toml"
    layers = "".join(f'\n[layers.{n}]\npath = "{f}"\nsynthetic = true\n' for n, f in (("projects", "projects.csv"), ("questionnaire", "answers.csv")))
    project.write_text(project.read_text(encoding="utf-8") + layers, encoding="utf-8")


def cell(text):
    return str(text).replace("|", "\\|").replace("\n", " ")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    shared = pathlib.Path(sys.argv[1]).resolve()
    covplan = sys.argv[2] if len(sys.argv) > 2 else str(DOCS.parent / "target/release/covplan")
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        run(covplan, ["synth", "--region", "Jiangsu", "--sites", "200", "--cells", "900", "-o", str(work / "synth")])
        submissions(work / "synth")
        projects = []
        for name in ("jiangsu", "guizhou"):
            text = (DOCS.parent / f"tests/real/{name}.toml").read_text(encoding="utf-8")
            cells = work / f"cells-{name}"
            run(covplan, ["synth", "--region", name.capitalize(), "--sites", "200", "--cells", "900", "-o", str(cells / "synth")])
            real = work / name
            real.mkdir()
            (real / "covplan.toml").write_text(text.replace("{shared}", str(shared)).replace("{work}", str(cells)), encoding="utf-8")
            projects.append(Project(covplan, real / "covplan.toml", work, name))
        projects.append(Project(covplan, work / "synth/covplan.toml", work, "synth"))
        lines = [
            "# Every question, its command, its answer",
            "",
            "Made by `python3 docs/questions.py SHARED` from real runs. **Jiangsu** and **Guizhou** have the real sites, towns, backbone "
            "cities and cloud regions of the province; their stations are synthetic. **Synth** is a project of `covplan synth --region "
            "Jiangsu --sites 200 --cells 900`: every layer is there and everything but the towns is made up (the script adds two "
            "applications and thirty answers to a questionnaire). Where the real layers can't answer, the run says so and the missing ones are named.",
            "",
            *(f"- {p.name.capitalize()} says of itself: {p.synthetic()}." for p in projects),
            "",
            "| Question | Command | Jiangsu (synthetic stations) | Guizhou (synthetic stations) | Real layers lack | Synth (all but the towns synthetic) |",
            "|---|---|---|---|---|---|",
        ]
        for question, command, what, lacking in QUESTIONS:
            jiangsu, guizhou, made = (p.answer(command, what) for p in projects)
            lines.append("| " + " | ".join(map(cell, (question, f"`covplan {command}`", jiangsu, guizhou, lacking or "", made))) + " |")
    (DOCS / "questions.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

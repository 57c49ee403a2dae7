#!/bin/sh
# Opens vector tiles that covplan wrote in MapLibre, in Chromium without a screen: the demo, and a plan most of whose
# layers are empty. What it needs of npm goes to target/maplibre, pictures to target/maplibre/pictures; docs/outputs.md keeps the result.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
bin="$here/target/release/covplan"
modules="$here/target/maplibre"
mkdir -p "$modules"
npm install --prefix "$modules" --no-audit --no-fund --loglevel=error maplibre-gl@6 pmtiles@4 >/dev/null
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$bin" demo -o demo --quiet >/dev/null
mkdir -p e
printf '[project]\nname = "t"\n[layers.sites]\npath = "sites.csv"\n[layers.cells]\npath = "cells.csv"\n' >e/p.toml
printf 'site_id,name,lon,lat,has_fiber,indoor_5g\nS1,甲厂,118.8,32.06,yes,pico\n' >e/sites.csv
printf 'cell_id,operator,rat,lon,lat,band,azimuth_deg\nC1,cmcc,nr,118.8005,32.0605,n41,220\n' >e/cells.csv
"$bin" plan e/p.toml -o empty --quiet >/dev/null
for run in demo empty; do
    "$bin" tiles $run -o $run.pmtiles --quiet >/dev/null
done
node "$here/tests/maplibre.mjs" "$modules" "$modules/pictures" demo empty

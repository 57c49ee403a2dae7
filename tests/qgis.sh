#!/bin/sh
# Opens what covplan writes in QGIS: the demo in both languages with GeoPackage, a plan in a Gauss-Krüger zone without
# GeoJSON, a plan with empty layers. Pictures go to target/qgis; docs/outputs.md keeps the result.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
bin="$here/target/release/covplan"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$bin" demo -o demo-en --formats geojson,gpkg --quiet >/dev/null
"$bin" demo -o demo-zh --formats geojson,gpkg --lang zh --quiet >/dev/null
"$bin" synth --region Suzhou --sites 60 --cells 200 -o s --quiet >/dev/null
"$bin" plan s/covplan.toml -o zone --formats gpkg --output-crs EPSG:4549 --quiet >/dev/null
"$bin" coverage s/covplan.toml -o today --quiet >/dev/null
"$bin" area s/covplan.toml -o area --step-m 200 --quiet >/dev/null
mkdir -p e
printf '[project]\nname = "t"\n[layers.sites]\npath = "sites.csv"\n[layers.cells]\npath = "cells.csv"\n' >e/p.toml
printf 'site_id,name,lon,lat,has_fiber,indoor_5g\nS1,甲厂,118.8,32.06,yes,pico\n' >e/sites.csv
printf 'cell_id,operator,rat,lon,lat,band,azimuth_deg\nC1,cmcc,nr,118.8005,32.0605,n41,220\n' >e/cells.csv
"$bin" plan e/p.toml -o empty --quiet >/dev/null
/usr/bin/python3 "$here/tests/qgis_project.py" "$here/target/qgis" "$here/docs/outputs.md" \
    demo-en demo-zh zone today area empty

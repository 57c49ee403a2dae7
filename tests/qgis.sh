#!/bin/sh
# Opens what covplan writes in QGIS: the demo in both languages, one of them in every format, real data of Jiangsu and
# Andorra in both languages (where the shared data are), the demo as Shapefiles alone, a plan in a Gauss-Krüger zone
# without GeoJSON, a plan with empty layers. Pictures go to target/qgis; docs/outputs.md keeps the result.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
bin="$here/target/release/covplan"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$bin" demo -o demo-en --formats geojson,gpkg --quiet >/dev/null
"$bin" demo -o demo-zh --formats geojson,geojsonl,gpkg,fgb,shp,kml --lang zh --quiet >/dev/null
"$bin" demo -o shapes --formats shp --quiet >/dev/null
"$bin" synth --region Suzhou --sites 60 --cells 200 -o s --quiet >/dev/null
"$bin" plan s/covplan.toml -o zone --formats gpkg --output-crs EPSG:4549 --quiet >/dev/null
"$bin" coverage s/covplan.toml -o today --quiet >/dev/null
"$bin" area s/covplan.toml -o area --step-m 200 --quiet >/dev/null
mkdir -p e
printf '[project]\nname = "t"\n[layers.sites]\npath = "sites.csv"\n[layers.cells]\npath = "cells.csv"\n' >e/p.toml
printf 'site_id,name,lon,lat,has_fiber,indoor_5g\nS1,甲厂,118.8,32.06,yes,pico\n' >e/sites.csv
printf 'cell_id,operator,rat,lon,lat,band,azimuth_deg\nC1,cmcc,nr,118.8005,32.0605,n41,220\n' >e/cells.csv
"$bin" plan e/p.toml -o empty --quiet >/dev/null
real=
shared=${COVPLAN_SHARED:-$here/../shared}
if [ -d "$shared/data" ]; then
    mkdir -p jiangsu andorra
    for place in jiangsu andorra; do
        sed "s|{shared}|$shared|; s|{work}|$work/$place|" "$here/tests/real/$place.toml" >$place/covplan.toml
    done
    "$bin" synth --region Jiangsu --sites 100 --cells 9000 -o jiangsu/synth --quiet >/dev/null
    python3 "$here/tests/real/andorra_places.py" andorra
    for place in jiangsu andorra; do
        for lang in en zh; do
            "$bin" plan $place/covplan.toml -o $place-$lang --lang $lang --quiet >/dev/null
            real="$real $place-$lang"
        done
    done
else
    echo "skipped: no shared data at $shared" >&2
fi
# shellcheck disable=SC2086
/usr/bin/python3 "$here/tests/qgis_project.py" "$here/target/qgis" "$here/docs/outputs.md" \
    demo-en demo-zh $real shapes zone today area empty

#!/bin/sh
# Opens tiles that covplan writes in MapLibre GL JS, in Chromium without a screen, and compares every feature that it
# shows with the GeoJSON. Pictures go to target/maplibre. Needs Node.js with npm, and Chromium.
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
bin="$here/target/release/covplan"
modules="$here/target/maplibre"
mkdir -p "$modules"
npm install --silent --no-audit --no-fund --prefix "$modules" maplibre-gl pmtiles
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$bin" demo -o demo --quiet >/dev/null
"$bin" tiles demo -o demo.pmtiles --quiet >/dev/null
node "$here/tests/maplibre.mjs" "$modules" "$modules/pictures" "$work/demo"

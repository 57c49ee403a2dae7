#!/bin/sh
# A country on a laptop: 1 M sites x 5 M cells, CSV in, scored GeoJSON out, beside a vectorised SciPy script
# that does less. Usage: benches/scale.sh [SITES CELLS WORKDIR]; needs GNU time, python3 with numpy, scipy, pyarrow.
set -eu
sites=${1:-1000000} cells=${2:-5000000} work=${3:-$(mktemp -d)}
here=$(cd "$(dirname "$0")" && pwd)
bin="$here/../target/release/covplan"
[ -d "$work/project" ] || "$bin" synth --region Jiangsu --sites "$sites" --cells "$cells" -o "$work/project"
for run in 1 2 3; do
    rm -rf "$work/out"
    echo "covplan, run $run"
    /usr/bin/time -f '  %e s wall, %U s user, %M KiB peak' "$bin" coverage "$work/project/covplan.toml" -o "$work/out" >/dev/null
    echo "SciPy, run $run"
    /usr/bin/time -f '  %e s wall, %U s user, %M KiB peak' python3 "$here/scale_scipy.py" "$work/project" "$work/scipy.geojson"
done

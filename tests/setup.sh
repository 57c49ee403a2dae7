#!/bin/sh
# Installs what a build ("build") or the tests ("test") need and the machine lacks.
# build: cmake and a C++ compiler, for PROJ.
# test:  also GDAL's ogrinfo and a Python with pyogrio, geopandas, pyarrow, openpyxl and pmtiles, which open what covplan writes, and a
#        browser that draws the report, and PostGIS, of which a test starts a server of its own. What can't be
#        installed is reported by the tests as skipped.
# qgis:  QGIS with its Python, and a font with Chinese letters.
# maplibre: a browser, Node.js with npm, and a font with Chinese letters.
set -eu
what=${1:-build}

root() { if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else return 1; fi; }

refreshed=
install() { # install PACKAGE(debian) PACKAGE(dnf, pacman) PACKAGE(brew)
    if command -v apt-get >/dev/null 2>&1; then
        [ -n "$refreshed" ] || { root apt-get update -qq; refreshed=1; }
        root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >/dev/null
    elif command -v dnf >/dev/null 2>&1; then root dnf install -y -q "$2"
    elif command -v pacman >/dev/null 2>&1; then root pacman -S --noconfirm --needed "$2"
    elif command -v brew >/dev/null 2>&1; then brew install --quiet "$3"
    else return 1; fi
}

need() { # need COMMAND PACKAGE(debian) PACKAGE(dnf, pacman) PACKAGE(brew)
    command -v "$1" >/dev/null 2>&1 && return 0
    echo "setup: installing $2" >&2
    install "$2" "$3" "$4" && command -v "$1" >/dev/null 2>&1
}

chinese_font() {
    fc-list :lang=zh 2>/dev/null | grep -q . || install fonts-noto-cjk google-noto-sans-cjk-fonts font-noto-sans-cjk
}

if ! need cmake cmake cmake cmake; then
    # Without the right to install packages, the wheel on PyPI carries cmake too.
    python3 -m pip install --quiet --user cmake || {
        echo "setup: please install cmake (PROJ is built with it)" >&2
        exit 1
    }
fi
need c++ g++ gcc-c++ gcc || { echo "setup: please install a C++ compiler" >&2; exit 1; }

if [ "$what" = qgis ]; then
    need qgis qgis qgis qgis || { echo "setup: please install QGIS" >&2; exit 1; }
    # Debian's Python alone knows Debian's QGIS.
    /usr/bin/python3 -c 'import qgis.core' 2>/dev/null || install python3-qgis python3-qgis qgis
    chinese_font
fi

if [ "$what" = maplibre ]; then
    need chromium chromium chromium chromium || { echo "setup: please install Chromium" >&2; exit 1; }
    need node nodejs nodejs node && need npm npm npm npm || { echo "setup: please install Node.js with npm" >&2; exit 1; }
    chinese_font
fi

if [ "$what" = test ]; then
    # The licence check reads the packages of every platform, without the network.
    cargo fetch --quiet --locked || echo "setup: not all packages fetched; the licence check covers this platform only" >&2
    need ogrinfo gdal-bin gdal gdal || echo "setup: no ogrinfo; the GDAL tests will say that they were skipped" >&2
    /usr/bin/python3 -c "import osgeo_utils.samples.validate_gpkg" 2>/dev/null || install python3-gdal python3-gdal gdal ||
        echo "setup: no python3-gdal; GeoPackages are read, but not validated" >&2
    need chromium chromium chromium chromium || echo "setup: no chromium; the browser test will say that it was skipped" >&2
    if ! ls /usr/share/postgresql/*/extension/postgis.control /usr/share/pgsql/extension/postgis.control >/dev/null 2>&1; then
        echo "setup: installing postgis" >&2
        # Debian would start a server for everyone; the test starts its own and stops it.
        conf=/etc/postgresql-common/createcluster.conf
        if command -v apt-get >/dev/null 2>&1 && ! [ -e "$conf" ]; then
            root sh -c "mkdir -p ${conf%/*} && echo 'create_main_cluster = false' > $conf" || true
        fi
        install postgresql-postgis postgis postgis || echo "setup: no PostGIS; its test will say that it was skipped" >&2
    fi
    venv=target/readers
    if ! "$venv/bin/python" -c 'import pyogrio, openpyxl, geopandas, pyarrow, pmtiles, libcoveofds' 2>/dev/null; then
        mkdir -p target
        { python3 -m venv "$venv" 2>/dev/null || { install python3-venv python3 python && python3 -m venv "$venv"; }; } &&
            "$venv/bin/python" -m pip install --quiet pyogrio openpyxl geopandas pyarrow pmtiles libcoveofds geoparquet-validator ||
            echo "setup: no pyogrio, geopandas, pyarrow, openpyxl or pmtiles; their tests will say that they were skipped" >&2
    fi
fi

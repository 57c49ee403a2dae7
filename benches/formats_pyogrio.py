"""Reads the FlatGeobuf that the bench wrote and writes it again in every format: pyogrio's own columns
through Arrow where the format takes them, GeoPandas for Parquet. Prints the seconds of each, by the clock and
of processors."""
import pathlib
import sys
import time

import geopandas

place = pathlib.Path(sys.argv[1])
frame = geopandas.read_file(place / "fgb" / "sites.fgb", engine="pyogrio", use_arrow=True)
again = place / "again"
again.mkdir()


def timed(word, write):
    start, worked = time.perf_counter(), time.process_time()
    write()
    print(f"{word} {time.perf_counter() - start:.3f} {time.process_time() - worked:.3f}", flush=True)


options = {"engine": "pyogrio", "use_arrow": True}
timed("geojson", lambda: frame.to_file(again / "sites.geojson", driver="GeoJSON", RFC7946="YES", **options))
timed("fgb", lambda: frame.to_file(again / "sites.fgb", driver="FlatGeobuf", **options))
timed("parquet", lambda: frame.to_parquet(again / "sites.parquet", write_covering_bbox=True))
timed("gpkg", lambda: frame.to_file(again / "layers.gpkg", driver="GPKG", layer="sites", **options))

"""Factories, stations and exchanges at the towns of Andorra, as CSV beside its project: made up, on real places.

    python3 andorra_places.py FOLDER
"""
import pathlib
import sys

# GeoNames: Andorra la Vella, les Escaldes, Encamp, Sant Julià, la Massana, Canillo, Ordino, Pas de la Casa,
# Arinsal, el Tarter.
TOWNS = [
    (1.52109, 42.50779), (1.53414, 42.50729), (1.58014, 42.53474), (1.49129, 42.46372), (1.51483, 42.54499),
    (1.59756, 42.5676), (1.53319, 42.55623), (1.73361, 42.54277), (1.48453, 42.57205), (1.65362, 42.57952),
]
EACH, SPREAD, WITH_STATION = 12, 0.012, 6

drawn = 1


def draw():
    """A number from -1 to 1 of a sequence that is always the same (Lehmer's, modulo 2^31 - 1)."""
    global drawn
    drawn = drawn * 48271 % 2147483647
    return drawn / 2147483647 * 2 - 1


sites, cells, nodes = [], [], []
for p, (lon, lat) in enumerate(TOWNS):
    for k in range(EACH):
        n = p * EACH + k
        service = ["data", "video", "robots", "monitoring"][n % 4]
        indoor, fiber = ["none", "", "das"][n % 3], "yes" if n % 5 == 0 else ""
        sites.append(f"P{n:03},Plant {n},{lon + draw() * SPREAD:.6f},{lat + draw() * SPREAD:.6f},small,{service},{indoor},{fiber}")
    for operator, band in [("cmcc", "n41"), ("ct", "n78")] if p < WITH_STATION else []:
        for azimuth in (0, 120, 240):
            cells.append(f"{operator}-{p}-{azimuth},{operator}-{p},{operator},nr,{lon},{lat},{band},30,{azimuth}")
    if p % 3 == 0:
        nodes.append(f"CO-{p},co,cmcc,{lon},{lat},288,96")
for name, head, rows in [
    ("sites", "site_id,name,lon,lat,firm_size,service,indoor_5g,has_fiber", sites),
    ("cells", "cell_id,station_id,operator,rat,lon,lat,band,height_m,azimuth_deg", cells),
    ("nodes", "node_id,kind,owner,lon,lat,fibers_total,fibers_free", nodes),
]:
    (pathlib.Path(sys.argv[1]) / f"{name}.csv").write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")

#!/usr/bin/env python3
"""Reduces GeoNames' cities1000 to the town tables that covplan embeds.

    python3 data/jiangsu/reduce.py cities1000.txt

Takes GeoNames' own tab-separated layout (19 columns, with or without a header; .gz is read as is; other
countries are skipped) and writes data/jiangsu/towns.csv and data/china/towns.csv. See data/README.md.
"""

import csv
import gzip
import math
import pathlib
import sys

# GeoNames admin1 of China -> province code of GB/T 2260.
PROVINCE = {
    "01": "34", "02": "33", "03": "36", "04": "32", "05": "22", "06": "63", "07": "35", "08": "23",
    "09": "41", "10": "13", "11": "43", "12": "42", "13": "65", "14": "54", "15": "62", "16": "45",
    "18": "52", "19": "21", "20": "15", "21": "64", "22": "11", "23": "31", "24": "14", "25": "37",
    "26": "61", "28": "12", "29": "53", "30": "44", "31": "46", "32": "51", "33": "50",
}  # fmt: skip
MUNICIPALITIES = {"11", "12", "31", "50"}
# Chinese suffix of a name -> how the romanised alternates write it.
SUFFIXES = {
    "街道": "jiedao", "镇": "zhen", "乡": "xiang", "市": "shi", "自治州": "zizhizhou", "地区": "diqu",
    "自治县": "zizhixian", "县": "xian", "区": "qu", "旗": "qi", "村": "cun", "盟": "meng",
}  # fmt: skip

# Places whose record lacks the Chinese name or gives only that of another place: (name, city code).
NAMED = {
    ("Huai'an", "3208"): "淮安", ("Suqian", "3213"): "宿迁", ("Xinghua", "3212"): "兴化",
    ("Pizhou", "3203"): "邳州", ("Tongshan", "3203"): "铜山", ("Changshu", "3205"): "常熟",
    ("Shucheng", "3213"): "沭城", ("Dongkan", "3209"): "东坎", ("Baoying", "3210"): "宝应",
    ("Zhongxing", "3213"): "众兴", ("Guiren", "3213"): "归仁", ("Qinnan", "3209"): "秦南",
    ("Fengcheng", "3203"): "凤城", ("Peicheng", "3203"): "沛城", ("Suicheng", "3203"): "睢城",
    ("Jiawang", "3203"): "贾汪", ("Wanzhou", "5001"): "万州", ("Xiangcheng", "4206"): "襄城",
    ("Rugao", "3206"): "如皋", ("Yunlong", "3203"): "云龙", ("Jinzhong", "1407"): "晋中",
    ("Xuanzhou", "3418"): "宣州", ("Tai’an", "3709"): "泰安", ("Binzhou", "3716"): "滨州",
    ("Xinxiang", "4107"): "新乡", ("Xuchang", "4110"): "许昌", ("Xiangyang", "4206"): "襄阳",
    ("Xianning", "4212"): "咸宁", ("Yiyang", "4309"): "益阳", ("Hechi", "4512"): "河池",
    ("Baise", "4510"): "百色", ("Sansha", "4603"): "三沙", ("Ziyang", "5120"): "资阳",
    ("Kangding", "5133"): "康定", ("Lincang", "5309"): "临沧", ("Shangluo", "6110"): "商洛",
    ("Longnan", "6212"): "陇南", ("Yili", "6540"): "伊犁",
}  # fmt: skip


def is_simplified(text):
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return all("\u4e00" <= c <= "\u9fff" for c in text)


def stem(text):
    for s in SUFFIXES:
        if text.endswith(s) and len(text) - len(s) >= 2:
            return text[: -len(s)]
    return text


def chinese_name(name, alternates):
    """The simplified name that goes with the Latin one.

    GeoNames lists a town, its county and its older names side by side. The romanised alternates tell
    them apart: where "jiang yin shi" stands beside "Jiangyin", the name that ends in the same suffix
    belongs to it; and they are spelt one syllable a character, which tells how long it is.
    """
    names = [a for a in alternates if is_simplified(a)]
    if not names:
        return ""
    plain = squeeze(name)
    latin = {squeeze(a) for a in alternates}
    lengths = {len(a.split()) for a in alternates if " " in a and squeeze(a) == plain}
    own = [zh for zh, roman in SUFFIXES.items() if plain + roman in latin]

    def rank(n):
        with_suffix = any(n + s in names for s in own)
        return (bool(lengths) and len(n) not in lengths, not with_suffix, len(n), n)

    return min((stem(n) for n in names), key=rank)


def squeeze(text):
    return text.lower().replace("'", "").replace("’", "").replace(" ", "")


def distance2(a, b):
    dx = (a["lon"] - b["lon"]) * math.cos(math.radians((a["lat"] + b["lat"]) / 2))
    return dx * dx + (a["lat"] - b["lat"]) ** 2


def read(path):
    opener = gzip.open if path.suffix == ".gz" else open
    rows = []
    with opener(path, "rt", encoding="utf-8") as f:
        for line in f:
            c = line.rstrip("\n").split("\t")
            if len(c) < 15 or c[8] != "CN" or c[7] in ("PPLX", "PPLQ", "PPLH", "PPLW"):
                continue
            rows.append({
                "id": int(c[0]),
                "name": c[1].replace(",", "").replace(chr(34), ""),
                "zh": chinese_name(c[1], c[3].split(",")),
                "lon": float(c[5]),
                "lat": float(c[4]),
                "province": PROVINCE.get(c[10], ""),
                "city": c[11],
                "fcode": c[7],
                "pop": int(c[14] or 0),
            })  # fmt: skip
    return rows


def settle_codes(rows):
    """Gives every town a city code: a missing one, or one of another province, is that of the nearest
    town of its province. A town more than three degrees from any other of its province was filed under
    the wrong one and goes to that of its nearest neighbour."""
    for r in rows:
        others = [(distance2(r, o), o["id"], o) for o in rows if o is not r]
        near = min((d for d, _, o in others if o["province"] == r["province"]), default=9.0)
        if near > 9.0 or not r["province"]:
            r["fixed"] = min(others)[2]["province"]
    for r in rows:
        r["province"] = r.pop("fixed", r["province"])
    for r in rows:
        if r["province"] in MUNICIPALITIES:
            r["city"] = r["province"] + "01"
    sound = [r for r in rows if len(r["city"]) == 4 and r["city"].startswith(r["province"])]
    codes = {id(r) for r in sound}
    for r in rows:
        if id(r) not in codes:
            same = [o for o in sound if o["province"] == r["province"]] or sound
            r["city"] = min(same, key=lambda o: distance2(r, o))["city"]
        r["zh"] = NAMED.get((r["name"], r["city"]), r["zh"])


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", encoding="utf-8", newline="") as f:
        w = csv.writer(f, lineterminator="\n")
        w.writerow(["name", "name_zh", "lon", "lat", "admin2", "fcode", "population"])
        for r in sorted(rows, key=lambda r: (r["city"], -r["pop"], r["id"])):
            lon, lat = f"{r['lon']:.5f}".rstrip("0"), f"{r['lat']:.5f}".rstrip("0")
            lon, lat = lon + "0" * lon.endswith("."), lat + "0" * lat.endswith(".")
            w.writerow([r["name"], r["zh"], lon, lat, r["city"], r["fcode"], r["pop"] or ""])


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rows = read(pathlib.Path(sys.argv[1]))
    settle_codes(rows)
    data = pathlib.Path(__file__).resolve().parent.parent
    write(data / "jiangsu" / "towns.csv", [r for r in rows if r["city"].startswith("32")])
    write(data / "china" / "towns.csv", [r for r in rows if not r["city"].startswith("32")])


if __name__ == "__main__":
    main()

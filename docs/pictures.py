"""Makes the pictures of the demo's report in docs/images anew: its first page, and its map at the scale of a city.
Needs Chromium. (qgis-a4.png is target/qgis/demo-en-A4.png of `make qgis`.)

    python3 docs/pictures.py target/release/covplan
"""
import pathlib
import subprocess
import sys
import tempfile

IMAGES = pathlib.Path(__file__).parent / "images"

# The page in a frame, its map brought to a data center and nearer by keyboard, as a reader would.
CITY = """<!doctype html><meta charset="utf-8"><body style="margin:0;overflow:hidden;background:#fff"><script>
const frame = document.createElement("iframe");
frame.style.cssText = "border:0;width:1300px;height:1500px;margin-left:-72px";
frame.onload = () => setTimeout(() => {
  const d = frame.contentDocument, w = frame.contentWindow, map = d.getElementById("map"), search = d.getElementById("search");
  const look = (text) => { search.value = text; search.dispatchEvent(new w.Event("input")); };
  const press = (key) => map.dispatchEvent(new w.KeyboardEvent("keydown", { key, bubbles: true }));
  look("常州数据中心");
  d.querySelector("#hits button").click();
  look("");
  for (const key of ["Escape", "+", "+"]) press(key);
  w.scrollTo(0, w.scrollY + map.getBoundingClientRect().top - 6);
}, 1500);
frame.src = "demo/report.html";
document.body.append(frame);
</script>"""


def shoot(page, to, width, height):
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--allow-file-access-from-files", "--disable-background-networking", "--disable-sync", "--hide-scrollbars",
             "--virtual-time-budget=8000", f"--user-data-dir={profile}", f"--window-size={width},{height}",
             f"--screenshot={to}", page.as_uri()],
            check=True, capture_output=True)


with tempfile.TemporaryDirectory() as work:
    work = pathlib.Path(work)
    program = pathlib.Path(sys.argv[1]).resolve()
    subprocess.run([program, "demo", "-o", work / "demo", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    (work / "city.html").write_text(CITY, encoding="utf-8")
    shoot(work / "demo" / "report.html", IMAGES / "demo.png", 1300, 900)
    shoot(work / "city.html", IMAGES / "demo-city.png", 1156, 556)

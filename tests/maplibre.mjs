// Opens vector tiles that covplan wrote in MapLibre, in a browser without a screen, over HTTP ranges as a web server
// gives them. Prints what it sees of each layer and draws it as PNG; exits 1 when that isn't what the GeoJSON says.
//
//     node tests/maplibre.mjs MODULES PICTURES FOLDER...    # the tiles of FOLDER are in FOLDER.pmtiles
import { spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

const [modules, pictures, ...folders] = process.argv.slice(2);
const page = fileURLToPath(new URL("maplibre.html", import.meta.url));
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript", ".css": "text/css" };
const PATIENCE_MS = 900_000;

/** A file, or the part of it that is asked for. */
function send(answer, file, range) {
  const size = fs.statSync(file).size;
  const head = { "content-type": TYPES[path.extname(file)] ?? "application/octet-stream", "accept-ranges": "bytes" };
  const part = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
  if (!part) {
    answer.writeHead(200, { ...head, "content-length": size });
    fs.createReadStream(file).pipe(answer);
    return;
  }
  const [start, end] = [Number(part[1]), Math.min(Number(part[2]), size - 1)];
  answer.writeHead(206, { ...head, "content-length": end - start + 1, "content-range": `bytes ${start}-${end}/${size}` });
  fs.createReadStream(file, { start, end }).pipe(answer);
}

/** Serves the page and a folder's tiles until the page has told what it sees. */
function served(folder) {
  return new Promise((done, fail) => {
    let ranges = 0;
    const spoken = [];
    const server = http.createServer((request, answer) => {
      const asked = decodeURIComponent(new URL(request.url, "http://localhost").pathname);
      const within = (root, prefix) => path.join(root, path.normalize(asked.slice(prefix.length)));
      try {
        if (request.method === "POST" && asked === "/seen") {
          let said = "";
          request.setEncoding("utf8").on("data", (more) => { said += more; }).on("end", () => {
            answer.end();
            close();
            const { wrong, ...seen } = JSON.parse(said);
            done({ ...seen, wrong: [...wrong, ...spoken], ranges });
          });
        } else if (asked === "/") {
          send(answer, page);
        } else if (asked === "/favicon.ico") {
          answer.writeHead(204).end();
        } else if (asked === "/tiles.pmtiles") {
          ranges += "range" in request.headers;
          send(answer, `${folder}.pmtiles`, request.headers.range);
        } else if (asked === "/folder/") {
          const layers = fs.readdirSync(folder).filter((f) => f.endsWith(".geojson"));
          answer.end(JSON.stringify(layers.map((f) => path.parse(f).name).sort()));
        } else if (asked.startsWith("/folder/")) {
          send(answer, within(folder, "/folder/"));
        } else {
          send(answer, within(path.join(modules, "node_modules"), "/modules/"));
        }
      } catch {
        answer.writeHead(404).end();
      }
    });
    const patience = setTimeout(() => { close(); fail(new Error(`${folder}: the page said nothing`)); }, PATIENCE_MS);
    let browser;
    const close = () => {
      clearTimeout(patience);
      browser?.kill();
      server.close();
      server.closeAllConnections();
    };
    server.listen(0, "127.0.0.1", () => {
      browser = browse(`http://127.0.0.1:${server.address().port}/`);
      browser.on("error", (e) => { close(); fail(e); });
      readline.createInterface(browser.stderr).on("line", (line) => {
        const [, message] = CONSOLE.exec(line) ?? [];
        if (message && !SPEED.test(message)) spoken.push(`console: ${message}`);
      });
    });
  });
}

const profiles = fs.mkdtempSync(path.join(os.tmpdir(), "maplibre-"));
const browse = (url) => spawn("chromium", [
  "--headless", "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
  "--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--window-size=1000,700",
  "--enable-logging=stderr", `--user-data-dir=${fs.mkdtempSync(path.join(profiles, "p"))}`, url,
], { stdio: ["ignore", "ignore", "pipe"] });
// What the page and its workers say on the console comes on stderr; the driver's remarks on speed are none of ours.
const CONSOLE = /:CONSOLE[^"]*(".*)/;
const SPEED = /GL Driver Message|WebGL.*performance/i;

const version = (name) => JSON.parse(fs.readFileSync(path.join(modules, "node_modules", name, "package.json"))).version;
console.log(`MapLibre GL JS ${version("maplibre-gl")}, pmtiles ${version("pmtiles")}`);
fs.mkdirSync(pictures, { recursive: true });
let failed = false;
for (const folder of folders) {
  const name = path.basename(folder);
  const { zooms = [], layers = [], pictures: drawn = [], wrong, ranges } = await served(folder, browse);
  drawn.forEach((picture, n) => picture &&
    fs.writeFileSync(path.join(pictures, `${name}-${n + 1}.png`), Buffer.from(picture.split(",")[1], "base64")));
  console.log(`\n${name}: ${ranges} ranges`);
  const rows = layers.map((l) => {
    const ok = wrong.some((w) => w.startsWith(`${l.id} `)) ? "NO" : "ok";
    return [l.id, l.drawn, l.features, ...zooms.map((_, n) => l.seen[n] ?? "–"), l.chinese, ok];
  });
  const table = [["layer", "drawn as", "features", ...zooms.map((z) => `seen at ${z}`), "Chinese texts", ""], ...rows];
  const width = table[0].map((_, n) => Math.max(...table.map((row) => `${row[n]}`.length)));
  table.forEach((row) => console.log(row.map((c, n) => (n < 2 ? `${c}`.padEnd(width[n]) : `${c}`.padStart(width[n]))).join("  ")));
  wrong.forEach((w) => console.error("differs:", w));
  failed ||= wrong.length > 0 || ranges === 0 || layers.length === 0;
}
try {
  fs.rmSync(profiles, { recursive: true, force: true, maxRetries: 10, retryDelay: 300 });
} catch {
  // A browser that is still on its way out holds it; the system clears it.
}
process.exit(failed ? 1 : 0);

"use strict";
(() => {
  const data = JSON.parse(document.getElementById("map-data").textContent);
  const words = data.words;
  const stage = document.getElementById("stage");
  const canvas = document.getElementById("map");
  const tip = document.getElementById("tip");
  const pen = canvas.getContext("2d");
  const COLOUR = {
    critical: "#d55e00", gap: "#e69f00", met: "#0072b2", unknown: "#6e7781",
    station: "#009e73", center: "#111111", route: "#aa3377", reuse: "#aa3377", tower: "#b6bec7", region: "#8c959f",
  };
  const shown = (name) => document.getElementById("layer-" + name)?.checked ?? false;
  const afterPlan = () => document.getElementById("when-after")?.checked ?? false;

  // Web Mercator on the unit square; western longitudes move east when the data straddle the antimeridian.
  const easting = (lon) => ((data.turn && lon < 0 ? lon + 360 : lon) + 180) / 360;
  const northing = (lat) => {
    const s = Math.sin((Math.max(-85, Math.min(85, lat)) * Math.PI) / 180);
    return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
  };
  const latitude = (y) => (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  const path = (flat) => {
    const out = new Float64Array(flat.length);
    for (let i = 0; i < flat.length; i += 2) {
      out[i] = easting(flat[i]);
      out[i + 1] = northing(flat[i + 1]);
    }
    return out;
  };

  const sites = data.sites.map((s) => ({ kind: "site", s, x: easting(s[2]), y: northing(s[3]) }));
  const stations = data.stations.map((s) => ({ kind: "station", s, x: easting(s[1]), y: northing(s[2]) }));
  const centers = data.centers.map((s) => ({ kind: "center", s, x: easting(s[2]), y: northing(s[3]) }));
  const towers = path(data.towers);
  const routes = data.routes.map((r) => ({ kind: "route", r, line: path(r[1]) }));
  const leads = data.leads.map(path);
  const regions = data.regions.map((r) => {
    const rings = r[1].map(path), box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const g of rings) for (let i = 0; i < g.length; i += 2) {
      box[0] = Math.min(box[0], g[i]); box[1] = Math.min(box[1], g[i + 1]);
      box[2] = Math.max(box[2], g[i]); box[3] = Math.max(box[3], g[i + 1]);
    }
    return { name: r[0], rings, box, level: r[2] };
  });
  // Large ones first, so that a province doesn't cover its cities.
  const spread_ = (b) => (b[2] - b[0]) * (b[3] - b[1]);
  regions.sort((a, b) => spread_(b.box) - spread_(a.box));

  // The critical ones are drawn last, on top.
  const order = { unknown: 0, met: 1, gap: 2, critical: 3 };
  const state = (p) => data.states[afterPlan() && p.s[6] !== null ? p.s[7] : p.s[5]];
  sites.sort((a, b) => order[data.states[a.s[5]]] - order[data.states[b.s[5]]]);

  let width = 0, height = 0, zoom = 1, left = 0, top_ = 0, picked = null, touched = false;
  let dots = 1, printing = false, step_ = -1;
  const toX = (x) => (x - left) * zoom;
  const toY = (y) => (y - top_) * zoom;

  const extent = () => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    const grow = (x, y) => {
      box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
    };
    // Computing hubs may stand a thousand kilometres away.
    const near = sites.concat(stations);
    for (const p of near.length ? near : centers) grow(p.x, p.y);
    for (const r of routes) for (let i = 0; i < r.line.length; i += 2) grow(r.line[i], r.line[i + 1]);
    if (box[0] > box[2]) for (const r of regions) for (const g of r.rings) for (let i = 0; i < g.length; i += 2) grow(g[i], g[i + 1]);
    return box[0] > box[2] ? [0.3, 0.3, 0.7, 0.7] : box;
  };
  const fit = () => {
    const [x0, y0, x1, y1] = extent();
    const w = Math.max(x1 - x0, 2e-6), h = Math.max(y1 - y0, 2e-6);
    zoom = Math.min((width - 120) / w, (height - 90) / h);
    left = (x0 + x1) / 2 - width / 2 / zoom;
    top_ = (y0 + y1) / 2 - height / 2 / zoom;
    draw();
  };
  const zoomAt = (px, py, factor) => {
    const next = Math.max(300, Math.min(3e9, zoom * factor));
    left += px / zoom - px / next;
    top_ += py / zoom - py / next;
    zoom = next;
    touched = true;
    draw();
  };

  const trace = (line, close) => {
    for (let i = 0; i < line.length; i += 2) {
      const x = toX(line[i]), y = toY(line[i + 1]);
      if (i) pen.lineTo(x, y); else pen.moveTo(x, y);
    }
    if (close) pen.closePath();
  };
  // Shapes differ as well as colours, so that no one depends on colour alone.
  const mark = (shape, x, y, r) => {
    pen.beginPath();
    if (shape === "critical") { pen.moveTo(x, y - r * 1.25); pen.lineTo(x + r * 1.15, y + r * 0.8); pen.lineTo(x - r * 1.15, y + r * 0.8); pen.closePath(); }
    else if (shape === "gap") pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8);
    else if (shape === "station") { pen.moveTo(x, y - r * 1.4); pen.lineTo(x + r * 1.4, y); pen.lineTo(x, y + r * 1.4); pen.lineTo(x - r * 1.4, y); pen.closePath(); }
    else if (shape === "center") for (let i = 0; i < 10; i++) {
      const a = (Math.PI * i) / 5 - Math.PI / 2, d = i % 2 ? r * 0.75 : r * 1.8;
      if (i) pen.lineTo(x + d * Math.cos(a), y + d * Math.sin(a)); else pen.moveTo(x + d * Math.cos(a), y + d * Math.sin(a));
    }
    else pen.arc(x, y, r, 0, 7);
    if (shape === "unknown") { pen.lineWidth = 1.5; pen.strokeStyle = COLOUR.unknown; pen.stroke(); return; }
    // Hollow, so that a station doesn't hide the site that it is for.
    if (shape === "station") { pen.fillStyle = "rgba(255,255,255,.6)"; pen.fill(); pen.lineWidth = 1.4; pen.strokeStyle = COLOUR.station; pen.stroke(); return; }
    pen.fillStyle = COLOUR[shape];
    pen.fill();
    pen.lineWidth = 0.8;
    pen.strokeStyle = "#fff";
    pen.stroke();
  };

  const draw = () => {
    pen.setTransform(dots, 0, 0, dots, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (shown("regions")) {
      pen.lineWidth = 1; pen.strokeStyle = COLOUR.region; pen.fillStyle = "#eef2f5";
      for (const r of regions) { pen.beginPath(); for (const g of r.rings) trace(g, true); pen.fill("evenodd"); pen.stroke(); }
    }
    const inside = (x, y) => x > -12 && y > -12 && x < width + 12 && y < height + 12;
    if (shown("towers")) {
      pen.fillStyle = COLOUR.tower;
      for (let i = 0; i < towers.length; i += 2) {
        const x = toX(towers[i]), y = toY(towers[i + 1]);
        if (inside(x, y)) pen.fillRect(x - 1.2, y - 1.2, 2.4, 2.4);
      }
    }
    if (shown("routes")) {
      pen.lineJoin = "round";
      for (const r of routes) {
        pen.beginPath(); trace(r.line, false);
        pen.setLineDash(r.r[2] ? [5, 4] : []);
        pen.lineWidth = r === picked ? 5 : 2; pen.strokeStyle = COLOUR.route; pen.stroke();
      }
      pen.setLineDash([]); pen.lineWidth = 1;
      for (const l of leads) { pen.beginPath(); trace(l, false); pen.stroke(); }
    }
    const r = Math.max(sites.length > 1500 ? 2.1 : 3, Math.min(6.5, 2.1 + Math.log2(Math.max(1, zoom / 20000)) * 0.7));
    const all = (name, list, size) => {
      if (!shown(name)) return;
      for (const p of list) { const x = toX(p.x), y = toY(p.y); if (inside(x, y)) mark(p.kind, x, y, size); }
    };
    all("stations", stations, r + 0.6);
    for (const p of sites) {
      const s = state(p), x = toX(p.x), y = toY(p.y);
      if (shown(s) && inside(x, y)) mark(s, x, y, r);
    }
    all("centers", centers, r + 1);
    if (shown("regions")) names();
    if (picked && picked.x !== undefined) {
      pen.beginPath(); pen.arc(toX(picked.x), toY(picked.y), r + 8, 0, 7);
      pen.lineWidth = 2.5; pen.strokeStyle = "#111"; pen.stroke();
    }
    scale();
  };
  // Names of regions over everything: those of the lowest level at which half of the names in view find
  // room (cities before provinces, counties once they are large enough). A larger region is named only
  // where none of its parts is; a name that would cover another stays away.
  const names = () => {
    pen.font = "12px sans-serif"; pen.textAlign = "center"; pen.lineJoin = "round";
    const all = [];
    for (const r of regions) {
      const w = pen.measureText(r.name).width + 6, x = toX((r.box[0] + r.box[2]) / 2), y = toY((r.box[1] + r.box[3]) / 2);
      if (x < 0 || x > width || y < 0 || y > height) continue;
      all.push({ r, w, x, y, fits: (r.box[2] - r.box[0]) * zoom >= w });
    }
    const levels = [...new Set(all.map((n) => n.r.level))].sort((a, b) => b - a);
    const roomy = (level) => {
      const those = all.filter((n) => n.r.level === level);
      return those.filter((n) => n.fits).length * 2 >= those.length;
    };
    const lowest = levels.find(roomy) ?? levels[levels.length - 1];
    const taken = [], order = all.filter((n) => n.fits && n.r.level <= lowest).sort((a, b) => b.r.level - a.r.level);
    const holds = (b, x, y) => toX(b[0]) < x && x < toX(b[2]) && toY(b[1]) < y && y < toY(b[3]);
    for (const n of order) {
      if (taken.some((t) => t.r.level > n.r.level && holds(n.r.box, t.x, t.y))) continue;
      if (taken.some((t) => Math.abs(t.x - n.x) < (t.w + n.w) / 2 && Math.abs(t.y - n.y) < 16)) continue;
      taken.push(n);
      pen.lineWidth = 3; pen.strokeStyle = "rgba(255,255,255,.9)"; pen.strokeText(n.r.name, n.x, n.y);
      pen.fillStyle = "#32383f"; pen.fillText(n.r.name, n.x, n.y);
    }
  };
  const scale = () => {
    const metres = (40075016.7 * Math.cos((latitude(top_ + height / 2 / zoom) * Math.PI) / 180)) / zoom;
    let step = Math.pow(10, Math.floor(Math.log10(metres * 130)));
    for (const f of [5, 2]) if (step * f <= metres * 130) { step *= f; break; }
    const w = step / metres, y = height - 14;
    pen.fillStyle = "rgba(255,255,255,.85)"; pen.fillRect(8, y - 20, w + 14, 28);
    pen.strokeStyle = pen.fillStyle = "#1b1f24"; pen.lineWidth = 1.5;
    pen.beginPath(); pen.moveTo(15, y - 5); pen.lineTo(15, y); pen.lineTo(15 + w, y); pen.lineTo(15 + w, y - 5); pen.stroke();
    pen.font = "11px sans-serif"; pen.textAlign = "left";
    pen.fillText(step >= 1000 ? step / 1000 + " km" : step + " m", 19, y - 5);
  };

  const lines = (p) => {
    const out = [];
    const say = (word, value) => { if (value !== null && value !== undefined && value !== "") out.push(word + " " + value); };
    if (p.kind === "site") {
      const s = p.s;
      out.push(s[0]); say("", s[1]);
      say(words.score, s[4] === null ? words.unknown : s[4]);
      if (s[6] !== null) say(words.after, s[6]);
      if (s[8] !== null) say(words.rank, s[8]);
      if (s[9] !== null) say(words.worst, data.terms[s[9]]);
    } else if (p.kind === "station") {
      out.push(p.s[0]); say("", p.s[3]); say(words.network, p.s[4]); say(words.lifts, p.s[5]); say(words.year, p.s[6]); say("", p.s[7]);
    } else if (p.kind === "center") {
      out.push(p.s[0]); say("", p.s[1]); say("", p.s[4] ? words.existing : words.fresh); say(words.serves, p.s[5]);
    } else {
      out.push(p.r[0]); say("", p.r[2] ? words.reuse : words.trench); if (p.r[3]) out.push(words.inferred);
      say(words.length, p.r[4]); say(words.serves, p.r[5]); say(words.year, p.r[6]);
    }
    return out.map((t) => t.trim());
  };
  const near = (px, py) => {
    let best = null, least = 144;
    const look = (list, visible) => {
      for (const p of list) {
        if (!visible(p)) continue;
        const d = (toX(p.x) - px) ** 2 + (toY(p.y) - py) ** 2;
        if (d <= least) { least = d; best = p; }
      }
    };
    look(sites, (p) => shown(state(p)));
    if (shown("stations")) look(stations, () => true);
    if (shown("centers")) look(centers, () => true);
    if (best || !shown("routes")) return best;
    least = 49;
    for (const r of routes) for (let i = 2; i < r.line.length; i += 2) {
      const ax = toX(r.line[i - 2]), ay = toY(r.line[i - 1]), bx = toX(r.line[i]), by = toY(r.line[i + 1]);
      const l = (bx - ax) ** 2 + (by - ay) ** 2;
      const t = l ? Math.max(0, Math.min(1, ((px - ax) * (bx - ax) + (py - ay) * (by - ay)) / l)) : 0;
      const d = (ax + t * (bx - ax) - px) ** 2 + (ay + t * (by - ay) - py) ** 2;
      if (d < least) { least = d; best = r; }
    }
    return best;
  };
  const show = (p, px, py) => {
    picked = p;
    tip.replaceChildren();
    if (!p) { tip.style.display = "none"; draw(); return; }
    lines(p).forEach((text, i) => {
      const line = document.createElement(i ? "div" : "b");
      line.textContent = text;
      tip.append(line);
    });
    tip.style.display = "block";
    tip.style.left = Math.max(0, Math.min(px + 14, width - tip.offsetWidth - 6)) + "px";
    tip.style.top = Math.max(0, Math.min(py + 14, height - tip.offsetHeight - 6)) + "px";
    draw();
  };
  const go = (p) => {
    touched = true;
    zoom = Math.max(zoom, 250000);
    left = p.x - width / 2 / zoom;
    top_ = p.y - height / 2 / zoom;
    show(p, width / 2, height / 2);
  };

  // Without a pointer: from one site below target to the next, the most urgent first.
  const urgent = sites.filter((p) => p.s[8] !== null).sort((a, b) => a.s[8] - b.s[8]);
  const next = (by) => {
    if (!urgent.length) return;
    step_ = step_ < 0 ? (by > 0 ? 0 : urgent.length - 1) : (step_ + by + urgent.length) % urgent.length;
    go(urgent[step_]);
  };

  const fingers = new Map();
  let spread = 0, moved = false;
  const at = (e) => { const b = canvas.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
  canvas.addEventListener("pointerdown", (e) => { fingers.set(e.pointerId, at(e)); canvas.setPointerCapture(e.pointerId); moved = false; spread = 0; });
  canvas.addEventListener("pointermove", (e) => {
    const [x, y] = at(e), from = fingers.get(e.pointerId);
    if (!from) { const p = near(x, y); if (p !== picked || p) show(p, x, y); return; }
    fingers.set(e.pointerId, [x, y]);
    if (fingers.size === 2) {
      const [a, b] = [...fingers.values()], d = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (spread) zoomAt((a[0] + b[0]) / 2, (a[1] + b[1]) / 2, d / spread);
      spread = d;
    } else {
      left -= (x - from[0]) / zoom; top_ -= (y - from[1]) / zoom; moved = touched = true; draw();
    }
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (e) => {
    fingers.delete(e.pointerId); spread = 0;
    if (!moved && end === "pointerup") { const [x, y] = at(e); show(near(x, y), x, y); }
  });
  canvas.addEventListener("pointerleave", () => { if (!fingers.size) show(null); });
  canvas.addEventListener("wheel", (e) => { e.preventDefault(); const [x, y] = at(e); zoomAt(x, y, Math.exp(-e.deltaY / 400)); }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const step = 60 / zoom;
    if (e.key.startsWith("Arrow")) touched = true;
    const keys = {
      ArrowLeft: () => { left -= step; draw(); }, ArrowRight: () => { left += step; draw(); },
      ArrowUp: () => { top_ -= step; draw(); }, ArrowDown: () => { top_ += step; draw(); },
      "+": () => zoomAt(width / 2, height / 2, 1.5), "=": () => zoomAt(width / 2, height / 2, 1.5),
      "-": () => zoomAt(width / 2, height / 2, 1 / 1.5), 0: fit, Escape: () => show(null),
      n: () => next(1), p: () => next(-1),
    };
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
  document.getElementById("zoom-in").addEventListener("click", () => zoomAt(width / 2, height / 2, 1.6));
  document.getElementById("zoom-out").addEventListener("click", () => zoomAt(width / 2, height / 2, 1 / 1.6));
  document.getElementById("zoom-all").addEventListener("click", fit);
  for (const box of document.querySelectorAll(".panel input[type=checkbox], .panel input[type=radio]")) box.addEventListener("change", draw);

  const search = document.getElementById("search"), hits = document.getElementById("hits");
  search.addEventListener("input", () => {
    const asked = search.value.trim().toLowerCase();
    hits.replaceChildren();
    if (!asked) return;
    let n = 0;
    for (const p of stations.concat(centers, sites)) {
      const text = p.s[0] + " " + (p.kind === "station" ? "" : p.s[1] ?? "");
      if (!text.toLowerCase().includes(asked)) continue;
      const item = document.createElement("li"), button = document.createElement("button");
      button.type = "button";
      button.textContent = text.trim();
      button.addEventListener("click", () => go(p));
      item.append(button);
      hits.append(item);
      if (++n === 12) break;
    }
    if (!n) { const item = document.createElement("li"); item.textContent = words.none; hits.append(item); }
  });
  search.addEventListener("keydown", (e) => { if (e.key === "Enter") hits.querySelector("button")?.click(); });

  const size = (w, h, sharpness) => {
    // What was in the middle stays there.
    const x = left + width / 2 / zoom, y = top_ + height / 2 / zoom;
    const shrink = touched && width ? Math.min(w / width, h / height) : 1;
    width = w; height = h; dots = sharpness; zoom *= shrink;
    canvas.width = Math.round(width * dots); canvas.height = Math.round(height * dots);
    if (!touched) { fit(); return; }
    left = x - width / 2 / zoom; top_ = y - height / 2 / zoom;
    draw();
  };
  const screen_ = () => { if (!printing) size(stage.clientWidth, stage.clientHeight, devicePixelRatio); };
  // The page isn't laid out for paper yet when this is called: its measures are those of the style.
  const paper = () => { printing = true; show(null); size((178 / 25.4) * 96, (120 / 25.4) * 96, 3); };
  new ResizeObserver(screen_).observe(stage);
  addEventListener("beforeprint", paper);
  addEventListener("afterprint", () => { printing = false; screen_(); });
  screen_();
})();

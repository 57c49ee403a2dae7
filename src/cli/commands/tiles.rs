//! `covplan tiles`: the layers of a run as vector tiles.

use super::pipeline::refuse_report;
use crate::cli::args::TilesArgs;
use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::model::kinds::Lang;
use crate::model::words::{counted, grouped};
use crate::report::tiles::{TilesRequest, TilesSummary, Watch, tiles};
use std::path::Path;
use std::sync::Mutex;

/// Shows each part of the work as a bar.
struct Bars<'c> {
    ctx: &'c Context,
    bar: Mutex<Option<indicatif::ProgressBar>>,
}

impl Watch for Bars<'_> {
    fn begin(&self, part: usize, total: u64) {
        let label =
            if part == 0 { self.ctx.pick("reading", "读取") } else { self.ctx.pick("cutting", "切片") };
        let new = self.ctx.progress(total, label);
        if let Ok(mut bar) = self.bar.lock() {
            if let Some(old) = bar.take() {
                old.finish_and_clear();
            }
            *bar = new;
        }
    }

    fn done(&self, steps: u64) {
        if let Ok(bar) = self.bar.lock()
            && let Some(bar) = bar.as_ref()
        {
            bar.inc(steps);
        }
    }

    fn stop(&self) -> bool {
        self.ctx.interrupted()
    }
}

/// Makes the tiles of a run's folder.
///
/// # Errors
/// When the folder holds no layers or the file can't be written.
pub fn run(ask: &TilesArgs, ctx: &mut Context) -> Result<Exit, Complaint> {
    if let Some(max) = ask.max_zoom.filter(|max| *max < ask.min_zoom) {
        let min = ask.min_zoom;
        return Err(Complaint::usage(
            "C080",
            (
                format!("--max-zoom {max} lies before --min-zoom {min}"),
                format!("--max-zoom {max} 小于 --min-zoom {min}"),
            ),
        ));
    }
    let request = TilesRequest {
        folder: ask.dir.clone(),
        layers: ask.layers.clone(),
        attributes: ask.attributes.clone(),
        min_zoom: ask.min_zoom,
        max_zoom: ask.max_zoom,
        tile_bytes: ask.tile_kb as usize * 1000,
        lang: ctx.lang,
    };
    let label = ctx.pick("tiling", "切片").to_owned();
    let made = ctx.stage("tiles", &label, |ctx| {
        let bars = Bars { ctx, bar: Mutex::new(None) };
        let made = tiles(&request, &ask.out, ask.overwrite, &bars);
        if let Ok(mut bar) = bars.bar.lock()
            && let Some(bar) = bar.take()
        {
            bar.finish_and_clear();
        }
        made
    });
    if ctx.interrupted() && made.is_err() {
        ctx.say(ctx.pick("interrupted; nothing was written", "已中断；未写出任何文件"));
        return Ok(Exit::Interrupted);
    }
    let made = made.map_err(|e| refuse_report(&e))?;
    if ctx.json {
        let mut document = serde_json::json!(made);
        document["schema"] = "covplan/tiles/1".into();
        document["out"] = ask.out.display().to_string().into();
        print(&format!("{document:#}\n"))?;
    } else {
        print(&text(&made, &ask.out, ctx.lang))?;
    }
    ctx.next(&match ctx.lang {
        Lang::En => format!("drag {} into QGIS, or serve it to MapLibre", ask.out.display()),
        Lang::Zh => format!("把 {} 拖入 QGIS，或供 MapLibre 使用", ask.out.display()),
    });
    Ok(Exit::Ok)
}

fn text(made: &TilesSummary, out: &Path, lang: Lang) -> String {
    let number = |n: u64| grouped(i64::try_from(n).unwrap_or(i64::MAX));
    let mb = made.bytes as f64 / 1e6;
    let (min, max, tiles) = (made.min_zoom, made.max_zoom, number(made.tiles));
    let mut lines = vec![match lang {
        Lang::En => format!("{tiles} tiles, zoom levels {min} to {max}, {mb:.1} MB"),
        Lang::Zh => format!("{tiles} 个瓦片，级别 {min} 至 {max}，{mb:.1} MB"),
    }];
    for l in &made.layers {
        let left_out = match (l.left_out, lang) {
            (0, _) => String::new(),
            (n, Lang::En) => format!(
                "; {} left out at the last level, as --tile-kb has no room for more: raise it or --max-zoom",
                number(n)
            ),
            (n, Lang::Zh) => {
                format!("；末级因 --tile-kb 所限略去 {} 个：请加大该值或 --max-zoom", number(n))
            }
        };
        let features = match lang {
            Lang::En => counted(l.features, "feature"),
            Lang::Zh => format!("{} 个要素", number(l.features)),
        };
        lines.push(format!("  {}: {features}{left_out}", l.name));
    }
    lines.push(format!("→ {}", out.display()));
    lines.join("\n") + "\n"
}

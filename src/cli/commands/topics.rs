//! `covplan help`: commands, and topics told from the same definitions as the code.

use crate::cli::context::{Context, print, terminal_width};
use crate::cli::exit::{Complaint, Exit};
use crate::cli::guide::{GUIDES, command};
use crate::crs::NAMED;
use crate::crs::gauss_kruger::{Zone, ZoneWidth};
use crate::io::formats::FORMATS as READ;
use crate::model::kinds::Lang;
use crate::model::said::did_you_mean_zh;
use crate::model::schema::{LAYERS, Layer, nearest_layer};
use crate::report::formats::FORMATS;
use comfy_table::Table;
use serde_json::{Value, json};

/// The topics, with what they tell.
const TOPICS: [(&str, &str, &str); 4] = [
    ("formats", "formats that are read and written", "读取与写出的格式"),
    ("layers", "input layers; with a layer's name, its columns", "输入图层；再给出图层名则列出其各列"),
    ("crs", "coordinate systems and how to name them", "坐标系及其写法"),
    ("exit-codes", "exit codes", "退出码"),
];

/// Tells about a command or a topic.
///
/// # Errors
/// When there is no such command, topic or layer, or stdout can't be written.
pub fn run(words: &[String], ctx: &Context) -> Result<Exit, Complaint> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = match words.as_slice() {
        ["formats"] => formats(ctx.lang),
        ["layers"] => layers(ctx.lang),
        ["layers", name] => columns(name, ctx.lang)?,
        ["crs"] => systems(ctx.lang),
        ["exit-codes"] => exit_codes(ctx.lang),
        [] if ctx.json => all(ctx.lang),
        path => return of_command(path, ctx),
    };
    let topic = words.first().copied().unwrap_or("help");
    if ctx.json {
        let mut document = json!({ "schema": "covplan/help/1", "topic": topic });
        for part in &told {
            document[part.key] = part.json();
        }
        print(&format!("{document:#}\n"))?;
    } else {
        let parts: Vec<String> = told.iter().map(|p| p.text()).collect();
        print(&parts.join("\n"))?;
    }
    Ok(Exit::Ok)
}

/// A table of a topic.
struct Part {
    key: &'static str,
    title: &'static str,
    /// Key in JSON and heading.
    headings: Vec<(&'static str, &'static str)>,
    rows: Vec<Vec<String>>,
}

impl Part {
    fn json(&self) -> Value {
        let row = |r: &Vec<String>| -> Value {
            self.headings
                .iter()
                .zip(r)
                .map(|((key, _), v)| ((*key).to_owned(), json!(v)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        };
        self.rows.iter().map(row).collect()
    }

    fn text(&self) -> String {
        let mut table = Table::new();
        table.load_style(comfy_table::presets::NOTHING).force_no_tty().set_width(terminal_width());
        table.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
        table.set_header(self.headings.iter().map(|h| h.1));
        for row in &self.rows {
            table.add_row(row);
        }
        format!("{}\n\n{}\n", self.title, table.trim_fmt())
    }
}

fn formats(lang: Lang) -> Vec<Part> {
    let written = FORMATS.iter().map(|f| {
        let crs = if f.any_crs { "--output-crs" } else { "WGS 84" };
        vec![f.word.to_owned(), crs.to_owned(), lang.pick(f.about.0, f.about.1).to_owned()]
    });
    let read = READ.iter().map(|f| {
        let mut ends: Vec<String> = f.ends().map(|w| format!(".{w}")).collect();
        if ends.is_empty() {
            // No file: told by how the path begins.
            ends.push(format!("{}:", f.word()));
        }
        vec![f.word().to_owned(), ends.join(" "), lang.pick(f.about.0, f.about.1).to_owned()]
    });
    vec![
        Part {
            key: "read",
            title: lang.pick(
                "Read, by the end of the name or `format` of the layer (docs/formats.md)",
                "可读取，按文件名结尾或图层的 `format`（docs/formats.md）",
            ),
            headings: vec![
                ("format", "format"),
                ("ends", lang.pick("ends of names", "文件名结尾")),
                ("about", lang.pick("what it is", "内容")),
            ],
            rows: read.collect(),
        },
        Part {
            key: "written",
            title: lang.pick("Written, by --formats", "可写出，由 --formats 指定"),
            headings: vec![
                ("format", "--formats"),
                ("crs", lang.pick("coordinates", "坐标系")),
                ("about", lang.pick("what for", "用途")),
            ],
            rows: written.collect(),
        },
    ]
}

fn layers(lang: Lang) -> Vec<Part> {
    let row = |l: &Layer| vec![l.name.to_owned(), l.zh.to_owned(), l.doc.to_owned()];
    vec![Part {
        key: "layers",
        title: lang.pick(
            "Layers: a table [layers.NAME] in the project; `covplan help layers NAME` lists the columns",
            "图层：项目中的表 [layers.NAME]；`covplan help layers NAME` 列出各列",
        ),
        headings: vec![
            ("layer", lang.pick("layer", "图层")),
            ("zh", "名称"),
            ("about", lang.pick("what it holds", "内容")),
        ],
        rows: LAYERS.iter().map(row).collect(),
    }]
}

fn columns(name: &str, lang: Lang) -> Result<Vec<Part>, Complaint> {
    let Some(layer) = Layer::named(name) else {
        let near = nearest_layer(name);
        let meant = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let said = (
            format!("no layer is called `{name}`{meant}"),
            format!("没有图层 `{name}`{}", did_you_mean_zh(near)),
        );
        return Err(Complaint::usage("C071", said)
            .help(("`covplan help layers` lists them", "`covplan help layers` 列出全部图层")));
    };
    let row = |c: &crate::model::schema::Column| {
        let words = c.words();
        let kind = if words.is_empty() { c.kind.word().to_owned() } else { words.join(", ") };
        let need = c.need.letter().to_owned();
        vec![c.name.to_owned(), c.zh.to_owned(), kind, c.unit.to_owned(), need, c.doc.to_owned()]
    };
    Ok(vec![Part {
        key: "columns",
        title: lang.pick(
            "Columns. Need: R required, C in some cases, O optional. Blank is unknown, never zero or \"no\"",
            "各列。需要：R 必填，C 视情况，O 可选。空白表示未知，不是零或“否”",
        ),
        headings: vec![
            ("column", lang.pick("column", "列")),
            ("zh", "名称"),
            ("type", lang.pick("type", "类型")),
            ("unit", lang.pick("unit", "单位")),
            ("need", lang.pick("need", "需要")),
            ("about", lang.pick("meaning", "含义")),
        ],
        rows: layer.columns().map(row).collect(),
    }])
}

fn systems(lang: Lang) -> Vec<Part> {
    let mut rows: Vec<Vec<String>> =
        NAMED.iter().map(|n| vec![n.words.join(", "), lang.pick(n.about.0, n.about.1).to_owned()]).collect();
    let zones = |width, prefixed| {
        let ends = [75.0, 135.0].map(|lon: f64| Zone::containing(lon, width).map_or(0, |z| z.epsg(prefixed)));
        format!("EPSG:{}–{}", ends[0], ends[1])
    };
    for (width, prefixed, en, zh) in [
        (
            ZoneWidth::ThreeDegrees,
            true,
            "CGCS2000, zones of 3°, easting with the zone's number",
            "CGCS2000 3 度带，横坐标带带号",
        ),
        (
            ZoneWidth::ThreeDegrees,
            false,
            "CGCS2000, zones of 3°, by central meridian",
            "CGCS2000 3 度带，按中央子午线",
        ),
        (
            ZoneWidth::SixDegrees,
            true,
            "CGCS2000, zones of 6°, easting with the zone's number",
            "CGCS2000 6 度带，横坐标带带号",
        ),
        (
            ZoneWidth::SixDegrees,
            false,
            "CGCS2000, zones of 6°, by central meridian",
            "CGCS2000 6 度带，按中央子午线",
        ),
    ] {
        rows.push(vec![zones(width, prefixed), lang.pick(en, zh).to_owned()]);
    }
    let any = [
        (
            "EPSG:n",
            "any other system of the EPSG register; also ESRI:n, an OGC URN or URL",
            "EPSG 登记的其他坐标系；也可用 ESRI:n、OGC 的 URN 或 URL",
        ),
        ("WKT", "the text of a .prj file", ".prj 文件的内容"),
        (
            "+proj=…",
            "a PROJ string; +towgs84= where the datum's shift is your own",
            "PROJ 字符串；自有基准参数用 +towgs84=",
        ),
    ];
    rows.extend(any.map(|(word, en, zh)| vec![word.to_owned(), lang.pick(en, zh).to_owned()]));
    vec![Part {
        key: "crs",
        title: lang.pick(
            "Coordinate systems: `crs = \"…\"` of a layer, --output-crs, `covplan convert`. Beijing 54 and Xian 80 are refused unless you give their shift",
            "坐标系：图层的 `crs = \"…\"`、--output-crs、`covplan convert`。北京 54 与西安 80 须给出转换参数，否则拒绝",
        ),
        headings: vec![("name", lang.pick("write", "写法")), ("about", lang.pick("what it is", "说明"))],
        rows,
    }]
}

fn exit_codes(lang: Lang) -> Vec<Part> {
    let row = |(e, en, zh): &(Exit, &str, &str)| vec![(*e as u8).to_string(), lang.pick(en, zh).to_owned()];
    vec![Part {
        key: "codes",
        title: lang.pick("Exit codes", "退出码"),
        headings: vec![("code", lang.pick("code", "代码")), ("meaning", lang.pick("meaning", "含义"))],
        rows: Exit::ALL.iter().map(row).collect(),
    }]
}

fn all(lang: Lang) -> Vec<Part> {
    let about = |en: &str, zh: &str| lang.pick(en, zh).to_owned();
    let headings = || vec![("name", lang.pick("name", "名称")), ("about", lang.pick("about", "说明"))];
    let commands = command(lang);
    let commands = commands.get_subcommands().map(|c| {
        let told = c.get_about().map(ToString::to_string).unwrap_or_default();
        vec![c.get_name().to_owned(), told]
    });
    vec![
        Part { key: "commands", title: "", headings: headings(), rows: commands.collect() },
        Part {
            key: "topics",
            title: "",
            headings: headings(),
            rows: TOPICS.iter().map(|(n, en, zh)| vec![(*n).to_owned(), about(en, zh)]).collect(),
        },
    ]
}

fn of_command(path: &[&str], ctx: &Context) -> Result<Exit, Complaint> {
    let mut root = command(ctx.lang);
    root.build();
    let found = match path {
        [] => Some(&mut root),
        [name] => root.find_subcommand_mut(name),
        _ => None,
    };
    if let Some(found) = found {
        let mut text = found.render_long_help().to_string();
        if path.is_empty() {
            text += &format!("\n{}\n", ctx.pick("Topics of `covplan help`:", "`covplan help` 的专题："));
            for (name, en, zh) in TOPICS {
                text += &format!("  {name:<12}{}\n", ctx.pick(en, zh));
            }
        }
        return print(&text).map(|()| Exit::Ok);
    }
    let asked = path.join(" ");
    let known = || GUIDES.iter().map(|g| g.command).chain(TOPICS.map(|t| t.0)).filter(|n| !n.is_empty());
    let near = known()
        .map(|n| (strsim::jaro_winkler(n, &asked), n))
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .filter(|(likeness, _)| *likeness > 0.7)
        .map(|(_, n)| n);
    let meant = near.map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
    let said = (
        format!("there is no help on `{asked}`{meant}"),
        format!("没有关于 `{asked}` 的帮助{}", did_you_mean_zh(near)),
    );
    let topics = TOPICS.map(|t| t.0);
    Err(Complaint::usage("C070", said).help((
        format!("topics are {}; any command serves too", topics.join(", ")),
        format!("专题有 {}；也可给出任一命令", topics.join("、")),
    )))
}

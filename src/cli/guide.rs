//! What `--help`, the manual pages and the completions say beside the arguments themselves: examples first,
//! the next step last, and all of it in Chinese too.

use super::args::Cli;
use super::exit::Exit;
use crate::model::kinds::Lang;
use clap::{Arg, ArgAction, Command, CommandFactory};

/// What is told of one command.
pub struct Guide {
    /// Its name; empty for the program.
    pub command: &'static str,
    /// What it does, in Chinese.
    about_zh: &'static str,
    /// Lines to type.
    examples: &'static [&'static str],
    /// What usually comes after it, in English and Chinese; may be empty.
    next: (&'static str, &'static str),
}

const fn guide(
    command: &'static str,
    about_zh: &'static str,
    examples: &'static [&'static str],
    next: (&'static str, &'static str),
) -> Guide {
    Guide { command, about_zh, examples, next }
}

/// The program, then every command.
pub static GUIDES: &[Guide] = &[
    guide(
        "",
        "为一个区域的工厂规划 5G 覆盖、光缆与数据中心",
        &[
            "covplan demo -o out                       # plan the embedded study area",
            "covplan init project                      # a commented project to fill in",
            "covplan check project/covplan.toml        # are the inputs sound?",
            "covplan plan project/covplan.toml -o out  # coverage, stations, fiber, data centers, report",
            "covplan explain out SITE-00412            # why this score",
            "covplan help exit-codes                   # also: formats, layers, crs, or a command",
        ],
        ("covplan doctor tells whether this machine is ready", "covplan doctor 检查本机是否就绪"),
    ),
    guide(
        "demo",
        "规划内置示例区域，无需任何输入",
        &["covplan demo", "covplan demo -o out --lang zh", "covplan demo --json | jq .headline"],
        ("open out/report.html; covplan explain out ID", "打开 out/report.html；covplan explain out 编号"),
    ),
    guide(
        "init",
        "写出一个带注释、可直接运行的项目",
        &["covplan init project", "covplan plan project/covplan.toml -o out"],
        ("covplan check project/covplan.toml", "covplan check project/covplan.toml"),
    ),
    guide(
        "inspect",
        "查看文件内容，并建议与图层的对应关系",
        &["covplan inspect 工参_移动_2026Q3.xlsx", "covplan inspect sites.csv --json"],
        (
            "paste the table into covplan.toml; covplan check covplan.toml",
            "把建议的表粘贴到 covplan.toml；covplan check covplan.toml",
        ),
    ),
    guide(
        "synth",
        "以真实城镇为种子生成合成项目",
        &[
            "covplan synth --region Jiangsu --sites 3000 --cells 12000 -o project",
            "covplan synth --region 贵州 --sites 300 -o guizhou",
        ],
        ("covplan plan project/covplan.toml -o out", "covplan plan project/covplan.toml -o out"),
    ),
    guide(
        "check",
        "校验项目的全部输入，不写任何文件",
        &["covplan check covplan.toml", "covplan check covplan.toml --json | jq .findings"],
        ("covplan coverage covplan.toml -o out", "covplan coverage covplan.toml -o out"),
    ),
    guide(
        "coverage",
        "为企业评分，列出不达标企业与关键指标",
        &["covplan coverage covplan.toml", "covplan coverage covplan.toml -o out --json"],
        (
            "covplan plan covplan.toml -o plan; covplan explain out ID",
            "covplan plan covplan.toml -o plan；covplan explain out 编号",
        ),
    ),
    guide(
        "area",
        "以地图表示覆盖：电平、SINR、速率的 GeoTIFF 栅格与等值面图层",
        &[
            "covplan area covplan.toml -o map",
            "covplan area covplan.toml -o map --step-m 100 --bbox 1.4,42.4,1.8,42.7",
        ],
        ("gdalinfo map/rsrp.tif, or open map/ in QGIS", "gdalinfo map/rsrp.tif，或在 QGIS 中打开 map/"),
    ),
    guide(
        "plan",
        "覆盖、基站、光缆、数据中心、预算与报告",
        &[
            "covplan plan covplan.toml -o out",
            "covplan plan covplan.toml -o out --budget 2000万",
            "covplan plan covplan.toml -o out --effort high --lang zh --redact public",
            "covplan plan covplan.toml -o out --formats geojson,gpkg --output-crs EPSG:4549",
        ],
        (
            "open out/report.html; covplan explain out ID; covplan compare earlier out",
            "打开 out/report.html；covplan explain out 编号；covplan compare 上次运行 out",
        ),
    ),
    guide(
        "kpi",
        "对照某项政策的分期目标：各区域的上报站数、缺口与费用",
        &[
            "covplan kpi covplan.toml --preset set-sail-2027",
            "covplan kpi covplan.toml --preset my-targets.toml --before q2 -o q3",
        ],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "compare",
        "两次运行之间的变化及原因：企业、缺口与费用",
        &["covplan compare q2 q3", "covplan compare q2 q3 -o changes --lang zh"],
        ("covplan explain q3 ID", "covplan explain q3 编号"),
    ),
    guide(
        "duplicates",
        "申报项目是否与现有资产或其他项目重复；有重复时退出码为 1",
        &["covplan duplicates covplan.toml", "covplan duplicates covplan.toml -o out --redact inter-agency"],
        ("covplan joint covplan.toml", "covplan joint covplan.toml"),
    ),
    guide(
        "readiness",
        "对照三种 5G 工厂评价体系：满足、缺少与未知的条件；谁在使用 5G",
        &[
            "covplan readiness covplan.toml",
            "covplan readiness covplan.toml --wanted 500 --scheme association -o out",
            "covplan readiness covplan.toml --subsidy 0.3 --subsidy 0.5:500000:small --with-plan",
        ],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "joint",
        "共建相对各自建设节省多少，各方分担多少",
        &["covplan joint covplan.toml", "covplan joint covplan.toml --parties cities --orders 8 -o out"],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "energy",
        "网络与数据中心的用电与碳排放，现状与规划后；PUE 限值与共享",
        &["covplan energy covplan.toml", "covplan energy covplan.toml --today -o out"],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "centers",
        "算力中心布局：边缘节点、区域中心与国家枢纽；选址理由；成本、时延与碳排放的权衡曲线",
        &["covplan centers covplan.toml", "covplan centers covplan.toml --objective carbon -o out --lang zh"],
        ("covplan energy covplan.toml", "covplan energy covplan.toml"),
    ),
    guide(
        "failures",
        "单点失效的影响：光缆、管道、节点、数据中心",
        &["covplan failures covplan.toml", "covplan failures covplan.toml --planned --json"],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "outlook",
        "新频段（U6G、FR3、毫米波、亚太赫兹）的需求：半径、站数、回传，均为区间",
        &["covplan outlook covplan.toml", "covplan outlook covplan.toml --json --lang zh"],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "uncertainty",
        "方案有多可靠：围绕输入抽样、敏感性排序、排名稳定性",
        &[
            "covplan uncertainty covplan.toml",
            "covplan uncertainty covplan.toml --runs 500 --anew 50 --seed 7 -o out",
        ],
        ("covplan plan covplan.toml -o out", "covplan plan covplan.toml -o out"),
    ),
    guide(
        "explain",
        "拆解已完成方案中的评分、路由、基站或数据中心",
        &[
            "covplan explain out SITE-00412",
            "covplan explain out plan",
            "covplan explain out FR-00001 --json",
        ],
        ("set plan.lock in the project, and plan again", "在项目中设置 plan.lock 后重新规划"),
    ),
    guide(
        "tiles",
        "把一次运行的图层做成矢量瓦片（单个 PMTiles 文件），用于要素过多的图层",
        &[
            "covplan tiles out -o out.pmtiles",
            "covplan tiles out -o sites.pmtiles --layers sites,gaps --attributes name,score --max-zoom 14",
        ],
        (
            "open it in QGIS (Layer > Add Vector Layer; GDAL 3.8 or later) or MapLibre",
            "在 QGIS（添加矢量图层，需 GDAL 3.8 以上）或 MapLibre 中打开",
        ),
    ),
    guide(
        "convert",
        "在坐标系之间转换文件坐标",
        &[
            "covplan convert points.csv --from gcj02 --to EPSG:4326 -o out.csv",
            "covplan convert points.csv --from EPSG:4547 --to EPSG:4490",
        ],
        ("covplan inspect out.csv; covplan help crs", "covplan inspect out.csv；covplan help crs"),
    ),
    guide(
        "hall",
        "一座厂房需要多少室内节点、放在哪里；与室外基站对比",
        &[
            "covplan hall --length-m 120 --width-m 60 --ceiling-m 10 --service video",
            "covplan hall --length-m 80 --width-m 40 --outdoor-m 400 --wall high -o hall",
            "covplan hall --batch halls.jsonl",
        ],
        ("covplan readiness covplan.toml", "covplan readiness covplan.toml"),
    ),
    guide(
        "link",
        "单条链路的传播损耗：每行一个 JSON 请求，每行一个 JSON 结果",
        &["echo '{\"model\":\"fspl\",\"freq_mhz\":3500,\"distance_m\":1000}' | covplan link --batch -"],
        ("covplan area covplan.toml -o map", "covplan area covplan.toml -o map"),
    ),
    guide(
        "solve",
        "求解标准测试文件：斯坦纳树、选址、覆盖；结果附可证明的界",
        &[
            "covplan solve steiner graph.stp.gz --time-limit 30 --json",
            "covplan solve p-median pmed1.txt --p 5",
        ],
        ("--effort high where the gap isn't closed", "间隙未消除时用 --effort high"),
    ),
    guide(
        "config",
        "生效的设置，含单位、范围、来源与可信度",
        &["covplan config", "covplan config covplan.toml --json", "covplan config > settings.toml"],
        ("put what differs into covplan.toml", "把需要改动的项写入 covplan.toml"),
    ),
    guide(
        "doctor",
        "检查本机：PROJ 数据、环境变量、字体、终端编码、内存、线程、临时文件夹",
        &["covplan doctor", "covplan doctor --json"],
        ("covplan demo -o out", "covplan demo -o out"),
    ),
    guide(
        "help",
        "命令的帮助，或专题：formats、layers、crs、exit-codes",
        &["covplan help plan", "covplan help layers sites", "covplan help formats --lang zh"],
        ("", ""),
    ),
    guide(
        "completions",
        "输出命令行补全脚本",
        &[
            "covplan completions bash > ~/.local/share/bash-completion/completions/covplan",
            "covplan completions zsh > ~/.zfunc/_covplan",
            "covplan completions fish > ~/.config/fish/completions/covplan.fish",
            "covplan completions powershell >> $PROFILE",
        ],
        ("open a new shell", "重新打开终端"),
    ),
    guide(
        "man",
        "输出手册页",
        &["covplan man -o ~/.local/share/man/man1", "covplan man | man -l -"],
        ("man covplan-plan", "man covplan-plan"),
    ),
];

/// What arguments mean, in Chinese; an empty command stands for every one that has the argument.
const ARGUMENTS: &[(&str, &str, &str)] = &[
    ("", "json", "以一个 JSON 文档代替文本输出到标准输出"),
    ("", "threads", "线程数 [默认：全部核心]；结果与之无关"),
    ("", "seed", "所有随机抽取的种子 [默认：1]"),
    ("", "quiet", "不显示进度与提示；仍显示错误"),
    ("", "lang", "报告与提示的语言：en 或 zh [默认：项目的设置，否则 en]"),
    ("", "timing", "把各阶段用时写入该文件（JSON，位于输出文件夹之外）"),
    ("", "help", "显示帮助"),
    ("", "version", "显示版本"),
    ("", "out", "要写入的文件夹；不存在则新建，否则必须为空（另见 --overwrite）"),
    ("", "overwrite", "替换文件夹中上次运行的输出；其他文件不动"),
    ("", "redact", "输出可传播的范围：internal、inter-agency 或 public [默认：项目的设置]"),
    ("", "formats", "图层格式，以逗号分隔；见 covplan help formats [默认：geojson]"),
    (
        "",
        "output_crs",
        "gpkg、fgb、parquet、shp 的坐标系：EPSG:n、cgcs2000、WKT 或 PROJ 字符串；其余为 WGS 84",
    ),
    ("", "effort", "确定性的计算量：low、normal、high，或从 1 起的整数"),
    ("", "time_limit", "到达该秒数即停止，写出当前最优方案（退出码 5）"),
    ("", "project", "工程文件（covplan.toml）"),
    ("", "swap_xy", "凡经纬度疑似颠倒的文件一律交换，并说明是哪些"),
    ("", "fail_on_findings", "有行被舍弃或有警告时以 1 退出"),
    ("area", "step_m", "像元边长，米 [默认：50]"),
    ("area", "bbox", "范围：西,南,东,北（度）[默认：全部小区外扩 5 km]；相邻范围的图可拼接"),
    ("area", "reach_km", "小区作用距离，千米 [默认：有地形时 15，否则 radio.search_radius_m]"),
    ("area", "network", "只计该网络，按名称或其运营商 [默认：各网络取最好]"),
    (
        "area",
        "clutter_m",
        "地面上均匀地物的高度，米；有地物图层时用于其类别缺失处 [默认：0，有地物图层时为 radio.land_cover.unknown_m]",
    ),
    ("area", "profiles", "地形剖面：exact 逐像元各自计算；shared 邻近像元共享，误差 0.1 dB 以内"),
    ("area", "memory_mb", "工作内存，MB [默认：1024]"),
    ("init", "dir", "要写入的文件夹；不存在则新建，否则必须为空"),
    ("inspect", "file", "要查看的文件"),
    ("synth", "region", "省或较大城市的中英文名称、GB/T 2260 代码，或 China"),
    ("synth", "sites", "工厂数 [默认：3000]"),
    ("synth", "cells", "无线小区数 [默认：12000]"),
    ("kpi", "preset", "内置预设的名称，或同样格式的 TOML 文件"),
    ("kpi", "before", "更早一次运行（kpi、coverage 或 plan）的文件夹，用于比较变化；可重复"),
    ("compare", "before", "较早运行的文件夹"),
    ("compare", "after", "较晚运行的文件夹"),
    ("readiness", "wanted", "希望网络就绪的工厂总数：列出最省钱的提升对象"),
    (
        "readiness",
        "scheme",
        "仅计入该评价体系下无“不满足”项的企业：directory（工信部名录）、association（团体标准）、star（星级）",
    ),
    ("readiness", "subsidy", "补贴情景：补贴比例、每家上限、对象（all、small、large、level=等级）；可重复"),
    ("readiness", "with_plan", "同时规划，并给出规划后可承载的业务类别"),
    (
        "joint",
        "parties",
        "谁来共建：operators（无线网络与铁塔公司）cities（区域图层的城市）或 provinces（省份）",
    ),
    ("plan", "budget_cny", "投资预算，替代 plan.budget_cny：元，或后缀 万、亿、k、M"),
    ("joint", "orders", "多于 6 方时抽取的加入次序数，正反成对 [默认：4]"),
    (
        "centers",
        "objective",
        "优化目标：mix（按设置加权）、cost、latency、p95、worst、carbon 或 energy [默认：mix]",
    ),
    ("centers", "planned", "先作规划，企业经规划光缆到达算力"),
    ("energy", "today", "不作规划，只看现状"),
    ("failures", "planned", "先作规划，再看建成后的网络"),
    ("", "simplestyle", "在 GeoJSON 要素上写出 simplestyle 样式属性"),
    ("", "csv_encoding", "CSV 文件的编码"),
    ("area", "model", "地形上的传播模型：auto 为 6 GHz 以下 P.1812-8、以上 P.452-18；itm 为 ITM 1.4 点对点"),
    ("uncertainty", "runs", "抽样次数 [默认：100]"),
    ("uncertainty", "anew", "其中重新规划的次数 [默认：0]"),
    ("hall", "length_m", "厂房长，米"),
    ("hall", "width_m", "厂房宽，米"),
    ("hall", "ceiling_m", "层高，米 [默认：radio.height_m.indoor + radio.hall.drop_m]"),
    ("hall", "node_height_m", "节点高度，米 [默认：层高以下 radio.hall.drop_m]"),
    ("hall", "ue_height_m", "机器上终端的高度，米 [默认：radio.ue_height_m]"),
    ("hall", "clutter_density", "机器与货架占地比例，0 至 1 [默认：radio.hall.clutter_density]"),
    ("hall", "clutter_size_m", "其典型尺寸，米 [默认：radio.hall.clutter_size_m]"),
    ("hall", "clutter_height_m", "其高度，米 [默认：radio.hall.clutter_height_m]"),
    ("hall", "service", "业务类别：data、video、robots 或 score.service 中的其他类 [默认：data]"),
    ("hall", "ul_mbps", "每终端上行，Mbit/s [默认：业务类别的值]"),
    ("hall", "dl_mbps", "每终端下行，Mbit/s [默认：业务类别的值]"),
    ("hall", "terminals", "同时活动的终端数 [默认：1]"),
    ("hall", "terminal", "终端：full 或 redcap [默认：业务类别的值]"),
    ("hall", "carrier", "载波：n78 或 radio.carrier 中的其他载波 [默认：siting.carrier]"),
    ("hall", "max_nodes", "最多尝试的节点数 [默认：radio.hall.max_nodes]"),
    ("hall", "outdoor_m", "可能服务该厂房的室外基站距离，米"),
    ("hall", "outdoor_scenario", "其场景：uma、umi、rma、sma [默认：uma]"),
    ("hall", "outdoor_height_m", "其天线高度，米 [默认：radio.height_m]"),
    ("hall", "wall", "外墙：low、high（TR 38.901）、p2109-traditional、p2109-efficient [默认：radio.wall]"),
    ("hall", "batch", "每行一个 JSON 厂房，每行一个 JSON 结果；`-` 为标准输入"),
    ("hall", "settings", "采用其设置的工程文件 [默认：内置默认值]"),
    ("explain", "dir", "已完成方案的文件夹"),
    ("explain", "id", "企业、基站、光缆段、数据中心或区域的编号；或合计：plan（全方案）、出资方、建设内容"),
    ("tiles", "dir", "已完成运行的文件夹，须含 GeoJSON 图层"),
    ("tiles", "out", "要写的文件"),
    ("tiles", "layers", "要取的图层，以逗号分隔 [默认：全部]"),
    ("tiles", "attributes", "要保留的字段，以逗号分隔；编号总是保留 [默认：除取值来源外的全部]"),
    ("tiles", "min_zoom", "起始级别 [默认：0]"),
    ("tiles", "max_zoom", "末级，显示全部要素 [默认：12 至 16，按最密处的需要]"),
    ("tiles", "tile_kb", "每个瓦片中一个图层压缩后的上限，KB；次要要素让位 [默认：500]"),
    ("tiles", "overwrite", "文件已存在时替换"),
    ("convert", "layer", "含多个图层的文件中的图层"),
    ("convert", "file", "含 lon、lat（或 x_m、y_m）的 CSV、GeoJSON，或其他要素文件（输出为 GeoJSON）"),
    ("convert", "from", "文件的坐标系：EPSG:n、gcj02、bd09"),
    ("convert", "to", "目标坐标系"),
    ("convert", "out", "要写的文件；不给出则写到标准输出（用 --json 时必须给出）"),
    ("convert", "overwrite", "文件已存在时替换"),
    ("link", "batch", "请求文件；`-` 为标准输入"),
    ("link", "verbose", "给出中间值"),
    (
        "solve",
        "problem",
        "问题类型：steiner、pcstp、rpcstp、p-median、p-center、ufl、cflp、sscflp、set-cover、mclp",
    ),
    ("solve", "file", "要读的文件；.gz 可直接读"),
    (
        "solve",
        "format",
        "文件格式 [默认：按文件头]：graph、xy-floor、xy-real、latlon-weight、xy-weight、ufl、cflp、scp、stp、gr",
    ),
    ("solve", "p", "开放设施数，代替文件中的值"),
    ("solve", "radius", "服务半径：latlon-weight 为米，其余为文件单位"),
    ("solve", "budget", "开放设施的费用上限"),
    ("solve", "gap", "目标值与界的相对间隙达到该值即可 [默认：0]"),
    ("config", "project", "工程文件；不给出则为默认值"),
    ("help", "topic", "命令或专题；layers 之后可再给出图层名"),
    ("completions", "shell", "终端：bash、zsh、fish、powershell 或 elvish"),
    ("man", "out", "要写入的文件夹；不给出则把主手册页写到标准输出"),
    ("man", "overwrite", "文件夹不为空时也写入，替换同名文件"),
];

impl Guide {
    /// The guide of a command.
    #[must_use]
    pub fn of(command: &str) -> Option<&'static Self> {
        GUIDES.iter().find(|g| g.command == command)
    }

    /// The examples, a line each.
    #[must_use]
    pub fn examples(&self) -> String {
        self.examples.iter().map(|e| format!("  {e}\n")).collect()
    }

    fn apply(&self, command: Command, lang: Lang) -> Command {
        let examples = format!("{}\n{}", lang.pick("Examples:", "示例："), self.examples());
        let mut after = String::new();
        if self.command.is_empty() {
            let codes: Vec<String> = Exit::ALL.iter().map(|(e, ..)| (*e as u8).to_string()).collect();
            after = match lang {
                Lang::En => format!("Exit codes {}: covplan help exit-codes\n", codes.join(", ")),
                Lang::Zh => format!("退出码 {}：covplan help exit-codes\n", codes.join("、")),
            };
        }
        let next = lang.pick(self.next.0, self.next.1);
        if !next.is_empty() {
            after += &format!("{}{next}", lang.pick("Next: ", "下一步："));
        }
        let command = command.before_help(examples).after_help(after);
        if lang == Lang::Zh { command.about(self.about_zh) } else { command }
    }
}

/// The command line with its guides, in a language.
#[must_use]
pub fn command(lang: Lang) -> Command {
    let mut command = Cli::command();
    for g in GUIDES {
        command = match g.command {
            "" => g.apply(command, lang),
            name => command.mut_subcommand(name, |c| g.apply(c, lang)),
        };
    }
    if lang == Lang::Zh { in_chinese(command, "") } else { command }
}

const TEMPLATE_ZH: &str = "{before-help}{about}\n\n用法：{usage}\n\n{all-args}{after-help}";

fn in_chinese(command: Command, name: &str) -> Command {
    let own = |id: &str| {
        let found = ARGUMENTS.iter().find(|a| a.0 == name && a.1 == id);
        found.or_else(|| ARGUMENTS.iter().find(|a| a.0.is_empty() && a.1 == id)).map(|a| a.2)
    };
    let help = Arg::new("help").short('h').long("help").action(ArgAction::Help);
    let mut command = command.disable_help_flag(true).arg(help).help_template(TEMPLATE_ZH);
    if name.is_empty() {
        let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
        command = command.disable_version_flag(true).arg(version).subcommand_help_heading("命令");
    }
    let command = command.mut_args(|a| {
        let heading = if a.is_positional() { "参数" } else { "选项" };
        // The values themselves, their meaning and the default stand in the words.
        let a = match own(a.get_id().as_str()) {
            Some(words) => a.help(words).hide_possible_values(true).hide_default_value(true),
            None => a,
        };
        a.help_heading(heading)
    });
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    names.iter().fold(command, |c, name| c.mut_subcommand(name, |c| in_chinese(c, name)))
}

/// The language that the arguments ask for, before they are parsed.
#[must_use]
pub fn lang_asked(args: &[std::ffi::OsString]) -> Option<Lang> {
    let mut args = args.iter().skip(1).map(|a| a.to_string_lossy()).take_while(|a| a != "--");
    let mut asked = None;
    while let Some(a) = args.next() {
        let word = match a.strip_prefix("--lang=") {
            Some(word) => Some(word.to_owned()),
            None if a == "--lang" => args.next().map(std::borrow::Cow::into_owned),
            None => None,
        };
        asked = word.as_deref().and_then(Lang::parse).or(asked);
    }
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn han(text: &str) -> bool {
        text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
    }

    #[test]
    fn commands_that_a_report_names_can_be_given_as_they_stand() {
        for (.., asked) in crate::report::other_questions::ASKED {
            let words = std::iter::once("covplan").chain(asked.split(' '));
            assert!(command(Lang::En).try_get_matches_from(words).is_ok(), "{asked}");
        }
    }

    #[test]
    fn every_command_and_argument_speaks_both_languages() {
        let mut en = command(Lang::En);
        en.build();
        assert_eq!(en.get_subcommands().count() + 1, GUIDES.len(), "a guide a command");
        let mut zh = command(Lang::Zh);
        zh.build();
        let all = std::iter::once(&zh).chain(zh.get_subcommands());
        let mut seen = 0;
        for c in all {
            let name = c.get_name();
            assert!(han(&c.get_about().unwrap().to_string()), "{name}");
            assert!(c.get_before_help().unwrap().to_string().starts_with("示例"), "{name}");
            for a in c.get_arguments() {
                let help = a.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(han(&help), "{name} {}: {help}", a.get_id());
                seen += 1;
            }
        }
        assert!(seen > 150, "{seen}");
        for (name, id, _) in ARGUMENTS {
            let there = |c: &Command| c.get_arguments().any(|a| a.get_id() == id);
            let known = zh.get_subcommands().any(|c| (name.is_empty() || c.get_name() == *name) && there(c));
            assert!(known || (name.is_empty() && there(&zh)), "{name} {id} is no argument");
        }
    }

    #[test]
    fn help_begins_with_examples_that_parse() {
        for g in GUIDES {
            for line in g.examples {
                let typed = line.split(['|', '>', '#']).find(|p| p.trim_start().starts_with("covplan"));
                let words: Vec<&str> = typed.unwrap().split_whitespace().collect();
                let parsed = command(Lang::En).try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{line}: {}", parsed.unwrap_err());
            }
        }
    }

    #[test]
    fn the_language_is_known_before_parsing() {
        let of = |line: &str| lang_asked(&line.split(' ').map(Into::into).collect::<Vec<_>>());
        assert_eq!(of("covplan plan --lang zh"), Some(Lang::Zh));
        assert_eq!(of("covplan --lang=en x"), Some(Lang::En));
        assert_eq!(of("covplan plan -- --lang zh"), None);
    }
}

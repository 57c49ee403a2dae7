//! The command line as typed.

mod readiness;

pub use readiness::{ReadinessArgs, SchemeArg};

use crate::crs::Crs;
use crate::model::kinds::{Lang, Redaction};
use crate::model::said::Said;
use crate::model::settings::TerminalKind;
use crate::optimise::Effort;
use crate::report::csv::Encoding;
use crate::report::formats::{FORMATS, Format as LayerFormat};
use crate::report::tiles::CLOSEST;
use crate::siting::halls::{OutdoorScenario, WallAsk};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Plans 5G coverage, optical fiber and data centers for the factories of a region.
#[derive(Debug, Parser)]
#[command(name = "covplan", version, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Switches of every command.
    #[command(flatten)]
    pub common: Common,
}

/// Switches that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Common {
    /// One JSON document on stdout instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Threads to use [default: all cores]; results don't depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Seed of everything that is drawn
    #[arg(long, global = true, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    pub seed: u64,
    /// No progress, no remarks on stderr; errors still
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Language of reports and messages: en or zh [default: the project's, else en]
    #[arg(long, global = true, value_name = "LANG", value_parser = parse_lang)]
    pub lang: Option<Lang>,
    /// Write times per stage to this file (JSON), outside the output folder
    #[arg(long, global = true, value_name = "FILE")]
    pub timing: Option<PathBuf>,
}

/// Where outputs go.
#[derive(Clone, Debug, Args)]
pub struct Output {
    /// Folder to write; made where it is missing, and must be empty otherwise (but see --overwrite)
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replace the outputs of an earlier run in the folder; other files in it stay
    #[arg(long)]
    pub overwrite: bool,
    /// How far outputs may travel: internal, inter-agency or public [default: the project's]
    #[arg(long, value_name = "LEVEL", value_parser = parse_redaction)]
    pub redact: Option<Redaction>,
    /// Formats of the layers, separated by commas: geojson, geojsonl, gpkg, fgb, parquet, shp, kml
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "geojson", value_parser = parse_layer_format)]
    pub formats: Vec<&'static LayerFormat>,
    /// CRS of gpkg, fgb, parquet and shp: EPSG:n, cgcs2000, a WKT or PROJ string; the others stay WGS 84
    #[arg(long, value_name = "CRS", default_value = "EPSG:4326", value_parser = parse_crs)]
    pub output_crs: Crs,
    /// Give GeoJSON features their own colours (marker-color, stroke, fill: simplestyle 1.1), for web viewers
    #[arg(long)]
    pub simplestyle: bool,
    /// Encoding of CSV tables: utf-8 (with a mark, as spreadsheets want it) or gb18030
    #[arg(long, value_name = "NAME", default_value = "utf-8", value_parser = parse_csv_encoding)]
    pub csv_encoding: Encoding,
}

/// How long to work.
#[derive(Clone, Debug, Args)]
pub struct Budget {
    /// Deterministic work: low, normal, high, or a number from 1
    #[arg(long, value_name = "EFFORT", value_parser = parse_effort)]
    pub effort: Option<Effort>,
    /// Stop after this many seconds and write the best plan so far (exit code 5)
    #[arg(long, value_name = "S", value_parser = parse_seconds, allow_negative_numbers = true)]
    pub time_limit: Option<f64>,
}

/// What a map shows.
#[derive(Clone, Debug, Args)]
pub struct AreaArgs {
    /// Side of a pixel, metres
    #[arg(long, value_name = "M", default_value = "50", value_parser = parse_step)]
    pub step_m: f64,
    /// Box in degrees [default: all cells and 5 km around]; maps of neighbouring boxes fit together
    #[arg(long, value_name = "W,S,E,N", value_parser = parse_bbox, allow_hyphen_values = true)]
    pub bbox: Option<[f64; 4]>,
    /// How far a cell reaches, kilometres [default: 15 over terrain, radio.search_radius_m without]
    #[arg(long, value_name = "KM", value_parser = parse_reach)]
    pub reach_km: Option<f64>,
    /// Only this network, by its name or one of its operators [default: the best of all]
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// Height of even clutter over the ground, metres; with a clutter layer, where that has no class [default:
    /// 0, with a clutter layer radio.land_cover.unknown_m]
    #[arg(long, value_name = "M", value_parser = parse_clutter)]
    pub clutter_m: Option<f64>,
    /// Profiles over terrain: each pixel by its own, or work shared between neighbours, within 0.1 dB
    #[arg(long, value_name = "HOW", value_enum, default_value_t = ProfilesArg::Exact)]
    pub profiles: ProfilesArg,
    /// Model over terrain: by frequency P.1812 or P.452, or ITM (Longley-Rice)
    #[arg(long, value_name = "MODEL", value_enum, default_value_t = AreaModelArg::Auto)]
    pub model: AreaModelArg,
    /// Working memory, megabytes
    #[arg(long, value_name = "MB", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(16..=1_048_576))]
    pub memory_mb: u32,
}

/// What tiles are made of, and how.
#[derive(Clone, Debug, Args)]
pub struct TilesArgs {
    /// Folder of a finished run with GeoJSON layers
    pub dir: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE.pmtiles")]
    pub out: PathBuf,
    /// Layers to take, separated by commas [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub layers: Vec<String>,
    /// Fields to keep, separated by commas; ids always are [default: all but the sources of values]
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub attributes: Vec<String>,
    /// First zoom level
    #[arg(long, value_name = "Z", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=i64::from(CLOSEST)))]
    pub min_zoom: u8,
    /// Last zoom level, which shows every feature [default: 12 to 16, as far in as dense places need]
    #[arg(long, value_name = "Z", value_parser = clap::value_parser!(u8).range(0..=i64::from(CLOSEST)))]
    pub max_zoom: Option<u8>,
    /// Compressed kilobytes that a layer may have in a tile; less important features give way
    #[arg(long, value_name = "KB", default_value_t = 500, value_parser = clap::value_parser!(u32).range(10..=100_000))]
    pub tile_kb: u32,
    /// Replace the file if it exists
    #[arg(long)]
    pub overwrite: bool,
}

/// How `covplan area` takes profiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ProfilesArg {
    /// Every pixel by all points of its own profile
    Exact,
    /// Neighbours share work; proven block by block, measured on the run
    Shared,
}

/// A hall as typed.
#[derive(Clone, Debug, Args)]
pub struct HallArgs {
    /// Length of the floor, metres
    #[arg(long, value_name = "M", required_unless_present = "batch")]
    pub length_m: Option<f64>,
    /// Width of the floor, metres
    #[arg(long, value_name = "M", required_unless_present = "batch")]
    pub width_m: Option<f64>,
    /// Height of the ceiling, metres [default: radio.height_m.indoor + radio.hall.drop_m]
    #[arg(long, value_name = "M")]
    pub ceiling_m: Option<f64>,
    /// Height of the nodes, metres [default: radio.hall.drop_m below the ceiling]
    #[arg(long, value_name = "M")]
    pub node_height_m: Option<f64>,
    /// Height of the terminals on the machines, metres [default: radio.ue_height_m]
    #[arg(long, value_name = "M")]
    pub ue_height_m: Option<f64>,
    /// Share of the floor that machines and stores take, 0 to 1 [default: radio.hall.clutter_density]
    #[arg(long, value_name = "SHARE")]
    pub clutter_density: Option<f64>,
    /// Their typical size, metres [default: radio.hall.clutter_size_m]
    #[arg(long, value_name = "M")]
    pub clutter_size_m: Option<f64>,
    /// Their height, metres [default: radio.hall.clutter_height_m]
    #[arg(long, value_name = "M")]
    pub clutter_height_m: Option<f64>,
    /// Service class: data, video, robots, or another of score.service [default: data]
    #[arg(long, value_name = "CLASS")]
    pub service: Option<String>,
    /// Uplink of each terminal, Mbit/s [default: the class's]
    #[arg(long, value_name = "MBIT/S")]
    pub ul_mbps: Option<f64>,
    /// Downlink of each terminal, Mbit/s [default: the class's]
    #[arg(long, value_name = "MBIT/S")]
    pub dl_mbps: Option<f64>,
    /// Terminals active at the same time [default: 1]
    #[arg(long, value_name = "N")]
    pub terminals: Option<f64>,
    /// Terminal: full or redcap [default: the class's]
    #[arg(long, value_name = "KIND", value_parser = parse_word::<TerminalKind>)]
    pub terminal: Option<TerminalKind>,
    /// Carrier: n78, or another of radio.carrier [default: siting.carrier]
    #[arg(long, value_name = "NAME")]
    pub carrier: Option<String>,
    /// Most nodes that are tried [default: radio.hall.max_nodes]
    #[arg(long, value_name = "N")]
    pub max_nodes: Option<u32>,
    /// Distance of the station outside that might serve the hall, metres
    #[arg(long, value_name = "M")]
    pub outdoor_m: Option<f64>,
    /// Its scenario: uma, umi, rma, sma [default: uma]
    #[arg(long, value_name = "WORD", requires = "outdoor_m", value_parser = parse_word::<OutdoorScenario>)]
    pub outdoor_scenario: Option<OutdoorScenario>,
    /// Height of its antennas, metres [default: radio.height_m]
    #[arg(long, value_name = "M", requires = "outdoor_m")]
    pub outdoor_height_m: Option<f64>,
    /// The wall: low, high (TR 38.901), p2109-traditional, p2109-efficient [default: radio.wall]
    #[arg(long, value_name = "WORD", requires = "outdoor_m", value_parser = parse_word::<WallAsk>)]
    pub wall: Option<WallAsk>,
}

/// Which model `covplan area` takes over terrain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AreaModelArg {
    /// P.1812-8 up to 6 GHz, P.452-18 above
    Auto,
    /// ITM 1.4, point to point, from 1 km on
    Itm,
}

/// How to read a project.
#[derive(Clone, Debug, Args)]
pub struct Reading {
    /// Project file (covplan.toml)
    #[arg(value_name = "PROJECT.toml")]
    pub project: PathBuf,
    /// Exchange longitude and latitude in every file in which they look swapped; says which
    #[arg(long)]
    pub swap_xy: bool,
    /// Exit with 1 when a row was dropped or a warning was given
    #[arg(long)]
    pub fail_on_findings: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plan the embedded study area: no input needed
    Demo {
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// Write a commented project with template files that runs as it is
    Init {
        /// Folder to write; made where it is missing, and must be empty otherwise
        dir: PathBuf,
    },
    /// Show what a file holds, and propose a mapping onto a layer
    Inspect {
        /// File to look at
        file: PathBuf,
    },
    /// Make a synthetic project seeded by real towns
    Synth {
        /// Province or larger city, in English or Chinese or by GB/T 2260 code, or China
        #[arg(long, default_value = "Jiangsu")]
        region: String,
        /// Number of factory sites
        #[arg(long, default_value_t = 3000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
        sites: u32,
        /// Number of radio cells
        #[arg(long, default_value_t = 12000, value_parser = clap::value_parser!(u32).range(0..=20_000_000))]
        cells: u32,
        /// Folder to write; made where it is missing, and must be empty otherwise (but see --overwrite)
        #[arg(short, long, value_name = "DIR")]
        out: PathBuf,
        /// Replace files of the same name in the folder; other files in it stay
        #[arg(long)]
        overwrite: bool,
    },
    /// Validate all inputs of a project; write nothing
    Check {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
    },
    /// Score sites, list gaps, KPIs
    Coverage {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Where to write.
        #[command(flatten)]
        output: Output,
    },
    /// Coverage as a map: GeoTIFF rasters of level, SINR and rate, contours as a layer
    Area {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// What to show.
        #[command(flatten)]
        ask: AreaArgs,
    },
    /// Coverage, stations, fiber, data centers, budget, report
    Plan {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Capex that the plan may spend, in place of plan.budget_cny: yuan, or with 万, 亿, k or M behind it
        #[arg(long = "budget", value_name = "YUAN", value_parser = parse_money, allow_negative_numbers = true)]
        budget_cny: Option<f64>,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// Regions against the dated targets of a policy: reported stations, what is missing, what it costs
    Kpi {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// A shipped preset by name, or a TOML file of the same form
        #[arg(long, value_name = "NAME|FILE")]
        preset: String,
        /// Folder of an earlier run (kpi, coverage or plan), for changes since; may be repeated
        #[arg(long, value_name = "DIR")]
        before: Vec<PathBuf>,
        /// Where to write.
        #[command(flatten)]
        output: Output,
    },
    /// What changed between two runs, and why: sites, gaps and money by cause
    Compare {
        /// Folder of the earlier run
        before: PathBuf,
        /// Folder of the later run
        after: PathBuf,
        /// Folder to write; made where it is missing, and must be empty otherwise (but see --overwrite)
        #[arg(short, long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Replace the outputs of an earlier run in the folder; other files in it stay
        #[arg(long)]
        overwrite: bool,
    },
    /// Which applied-for projects double what stands or each other; exit code 1 when any does
    Duplicates {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Where to write.
        #[command(flatten)]
        output: Output,
    },
    /// Plants against the three schemes of 5G factories: what is met, missing, unknown; who uses 5G
    Readiness {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// What to look into.
        #[command(flatten)]
        ask: ReadinessArgs,
        /// Where to write.
        #[command(flatten)]
        output: Output,
    },
    /// What building together saves against each by itself, and who pays what of it
    Joint {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Who builds together
        #[arg(long, default_value = "operators")]
        parties: PartyKind,
        /// Orders of joining to draw, in pairs with their reverse, where there are more than 6 parties
        #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(2..=100_000))]
        orders: u32,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// Electricity and carbon of networks and data centers, today and after the plan; PUE limits, sharing
    Energy {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Leave the plan out
        #[arg(long)]
        today: bool,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// Where compute should stand: edge nodes, regional centers, national hubs; why, and the trade-off of cost, latency, carbon
    Centers {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// What is to be least: mix (as the settings weigh it), cost, latency, p95, worst, carbon or energy
        #[arg(long, value_name = "NAME", default_value = "mix")]
        objective: CenterObjective,
        /// Make the plan first, and let sites reach compute over the fiber that it lays
        #[arg(long)]
        planned: bool,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// What breaks if one thing fails: a cable, a duct, a node, a data center
    Failures {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Plan first, and look at what will stand then
        #[arg(long)]
        planned: bool,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// What new bands (U6G, FR3, mmWave, sub-THz) would ask for: reach, stations, backhaul, as intervals
    Outlook {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Where to write.
        #[command(flatten)]
        output: Output,
    },
    /// How sure the plan is: draws around its inputs, a tornado table, stability of ranks
    Uncertainty {
        /// What to read.
        #[command(flatten)]
        reading: Reading,
        /// Draws
        #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        runs: u32,
        /// How many of the draws are planned anew
        #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
        anew: u32,
        /// Where to write.
        #[command(flatten)]
        output: Output,
        /// How long to work.
        #[command(flatten)]
        budget: Budget,
    },
    /// Every term behind a score, route, station or data center of a finished plan
    Explain {
        /// Folder of a finished plan
        dir: PathBuf,
        /// Id of a site, station, route, data center or region; or a sum: `plan`, a payer, a kind of work
        id: String,
    },
    /// Vector tiles of a run's layers in one PMTiles file, for layers too large to draw
    Tiles(TilesArgs),
    /// Convert the coordinates of a file between reference systems
    Convert {
        /// CSV with lon, lat (or x_m, y_m), GeoJSON, or another file of features, which becomes GeoJSON
        file: PathBuf,
        /// Layer of a file that holds several
        #[arg(long, value_name = "NAME")]
        layer: Option<String>,
        /// CRS of the file: EPSG:n, gcj02, bd09
        #[arg(long, value_name = "CRS")]
        from: String,
        /// CRS wanted
        #[arg(long, value_name = "CRS")]
        to: String,
        /// File to write; stdout when not given (with --json it must be given)
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Replace the file if it exists
        #[arg(long)]
        overwrite: bool,
    },
    /// Indoor nodes that a factory hall needs, and where; the station outside against them
    Hall {
        /// The hall.
        #[command(flatten)]
        ask: HallArgs,
        /// Halls as JSON, one a line, one JSON answer a line; `-` for stdin
        #[arg(long, value_name = "HALLS.jsonl", conflicts_with_all = ["length_m", "width_m", "out"])]
        batch: Option<PathBuf>,
        /// Project file whose settings count [default: the catalogue's]
        #[arg(long, value_name = "PROJECT.toml")]
        settings: Option<PathBuf>,
        /// Folder to write; made where it is missing, and must be empty otherwise (but see --overwrite)
        #[arg(short, long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Replace the outputs of an earlier run in the folder; other files in it stay
        #[arg(long)]
        overwrite: bool,
    },
    /// Propagation loss of single links: one JSON request a line, one JSON answer a line
    Link {
        /// Requests; `-` for stdin
        #[arg(long, value_name = "REQUESTS.jsonl")]
        batch: PathBuf,
        /// Give intermediate values
        #[arg(long)]
        verbose: bool,
    },
    /// Solve a benchmark file: Steiner tree, location, covering; the answer comes with a proven bound
    Solve {
        /// Kind of problem
        problem: Problem,
        /// File to read; .gz is read as is
        file: PathBuf,
        /// Format of the file [default: by header]
        #[arg(long)]
        format: Option<Format>,
        /// Number of places to open, instead of the file's
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        p: Option<u32>,
        /// Radius of service: metres for latlon-weight, else the file's unit
        #[arg(long, value_name = "R", value_parser = parse_amount, allow_negative_numbers = true)]
        radius: Option<f64>,
        /// Money for opening places
        #[arg(long, value_name = "B", value_parser = parse_amount, allow_negative_numbers = true)]
        budget: Option<f64>,
        /// Relative gap between objective and bound that is good enough
        #[arg(long, value_name = "G", default_value_t = 0.0, value_parser = parse_amount, allow_negative_numbers = true)]
        gap: f64,
        /// How long to work.
        #[command(flatten)]
        work: Budget,
    },
    /// The effective settings with unit, range, source and trust
    Config {
        /// Project file; without it the defaults
        project: Option<PathBuf>,
    },
    /// Is this machine ready: PROJ data, environment, fonts, encoding, memory, threads, temporary folder
    Doctor,
    /// Help on a command, or on a topic: formats, layers, crs, exit-codes
    Help {
        /// Command or topic; a layer may follow `layers`
        #[arg(value_name = "COMMAND|TOPIC")]
        topic: Vec<String>,
    },
    /// Print the script that completes commands and options in a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Write the manual pages
    Man {
        /// Folder to write; without it the main page goes to stdout
        #[arg(short, long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// Write into a folder that isn't empty, replacing files of the same name
        #[arg(long)]
        overwrite: bool,
    },
}

/// Who builds together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PartyKind {
    /// Radio networks, and the tower company where it owns places
    Operators,
    /// Cities of the regions layer
    Cities,
    /// Provinces of the regions layer
    Provinces,
}

/// What `centers` makes least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CenterObjective {
    /// Cost, latency at datacenter.ms_value_cny_yr, carbon at energy.carbon_cny_t
    Mix,
    /// Cost
    Cost,
    /// Mean round trip
    Latency,
    /// 95th percentile of the round trip
    P95,
    /// Longest round trip
    Worst,
    /// Carbon
    Carbon,
    /// Electricity
    Energy,
}

/// The problems that `solve` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Problem {
    /// Cheapest tree that joins all terminals
    Steiner,
    /// Cheapest tree, counting the prizes it leaves out
    Pcstp,
    /// The same through a given root
    Rpcstp,
    /// p places, least sum of distances
    PMedian,
    /// p places, least greatest distance
    PCenter,
    /// Facilities without capacities
    Ufl,
    /// Facilities with capacities, customers split at will
    Cflp,
    /// Facilities with capacities, customers whole
    Sscflp,
    /// Cheapest columns that cover all rows
    SetCover,
    /// Most demand within a radius
    Mclp,
}

impl Problem {
    /// As typed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steiner => "steiner",
            Self::Pcstp => "pcstp",
            Self::Rpcstp => "rpcstp",
            Self::PMedian => "p-median",
            Self::PCenter => "p-center",
            Self::Ufl => "ufl",
            Self::Cflp => "cflp",
            Self::Sscflp => "sscflp",
            Self::SetCover => "set-cover",
            Self::Mclp => "mclp",
        }
    }
}

/// Formats of benchmark files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// OR-Library graph: n m p, then edges
    Graph,
    /// n, then x y; distances rounded down
    XyFloor,
    /// n, then x y
    XyReal,
    /// MCLP with latitude, longitude, weight
    LatlonWeight,
    /// MCLP with x, y, weight, opening cost
    XyWeight,
    /// Facilities without capacities
    Ufl,
    /// Facilities with capacities
    Cflp,
    /// Rows and columns to cover them
    Scp,
    /// SteinLib, DIMACS-11
    Stp,
    /// PACE 2018
    Gr,
}

/// An argument's value that isn't taken.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.en)]
pub struct BadValue(pub Said);

fn bad<T>(said: impl Into<Said>) -> Result<T, BadValue> {
    Err(BadValue(said.into()))
}

fn parse_amount(s: &str) -> Result<f64, BadValue> {
    match s.parse::<f64>() {
        Ok(v) if v.is_finite() && v >= 0.0 => Ok(v),
        _ => bad(("a number from 0", "应为不小于 0 的数字")),
    }
}

fn parse_lang(s: &str) -> Result<Lang, BadValue> {
    Lang::parse(s).map_or_else(|| bad(("the languages are en and zh", "语言有 en 与 zh")), Ok)
}

fn parse_redaction(s: &str) -> Result<Redaction, BadValue> {
    let said =
        ("the levels are internal, inter-agency and public", "级别有 internal、inter-agency 与 public");
    Redaction::parse(s).map_or_else(|| bad(said), Ok)
}

/// A word of a list, as files have it.
fn parse_word<T: serde::de::DeserializeOwned>(s: &str) -> Result<T, BadValue> {
    serde_json::from_value(serde_json::Value::String(s.to_owned()))
        .or_else(|e| bad(Said::verbatim(e.to_string())))
}

fn parse_csv_encoding(text: &str) -> Result<Encoding, BadValue> {
    let word = text.trim().to_ascii_lowercase();
    let found = Encoding::ALL.into_iter().find(|e| e.word() == word || e.word().replace('-', "") == word);
    found.map_or_else(|| bad(("the encodings are utf-8, gb18030", "编码有 utf-8、gb18030")), Ok)
}

fn parse_crs(s: &str) -> Result<Crs, BadValue> {
    s.parse().or_else(|e: crate::crs::CrsError| bad(&e))
}

fn parse_layer_format(s: &str) -> Result<&'static LayerFormat, BadValue> {
    let words: Vec<&str> = FORMATS.iter().map(|f| f.word).collect();
    let said = (format!("the formats are {}", words.join(", ")), format!("格式有 {}", words.join("、")));
    LayerFormat::of(s).map_or_else(|| bad(said), Ok)
}

fn parse_effort(s: &str) -> Result<Effort, BadValue> {
    s.parse().or_else(|e: crate::optimise::BadEffort| bad(&e))
}

fn parse_seconds(s: &str) -> Result<f64, BadValue> {
    match s.parse::<f64>() {
        Ok(v) if v.is_finite() && v > 0.0 && v <= 1e7 => Ok(v),
        _ => bad(("a number of seconds above 0", "应为大于 0 的秒数")),
    }
}

/// Yuan, as planners write them.
fn parse_money(s: &str) -> Result<f64, BadValue> {
    const UNITS: [(&str, f64); 5] = [("万", 1e4), ("亿", 1e8), ("k", 1e3), ("M", 1e6), ("", 1.0)];
    let s = s.trim().replace(['_', ','], "");
    let found = UNITS.iter().find_map(|(unit, cny)| Some((s.strip_suffix(unit)?, cny)));
    match found.and_then(|(figure, cny)| Some(figure.trim().parse::<f64>().ok()? * cny)) {
        // As far as plan.budget_cny goes.
        Some(v) if v > 0.0 && v <= 1e13 => Ok(v),
        _ => bad((
            "an amount of yuan above 0 and up to 10,000,000,000,000, such as 20000000, 2000万, 0.2亿 or 20M",
            "应为大于 0 且不超过 10 万亿元的金额，例如 20000000、2000万、0.2亿 或 20M",
        )),
    }
}

fn number_within(s: &str, range: std::ops::RangeInclusive<f64>) -> Result<f64, BadValue> {
    let (from, to) = (range.start(), range.end());
    match s.parse::<f64>() {
        Ok(v) if range.contains(&v) => Ok(v),
        _ => bad((format!("a number from {from} to {to}"), format!("应为 {from} 至 {to} 的数字"))),
    }
}

fn parse_step(s: &str) -> Result<f64, BadValue> {
    number_within(s, 1.0..=10_000.0)
}

fn parse_reach(s: &str) -> Result<f64, BadValue> {
    number_within(s, 0.1..=100.0)
}

fn parse_clutter(s: &str) -> Result<f64, BadValue> {
    number_within(s, 0.0..=100.0)
}

fn parse_bbox(s: &str) -> Result<[f64; 4], BadValue> {
    let numbers: Option<Vec<f64>> = s.split(',').map(|v| v.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[west, south, east, north]) if west < east && south < north => Ok([west, south, east, north]),
        _ => bad((
            "west, south, east, north in degrees, such as 1.4,42.4,1.8,42.7",
            "应为以度表示的西,南,东,北，如 1.4,42.4,1.8,42.7",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_money;

    #[test]
    fn money_as_planners_write_it() {
        for (text, cny) in
            [("20000000", 2e7), ("2000万", 2e7), ("0.2 亿", 2e7), ("20M", 2e7), ("20_000k", 2e7)]
        {
            let got = parse_money(text).ok().unwrap();
            assert!((got - cny).abs() < 1e-6 * cny, "{text}: {got}");
        }
        for bad in ["", "万", "-5", "0", "1e14", "20 mio", "NaN", "inf", "亿亿"] {
            assert!(parse_money(bad).is_err(), "{bad}");
        }
    }
}

//! A small plan made by hand for the tests of the writers: two networks, four factories with unfriendly
//! names, everything that can be unknown unknown somewhere.

use super::write::{InputFile, RunInfo};
use crate::coverage::{
    Assessment, Fact, Gap, IndoorCover, Kpi, KpiGroup, LossModel, NetworkAtSite, Score, SiteResult, Term,
    Tower,
};
use crate::geom::LonLat;
use crate::model::inputs::{Inputs, LayerInfo};
use crate::model::issues::Place;
use crate::model::kinds::{Basis, DcTier, FiberNodeKind, FirmSize, Lang, LayMethod, Rat, RegionLevel};
use crate::model::notes::Note;
use crate::model::operators::{NetworkId, Operators};
use crate::model::planned::{
    BudgetStep, Center, Certificate, Connection, ConnectionState, Item, ItemKind, Optical, OrderStep,
    Passages, PonKind, PonNode, Protection, RouteSegment, Station, StationBuild, Structure,
};
use crate::model::records::{Cell, CellId, DataCenter, FiberNode, Origin, Region, Site, SiteId};
use crate::model::rules;
use crate::model::settings::Settings;
use crate::model::text::{Known, Part};
use crate::plan::Plan;
use geo::polygon;

pub(crate) fn p(lon: f64, lat: f64) -> LonLat {
    LonLat::new(lon, lat).unwrap()
}

/// Ids, names and sectors of the sites.
pub(crate) const SITES: [(&str, &str, f64, f64); 4] = [
    ("SITE-0412", "南京<script>alert(1)</script>钢铁", 118.7612345, 32.0412345),
    ("SITE-0007", "=HYPERLINK(\"http://example.org\",\"x\")", 118.8012345, 32.0512345),
    ("SITE-0100", "Acme & Söhne </script>|pipe", 118.9612345, 31.9912345),
    ("SITE-0101", "苏州纺织", 120.6212345, 31.3012345),
];

pub(crate) fn settings(overrides: &str) -> Settings {
    Settings::with(&overrides.parse().unwrap()).unwrap()
}

pub(crate) fn run(lang: Lang) -> RunInfo {
    let file = |layer: &str, name: &str| InputFile {
        layer: layer.into(),
        name: name.into(),
        bytes: 12,
        sha256: "ab".repeat(32),
    };
    RunInfo {
        command: "plan",
        title: "Jiangsu test".into(),
        lang,
        seed: 1,
        effort: Some("normal".into()),
        inputs: vec![file("sites", "secret_sites.csv"), file("cells", "secret_cells.csv")],
    }
}

pub(crate) fn inputs() -> Inputs {
    let mut i = Inputs::default();
    for (n, (id, name, lon, lat)) in SITES.into_iter().enumerate() {
        let (id, name) = (i.sites.text.push(id), i.sites.text.push(name));
        let mut s = Site::at(id, name, p(lon, lat));
        s.origin = Origin { file: 0, row: n as u32 + 2 };
        s.sector = i.sites.text.intern("steel");
        if n == 0 {
            s.park = i.sites.text.intern("江宁开发区");
            s.uscc = i.sites.text.push("91320100SECRET0001");
            s.employees = Known::new(4321.0);
            s.firm_size = Some(FirmSize::Large);
            s.has_fiber = Some(false);
        }
        i.sites.list.push(s);
    }
    i.operators = Operators::new(&[vec!["ct".into(), "cu".into()]]);
    let (ct, cmcc) = (i.operators.add("ct"), i.operators.add("cmcc"));
    for (n, (op, lon)) in [(ct, 118.7701), (cmcc, 118.7801)].into_iter().enumerate() {
        let id = i.cells.text.push(&format!("460-11-{n}-SECRET"));
        let mut c = Cell::at(id, p(lon, 32.0423456), op, Rat::Nr);
        c.height_m = Known::new(37.25);
        c.azimuth_deg = Known::new(123.5);
        c.power_dbm = Known::new(52.75);
        c.origin = Origin { file: 0, row: n as u32 + 2 };
        i.cells.list.push(c);
    }
    i.fiber_nodes.push(FiberNode {
        id: "OLT-SECRET-9".into(),
        kind: FiberNodeKind::Olt,
        owner: "江苏电信秘密分公司".into(),
        at: p(118.7812345, 32.0612345),
        fibers_total: Some(48),
        fibers_free: Some(12),
        can_tap: Some(true),
        pon: None,
        ports_free: None,
        rack_free: Some(2.0),
        power_free_kw: Some(10.0),
        origin: Origin { file: 0, row: 2 },
    });
    let square = |w: f64, s: f64| {
        geo::MultiPolygon(vec![polygon![
            (x: w, y: s), (x: w, y: s + 2.0), (x: w + 1.2, y: s + 2.0), (x: w + 1.2, y: s)
        ]])
    };
    for (code, name, w, s, pop) in
        [("320100", "南京市", 118.2, 31.2, Some(9_547_000.0)), ("320500", "苏州市", 119.9, 30.7, None)]
    {
        i.regions.push(Region {
            adcode: code.into(),
            code_system: None,
            name: name.into(),
            level: RegionLevel::City,
            shape: square(w, s),
            parent: None,
            pop_resident: pop,
            pop_year: pop.map(|_| 2024),
            stations_5g_official: pop.map(|_| 38_000.0),
            stat_date: None,
            history: Vec::new(),
            target_p10k: Some(38.0),
            budget_cny: None,
            party: None,
            price_cny_kwh: None,
            ef_kg_kwh: None,
            ef_basis: None,
            ef_year: None,
            origin: Origin::default(),
        });
    }
    i.datacenters.push(DataCenter {
        id: "DC-SECRET".into(),
        name: "南京云中心".into(),
        operator: None,
        tier: Some(DcTier::Regional),
        at: p(118.7912345, 32.0812345),
        city_dot: false,
        racks_std: Some(500.0),
        rack_use_pct: None,
        it_mw: None,
        pue: None,
        pue_basis: None,
        cooling: None,
        origin: Origin { file: 0, row: 2 },
    });
    for (layer, file, rows) in [
        ("sites", "secret_sites.csv", 5),
        ("cells", "secret_cells.csv", 2),
        ("regions", "regions.geojson", 2),
        ("fiber_nodes", "nodes.csv", 1),
        ("datacenters", "dc.csv", 1),
    ] {
        let info = LayerInfo {
            files: vec![file.into()],
            rows_read: rows,
            rows_kept: rows - u64::from(layer == "sites"),
            rows_dropped: u64::from(layer == "sites"),
            crs: "EPSG:4326".into(),
            source: Some("survey".into()),
            ..LayerInfo::default()
        };
        i.layers.insert(layer.into(), info);
    }
    let place = Place { file: "secret_sites.csv".into(), row: Some(4), column: Some("lon".into()) };
    i.issues.add(&rules::COORD_NOT_A_NUMBER, "sites", place, "secret value");
    i
}

fn network(rsrp: f32, server: u32) -> NetworkAtSite {
    NetworkAtSite {
        server: Some(CellId::new(server)),
        distance_m: Known::new(812.0),
        rsrp_outdoor_dbm: Known::new(rsrp),
        rsrp_indoor_dbm: Known::new(rsrp - 25.0),
        sinr_ssb_db: Known::new(4.5),
        sinr_data_db: Known::new(9.0),
        dl_mbps: Known::new(150.0),
        ul_mbps: Known::new(3.25),
        data_server: None,
        served: [Part::UNKNOWN; 2],
        indoor: IndoorCover::OutdoorIn,
        model: Some(LossModel::Tr38901),
        basis: Basis::Predicted,
        score: Known::new(52.0),
    }
}

fn score(qualities: [Option<f32>; 6]) -> Score {
    let weights = [20.0f32, 20.0, 10.0, 20.0, 20.0, 10.0];
    let known: f32 = qualities.iter().zip(weights).filter(|(q, _)| q.is_some()).map(|(_, w)| w).sum();
    let mut s = Score::default();
    let mut total = 0.0;
    for k in 0..6 {
        s.quality[k] = qualities[k].map_or(Known::UNKNOWN, Known::new);
        total += qualities[k].map_or(0.0, |q| 100.0 * weights[k] * q / known);
    }
    s.known_share = known / 100.0;
    if s.known_share >= 0.5 {
        s.total = Known::new(total);
        s.low = Known::new(total * s.known_share);
        s.high = Known::new(total * s.known_share + 100.0 * (1.0 - s.known_share));
    }
    s
}

pub(crate) fn assessment() -> Assessment {
    let result = |score: Score, fiber: Option<f32>, city| SiteResult {
        scored: true,
        best_network: score.total.is_known().then_some(NetworkId(0)),
        score,
        flat_total: Known::UNKNOWN,
        fiber_m: fiber.map_or(Known::UNKNOWN, Known::new),
        fiber_node: fiber.map(|_| 0),
        fiber_basis: if fiber.is_some() { Basis::Predicted } else { Basis::Unknown },
        backbone_m: Known::UNKNOWN,
        latency_rtt_ms: Known::new(13.25),
        datacenter: Some(0),
        city: Some(city),
        weight: 1.0,
    };
    let q = [Some(0.7), Some(0.2), Some(1.0), Some(0.1), Some(0.8), Some(1.0)];
    let kpi = |group, key: &str, name: &str, sites, gaps| Kpi {
        group,
        key: key.into(),
        name: name.into(),
        sites,
        scored: sites - 1,
        unknown: 1,
        on_target: sites - 1 - gaps,
        gaps,
        critical: 1,
        mean_score: Some(55.5),
        on_target_share: Some(0.25),
        outdoor_share: Some(0.75),
        fiber_share: Some(0.5),
        uses_5g_share: None,
        stations_official: (key == "320100").then_some(38_000.0),
        stat_date: None,
        stations_layer: (key == "320100").then_some(2),
        residents: (key == "320100").then_some(9_547_000.0),
        per_10k: (key == "320100").then_some(39.8),
        target_per_10k: (key == "320100").then_some(38.0),
    };
    let gap = |site, deficit: f32, critical| Gap {
        site: SiteId(site),
        deficit,
        priority: deficit * 1.5,
        worst: Term::UlRate,
        critical,
    };
    Assessment {
        networks: vec!["ct+cu".into(), "cmcc".into()],
        rats: vec![Rat::Nr],
        weights: [20.0, 20.0, 10.0, 20.0, 20.0, 10.0],
        sites: vec![
            result(score(q), Some(850.0), 0),
            result(score(q.map(|v| v.map(|v: f32| v * 0.4))), Some(1900.0), 0),
            result(score([None, None, None, None, Some(0.5), Some(1.0)]), Some(2500.0), 0),
            result(score(q), None, 1),
        ],
        at_network: vec![
            network(-88.5, 0),
            network(-93.25, 1),
            network(-101.0, 0),
            network(-99.0, 1),
            NetworkAtSite::NOTHING,
            NetworkAtSite::NOTHING,
            network(-85.0, 0),
            NetworkAtSite::NOTHING,
        ],
        gaps: vec![gap(1, 37.0, true), gap(0, 10.5, false)],
        kpis: vec![
            kpi(KpiGroup::All, "all", "all", 4, 2),
            kpi(KpiGroup::Region, "320100", "南京市", 3, 2),
            kpi(KpiGroup::Region, "320500", "苏州市", 1, 0),
        ],
        towers: crate::coverage::Towers {
            list: vec![
                Tower {
                    id: "TWR-SECRET-1".into(),
                    id_made: false,
                    at: p(118.7701, 32.0423456),
                    first: 0,
                    count: 1,
                },
                Tower {
                    id: "T-118.7801".into(),
                    id_made: true,
                    at: p(118.7801, 32.0423456),
                    first: 1,
                    count: 1,
                },
            ],
            cells: vec![CellId::new(0), CellId::new(1)],
        },
        measured: Vec::new(),
        facts: vec![Fact { code: "nr_cells", value: 2 }, Fact { code: "towers", value: 2 }],
        notes: vec![Note::new("N001", "SITE-0100 has no cell in reach", "SITE-0100 无可达小区")],
    }
}

pub(crate) fn plan() -> Plan {
    let before = assessment();
    let mut after = before.clone();
    after.sites[1].score = score([Some(1.0); 6]);
    after.gaps.remove(0);
    Plan {
        before,
        after,
        stations: vec![Station {
            id: "ST-00001".into(),
            candidate: "TWR-SECRET-1".into(),
            build: StationBuild::SharedTower,
            network: "ct+cu".into(),
            at: p(118.7701, 32.0423456),
            height_m: 37.25,
            nodes: None,
            carrier: "n78".into(),
            city: Some("320100".into()),
            sites_lifted: vec!["SITE-0007".into()],
            gain: 63.0,
            capex_cny: 160_000.0,
            opex_cny_yr: 36_000.0,
            energy_kwh_yr: 28_032.0,
            payer: "operator".into(),
            phase: 1,
            locked: false,
            owner: Some("tower".into()),
        }],
        routes: vec![
            RouteSegment {
                id: "FR-00001".into(),
                line: vec![
                    p(118.7812345, 32.0612345),
                    p(118.7912345, 32.0562345),
                    p(118.8002345, 32.0512345),
                ],
                road_id: Some("W-SECRET-77".into()),
                method: LayMethod::Duct,
                basis: Basis::Given,
                trench_m: 1_850.5,
                hole_m: 0.0,
                cable_m: 2_050.0,
                fiber_m: 12_300.0,
                length_m: 1_850.5,
                fibers: 2,
                cable_fibers: 6,
                serves: 2,
                cut_lost: 2,
                permit: false,
                passages: Passages::default(),
                around_cny: Some(310_000.0),
                around_road: Some("W-SECRET-78".into()),
                reuses: None,
                rent_cny_yr: 0.0,
                owner: None,
                consent: false,
                capex_cny: 240_000.0,
                opex_cny_yr: 7_200.0,
                payer: "operator".into(),
                city: Some("320100".into()),
                phase: 1,
            },
            RouteSegment {
                id: "FR-00002".into(),
                line: vec![p(118.8002345, 32.0512345), p(118.8003345, 32.0513345)],
                road_id: None,
                method: LayMethod::Duct,
                basis: Basis::Inferred,
                trench_m: 0.0,
                hole_m: 14.6,
                cable_m: 16.0,
                fiber_m: 96.0,
                length_m: 14.6,
                fibers: 2,
                cable_fibers: 6,
                serves: 1,
                cut_lost: 1,
                permit: false,
                passages: Passages::default(),
                around_cny: None,
                around_road: None,
                reuses: Some("DUCT-SECRET-5".into()),
                rent_cny_yr: 32.0,
                owner: Some("江苏电信秘密分公司".into()),
                consent: true,
                capex_cny: 400.0,
                opex_cny_yr: 44.0,
                payer: "operator".into(),
                city: None,
                phase: 2,
            },
        ],
        connections: vec![
            Connection {
                id: "SITE-0007".into(),
                state: ConnectionState::Planned,
                node: Some("OLT-SECRET-9".into()),
                route_m: Some(1_865.1),
                lead_in_m: Some(88.0),
                lead_in_crossings: 0,
                lead_in: vec![p(118.8003345, 32.0513345), p(118.8012345, 32.0512345)],
                cost_cny: 251_280.0,
                alone_cny: 251_280.0,
                route: vec![1, 0],
                phase: 1,
                optical: Some(Optical {
                    class: "xgs_n1".into(),
                    office: Some("OLT-SECRET-9".into()),
                    office_basis: Basis::Given,
                    upstream_m: 3_210.5,
                    optical_m: 5_369.4,
                    reach_m: 20_000.0,
                    splits: vec![2],
                    splices: 3,
                    connectors: 5,
                    loss_db: 8.8,
                    budget_db: 29.0,
                    margin_db: 20.2,
                    met: true,
                    reason: None,
                    nodes: vec![1, 0],
                }),
                protection: Some(Protection {
                    node: Some("OLT-SECRET-9".into()),
                    cables: [vec!["CABLE-SECRET-4".into()], vec![]],
                    reason: Some((
                        "every route takes road W-SECRET-77 at 118.80023, 32.05123".into(),
                        "所有路由都经过道路 W-SECRET-77（118.80023, 32.05123）".into(),
                    )),
                    ..Protection::default()
                }),
                cabinet: None,
                ring: vec![],
            },
            Connection {
                id: "SITE-0100".into(),
                state: ConnectionState::NoRoad,
                node: None,
                route_m: None,
                lead_in_m: None,
                lead_in_crossings: 0,
                lead_in: vec![],
                cost_cny: 0.0,
                alone_cny: 0.0,
                route: vec![],
                phase: 0,
                optical: None,
                protection: None,
                cabinet: None,
                ring: vec![],
            },
        ],
        pon: vec![
            PonNode {
                id: "PON-00001".into(),
                kind: PonKind::Port,
                at: p(118.7812345, 32.0612345),
                level: 0,
                ratio: 1,
                used: 1,
                serves: 1,
                fed_by: None,
                node: Some("OLT-SECRET-9".into()),
                capex_cny: 3_000.0,
                opex_cny_yr: 90.0,
                payer: "operator".into(),
                city: Some("320100".into()),
                phase: 1,
            },
            PonNode {
                id: "SP-00001".into(),
                kind: PonKind::Splitter,
                at: p(118.8002345, 32.0512345),
                level: 1,
                ratio: 2,
                used: 1,
                serves: 1,
                fed_by: Some(0),
                node: Some("OLT-SECRET-9".into()),
                capex_cny: 650.0,
                opex_cny_yr: 19.5,
                payer: "operator".into(),
                city: Some("320100".into()),
                phase: 1,
            },
        ],
        centers: vec![Center {
            id: "DC-SECRET".into(),
            name: "南京云中心".into(),
            existing: true,
            tier: DcTier::Regional,
            hall: None,
            at: p(118.7912345, 32.0812345),
            place: "DC-SECRET".into(),
            city: Some("320100".into()),
            racks_used: 0.08,
            racks: Some(500.0),
            it_mw: 0.0002,
            pue: 1.42,
            sites: 4,
            standby_sites: 0,
            rtt_mean_ms: Some(13.0),
            rtt_p95_ms: Some(13.5),
            energy_kwh_yr: 2_488.0,
            carbon_t_yr: 1.3,
            capex_cny: 0.0,
            opex_cny_yr: 1_617.0,
            payer: "operator".into(),
            phase: 1,
            reason: ("an existing hall within reach".into(), "已有机房可达".into()),
        }],
        items: vec![
            Item {
                kind: ItemKind::Station,
                city: "320100".into(),
                payer: "operator".into(),
                phase: 1,
                quantity: 1.0,
                unit: "pcs",
                capex_cny: 160_000.0,
                opex_cny_yr: 36_000.0,
            },
            Item {
                kind: ItemKind::Trench,
                city: "320100".into(),
                payer: "operator".into(),
                phase: 1,
                quantity: 1.8505,
                unit: "km",
                capex_cny: 240_400.0,
                opex_cny_yr: 7_244.0,
            },
            Item {
                kind: ItemKind::LeadIn,
                city: "unknown".into(),
                payer: "firm".into(),
                phase: 2,
                quantity: 0.088,
                unit: "km",
                capex_cny: 11_280.0,
                opex_cny_yr: 338.0,
            },
        ],
        order: vec![OrderStep {
            rank: 1,
            id: "ST-00001".into(),
            phase: 1,
            gain: 63.0,
            capex_cny: 160_000.0,
            trench_m: 0.0,
            points_per_mcny: 393.75,
            held_by: None,
        }],
        certificates: vec![Certificate {
            stage: "plan",
            meaning: ("weighted points gained".into(), "加权得分增量".into()),
            unit: "points",
            objective: 63.0,
            bound: 64.5,
            gap: 1.5 / 63.0,
            maximise: true,
        }],
        curve: vec![
            BudgetStep {
                cost_cny: 0.0,
                sites: 0,
                gain: 0.0,
                gain_bound: 0.0,
                next_cny: Some(160_000.0),
                payers: Vec::new(),
            },
            BudgetStep {
                cost_cny: 160_000.0,
                sites: 1,
                gain: 63.0,
                gain_bound: 64.5,
                next_cny: None,
                payers: vec![("operator".into(), 160_000.0)],
            },
        ],
        notes: vec![Note::new("N100", "the right of way is partly inferred", "部分路由为推断")],
        structures: [("tree", true, 251_280.0, 0), ("metro", false, 312_900.0, 1)]
            .into_iter()
            .map(|(name, chosen, capex_cny, cabinets)| Structure {
                name,
                chosen,
                capex_cny,
                opex_cny_yr: capex_cny * 0.03,
                trench_m: 1_850.5,
                hole_m: 14.6,
                cable_m: 2_066.0,
                fiber_m: 12_396.0,
                cabinets,
                joined: 1,
                two_ways: cabinets,
                worst_cut: 2,
                mean_cut: 1.9,
            })
            .collect(),
        stopped_early: false,
    }
}

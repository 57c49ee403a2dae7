//! Industrial clusters around the towns, and the factories in them.

use super::draw::{Draw, Tag, apportion, on_grid, polar, step};
use super::gazetteer::{Gazetteer, Place};
use super::names;
use super::plane::Plane;
use crate::geom::{LocalFrame, LonLat, Xy};
use crate::model::kinds::{CoordSource, FirmSize, Indoor5g, LatencyBasis, ServiceClass, SiteStatus, Wall};
use crate::model::records::{Origin, Site, Sites};
use crate::model::text::{Known, Text};

/// What a cluster of factories is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClusterKind {
    /// In and around a town.
    Town,
    /// An industrial park.
    Park,
    /// Here and there in the country around a town.
    Country,
}

/// A cluster of factories.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    /// What it is.
    pub kind: ClusterKind,
    /// Town that it belongs to, an index of the gazetteer.
    pub town: usize,
    /// Centre.
    pub at: LonLat,
    /// Name, for parks.
    pub name: String,
    /// Share of the factories, before scaling.
    pub weight: f64,
}

/// The clusters of a region, ordered by town: the town itself, its parks, its countryside.
pub(super) fn clusters(g: &Gazetteer, plane: &Plane, seed: u64) -> Vec<Cluster> {
    let mut all = Vec::new();
    for (i, town) in g.places.iter().enumerate() {
        let mut d = Draw::of(seed, Tag::Parks, i as u64);
        // Industry is less concentrated than people: an exponent below one. Economic weight varies from
        // town to town far more than the number of residents does, hence the log-normal factor.
        let weight = town.residents.powf(0.8) * (0.55 * d.normal()).exp();
        all.push(Cluster {
            kind: ClusterKind::Town,
            town: i,
            at: town.at,
            name: String::new(),
            weight: 0.33 * weight,
        });
        let parks = (0.25 + 1.7 * d.unit() * (town.residents / 1e5).powf(0.45)).floor().min(14.0) as usize;
        let shares: Vec<f64> = (0..parks).map(|_| (1.0 - d.unit()).powf(-0.8).min(20.0)).collect();
        let total: f64 = shares.iter().sum();
        let reach = 3_000.0 + 2_500.0 * (1.0 + town.residents / 1e5).ln();
        for (nth, share) in shares.iter().enumerate() {
            let metres = reach * d.between(0.45, 1.0);
            let at = plane.keep_in_city(i, d.around(town.at, metres), 0.85);
            let name = names::park(&mut d, town.label(), nth);
            let weight = 0.52 * weight * share / total;
            all.push(Cluster { kind: ClusterKind::Park, town: i, at, name, weight });
        }
        let rest = if parks == 0 { 0.45 } else { 0.15 };
        all.push(Cluster {
            kind: ClusterKind::Country,
            town: i,
            at: town.at,
            name: String::new(),
            weight: rest * weight,
        });
    }
    all
}

/// How many factories each cluster gets: by weight, but every city has at least one where there are
/// enough to go round.
pub(super) fn shares(g: &Gazetteer, clusters: &[Cluster], total: usize) -> Vec<usize> {
    let weights: Vec<f64> = clusters.iter().map(|c| c.weight).collect();
    let mut counts = apportion(total, &weights);
    if total < g.cities.len() {
        return counts;
    }
    let city_of = |c: &Cluster| g.city_index(g.places[c.town].city);
    let mut by_city = vec![0usize; g.cities.len()];
    for (c, n) in clusters.iter().zip(&counts) {
        by_city[city_of(c)] += n;
    }
    for city in 0..by_city.len() {
        if by_city[city] > 0 {
            continue;
        }
        let largest =
            (0..counts.len()).filter(|&i| by_city[city_of(&clusters[i])] > 1).max_by_key(|&i| counts[i]);
        let first = clusters.iter().position(|c| city_of(c) == city);
        if let (Some(from), Some(to)) = (largest, first) {
            counts[from] -= 1;
            by_city[city_of(&clusters[from])] -= 1;
            counts[to] += 1;
            by_city[city] += 1;
        }
    }
    counts
}

/// The factories.
pub(super) fn sites(g: &Gazetteer, plane: &Plane, clusters: &[Cluster], total: usize, seed: u64) -> Sites {
    let counts = shares(g, clusters, total);
    let mut sites = Sites::default();
    sites.list.reserve_exact(total);
    sites.text.reserve(2 * total, 50 * total);
    let cities: Vec<(String, String)> =
        g.cities.iter().map(|c| (format!("{}00", c.0), g.city_name(c.0))).collect();
    let mut serial = vec![0u32; g.cities.len()];
    for (cluster, &count) in clusters.iter().zip(&counts) {
        let town = &g.places[cluster.town];
        let city = g.city_index(town.city);
        for nth in 0..count {
            let i = sites.list.len();
            let mut d = Draw::of(seed, Tag::Sites, i as u64);
            serial[city] += 1;
            let id = sites.text.push(&format!("S{}-{:05}", town.city, serial[city]));
            let at = plane.keep_in_city(cluster.town, place(&mut d, cluster, town, count, nth), 0.7);
            let mut site = Site::at(id, Text::NONE, at);
            site.adcode = sites.text.intern(&cities[city].0);
            site.city = sites.text.intern(&cities[city].1);
            site.park = sites.text.intern(&cluster.name);
            // Row one of the written file is its header.
            site.origin = Origin { file: 0, row: i as u32 + 2 };
            describe(&mut d, &mut sites, &mut site, cluster.kind, town);
            sites.list.push(site);
        }
    }
    sites
}

fn place(d: &mut Draw, cluster: &Cluster, town: &Place, count: usize, nth: usize) -> LonLat {
    // Large data sets spread: a park doesn't hold a thousand factories within a kilometre.
    let growth = (count as f64 / 40.0).powf(0.35).clamp(1.0, 4.0);
    let by_people = (town.residents / 1e6).powf(0.25).clamp(0.45, 2.0);
    match cluster.kind {
        ClusterKind::Park => {
            let spread = 450.0 * growth;
            let offset = Xy { x_m: spread * d.normal(), y_m: spread * d.normal() };
            on_grid(LocalFrame::new(cluster.at).to_lonlat(offset))
        }
        ClusterKind::Town => {
            let metres = 400.0 + 1_900.0 * by_people * growth.min(2.0) * d.exponential();
            d.around(cluster.at, metres.min(24_000.0))
        }
        ClusterKind::Country => {
            // A turning angle keeps few factories from falling on one side.
            let angle = std::f64::consts::TAU * (0.618_033_988_75 * nth as f64 + 0.3 * d.unit());
            polar(cluster.at, 1_500.0 + (5_000.0 + 9_000.0 * by_people) * d.unit().sqrt(), angle)
        }
    }
}

fn describe(d: &mut Draw, sites: &mut Sites, site: &mut Site, kind: ClusterKind, town: &Place) {
    let industry = d.weighted(names::INDUSTRIES, |i| i.share);
    let in_park = kind == ClusterKind::Park;
    let size_shares = if in_park { [0.022, 0.12, 0.55, 0.308] } else { [0.006, 0.04, 0.42, 0.534] };
    let sizes = [FirmSize::Large, FirmSize::Medium, FirmSize::Small, FirmSize::Micro];
    let mut left = d.unit();
    let mut size = FirmSize::Micro;
    for (s, share) in sizes.iter().zip(size_shares) {
        if left < share {
            size = *s;
            break;
        }
        left -= share;
    }
    // Classes of the Statistics Bureau for industry (2017): employees and revenue both reach the bound.
    let (heads, least_cny): ((f64, f64), f64) = match size {
        FirmSize::Large => ((1000.0, 9000.0), 4e8),
        FirmSize::Medium => ((300.0, 1000.0), 2e7),
        FirmSize::Small => ((20.0, 300.0), 3e6),
        FirmSize::Micro => ((3.0, 20.0), 0.0),
    };
    let employees = d.log_between(heads.0, heads.1).floor();
    let revenue = step((employees * industry.cny_per_head * (0.4 * d.normal()).exp()).max(least_cny), 1e4);
    let name = names::firm(d, town.label(), industry, size);
    site.name = sites.text.push(&name);
    let known = |d: &mut Draw, share: f64, v: f64| Known::from_f64(d.known(share, v));

    let (source, accuracy) = coordinates(d, in_park);
    site.coord_src = source;
    site.pos_acc_m = Known::from_f64(accuracy);
    if d.chance(0.94) {
        site.industry_code = sites.text.intern(industry.code);
        site.sector = sites.text.intern(industry.sector);
    }
    site.firm_size = d.known(0.95, size);
    site.above_scale = d.known(0.9, revenue >= 2e7);
    site.employees = known(d, 0.85, employees);
    site.revenue_cny = known(d, 0.55, revenue);
    let is_big = matches!(size, FirmSize::Large | FirmSize::Medium);
    let maturity = d.unit() + if is_big { 0.25 } else { 0.0 } + if in_park { 0.07 } else { 0.0 };
    let level = ["1", "1", "2", "3", "4"][((maturity * 4.2) as usize).min(4)];
    if d.chance(if is_big { 0.75 } else { 0.4 }) {
        site.dig_level = sites.text.intern(level);
        site.dig_scheme = sites.text.intern(if is_big {
            "GB/T 39116-2020"
        } else {
            "中小企业数字化水平评测指标"
        });
    }
    let mut life = d.unit();
    site.status = Some(SiteStatus::Operating);
    for (s, share) in [
        (Some(SiteStatus::Building), 0.02),
        (Some(SiteStatus::Planned), 0.015),
        (Some(SiteStatus::Closed), 0.01),
        (None, 0.05),
    ] {
        if (0.0..share).contains(&life) {
            site.status = s;
        }
        life -= share;
    }
    let service = match d.unit() {
        u if u < 0.45 => industry.services[0],
        u if u < 0.7 => industry.services[1],
        u if u < 0.85 => industry.services[2],
        _ => ServiceClass::Data,
    };
    site.service = d.known(if is_big { 0.85 } else { 0.6 }, service);
    if d.chance(if is_big { 0.25 } else { 0.05 }) {
        let scale = (employees / 200.0).sqrt().clamp(1.0, 8.0);
        site.ul_mbps = Known::from_f64(Some(step(10.0 * scale * d.between(0.5, 2.0), 1.0)));
        site.dl_mbps = Known::from_f64(Some(step(20.0 * scale * d.between(0.5, 2.0), 1.0)));
        site.latency_ms = Known::from_f64(Some(*d.pick(&[10.0, 20.0, 30.0, 50.0])));
        site.latency_basis = Some(LatencyBasis::Rtt);
    }
    let floor = step(employees * industry.m2_per_head * (0.3 * d.normal()).exp(), 10.0).max(120.0);
    site.area_m2 = known(d, 0.8, floor);
    let ceiling = step(d.between(industry.ceiling_m.0, industry.ceiling_m.1), 0.5);
    site.ceiling_m = known(d, 0.5, ceiling);
    let usual = d.chance(0.85);
    let wall = match (industry.wall, usual) {
        (w, true) => w,
        (Wall::HighLoss, false) => Wall::LowLoss,
        (Wall::LowLoss, false) => Wall::HighLoss,
    };
    site.wall = d.known(0.6, wall);
    connect(d, site, size, maturity);
    if size == FirmSize::Large && site.uses_5g == Some(true) && d.chance(0.2) {
        site.factory_scheme = sites.text.intern("5G工厂名录");
    }
}

/// How the position was found, and how far off it may be.
fn coordinates(d: &mut Draw, in_park: bool) -> (Option<CoordSource>, Option<f64>) {
    let u = d.unit() + if in_park { -0.05 } else { 0.03 };
    let (source, low, high) = match u {
        u if u < 0.12 => (CoordSource::Gps, 5.0, 15.0),
        u if u < 0.47 => (CoordSource::Poi, 20.0, 80.0),
        u if u < 0.79 => (CoordSource::Geocode, 50.0, 250.0),
        u if u < 0.90 => (CoordSource::Registered, 300.0, 3_000.0),
        u if u < 0.94 => (CoordSource::Centroid, 800.0, 4_000.0),
        _ => return (None, None),
    };
    let accuracy = step(d.log_between(low, high), 5.0);
    (Some(source), d.known(0.9, accuracy))
}

/// Fiber, indoor system and use of 5G, where known.
fn connect(d: &mut Draw, site: &mut Site, size: FirmSize, maturity: f64) {
    let by_size = match size {
        FirmSize::Large => 0.95,
        FirmSize::Medium => 0.8,
        FirmSize::Small => 0.5,
        FirmSize::Micro => 0.3,
    };
    let has_fiber = d.chance((by_size + 0.15 * (maturity - 0.5)).clamp(0.05, 0.98));
    site.has_fiber = d.known(0.5, has_fiber);
    let has_indoor = d.chance(match size {
        FirmSize::Large => 0.45,
        FirmSize::Medium => 0.16,
        FirmSize::Small => 0.03,
        FirmSize::Micro => 0.005,
    });
    let system = *d.pick(&[Indoor5g::Das, Indoor5g::Pico, Indoor5g::Private]);
    // Firms that have a system say so; those that have none mostly aren't asked.
    site.indoor_5g = if has_indoor { d.known(0.9, system) } else { d.known(0.3, Indoor5g::None) };
    let uses = has_indoor || d.chance(0.35 * by_size * maturity);
    site.uses_5g = d.known(if size == FirmSize::Micro { 0.2 } else { 0.55 }, uses);
    if uses && d.chance(0.4) {
        site.terminals_5g = Known::from_f64(Some(d.log_between(3.0, 300.0).round()));
    }
}

//! Facility-location problems on the public formats: from the file's numbers to a solver's input, and from
//! its answer to the numbers of the file.

use crate::cli::args::Problem;
use crate::io::location_files::{Instance, Weighted};
use crate::model::said::Said;
use crate::optimise::center::{self, CenterError, Distances};
use crate::optimise::cover::{self, CoverProblem, Lock, SparseRows};
use crate::optimise::facility::{self, Capacity, Count, FacilityError, FacilityProblem};
use crate::optimise::set_cover::{self, SetCoverError, SetCoverProblem};
use crate::optimise::{Ended, Stop, Work};
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// What the command line adds to the file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extra {
    /// Number of facilities.
    pub(super) p: Option<usize>,
    /// Coverage radius: metres, or the file's unit.
    pub(super) radius: Option<f64>,
    /// Largest sum of prices.
    pub(super) budget: Option<f64>,
}

/// An answer in the numbers of the file.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// Recomputed from the solution and the file.
    pub(super) objective: f64,
    /// No answer is better.
    pub(super) bound: f64,
    /// Why the solver came back.
    pub(super) ended: Ended,
    /// `open` and, where there is one, `assignment`.
    pub(super) solution: Value,
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(super) enum Unsolved {
    /// A number is missing, or the file holds another kind of problem.
    Usage(Said),
    /// Proven to have no answer.
    Infeasible(Said),
    /// None was found by the limit, nor shown to be impossible.
    NotFound(Said),
}

/// Solves an instance.
///
/// # Errors
/// Missing numbers, a file of another kind, or a problem without an answer.
pub(super) fn solve(
    problem: Problem,
    instance: &Instance,
    extra: Extra,
    work: Work<'_>,
) -> Result<Answer, Unsolved> {
    match (problem, instance) {
        (Problem::PMedian, Instance::Graph { .. } | Instance::Points { .. }) => median(instance, extra, work),
        (Problem::PCenter, Instance::Graph { .. } | Instance::Points { .. }) => {
            center_of(instance, extra, work)
        }
        (Problem::Ufl, Instance::Costs { opening, service, customers }) => {
            uncapacitated(opening, service, *customers, work)
        }
        (Problem::Cflp | Problem::Sscflp, Instance::Capacitated { capacity, opening, demand, service }) => {
            let table = Table { capacity, opening, demand, service };
            if problem == Problem::Sscflp { single_source(table, work) } else { capacitated(table, work) }
        }
        (Problem::SetCover, Instance::Covering { costs, rows }) => covering(costs, rows, work),
        (Problem::Mclp, Instance::Weighted { points, spherical }) => maximal(points, *spherical, extra, work),
        _ => Err(Unsolved::Usage(
            ("the file's format belongs to another problem", "文件格式属于另一类问题").into(),
        )),
    }
}

fn number(file: Option<usize>, extra: Extra, candidates: usize) -> Result<usize, Unsolved> {
    let p = extra.p.or(file).ok_or_else(|| {
        let said = (
            "the file names no number of facilities; give one with --p",
            "文件未给出设施数量；请用 --p 指定",
        );
        Unsolved::Usage(said.into())
    })?;
    if p == 0 && candidates > 0 {
        return Err(Unsolved::Infeasible(
            (
                "no facility may be open, so nobody is served; --p 1 is the least",
                "不允许开放任何设施，因此无人得到服务；--p 至少为 1",
            )
                .into(),
        ));
    }
    Ok(p.min(candidates))
}

/// Distances between the places of a file; infinite where no way leads.
enum Places {
    Matrix { n: usize, d: Vec<f32>, exact: Option<Vec<f64>> },
    Plane { xy: Vec<[f64; 2]>, floor: bool },
}

impl Places {
    /// None if the time is up first.
    fn of(instance: &Instance, stop: Stop<'_>) -> Option<Self> {
        Some(match instance {
            Instance::Graph { nodes, edges, .. } => {
                let n = *nodes;
                let rows = all_distances(n, edges, stop)?;
                // Whole lengths fit the short form exactly.
                let exact = rows.iter().any(|&v| v.is_finite() && f64::from(v as f32) != v);
                if exact {
                    Self::Matrix { n, d: Vec::new(), exact: Some(rows) }
                } else {
                    Self::Matrix { n, d: rows.iter().map(|&v| v as f32).collect(), exact: None }
                }
            }
            Instance::Points { xy, floor } => Self::Plane { xy: xy.clone(), floor: *floor },
            _ => Self::Plane { xy: Vec::new(), floor: false },
        })
    }

    fn count(&self) -> usize {
        match self {
            Self::Matrix { n, .. } => *n,
            Self::Plane { xy, .. } => xy.len(),
        }
    }
}

impl Distances for Places {
    fn clients(&self) -> usize {
        self.count()
    }
    fn facilities(&self) -> usize {
        self.count()
    }
    fn between(&self, client: usize, facility: usize) -> f64 {
        match self {
            Self::Matrix { n, exact: Some(d), .. } => d[client * n + facility],
            Self::Matrix { n, d, .. } => f64::from(d[client * n + facility]),
            Self::Plane { xy, floor } => {
                let (a, b) = (xy[client], xy[facility]);
                let (x, y) = (a[0] - b[0], a[1] - b[1]);
                let d = (x * x + y * y).sqrt();
                if *floor { d.floor() } else { d }
            }
        }
    }
}

fn neighbours(n: usize, edges: &[(u32, u32, f64)]) -> Vec<Vec<(u32, f64)>> {
    let mut near = vec![Vec::new(); n];
    for &(i, j, length) in edges {
        near[i as usize].push((j, length));
        near[j as usize].push((i, length));
    }
    near
}

#[derive(PartialEq)]
struct Far(f64);
impl Eq for Far {}
impl PartialOrd for Far {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Far {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// Lengths of the shortest ways from the nearest of the sources to every node.
fn distances_from(near: &[Vec<(u32, f64)>], sources: &[u32], out: &mut [f64]) {
    out.fill(f64::INFINITY);
    let mut queue = BinaryHeap::new();
    for &s in sources {
        out[s as usize] = 0.0;
        queue.push(Reverse((Far(0.0), s)));
    }
    while let Some(Reverse((Far(d), at))) = queue.pop() {
        if d > out[at as usize] {
            continue;
        }
        for &(to, length) in &near[at as usize] {
            if d + length < out[to as usize] {
                out[to as usize] = d + length;
                queue.push(Reverse((Far(d + length), to)));
            }
        }
    }
}

fn all_distances(n: usize, edges: &[(u32, u32, f64)], stop: Stop<'_>) -> Option<Vec<f64>> {
    let near = neighbours(n, edges);
    let mut all = vec![0.0; n * n];
    for (source, row) in all.chunks_mut(n.max(1)).enumerate() {
        if stop.requested() {
            return None;
        }
        distances_from(&near, &[source as u32], row);
    }
    Some(all)
}

/// Per place the distance to the nearest open one and which that is, afresh from the file's numbers.
fn nearest(instance: &Instance, open: &[u32]) -> Vec<(f64, u32)> {
    match instance {
        Instance::Graph { nodes, edges, .. } => {
            let near = neighbours(*nodes, edges);
            let mut best = vec![(f64::INFINITY, 0); *nodes];
            let mut row = vec![0.0; *nodes];
            for &f in open {
                distances_from(&near, &[f], &mut row);
                for (b, &d) in best.iter_mut().zip(&row) {
                    if d < b.0 {
                        *b = (d, f);
                    }
                }
            }
            best
        }
        Instance::Points { xy, floor } => xy
            .iter()
            .map(|a| {
                let mut best = (f64::INFINITY, 0);
                for &f in open {
                    let b = xy[f as usize];
                    let d = (a[0] - b[0]).hypot(a[1] - b[1]);
                    let d = if *floor { d.floor() } else { d };
                    if d < best.0 {
                        best = (d, f);
                    }
                }
                best
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn one_based(of: &[u32]) -> Vec<u32> {
    of.iter().map(|f| f + 1).collect()
}

fn opened(open: &[u32], assignment: impl IntoIterator<Item = u32>) -> Value {
    let assignment: Vec<u32> = assignment.into_iter().map(|f| f + 1).collect();
    json!({ "open": one_based(open), "assignment": assignment })
}

/// Pairs that the candidate lists of all places may hold together.
const MOST_PAIRS: usize = 36_000_000;

fn median(instance: &Instance, extra: Extra, work: Work<'_>) -> Result<Answer, Unsolved> {
    let (n, p) = places_of(instance, extra)?;
    let Some(places) = Places::of(instance, work.stop) else {
        return Ok(spread(instance, n, p, |all| all.sum()));
    };
    // Facilities far beyond the second nearest open one matter to nobody.
    let mut length = (5 * n / p.max(1) + 60).min(n);
    let most = (MOST_PAIRS / n.max(1)).clamp(1, n.max(1));
    length = length.min(most);
    loop {
        let Some((service, beyond)) = nearest_lists(&places, length, work.stop) else {
            return Ok(spread(instance, n, p, |all| all.sum()));
        };
        let problem = FacilityProblem {
            service,
            opening: vec![0.0; n],
            locks: vec![Lock::Free; n],
            count: Count::Exactly(p),
            capacity: None,
            beyond: Some(beyond),
        };
        match facility::solve(&problem, work) {
            Ok(found) => {
                let served = nearest(instance, &found.value.open);
                return Ok(Answer {
                    objective: served.iter().map(|s| s.0).sum(),
                    bound: found.bound,
                    ended: found.ended,
                    solution: opened(&found.value.open, served.iter().map(|s| s.1)),
                });
            }
            Err(FacilityError::ListsTooShort { .. }) if length < n => length = (2 * length).min(n),
            Err(e) => return Err(told(&e)),
        }
    }
}

/// Number of places of a file, and how many of them may be open.
fn places_of(instance: &Instance, extra: Extra) -> Result<(usize, usize), Unsolved> {
    let (n, file) = match instance {
        Instance::Graph { nodes, p, .. } => (*nodes, Some(*p)),
        Instance::Points { xy, .. } => (xy.len(), None),
        _ => (0, None),
    };
    Ok((n, number(file, extra, n)?))
}

/// An answer for when the time is up before a solver could start: every n/p-th place. Distances aren't
/// negative, which is all the bound it has.
fn spread(
    instance: &Instance,
    n: usize,
    p: usize,
    objective: fn(&mut dyn Iterator<Item = f64>) -> f64,
) -> Answer {
    let open: Vec<u32> = (0..p).map(|k| (k * n / p) as u32).collect();
    let served = nearest(instance, &open);
    Answer {
        objective: objective(&mut served.iter().map(|s| s.0)),
        bound: 0.0,
        ended: Ended::Stopped,
        solution: opened(&open, served.iter().map(|s| s.1)),
    }
}

/// Each place's nearest places, and what none of the others undercuts; none if the time is up first.
fn nearest_lists(places: &Places, length: usize, stop: Stop<'_>) -> Option<(SparseRows, Vec<f64>)> {
    let n = places.count();
    let mut beyond = Vec::with_capacity(n);
    let mut rows = SparseRows::default();
    let mut row: Vec<(f64, u32)> = Vec::with_capacity(n);
    for i in 0..n {
        if stop.requested() {
            return None;
        }
        row.clear();
        row.extend((0..n as u32).map(|j| (places.between(i, j as usize), j)).filter(|d| d.0.is_finite()));
        if length < row.len() {
            row.select_nth_unstable_by(length, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            beyond.push(row[length].0);
            row.truncate(length);
        } else {
            beyond.push(f64::INFINITY);
        }
        rows.push_row(row.iter().map(|&(d, j)| (j, d)));
    }
    Some((rows, beyond))
}

fn told(e: &FacilityError) -> Unsolved {
    match e {
        FacilityError::NotFound { .. } => Unsolved::NotFound(e.into()),
        FacilityError::Malformed(_) => Unsolved::Usage(e.into()),
        _ => Unsolved::Infeasible(e.into()),
    }
}

fn center_of(instance: &Instance, extra: Extra, work: Work<'_>) -> Result<Answer, Unsolved> {
    let (n, p) = places_of(instance, extra)?;
    let Some(places) = Places::of(instance, work.stop) else {
        return Ok(spread(instance, n, p, |all| all.fold(0.0, f64::max)));
    };
    let found = center::solve(&places, p, work).map_err(|e| match e {
        CenterError::TooFew { .. } => Unsolved::Infeasible((&e).into()),
        CenterError::Malformed(_) => Unsolved::Usage((&e).into()),
    })?;
    let served = nearest(instance, &found.value);
    let objective = served.iter().map(|s| s.0).fold(0.0, f64::max);
    let (bound, ended) = (found.bound.min(objective), found.ended);
    Ok(Answer { objective, bound, ended, solution: opened(&found.value, served.iter().map(|s| s.1)) })
}

fn uncapacitated(
    opening: &[f64],
    service: &[f64],
    customers: usize,
    work: Work<'_>,
) -> Result<Answer, Unsolved> {
    let m = opening.len();
    let problem = FacilityProblem {
        service: SparseRows::from_rows(
            (0..customers).map(|i| (0u32..).zip(service[i * m..(i + 1) * m].iter().copied())),
        ),
        opening: opening.to_vec(),
        locks: vec![Lock::Free; m],
        count: Count::Any,
        capacity: None,
        beyond: None,
    };
    let found = facility::solve(&problem, work).map_err(|e| told(&e))?;
    drop(problem);
    let open = &found.value.open;
    let mut objective: f64 = open.iter().map(|&f| opening[f as usize]).sum();
    let mut assignment = Vec::with_capacity(customers);
    for row in service.chunks(m.max(1)) {
        let best = open.iter().copied().min_by(|&a, &b| row[a as usize].total_cmp(&row[b as usize]));
        objective += best.map_or(f64::INFINITY, |f| row[f as usize]);
        assignment.extend(best);
    }
    Ok(Answer { objective, bound: found.bound, ended: found.ended, solution: opened(open, assignment) })
}

/// A file of capacitated facilities.
#[derive(Clone, Copy)]
struct Table<'a> {
    capacity: &'a [f64],
    opening: &'a [f64],
    demand: &'a [f64],
    service: &'a [f64],
}

impl Table<'_> {
    fn problem(&self) -> FacilityProblem {
        let (m, n) = (self.opening.len(), self.demand.len());
        FacilityProblem {
            service: SparseRows::from_rows(
                (0..n).map(|i| (0..m as u32).map(move |f| (f, self.service[f as usize * n + i]))),
            ),
            opening: self.opening.to_vec(),
            locks: vec![Lock::Free; m],
            count: Count::Any,
            capacity: Some(Capacity { of: self.capacity.to_vec(), demand: self.demand.to_vec() }),
            beyond: None,
        }
    }
}

fn single_source(table: Table<'_>, work: Work<'_>) -> Result<Answer, Unsolved> {
    let n = table.demand.len();
    let found = facility::solve(&table.problem(), work).map_err(|e| told(&e))?;
    let (open, at) = (&found.value.open, &found.value.assignment);
    let objective = open.iter().map(|&f| table.opening[f as usize]).sum::<f64>()
        + at.iter().enumerate().map(|(i, &f)| table.service[f as usize * n + i]).sum::<f64>();
    Ok(Answer {
        objective,
        bound: found.bound,
        ended: found.ended,
        solution: opened(open, at.iter().copied()),
    })
}

fn capacitated(table: Table<'_>, work: Work<'_>) -> Result<Answer, Unsolved> {
    let n = table.demand.len();
    let found = facility::solve_split(&table.problem(), work).map_err(|e| told(&e))?;
    let open = &found.value.open;
    let mut objective: f64 = open.iter().map(|&f| table.opening[f as usize]).sum();
    for (i, shares) in found.value.shares.iter().enumerate() {
        objective += shares.iter().map(|&(f, share)| share * table.service[f as usize * n + i]).sum::<f64>();
    }
    let assignment: Vec<Vec<(u32, f64)>> = found
        .value
        .shares
        .iter()
        .map(|shares| shares.iter().map(|&(f, share)| (f + 1, share)).collect())
        .collect();
    Ok(Answer {
        objective,
        bound: found.bound,
        ended: found.ended,
        solution: json!({ "open": one_based(open), "assignment": assignment }),
    })
}

fn covering(costs: &[f64], rows: &[Vec<u32>], work: Work<'_>) -> Result<Answer, Unsolved> {
    let problem = SetCoverProblem {
        covered_by: SparseRows::from_rows(rows.iter().map(|r| r.iter().map(|&c| (c, 1.0)))),
        costs: costs.to_vec(),
        locks: vec![Lock::Free; costs.len()],
    };
    let found = set_cover::solve(&problem, work).map_err(|e| match e {
        SetCoverError::Uncoverable { items } => {
            let first: Vec<String> = items.iter().take(5).map(|i| (i + 1).to_string()).collect();
            let n = items.len();
            let said = (
                format!("no column covers {n} rows ({} …)", first.join(", ")),
                format!("{n} 行没有任何列覆盖（{}……）", first.join("、")),
            );
            Unsolved::Infeasible(said.into())
        }
        e @ SetCoverError::Malformed(_) => Unsolved::Usage((&e).into()),
    })?;
    let objective = found.value.iter().map(|&c| costs[c as usize]).sum();
    Ok(Answer {
        objective,
        bound: found.bound,
        ended: found.ended,
        solution: json!({ "open": one_based(&found.value) }),
    })
}

/// Radius of the sphere on which the published covering instances were measured, metres.
const SPHERE_M: f64 = 6_378_100.0;

/// Whether a facility at `b` covers a point at `a`. The slack takes up the last digits of the distance.
fn covers(a: &Weighted, b: &Weighted, radius: f64, spherical: bool) -> bool {
    if spherical {
        let (la, lb) = (a.a.to_radians(), b.a.to_radians());
        let h = ((la - lb) / 2.0).sin().powi(2)
            + la.cos() * lb.cos() * ((a.b - b.b).to_radians() / 2.0).sin().powi(2);
        2.0 * SPHERE_M * h.sqrt().min(1.0).asin() <= radius + 1e-6
    } else {
        (a.a - b.a).hypot(a.b - b.b) <= radius + 1e-9
    }
}

/// Per point the points within the radius: a sweep along the first coordinate. None if the time is up first.
fn within(points: &[Weighted], radius: f64, spherical: bool, stop: Stop<'_>) -> Option<Vec<Vec<u32>>> {
    let reach =
        if spherical { (radius / SPHERE_M).to_degrees() * (1.0 + 1e-9) + 1e-9 } else { radius + 1e-9 };
    let mut order: Vec<u32> = (0..points.len() as u32).collect();
    order.sort_by(|&i, &j| points[i as usize].a.total_cmp(&points[j as usize].a).then(i.cmp(&j)));
    let unit: Vec<[f64; 3]> = points
        .iter()
        .map(|p| {
            if spherical {
                let (lat, lon) = (p.a.to_radians(), p.b.to_radians());
                [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
            } else {
                [p.a, p.b, 0.0]
            }
        })
        .collect();
    let chord = if spherical {
        2.0 * (radius / (2.0 * SPHERE_M)).min(std::f64::consts::FRAC_PI_2).sin()
    } else {
        radius
    };
    // Squared distances this near to the limit are measured the long way.
    let (sure, never) = ((chord * chord) * (1.0 - 1e-6), (chord * chord) * (1.0 + 1e-6) + 1e-18);
    let mut out = vec![Vec::new(); points.len()];
    for (k, &i) in order.iter().enumerate() {
        if stop.requested() {
            return None;
        }
        let a = &points[i as usize];
        out[i as usize].push(i);
        for &j in &order[k + 1..] {
            let b = &points[j as usize];
            if b.a - a.a > reach {
                break;
            }
            let d: f64 = (0..3).map(|x| (unit[i as usize][x] - unit[j as usize][x]).powi(2)).sum();
            if d <= sure || (d <= never && covers(a, b, radius, spherical)) {
                out[i as usize].push(j);
                out[j as usize].push(i);
            }
        }
    }
    Some(out)
}

fn maximal(points: &[Weighted], spherical: bool, extra: Extra, work: Work<'_>) -> Result<Answer, Unsolved> {
    let radius = extra.radius.ok_or_else(|| {
        let said = (
            "maximal covering needs the radius of a facility; give one with --radius",
            "最大覆盖需要设施的服务半径；请用 --radius 指定",
        );
        Unsolved::Usage(said.into())
    })?;
    if extra.p.is_none() && extra.budget.is_none() {
        let said = (
            "maximal covering needs a limit; give --p or --budget",
            "最大覆盖需要限额；请用 --p 或 --budget 指定",
        );
        return Err(Unsolved::Usage(said.into()));
    }
    let prices = points.iter().map(|p| if extra.p.is_some() { 1.0 } else { p.price }).collect();
    let (count, budget) = (extra.p, if extra.p.is_some() { None } else { extra.budget });
    let Some(reach) = within(points, radius, spherical, work.stop) else {
        // The time is up before a solver could start: the points of most demand that the limit allows.
        let (mut chosen, mut left) = (Vec::new(), budget.unwrap_or(f64::INFINITY));
        let mut order: Vec<u32> = (0..points.len() as u32).collect();
        order.sort_by(|&a, &b| {
            points[b as usize].demand.total_cmp(&points[a as usize].demand).then(a.cmp(&b))
        });
        for f in order {
            let price = if extra.p.is_some() { 0.0 } else { points[f as usize].price };
            if chosen.len() < count.unwrap_or(usize::MAX) && price <= left {
                chosen.push(f);
                left -= price;
            }
        }
        chosen.sort_unstable();
        let all = points.iter().map(|p| p.demand).sum();
        return Ok(covered_by(points, &chosen, radius, spherical, all, Ended::Stopped));
    };
    let problem = CoverProblem {
        gains: SparseRows::from_rows(
            reach.iter().map(|row| row.iter().map(|&i| (i, points[i as usize].demand))),
        ),
        items: points.len(),
        prices,
        locks: vec![Lock::Free; points.len()],
        count,
        budget,
    };
    drop(reach);
    let found = cover::solve(&problem, work).map_err(|e| Unsolved::Infeasible((&e).into()))?;
    Ok(covered_by(points, &found.value.chosen, radius, spherical, found.bound, found.ended))
}

/// What the chosen points cover, afresh from the file's numbers.
fn covered_by(
    points: &[Weighted],
    chosen: &[u32],
    radius: f64,
    spherical: bool,
    bound: f64,
    ended: Ended,
) -> Answer {
    let mut objective = 0.0;
    let mut assignment = Vec::with_capacity(points.len());
    for p in points {
        let by = chosen.iter().find(|&&f| covers(p, &points[f as usize], radius, spherical));
        objective += by.map_or(0.0, |_| p.demand);
        assignment.push(by.map_or(0, |f| f + 1));
    }
    let solution = json!({ "open": one_based(chosen), "assignment": assignment });
    Answer { objective, bound, ended, solution }
}

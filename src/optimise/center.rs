//! p-center: p facilities such that the farthest client is as near as can be.
//!
//! A radius will do if p facilities cover every client within it; the least such radius is one of the
//! distances, and is found by bisection with a set-covering decision at each step (Minieka 1970). The
//! farthest-first traversal (Gonzalez 1985) gives a radius to start from.

use crate::model::said::Bilingual;
use thiserror::Error;

use super::location::SparseRows;
use super::set_cover::{self, Within};
use super::{Certified, Ended, Meter, Stop, Work};

/// Distances between clients and facilities, by index; infinite where there is no way.
pub trait Distances {
    /// Number of clients.
    fn clients(&self) -> usize;
    /// Number of candidate facilities.
    fn facilities(&self) -> usize;
    /// Distance of a client and a facility; not negative.
    fn between(&self, client: usize, facility: usize) -> f64;
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum CenterError {
    /// A distance that is negative or not a number, or more clients or facilities than can be numbered.
    #[error("the p-center problem is not well formed: {0}")]
    Malformed(String),
    /// Too few facilities may be open to reach every client at any distance.
    #[error("{allowed} facilities can't reach every client: at least {at_least} are needed")]
    TooFew {
        /// Number allowed.
        allowed: usize,
        /// No smaller number reaches every client; one more than there are candidates if none does.
        at_least: usize,
    },
}

impl Bilingual for CenterError {
    fn zh(&self) -> String {
        match self {
            Self::Malformed(why) => format!("p-中心问题的数据不成立：{why}"),
            Self::TooFew { allowed, at_least } => {
                format!("{allowed} 个设施无法服务所有需求点：至少需要 {at_least} 个")
            }
        }
    }
}

/// Chooses at most `p` facilities for the least largest distance of a client to the nearest of them.
///
/// # Errors
/// A malformed problem, or one in which p facilities can't reach every client.
///
/// # Example
/// ```
/// use covplan::optimise::{Effort, center::{self, Distances}};
/// struct Line(Vec<f64>);
/// impl Distances for Line {
///     fn clients(&self) -> usize { self.0.len() }
///     fn facilities(&self) -> usize { self.0.len() }
///     fn between(&self, i: usize, j: usize) -> f64 { (self.0[i] - self.0[j]).abs() }
/// }
/// let best = center::solve(&Line(vec![0.0, 1.0, 2.0, 10.0]), 2, Effort::NORMAL.into())?;
/// assert_eq!((best.objective, best.bound), (1.0, 1.0));
/// # Ok::<(), center::CenterError>(())
/// ```
pub fn solve(
    distances: &dyn Distances,
    p: usize,
    work: Work<'_>,
) -> Result<Certified<Vec<u32>>, CenterError> {
    let (clients, facilities) = (distances.clients(), distances.facilities());
    if clients.max(facilities) >= u32::MAX as usize {
        return Err(CenterError::Malformed("too many clients or facilities".into()));
    }
    let p = p.min(facilities);
    let done = |value: Vec<u32>, objective: f64| {
        Ok(Certified { value, objective, bound: objective, ended: Ended::Proven })
    };
    if clients == 0 {
        return done(Vec::new(), 0.0);
    }
    // Shortest lists first: a few starts of the traversal.
    let mut best: Option<(f64, Vec<u32>)> = None;
    for start in 0..3 {
        if best.is_some() && work.stop.requested() {
            break;
        }
        let (radius, open) = farthest_first(distances, p, start * clients / 3)?;
        if radius.is_finite() && best.as_ref().is_none_or(|b| radius < b.0) {
            best = Some((radius, open));
        }
    }
    let size = (clients as u64).saturating_mul(facilities as u64);
    let mut meter = work.meter(3_000_000 + 60 * size.min(1 << 24));
    let upper = match &best {
        Some((radius, _)) => *radius,
        None => largest(distances),
    };
    // An answer in hand needs no lists when the time is up; without one they must be made.
    let stop = if best.is_some() { work.stop } else { Stop::NEVER };
    let Some(near) = Near::within(distances, upper, stop) else {
        let (objective, value) = best.unwrap_or((upper, Vec::new()));
        return Ok(Certified { value, objective, bound: 0.0, ended: Ended::Stopped });
    };
    if best.is_none() {
        let mut free = Meter::new(u64::MAX, Stop::NEVER);
        let most = if p == 0 { Within::No } else { near.test(upper, p, &work, &mut free) };
        match most {
            Within::Yes(open) => best = Some((radius_of(distances, &open), open)),
            _ => return Err(CenterError::TooFew { allowed: p, at_least: near.least(upper, p, &work) }),
        }
    }
    let Some((mut radius, mut open)) = best else {
        return Err(CenterError::TooFew { allowed: p, at_least: facilities + 1 });
    };
    // Radii that may be the answer: proven too small below `low`, some undecided below `search`.
    let least = near.least_radius();
    if work.stop.requested() {
        return Ok(Certified { value: open, objective: radius, bound: least, ended: Ended::Stopped });
    }
    let mut radii: Vec<f64> =
        near.rows.values().iter().copied().filter(|&d| (least..=radius).contains(&d)).collect();
    radii.sort_unstable_by(f64::total_cmp);
    radii.dedup();
    let mut low = 0;
    let mut search = low;
    let mut high = radii.partition_point(|&r| r < radius);
    let mut patience = 30_000_000u64;
    loop {
        while search < high && meter.open() {
            let middle = search + (high - search) / 2;
            // A hard decision must not use up what the others need.
            let mut part = Meter::new(patience.min(meter.left()), work.stop);
            let answer = near.test(radii[middle], p, &work, &mut part);
            meter.spend(part.used());
            match answer {
                Within::Yes(found) => {
                    radius = radius_of(distances, &found);
                    open = found;
                    high = radii.partition_point(|&r| r < radius).min(middle);
                }
                Within::No => {
                    low = low.max(middle + 1);
                    search = middle + 1;
                }
                Within::Unknown => search = middle + 1,
            }
        }
        if low >= high || !meter.open() {
            break;
        }
        // What was left undecided gets more time.
        patience = patience.saturating_mul(4);
        search = low;
    }
    let proven = low >= high;
    let bound = if proven { radius } else { radii.get(low).map_or(radius, |r| r.min(radius)) };
    open.sort_unstable();
    Ok(Certified {
        value: open,
        objective: radius,
        bound,
        ended: match (proven, meter.stopped()) {
            (true, _) => Ended::Proven,
            (_, true) => Ended::Stopped,
            _ => Ended::Worked,
        },
    })
}

/// Per client the facilities within a radius, nearest first.
struct Near {
    rows: SparseRows,
    facilities: usize,
}

impl Near {
    /// None if the caller's wish to end comes first.
    fn within(distances: &dyn Distances, radius: f64, stop: Stop<'_>) -> Option<Self> {
        let mut row: Vec<(u32, f64)> = Vec::new();
        let mut rows = SparseRows::default();
        for client in 0..distances.clients() {
            if stop.requested() {
                return None;
            }
            row.clear();
            row.extend(
                (0..distances.facilities() as u32)
                    .map(|f| (f, distances.between(client, f as usize)))
                    .filter(|d| d.1 <= radius && d.1.is_finite()),
            );
            row.sort_unstable_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
            rows.push_row(row.iter().copied());
        }
        Some(Self { rows, facilities: distances.facilities() })
    }

    /// No radius below this reaches every client: the largest distance to a nearest facility.
    fn least_radius(&self) -> f64 {
        (0..self.rows.len()).filter_map(|i| self.rows.row(i).next()).map(|d| d.1).fold(0.0, f64::max)
    }

    fn at(&self, radius: f64) -> SparseRows {
        SparseRows::from_rows((0..self.rows.len()).map(|i| {
            let row = self.rows.row(i).take_while(|d| d.1 <= radius);
            let mut sets: Vec<(u32, f64)> = row.map(|d| (d.0, 1.0)).collect();
            sets.sort_unstable_by_key(|s| s.0);
            sets
        }))
    }

    fn test(&self, radius: f64, p: usize, work: &Work<'_>, meter: &mut Meter<'_>) -> Within {
        set_cover::within(&self.at(radius), self.facilities, p, work, meter)
    }

    /// The least number of facilities that reaches everybody, or a bound on it.
    fn least(&self, radius: f64, p: usize, work: &Work<'_>) -> usize {
        let problem = set_cover::SetCoverProblem {
            covered_by: self.at(radius),
            costs: vec![1.0; self.facilities],
            locks: vec![super::cover::Lock::Free; self.facilities],
        };
        match set_cover::solve(&problem, *work) {
            Ok(found) => (found.bound.ceil() as usize).max(p + 1),
            Err(_) => self.facilities + 1,
        }
    }
}

/// Picks the facility nearest to the client that is farthest from those picked before, p times.
fn farthest_first(distances: &dyn Distances, p: usize, start: usize) -> Result<(f64, Vec<u32>), CenterError> {
    let mut nearest = vec![f64::INFINITY; distances.clients()];
    let mut open = Vec::with_capacity(p);
    let mut client = start;
    for _ in 0..p {
        let to = |f: u32| distances.between(client, f as usize);
        let Some(f) =
            (0..distances.facilities() as u32).min_by(|&a, &b| to(a).total_cmp(&to(b)).then(a.cmp(&b)))
        else {
            break;
        };
        open.push(f);
        for (i, d) in nearest.iter_mut().enumerate() {
            let to = distances.between(i, f as usize);
            if !(to >= 0.0) {
                return Err(CenterError::Malformed(format!(
                    "the distance of client {i} and facility {f} is {to}"
                )));
            }
            *d = d.min(to);
        }
        client = (0..nearest.len())
            .max_by(|&a, &b| nearest[a].total_cmp(&nearest[b]).then(b.cmp(&a)))
            .unwrap_or(start);
    }
    open.sort_unstable();
    open.dedup();
    Ok((nearest.into_iter().fold(0.0, f64::max), open))
}

fn largest(distances: &dyn Distances) -> f64 {
    (0..distances.clients())
        .flat_map(|i| (0..distances.facilities()).map(move |f| (i, f)))
        .map(|(i, f)| distances.between(i, f))
        .filter(|d| d.is_finite())
        .fold(0.0, f64::max)
}

/// The largest distance of a client to the nearest of the facilities.
#[must_use]
pub fn radius_of(distances: &dyn Distances, open: &[u32]) -> f64 {
    (0..distances.clients())
        .map(|i| open.iter().map(|&f| distances.between(i, f as usize)).fold(f64::INFINITY, f64::min))
        .fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimise::Effort;

    struct Table(Vec<Vec<Option<u32>>>);
    impl Distances for Table {
        fn clients(&self) -> usize {
            self.0.len()
        }
        fn facilities(&self) -> usize {
            self.0[0].len()
        }
        fn between(&self, i: usize, j: usize) -> f64 {
            self.0[i][j].map_or(f64::INFINITY, f64::from)
        }
    }

    fn best_with(table: &Table, p: usize) -> f64 {
        let n = table.facilities();
        (0u32..1 << n)
            .filter(|set| set.count_ones() as usize <= p)
            .map(|set| {
                let open: Vec<u32> = (0..n as u32).filter(|f| set >> f & 1 == 1).collect();
                radius_of(table, &open)
            })
            .fold(f64::INFINITY, f64::min)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn the_radius_is_the_least_one(
            rows in (1usize..7).prop_flat_map(|n| prop::collection::vec(
                prop::collection::vec(prop_oneof![8 => (0u32..30).prop_map(Some), 1 => Just(None)], n), 1..8)),
            p in 0usize..5,
        ) {
            let table = Table(rows);
            let best = best_with(&table, p);
            match solve(&table, p, Effort::NORMAL.into()) {
                Ok(found) => {
                    prop_assert_eq!(found.objective, best);
                    prop_assert_eq!(found.bound, best);
                    prop_assert!(found.value.len() <= p);
                    prop_assert_eq!(radius_of(&table, &found.value), best);
                }
                Err(CenterError::TooFew { at_least, .. }) => {
                    prop_assert!(best.is_infinite() && at_least > p.min(table.facilities()));
                    prop_assert!(best_with(&table, at_least - 1).is_infinite());
                }
                Err(e) => prop_assert!(false, "{e}"),
            }
        }
    }
}

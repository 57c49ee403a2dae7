//! Maximal covering at the scale of a country: a million clustered points, ten thousand candidates.
//!
//! `cargo bench --bench covering -- [POINTS CANDIDATES COVERED P SECONDS]` (1000000 10000 1000 200 60). Points
//! lie around towns whose sizes follow Zipf's law, candidates stand at points drawn at random, and the radius
//! is the one with which a candidate covers COVERED points on average. Prints what was covered, the bound,
//! seconds of wall clock and the most memory held. What is covered is counted again from the positions.

use covplan::optimise::cover::{self, CoverProblem, Lock, SparseRows};
use covplan::optimise::{Effort, Stop, Work};
use std::time::Instant;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Normally distributed (Box & Muller 1958).
    fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.unit(), self.unit());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }
}

const SIDE_KM: f64 = 500.0;
const TOWNS: usize = 400;

fn points(n: usize, random: &mut Random) -> Vec<[f64; 2]> {
    let towns: Vec<[f64; 2]> =
        (0..TOWNS).map(|_| [SIDE_KM * random.unit(), SIDE_KM * random.unit()]).collect();
    let mut sums: Vec<f64> = Vec::with_capacity(TOWNS);
    for k in 0..TOWNS {
        sums.push(sums.last().unwrap_or(&0.0) + 1.0 / (k + 1) as f64);
    }
    let all = sums[TOWNS - 1];
    (0..n)
        .map(|_| {
            if random.unit() < 0.15 {
                return [SIDE_KM * random.unit(), SIDE_KM * random.unit()];
            }
            let drawn = random.unit() * all;
            let town = sums.partition_point(|s| *s < drawn).min(TOWNS - 1);
            let spread = 2.0 + 10.0 / ((town + 1) as f64).sqrt();
            let at = towns[town];
            [at[0] + spread * random.normal(), at[1] + spread * random.normal()]
        })
        .collect()
}

/// Points by square of a given side.
struct Squares {
    side: f64,
    low: [f64; 2],
    wide: usize,
    first: Vec<usize>,
    order: Vec<u32>,
}

impl Squares {
    fn new(points: &[[f64; 2]], side: f64) -> Self {
        let low = [0, 1].map(|k| points.iter().map(|p| p[k]).fold(f64::INFINITY, f64::min));
        let high = [0, 1].map(|k| points.iter().map(|p| p[k]).fold(f64::NEG_INFINITY, f64::max));
        let [wide, tall] = [0, 1].map(|k| ((high[k] - low[k]) / side) as usize + 1);
        let square =
            |p: &[f64; 2]| ((p[1] - low[1]) / side) as usize * wide + ((p[0] - low[0]) / side) as usize;
        let mut first = vec![0usize; wide * tall + 1];
        for p in points {
            first[square(p) + 1] += 1;
        }
        for s in 0..wide * tall {
            first[s + 1] += first[s];
        }
        let mut next = first.clone();
        let mut order = vec![0u32; points.len()];
        for (i, p) in points.iter().enumerate() {
            let s = square(p);
            order[next[s]] = i as u32;
            next[s] += 1;
        }
        Self { side, low, wide, first, order }
    }

    fn within(&self, points: &[[f64; 2]], at: [f64; 2], radius: f64, mut found: impl FnMut(u32)) {
        let tall = (self.first.len() - 1) / self.wide;
        let range = |k: usize, most: usize| {
            let low = ((at[k] - radius - self.low[k]) / self.side).floor().max(0.0) as usize;
            let high = ((at[k] + radius - self.low[k]) / self.side).floor().max(0.0) as usize;
            low..=high.min(most - 1)
        };
        for y in range(1, tall) {
            for x in range(0, self.wide) {
                let s = y * self.wide + x;
                for &i in &self.order[self.first[s]..self.first[s + 1]] {
                    let p = points[i as usize];
                    if (p[0] - at[0]).powi(2) + (p[1] - at[1]).powi(2) <= radius * radius {
                        found(i);
                    }
                }
            }
        }
    }
}

fn main() {
    let given: Vec<f64> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let number = |k: usize, usual: f64| given.get(k).copied().unwrap_or(usual);
    let (n, m) = (number(0, 1e6) as usize, number(1, 1e4) as usize);
    let (covered, p, seconds) = (number(2, 1000.0), number(3, 200.0) as usize, number(4, 60.0));
    let mut random = Random(1);
    let points = points(n, &mut random);
    let demand: Vec<f64> = (0..n).map(|_| (1 + random.next() % 100) as f64).collect();
    let candidates: Vec<[f64; 2]> = (0..m).map(|_| points[(random.next() % n as u64) as usize]).collect();
    let squares = Squares::new(&points, 2.0);
    // The radius, by halving, on every tenth candidate.
    let (mut low, mut high) = (0.0, 50.0);
    for _ in 0..30 {
        let radius = 0.5 * (low + high);
        let mut sum = 0usize;
        candidates.iter().step_by(10).for_each(|&c| squares.within(&points, c, radius, |_| sum += 1));
        if sum as f64 > covered * candidates.len().div_ceil(10) as f64 { high = radius } else { low = radius }
    }
    let radius = low;
    let start = Instant::now();
    let mut gains = SparseRows::default();
    let mut row: Vec<u32> = Vec::new();
    for &c in &candidates {
        row.clear();
        squares.within(&points, c, radius, |i| row.push(i));
        row.sort_unstable();
        gains.push_row(row.iter().map(|&i| (i, demand[i as usize])));
    }
    let pairs = gains.pairs();
    println!(
        "{n} points, {m} candidates, radius {radius:.3} km, {pairs} pairs, lists made in {:.1} s",
        start.elapsed().as_secs_f64()
    );
    let problem = CoverProblem {
        gains,
        items: n,
        prices: vec![1.0; m],
        locks: vec![Lock::Free; m],
        count: Some(p),
        budget: None,
    };
    let late = || start.elapsed().as_secs_f64() >= seconds;
    let work = Work { effort: Effort::UNBOUNDED, seed: 0, gap: 0.0, stop: Stop::when(&late) };
    match cover::solve(&problem, work) {
        Ok(found) => {
            let mut reached = vec![false; n];
            for &c in &found.value.chosen {
                squares.within(&points, candidates[c as usize], radius, |i| reached[i as usize] = true);
            }
            let counted: f64 = (0..n).filter(|&i| reached[i]).map(|i| demand[i]).sum();
            assert!(
                (counted - found.objective).abs() <= 1e-6 * counted,
                "{counted} is not {}",
                found.objective
            );
            assert!(found.value.chosen.len() <= p);
            println!(
                "covers {} of {}, bound {:.0}, gap {:.3} %, {:?}, {:.1} s",
                found.objective,
                demand.iter().sum::<f64>(),
                found.bound,
                100.0 * found.gap(),
                found.ended,
                start.elapsed().as_secs_f64()
            );
        }
        Err(e) => println!("no answer: {e}"),
    }
    // Where the system tells.
    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        status.lines().filter(|l| l.starts_with("VmHWM")).for_each(|l| println!("{l}"));
    }
}

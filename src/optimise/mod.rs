//! Solvers for the network-design and location problems behind a plan.
//!
//! They know no telecoms and no geography: graphs, costs, capacities and gains come in as plain numbers.
//! Every answer is [`Certified`]: it carries its objective and a proven bound on what any other answer
//! could reach, so that a planner can see how much is left to gain. Work is counted in steps, not in
//! seconds ([`Effort`]), which makes results repeatable; a caller that has a clock passes a [`Stop`].

pub mod center;
pub mod cover;
pub mod facility;
mod location;
pub mod set_cover;
pub mod steiner;

use crate::model::said::Bilingual;
use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use thiserror::Error;

/// How much work a solver may spend: a multiple of its smallest sensible amount.
///
/// The same effort on the same input gives the same answer, on any machine and any number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Effort(Option<NonZeroU32>);

impl Effort {
    /// A good answer, soon.
    pub const LOW: Self = Self(NonZeroU32::new(1));
    /// The default.
    pub const NORMAL: Self = Self(NonZeroU32::new(8));
    /// For a final plan.
    pub const HIGH: Self = Self(NonZeroU32::new(64));
    /// No limit of its own: until the answer is proven best or the caller's [`Stop`] says so.
    pub const UNBOUNDED: Self = Self(None);

    /// The given multiple of [`Effort::LOW`].
    #[must_use]
    pub const fn times(multiple: NonZeroU32) -> Self {
        Self(Some(multiple))
    }

    /// A count of steps or rounds worth this effort, where `unit` is what [`Effort::LOW`] buys.
    #[must_use]
    pub fn scaled(self, unit: u64) -> u64 {
        self.0.map_or(u64::MAX, |n| unit.saturating_mul(u64::from(n.get())))
    }

    /// Like [`Effort::scaled`], but never more than `most`, even when unbounded.
    #[must_use]
    pub fn rounds(self, unit: u64, most: u64) -> u64 {
        self.scaled(unit).min(most)
    }
}

/// An effort that isn't `low`, `normal`, `high` or a whole number from 1.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("\"{0}\" is no effort; give low, normal, high, or a whole number from 1")]
pub struct BadEffort(pub String);

impl Bilingual for BadEffort {
    fn zh(&self) -> String {
        format!("“{}”不是计算量；请给出 low、normal、high，或从 1 起的整数", self.0)
    }
}

impl FromStr for Effort {
    type Err = BadEffort;
    fn from_str(text: &str) -> Result<Self, BadEffort> {
        match text {
            "low" => Ok(Self::LOW),
            "normal" => Ok(Self::NORMAL),
            "high" => Ok(Self::HIGH),
            _ => text.parse().map(Self::times).map_err(|_| BadEffort(text.to_owned())),
        }
    }
}

impl fmt::Display for Effort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::LOW => f.write_str("low"),
            Self::NORMAL => f.write_str("normal"),
            Self::HIGH => f.write_str("high"),
            Self(Some(n)) => n.fmt(f),
            Self(None) => f.write_str("unbounded"),
        }
    }
}

/// The caller's wish to end early, asked for often: a deadline, an interrupt flag, or never.
///
/// # Example
/// ```
/// use covplan::optimise::Stop;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// let flag = AtomicBool::new(false);
/// let asked = || flag.load(Ordering::Relaxed);
/// let stop = Stop::when(&asked);
/// assert!(!stop.requested());
/// flag.store(true, Ordering::Relaxed);
/// assert!(stop.requested());
/// ```
#[derive(Clone, Copy)]
pub struct Stop<'a>(Option<&'a (dyn Fn() -> bool + Sync)>);

impl<'a> Stop<'a> {
    /// Leaves the solver its full effort.
    pub const NEVER: Self = Self(None);

    /// Ends when `asked` returns true.
    #[must_use]
    pub const fn when(asked: &'a (dyn Fn() -> bool + Sync)) -> Self {
        Self(Some(asked))
    }

    /// Whether the caller wants the best answer so far, now.
    #[must_use]
    pub fn requested(self) -> bool {
        self.0.is_some_and(|asked| asked())
    }
}

impl fmt::Debug for Stop<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Stop::when(..)" } else { "Stop::NEVER" })
    }
}

/// What a caller grants a solver: effort, a seed for the choices that are drawn, a gap that is good
/// enough, and a way to end early.
#[derive(Clone, Copy, Debug)]
pub struct Work<'a> {
    /// Amount of work.
    pub effort: Effort,
    /// Start of the pseudo-random sequence.
    pub seed: u64,
    /// Relative gap at which to stop improving; 0 asks for the best that the effort can reach.
    pub gap: f64,
    /// The caller's wish to end early.
    pub stop: Stop<'a>,
}

impl<'a> Work<'a> {
    /// The same work, ending when `stop` says so.
    #[must_use]
    pub const fn until(self, stop: Stop<'a>) -> Self {
        Self { stop, ..self }
    }

    pub(crate) fn meter(&self, unit: u64) -> Meter<'a> {
        Meter::new(self.effort.scaled(unit), self.stop)
    }

    /// Whether objective and bound are close enough to end.
    pub(crate) fn close_enough(&self, objective: f64, bound: f64) -> bool {
        relative_gap(objective, bound) <= self.gap.max(TOLERANCE)
    }
}

impl From<Effort> for Work<'_> {
    fn from(effort: Effort) -> Self {
        Self { effort, seed: 0, gap: 0.0, stop: Stop::NEVER }
    }
}

/// Counts steps against an allowance and asks the caller's [`Stop`] every few thousand of them.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    left: u64,
    used: u64,
    until_asked: u64,
    stop: Stop<'a>,
    stopped: bool,
}

impl<'a> Meter<'a> {
    const ASK_EVERY: u64 = 1 << 14;

    pub(crate) fn new(steps: u64, stop: Stop<'a>) -> Self {
        Self { left: steps, used: 0, until_asked: 0, stop, stopped: false }
    }

    /// Notes `steps` of work; true while there is more to spend.
    pub(crate) fn spend(&mut self, steps: u64) -> bool {
        self.left = self.left.saturating_sub(steps);
        self.used = self.used.saturating_add(steps);
        if self.until_asked <= steps {
            self.until_asked = Self::ASK_EVERY;
            self.stopped = self.stopped || self.stop.requested();
        } else {
            self.until_asked -= steps;
        }
        self.left > 0 && !self.stopped
    }

    /// The caller's wish, for a meter beside this one.
    pub(crate) fn caller(&self) -> Stop<'a> {
        self.stop
    }

    /// Steps left to spend.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    /// Steps noted so far.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    /// Whether work may go on.
    pub(crate) fn open(&self) -> bool {
        self.left > 0 && !self.stopped
    }

    /// A meter of its own with a part of what is left; [`Meter::settle`] takes what it spent.
    pub(crate) fn part(&self, steps: u64) -> Meter<'a> {
        let left = if self.stopped { 0 } else { steps.min(self.left) };
        Meter { left, stopped: self.stopped, ..*self }
    }

    /// Notes what a part, made with `steps`, has spent.
    pub(crate) fn settle(&mut self, steps: u64, part: &Meter<'_>) {
        self.left = self.left.saturating_sub(steps.min(self.left).saturating_sub(part.left));
        self.stopped |= part.stopped;
        self.until_asked = part.until_asked;
    }

    /// Whether the caller ended the work.
    pub(crate) fn stopped(&self) -> bool {
        self.stopped
    }
}

/// Why a solver came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The answer is proven best.
    Proven,
    /// The effort was used up.
    Worked,
    /// The caller's [`Stop`] asked for it.
    Stopped,
}

/// An answer with its objective and a proven limit on the objective of every other answer.
///
/// For a problem that minimises, `bound ≤ optimum ≤ objective`; for one that maximises, the reverse.
#[derive(Clone, Debug, PartialEq)]
pub struct Certified<T> {
    /// The answer.
    pub value: T,
    /// What the answer costs, or gains.
    pub objective: f64,
    /// What no answer can better.
    pub bound: f64,
    /// Why the solver came back.
    pub ended: Ended,
}

impl<T> Certified<T> {
    /// Relative distance of objective and bound: 0 is proven best.
    #[must_use]
    pub fn gap(&self) -> f64 {
        relative_gap(self.objective, self.bound)
    }

    /// The same certificate for a value derived from this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Certified<U> {
        Certified { value: f(self.value), objective: self.objective, bound: self.bound, ended: self.ended }
    }
}

/// Relative difference below which two sums of decimals count as equal.
pub(crate) const TOLERANCE: f64 = 1e-9;

/// A small generator for the choices that solvers draw (SplitMix64, Steele et al. 2014): stable for good,
/// unlike a library's.
#[derive(Clone, Debug)]
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `n`, which must not be 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    /// A number from 0 up to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// |objective − bound| over |objective|.
#[must_use]
pub fn relative_gap(objective: f64, bound: f64) -> f64 {
    (objective - bound).abs() / objective.abs().max(1e-12)
}

/// The finest power of ten, down to a millionth, of which all values are multiples; none if they aren't.
///
/// Sums of such values lie on the same grid, so a bound between two grid points can be moved to the next.
pub(crate) fn grid(values: impl Iterator<Item = f64> + Clone) -> Option<f64> {
    (0..=6).map(|digits| 10f64.powi(digits)).find(|scale| {
        values.clone().all(|v| {
            let scaled = v * scale;
            // Beyond this the spacing of floats is itself too coarse to tell.
            scaled.abs() < 1e12 && (scaled - scaled.round()).abs() <= 1e-9 * scaled.abs().max(1.0)
        })
    })
}

/// Moves a lower bound up to the next attainable value of a grid (`scale` points per unit).
pub(crate) fn round_up(bound: f64, scale: Option<f64>) -> f64 {
    scale.map_or(bound, |s| (bound * s - (1e-4f64).max(1e-12 * bound * s)).ceil() / s).max(bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efforts_read_and_write_themselves() {
        for text in ["low", "normal", "high", "5"] {
            assert_eq!(text.parse::<Effort>().unwrap().to_string(), text);
        }
        for bad in ["0", "-1", "", "fast"] {
            assert!(bad.parse::<Effort>().is_err(), "{bad}");
        }
        assert_eq!(Effort::UNBOUNDED.rounds(3, 100), 100);
    }

    #[test]
    fn bounds_move_to_attainable_values() {
        let scale = grid([1.25, 3.0, 0.5].into_iter());
        assert_eq!(scale, Some(100.0));
        assert!((round_up(7.111, scale) - 7.12).abs() < 1e-12);
        assert_eq!(round_up(7.0 + 1e-9, Some(1.0)), 7.0 + 1e-9);
        assert_eq!(grid([0.1 + 1e-8].into_iter()), None);
    }

    #[test]
    fn a_meter_ends_by_itself_or_when_asked() {
        let mut meter = Meter::new(100, Stop::NEVER);
        assert!(meter.spend(99));
        assert!(!meter.spend(1) && !meter.stopped());
        let now = || true;
        assert!(!Meter::new(100, Stop::when(&now)).spend(1));
    }
}

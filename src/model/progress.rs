//! How far a piece of work has come, for whoever wants to show it: counts, no clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A count that the worker raises and a watcher reads; clones share it. The default is one that nobody
/// looks at.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    all: AtomicU64,
}

impl Progress {
    /// Says how many steps there are, beside those said before.
    pub fn expect(&self, steps: u64) {
        self.0.all.fetch_add(steps, Ordering::Relaxed);
    }

    /// Says that so many more are done.
    pub fn add(&self, steps: u64) {
        self.0.done.fetch_add(steps, Ordering::Relaxed);
    }

    /// Share done; `None` as long as nothing is known.
    #[must_use]
    pub fn share(&self) -> Option<f64> {
        let (done, all) = (self.0.done.load(Ordering::Relaxed), self.0.all.load(Ordering::Relaxed));
        (done > 0 && all > 0).then(|| (done as f64 / all as f64).min(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_count_together() {
        let a = Progress::default();
        let b = a.clone();
        assert_eq!(a.share(), None);
        a.expect(4);
        assert_eq!(a.share(), None);
        b.add(1);
        assert_eq!(a.share(), Some(0.25));
        b.add(9);
        assert_eq!(a.share(), Some(1.0));
    }
}

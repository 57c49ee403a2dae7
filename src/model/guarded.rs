//! Libraries that answer by a panic: the answer is taken, and its words stay away from the user's screen.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Whether this thread takes a panic for an answer.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the words of panics that are answers away from the user's screen.
fn hush() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                usual(panic);
            }
        }));
    });
}

/// Runs a step of a library; `None` where it gives up by a panic.
pub fn guarded<T>(step: impl FnOnce() -> T) -> Option<T> {
    hush();
    GUARDED.set(true);
    let done = catch_unwind(AssertUnwindSafe(step));
    GUARDED.set(false);
    done.ok()
}

#[cfg(test)]
mod tests {
    use super::guarded;

    #[test]
    fn a_panic_is_an_answer() {
        assert_eq!(guarded(|| 7), Some(7));
        assert_eq!(guarded::<()>(|| panic!("no words")), None);
    }
}

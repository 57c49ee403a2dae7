//! What every command shares: language, quiet, threads, the clock, the interrupt, and the way out.

use super::args::Common;
use super::exit::Complaint;
use crate::model::kinds::Lang;
use crate::model::progress::Progress;
use crate::model::said::Bilingual;
use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// State of one run of the program.
pub struct Context {
    /// Language of messages.
    pub lang: Lang,
    /// Whether the language was asked for on the command line.
    pub lang_given: bool,
    /// JSON on stdout.
    pub json: bool,
    /// Seed.
    pub seed: u64,
    quiet: bool,
    started: Instant,
    deadline: Option<Duration>,
    interrupted: Arc<AtomicBool>,
    stages: Vec<(&'static str, f64)>,
    timing: Option<PathBuf>,
    bar: Option<indicatif::ProgressBar>,
}

impl Context {
    /// Sets up threads and the interrupt; times run from here.
    ///
    /// # Errors
    /// When the thread pool can't be made.
    pub fn new(common: &Common) -> Result<Self, Complaint> {
        if let Some(n) = common.threads {
            rayon::ThreadPoolBuilder::new().num_threads(usize::from(n)).build_global().map_err(|e| {
                Complaint::usage(
                    "C002",
                    (format!("can't start {n} threads: {e}"), format!("无法启动 {n} 个线程：{e}")),
                )
            })?;
        }
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        // A second Ctrl-C ends the program at once. Where no handler can be set the default one stays.
        let _ = ctrlc::set_handler(move || {
            if flag.swap(true, Ordering::Relaxed) {
                std::process::exit(130);
            }
        });
        Ok(Self {
            lang: common.lang.unwrap_or(Lang::En),
            lang_given: common.lang.is_some(),
            json: common.json,
            seed: common.seed,
            quiet: common.quiet,
            started: Instant::now(),
            deadline: None,
            interrupted,
            stages: Vec::new(),
            timing: common.timing.clone(),
            bar: None,
        })
    }

    /// Ends work that many seconds after the start of the program.
    pub fn limit(&mut self, seconds: Option<f64>) {
        self.deadline = seconds.map(Duration::from_secs_f64);
    }

    /// Seconds since the start of the program.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Whether the time is up.
    #[must_use]
    pub fn late(&self) -> bool {
        self.deadline.is_some_and(|d| self.started.elapsed() >= d)
    }

    /// Whether Ctrl-C was pressed.
    #[must_use]
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Whether work should end with what there is.
    #[must_use]
    pub fn must_stop(&self) -> bool {
        self.late() || self.interrupted()
    }

    /// A remark on stderr, unless quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            // A closed stderr is no reason to fail.
            let _ = writeln!(std::io::stderr(), "{}", text.trim_end());
        }
    }

    /// Suggests what comes next, on stderr.
    pub fn next(&self, command: &str) {
        self.say(&format!("{}{command}", self.pick("next: ", "下一步：")));
    }

    /// The text in the run's language.
    #[must_use]
    pub fn pick<'a>(&self, en: &'a str, zh: &'a str) -> &'a str {
        self.lang.pick(en, zh)
    }

    /// Runs a stage: shows it on a terminal, notes its time.
    pub fn stage<T>(&mut self, name: &'static str, label: &str, work: impl FnOnce(&Self) -> T) -> T {
        self.counted(name, label, &Progress::default(), work)
    }

    /// A [`stage`](Self::stage) whose work tells how far it is.
    pub fn counted<T>(
        &mut self,
        name: &'static str,
        label: &str,
        progress: &Progress,
        work: impl FnOnce(&Self) -> T,
    ) -> T {
        if self.shows_progress() {
            let bar = indicatif::ProgressBar::new_spinner();
            bar.set_message(label.to_owned());
            if let Ok(style) = indicatif::ProgressStyle::with_template("{spinner} {msg} {state}") {
                bar.set_style(style.with_key("state", self.state(progress)));
            }
            bar.enable_steady_tick(Duration::from_millis(120));
            self.bar = Some(bar);
        }
        let from = Instant::now();
        let result = work(self);
        self.stages.push((name, from.elapsed().as_secs_f64()));
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        result
    }

    /// Whether a bar has someone to look at it.
    fn shows_progress(&self) -> bool {
        !self.quiet && !self.json && std::io::stderr().is_terminal()
    }

    /// How a stage shows itself: a bar with the time left where the share done is known or the work ends
    /// with a limit, else the time it has taken.
    fn state(
        &self,
        progress: &Progress,
    ) -> impl Fn(&indicatif::ProgressState, &mut dyn std::fmt::Write) + Clone + Send + Sync + 'static {
        let (started, deadline, progress) = (self.started, self.deadline, progress.clone());
        let words = self.lang.pick("left", "剩余").to_owned();
        let forecast = Arc::new(Mutex::new(Forecast::default()));
        move |bar: &indicatif::ProgressState, w: &mut dyn std::fmt::Write| {
            let taken = bar.elapsed().as_secs_f64();
            let by_limit = deadline.map(|limit| started.elapsed().as_secs_f64() / limit.as_secs_f64());
            // A bar that can't be drawn is no reason to fail.
            let _ = match (progress.share(), by_limit) {
                (Some(share), _) => {
                    let most = deadline.map(|limit| limit.saturating_sub(started.elapsed()).as_secs_f64());
                    let left = forecast.lock().ok().and_then(|mut f| f.left_s(share, taken));
                    match left.or(most) {
                        Some(left) => {
                            let left = most.map_or(left, |most| left.min(most));
                            write!(w, "{} {words} {left:.0} s", filled(share))
                        }
                        None => write!(w, "{} {taken:.0} s", filled(share)),
                    }
                }
                (None, Some(share)) => {
                    let left = deadline.map_or(0, |limit| limit.saturating_sub(started.elapsed()).as_secs());
                    write!(w, "{} {words} ≤ {left} s", filled(share))
                }
                (None, None) => write!(w, "{taken:.0} s"),
            };
        }
    }

    /// A bar for so many steps, on a terminal that wants one.
    #[must_use]
    pub fn progress(&self, steps: u64, label: &str) -> Option<indicatif::ProgressBar> {
        if !self.shows_progress() {
            return None;
        }
        if let Some(spinner) = &self.bar {
            spinner.finish_and_clear();
        }
        let bar = indicatif::ProgressBar::new(steps);
        bar.set_prefix(label.to_owned());
        if let Ok(style) = indicatif::ProgressStyle::with_template("{prefix} {wide_bar} {pos}/{len} {eta}") {
            bar.set_style(style);
        }
        Some(bar)
    }

    /// Writes the times of the stages to the file asked for, or sums them up on stderr.
    ///
    /// # Errors
    /// When the timing file can't be written.
    pub fn finish(&self) -> Result<(), Complaint> {
        let total = self.started.elapsed().as_secs_f64();
        if let Some(path) = &self.timing {
            let stages: BTreeMap<&str, f64> = self.stages.iter().copied().collect();
            let json =
                serde_json::json!({ "schema": "covplan/timing/1", "seconds": total, "stages": stages });
            std::fs::write(path, format!("{json:#}\n")).map_err(|e| {
                let (file, why) = (path.display(), e.zh());
                Complaint::usage(
                    "C003",
                    (
                        format!("can't write the timing file {file}: {e}"),
                        format!("无法写出计时文件 {file}：{why}"),
                    ),
                )
            })?;
        }
        if !self.stages.is_empty() {
            let parts: Vec<String> = self.stages.iter().map(|(n, s)| format!("{n} {s:.2} s")).collect();
            self.say(&format!("{total:.2} s: {}", parts.join(", ")));
        }
        Ok(())
    }
}

/// When a stage is thought to end.
#[derive(Default)]
struct Forecast {
    /// Share done when it was last thought of.
    share: f64,
    /// Seconds that the stage takes in all.
    end_s: f64,
}

impl Forecast {
    /// Seconds left. It counts down while the share stands still, and a later forecast comes in only where it
    /// is nearer or the one before has run out; none before there is something to go by.
    fn left_s(&mut self, share: f64, taken_s: f64) -> Option<f64> {
        const LEAST_SHARE: f64 = 0.02;
        if share > self.share.max(LEAST_SHARE) {
            let end_s = taken_s / share;
            self.end_s = if self.end_s > taken_s { self.end_s.min(end_s) } else { end_s };
            self.share = share;
        }
        Some(self.end_s - taken_s).filter(|left| *left > 0.0)
    }
}

/// A bar of thirty columns that is full by that share.
fn filled(share: f64) -> String {
    const COLUMNS: usize = 30;
    let full = (share.clamp(0.0, 1.0) * COLUMNS as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(COLUMNS - full))
}

/// Columns of what goes into a pipe or a file.
const PIPED: u16 = 160;

/// Columns of the terminal that stdout is, by the user's word or its own.
#[must_use]
pub fn terminal_width() -> u16 {
    let said = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok());
    let own = || terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0);
    said.or_else(own).unwrap_or(PIPED)
}

/// Writes to stdout; a reader that went away (a closed pipe) is no error.
///
/// # Errors
/// Any other failure, such as a full disk behind a redirect.
pub fn print(text: &str) -> Result<(), Complaint> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(closed(&e)),
        _ => Ok(()),
    }
}

/// Stdout that can't be written.
#[must_use]
pub fn closed(e: &std::io::Error) -> Complaint {
    Complaint::usage("C004", (format!("can't write to stdout: {e}"), format!("无法写到标准输出：{}", e.zh())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fills_up() {
        assert_eq!(filled(0.0), "░".repeat(30));
        assert_eq!(filled(0.5), "█".repeat(15) + &"░".repeat(15));
        assert_eq!(filled(7.0), "█".repeat(30));
        assert_eq!(filled(f64::NAN).chars().count(), 30);
    }

    #[test]
    fn the_time_left_counts_down() {
        let mut f = Forecast::default();
        assert_eq!(f.left_s(0.01, 1.0), None);
        assert_eq!(f.left_s(0.25, 2.0), Some(6.0));
        // The share stands still, then a nearer and a farther end.
        assert_eq!(f.left_s(0.25, 4.0), Some(4.0));
        assert_eq!(f.left_s(0.75, 4.5), Some(1.5));
        assert_eq!(f.left_s(0.8, 5.0), Some(1.0));
        assert_eq!(f.left_s(0.8, 7.0), None);
        assert_eq!(f.left_s(0.875, 7.0), Some(1.0));
    }
}

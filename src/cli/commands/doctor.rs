//! `covplan doctor`: whether the machine is fit for covplan, and what to do where it isn't.

use crate::cli::context::{Context, print};
use crate::cli::exit::{Complaint, Exit};
use crate::crs::proj_at_work;
use crate::model::kinds::Lang;
use crate::model::said::{Bilingual, Said};
use serde_json::json;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};

/// Memory below which a province may not fit, bytes.
const SCARCE_BYTES: u64 = 2 << 30;

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Ok,
    /// Works, but not everything looks or runs as it could.
    Remark,
    /// Keeps covplan from working.
    Fault,
}

impl State {
    const fn word(self, lang: Lang) -> &'static str {
        match self {
            Self::Ok => lang.pick("ok", "正常"),
            Self::Remark => lang.pick("remark", "提示"),
            Self::Fault => lang.pick("fault", "故障"),
        }
    }
}

/// One check.
struct Check {
    key: &'static str,
    title: (&'static str, &'static str),
    state: State,
    found: Said,
    help: Said,
}

impl Check {
    fn new(key: &'static str, title: (&'static str, &'static str), found: impl Into<Said>) -> Self {
        Self { key, title, state: State::Ok, found: found.into(), help: Said::default() }
    }

    fn but(mut self, state: State, help: impl Into<Said>) -> Self {
        self.state = state;
        self.help = help.into();
        self
    }
}

/// Checks the machine; a fault ends with the exit code of configuration.
///
/// # Errors
/// When stdout can't be written.
pub fn run(ctx: &Context) -> Result<Exit, Complaint> {
    let mut checks = vec![program()];
    checks.extend(proj());
    checks.extend([
        terminal(),
        fonts(),
        memory(),
        threads(),
        folder("temp", ("temporary folder", "临时文件夹"), &std::env::temp_dir()),
        folder("here", ("current folder", "当前文件夹"), Path::new(".")),
    ]);
    let worst_is_fault = checks.iter().any(|c| c.state == State::Fault);
    if ctx.json {
        let list: Vec<_> = checks
            .iter()
            .map(|c| {
                json!({
                    "check": c.key, "state": c.state.word(Lang::En),
                    "found": c.found.text(ctx.lang), "help": c.help.text(ctx.lang),
                })
            })
            .collect();
        let document = json!({ "schema": "covplan/doctor/1", "ready": !worst_is_fault, "checks": list });
        print(&format!("{document:#}\n"))?;
    } else {
        print(&text(&checks, ctx.lang))?;
    }
    if worst_is_fault {
        return Ok(Exit::Usage);
    }
    ctx.next("covplan demo -o out");
    Ok(Exit::Ok)
}

fn text(checks: &[Check], lang: Lang) -> String {
    let mut out = String::new();
    for c in checks {
        let state = c.state.word(lang);
        let title = lang.pick(c.title.0, c.title.1);
        // Writing to a String doesn't fail.
        let _ = writeln!(out, "{state:<6}  {title}: {}", c.found.text(lang));
        if !c.help.is_empty() {
            let _ = writeln!(out, "        {}: {}", lang.pick("help", "处理办法"), c.help.text(lang));
        }
    }
    out
}

fn program() -> Check {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let found = Said::verbatim(format!("covplan {}, {os} {arch}", env!("CARGO_PKG_VERSION")));
    Check::new("program", ("program", "程序"), found)
}

/// PROJ itself, and a variable that leads it astray.
fn proj() -> Vec<Check> {
    let title = ("PROJ (coordinate systems)", "PROJ（坐标系）");
    let own = "unset PROJ_DATA and PROJ_LIB: covplan carries its own PROJ data";
    let own_zh = "请取消 PROJ_DATA 与 PROJ_LIB：covplan 自带 PROJ 数据";
    match proj_at_work() {
        Err(e) => vec![Check::new("proj", title, &e).but(State::Fault, (own, own_zh))],
        Ok(p) => {
            let v = &p.version;
            let found = (
                format!("{v}, data found; a known place comes out right"),
                format!("{v}，数据可用；已知点转换正确"),
            );
            let mut checks = vec![Check::new("proj", title, found)];
            if let Some((name, value)) = p.led_by {
                let found = (
                    format!("{name}={value} leads PROJ to other data; they work with this version"),
                    format!("{name}={value} 使 PROJ 使用其他数据；与本版本相容"),
                );
                let environment = ("PROJ in the environment", "PROJ 环境变量");
                checks.push(
                    Check::new("proj_environment", environment, found).but(State::Remark, (own, own_zh)),
                );
            }
            checks
        }
    }
}

/// Encoding and width of the terminal.
fn terminal() -> Check {
    let set = |name| std::env::var(name).ok().filter(|v: &String| !v.is_empty());
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
    let title = ("terminal", "终端");
    let whose = if std::io::stdout().is_terminal() {
        let columns = crate::cli::context::terminal_width();
        (format!("{columns} columns"), format!("{columns} 列"))
    } else {
        ("stdout is a pipe or a file".to_owned(), "标准输出为管道或文件".to_owned())
    };
    if cfg!(windows) {
        // The code page can't be asked for without calling the system.
        let help = (
            "if Chinese looks wrong here: chcp 65001, or use Windows Terminal",
            "如中文显示异常：chcp 65001，或使用 Windows Terminal",
        );
        return Check { help: help.into(), ..Check::new("terminal", title, whose) };
    }
    let name = locale.clone().unwrap_or_else(|| "C".into());
    let found = (format!("locale {name}, {}", whose.0), format!("区域设置 {name}，{}", whose.1));
    let lower = name.to_lowercase().replace('-', "");
    let check = Check::new("terminal", title, found);
    // macOS terminals are UTF-8 whatever the locale says.
    if lower.contains("utf8") || cfg!(target_os = "macos") {
        return check;
    }
    let help = (
        "Chinese may look wrong: export LC_ALL=C.UTF-8, and a terminal in UTF-8",
        "中文可能显示异常：export LC_ALL=C.UTF-8，并使用 UTF-8 终端",
    );
    check.but(State::Remark, help)
}

/// Fonts for the Chinese of the reports: the HTML page uses those of the machine.
fn fonts() -> Check {
    let title = ("Chinese fonts", "中文字体");
    let listed = std::process::Command::new("fc-list").args([":lang=zh", "family"]).output();
    let families = match listed {
        Ok(out) if out.status.success() => {
            let text = String::from_utf8_lossy(&out.stdout).into_owned();
            let mut names: Vec<String> =
                text.lines().filter_map(|l| l.split(',').next()).map(|l| l.trim().to_owned()).collect();
            names.sort();
            names.dedup();
            names
        }
        // Windows and macOS bring theirs.
        _ => {
            ["C:/Windows/Fonts/msyh.ttc", "C:/Windows/Fonts/simsun.ttc", "/System/Library/Fonts/PingFang.ttc"]
                .into_iter()
                .chain([
                    "/System/Library/Fonts/STHeiti Light.ttc",
                    "/System/Library/Fonts/Hiragino Sans GB.ttc",
                ])
                .filter(|f| Path::new(f).exists())
                .map(str::to_owned)
                .collect()
        }
    };
    match families.first() {
        Some(first) => {
            let n = families.len();
            Check::new("fonts", title, (format!("{n} found, such as {first}"), format!("{n} 种，如 {first}")))
        }
        None => Check::new("fonts", title, ("none found", "未找到")).but(
            State::Remark,
            (
                "Chinese in report.html shows as boxes on this machine; install one, such as fonts-noto-cjk",
                "本机打开 report.html 时中文会显示为方框；请安装字体，如 fonts-noto-cjk",
            ),
        ),
    }
}

/// Memory that covplan may use, and all there is, bytes.
fn memory_bytes() -> Option<(u64, u64)> {
    let meminfo = std::fs::read_to_string("/proc/meminfo").ok()?;
    let of = |key: &str| {
        let line = meminfo.lines().find(|l| l.starts_with(key))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kb| kb * 1024)
    };
    let (mut free, mut all) = (of("MemAvailable:")?, of("MemTotal:")?);
    // A container may have less.
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    if let Some(limit) = number("/sys/fs/cgroup/memory.max") {
        let used = number("/sys/fs/cgroup/memory.current").unwrap_or(0);
        all = all.min(limit);
        free = free.min(limit.saturating_sub(used));
    }
    Some((free, all))
}

fn memory() -> Check {
    let title = ("memory", "内存");
    let Some((free, all)) = memory_bytes() else {
        return Check::new("memory", title, ("not told by this system", "本系统未提供"));
    };
    let gb = |b: u64| b as f64 / f64::from(1 << 30);
    let found = (
        format!("{:.1} GB free of {:.1} GB", gb(free), gb(all)),
        format!("可用 {:.1} GB，共 {:.1} GB", gb(free), gb(all)),
    );
    let check = Check::new("memory", title, found);
    if free >= SCARCE_BYTES {
        return check;
    }
    let help = (
        "a province may need 2 GB, a country more: close other programs, or plan city by city",
        "一个省可能需要 2 GB，全国更多：请关闭其他程序，或分城市规划",
    );
    check.but(State::Remark, help)
}

fn threads() -> Check {
    let used = rayon::current_num_threads();
    let cores = std::thread::available_parallelism().map_or(used, usize::from);
    Check::new(
        "threads",
        ("threads", "线程"),
        (
            format!("{used} used, {cores} cores; results don't depend on it"),
            format!("使用 {used} 个，共 {cores} 核；结果与之无关"),
        ),
    )
}

/// Whether files can be made in a folder.
fn folder(key: &'static str, title: (&'static str, &'static str), path: &Path) -> Check {
    let shown = std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path));
    let shown = shown.display();
    let made = tempfile::Builder::new().prefix(".covplan-doctor-").tempfile_in(path);
    match made.and_then(|mut f| f.write_all(&[0; 1 << 16]).and_then(|()| f.flush())) {
        Ok(()) => Check::new(key, title, (format!("{shown} can be written"), format!("{shown} 可写"))),
        Err(e) => {
            let found = (format!("{shown} can't be written: {e}"), format!("{shown} 不可写：{}", e.zh()));
            // Reading works in any folder; without a temporary folder large outputs don't.
            if key == "temp" {
                let help = (
                    "let TMPDIR (Windows: TEMP) name a folder that you may write to",
                    "请让 TMPDIR（Windows：TEMP）指向可写的文件夹",
                );
                return Check::new(key, title, found).but(State::Fault, help);
            }
            let help = ("name an output folder elsewhere with -o", "请用 -o 把输出写到别处");
            Check::new(key, title, found).but(State::Remark, help)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_isnt_there_is_told() {
        let there = tempfile::tempdir().unwrap();
        assert_eq!(folder("temp", ("t", "t"), there.path()).state, State::Ok);
        assert_eq!(std::fs::read_dir(there.path()).unwrap().count(), 0, "nothing is left");
        let gone = folder("temp", ("t", "t"), &there.path().join("no"));
        assert_eq!(gone.state, State::Fault);
        let said = text(&[gone], Lang::Zh);
        assert!(said.starts_with("故障") && said.contains("处理办法: 请让 TMPDIR"), "{said}");
        assert_eq!(folder("here", ("t", "t"), &there.path().join("no")).state, State::Remark);
    }
}

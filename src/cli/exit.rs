//! Exit codes, and the form in which a command complains.

use crate::model::issues::Place;
use crate::model::kinds::Lang;
use crate::model::said::Said;
use std::fmt::Write as _;
use std::process::ExitCode;

macro_rules! exits {
    ($($(#[$doc:meta])+ $name:ident = $code:literal, $en:literal, $zh:literal;)+) => {
        /// The documented exit codes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Exit {
            $($(#[$doc])+ $name = $code,)+
        }

        impl Exit {
            /// All codes, in order, each with what it means in English and Chinese.
            pub const ALL: &'static [(Exit, &'static str, &'static str)] = &[$((Exit::$name, $en, $zh)),+];
        }
    };
}

exits! {
    /// Done; a plan that found gaps is done.
    Ok = 0,
        "done; a plan that found gaps is done",
        "完成；规划发现不达标企业也属完成";
    /// Findings: `check`, or any command with `--fail-on-findings`.
    Findings = 1,
        "findings: from `check` and `duplicates`, or from any command that reads a project with `--fail-on-findings`",
        "有问题：`check`、`duplicates`，或读取项目的命令加 `--fail-on-findings`";
    /// Usage or configuration.
    Usage = 2,
        "usage or configuration: unknown option or key, missing project file, output folder that exists, a fault that `doctor` found",
        "用法或配置：未知选项或键、缺少工程文件、输出文件夹已存在、`doctor` 发现的故障";
    /// Invalid data.
    Data = 3,
        "invalid data: a file that can't be read, a missing required column, any rule of level *error*",
        "数据无效：文件无法读取、缺少必填列、任一*错误*级规则";
    /// A constraint can't be met.
    Infeasible = 4,
        "infeasible: for example locks that cost more than the budget",
        "无可行解：如锁定项的费用超过预算";
    /// A limit was reached; the best plan so far is written.
    Limit = 5,
        "a time limit was reached; the best plan so far is written",
        "达到时间上限；已写出当前最优方案";
    /// Interrupted; the best plan so far is written.
    Interrupted = 130,
        "interrupted with Ctrl-C; the best plan so far is written. A second Ctrl-C ends at once",
        "被 Ctrl-C 中断；已写出当前最优方案。再按一次 Ctrl-C 立即结束";
}

impl From<Exit> for ExitCode {
    fn from(e: Exit) -> Self {
        ExitCode::from(e as u8)
    }
}

/// Why a command gave up: what, where, and the way out.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// Exit code.
    pub exit: Exit,
    /// Stable code, such as `C001`.
    pub code: String,
    /// What happened.
    pub message: Said,
    /// Where, if in a file.
    pub place: Option<Place>,
    /// The way out.
    pub help: Option<Said>,
}

impl Complaint {
    /// A complaint about usage or configuration.
    #[must_use]
    pub fn usage(code: &str, message: impl Into<Said>) -> Self {
        Self { exit: Exit::Usage, code: code.into(), message: message.into(), place: None, help: None }
    }

    /// A complaint about data.
    #[must_use]
    pub fn data(code: &str, message: impl Into<Said>) -> Self {
        Self { exit: Exit::Data, ..Self::usage(code, message) }
    }

    /// Data that break a rule of level *error*: the findings as rendered, each with its way out.
    #[must_use]
    pub fn findings(rendered: String) -> Self {
        Self { exit: Exit::Data, ..Self::usage("", Said::verbatim(rendered)) }
    }

    /// Names the file.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Names the way out.
    #[must_use]
    pub fn help(mut self, help: impl Into<Said>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// As printed on stderr.
    #[must_use]
    pub fn render(&self, lang: Lang) -> String {
        let (error, help) = match lang {
            Lang::En => ("error", "help"),
            Lang::Zh => ("错误", "处理办法"),
        };
        // Findings come rendered, each with its own code.
        let mut out = if self.code.is_empty() {
            format!("{}\n", self.message.text(lang).trim_end())
        } else {
            format!("{error}[{}]: {}\n", self.code, self.message.text(lang))
        };
        // Writing to a String doesn't fail.
        if let Some(place) = &self.place {
            let _ = writeln!(out, "  --> {place}");
        }
        if let Some(way_out) = &self.help {
            let _ = writeln!(out, "  {help}: {}", way_out.text(lang));
        }
        out
    }
}

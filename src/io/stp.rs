//! Steiner-tree files: SteinLib and DIMACS-11 `.stp`, PACE 2018 `.gr`, packed or not.
//!
//! Sections hold one item a line: `E u v cost` for edges, `T v` for terminals, `TP v prize` for prizes,
//! `RootP v` for a root. Node numbers count from one. Sections that say nothing of the problem (comments,
//! coordinates, tree decompositions) are passed over.

use crate::model::said::Bilingual;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use flate2::read::MultiGzDecoder;
use thiserror::Error;

/// A Steiner problem as its file gives it; node numbers count from zero here.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SteinerFile {
    /// Number of nodes.
    pub nodes: usize,
    /// Edges in file order: two ends and a cost that is finite and not negative.
    pub edges: Vec<(u32, u32, f64)>,
    /// Nodes to join, in file order.
    pub terminals: Vec<u32>,
    /// Nodes with the prize that is lost when a tree leaves them out, in file order.
    pub prizes: Vec<(u32, f64)>,
    /// The node that a prize-collecting tree must hold.
    pub root: Option<u32>,
}

/// Why a file is no Steiner problem.
#[derive(Debug, Error)]
pub enum StpError {
    /// It can't be opened or unpacked.
    #[error("can't read the file: {0}")]
    Unreadable(#[from] std::io::Error),
    /// A line doesn't say what it should.
    #[error("line {line}: {what}, got \"{got}\"")]
    Line {
        /// Line number, from one.
        line: u64,
        /// What is expected there.
        what: String,
        /// The line or value as it stands.
        got: String,
    },
    /// The file ends too early or lacks a part.
    #[error("{0}")]
    Incomplete(String),
}

impl Bilingual for StpError {
    fn zh(&self) -> String {
        match self {
            Self::Unreadable(e) => format!("无法读取文件：{}", e.zh()),
            Self::Line { line, what, got } => format!("第 {line} 行不合格式（{what}），实际为“{got}”"),
            Self::Incomplete(what) => format!("文件不完整：{what}"),
        }
    }
}

impl StpError {
    /// The line at fault.
    #[must_use]
    pub const fn line(&self) -> Option<u64> {
        match self {
            Self::Line { line, .. } => Some(*line),
            _ => None,
        }
    }
}

/// Reads a Steiner file.
///
/// # Errors
/// A file that can't be read, a line that isn't what its section asks for (with line number and value), or a
/// file that is cut short.
pub fn read(path: &Path) -> Result<SteinerFile, StpError> {
    let mut raw = Vec::new();
    File::open(path)?.read_to_end(&mut raw)?;
    if raw.starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = Vec::with_capacity(raw.len() * 4);
        MultiGzDecoder::new(raw.as_slice()).read_to_end(&mut unpacked)?;
        raw = unpacked;
    }
    parse(&raw)
}

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Outside,
    Graph,
    Terminals,
    Comment,
    Other,
}

/// One line on its way to becoming an item.
struct Line<'a> {
    number: u64,
    text: &'a [u8],
}

impl Line<'_> {
    fn refuse(&self, what: impl Into<String>) -> StpError {
        self.refuse_value(what, self.text)
    }

    fn refuse_value(&self, what: impl Into<String>, value: &[u8]) -> StpError {
        let mut got: String = String::from_utf8_lossy(value).chars().take(60).collect();
        if value.len() > 60 {
            got.push('…');
        }
        StpError::Line { line: self.number, what: what.into(), got }
    }

    fn node(&self, field: Option<&[u8]>, nodes: usize) -> Result<u32, StpError> {
        let field = field.ok_or_else(|| self.refuse("a node number is missing"))?;
        match count(field) {
            Some(n) if n >= 1 && n <= nodes as u64 => Ok((n - 1) as u32),
            _ => Err(self.refuse_value(format!("node numbers go from 1 to {nodes}"), field)),
        }
    }

    fn amount(&self, field: Option<&[u8]>, name: &str) -> Result<f64, StpError> {
        let field = field.ok_or_else(|| self.refuse(format!("the {name} is missing")))?;
        let value = std::str::from_utf8(field).ok().and_then(|s| s.parse::<f64>().ok());
        match value {
            Some(v) if v.is_finite() && v >= 0.0 => Ok(v + 0.0),
            _ => Err(self.refuse_value(format!("a {name} is a number from 0"), field)),
        }
    }
}

fn count(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 18 {
        return None;
    }
    field.iter().try_fold(0u64, |n, &b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

/// Most nodes and edges that 32-bit ids can name.
const MOST: u64 = (u32::MAX / 2 - 1) as u64;

fn parse(raw: &[u8]) -> Result<SteinerFile, StpError> {
    let mut out = SteinerFile::default();
    let mut section = Section::Outside;
    let (mut nodes, mut edges): (Option<usize>, Option<u64>) = (None, None);
    let (mut graph_seen, mut at) = (false, 0usize);
    let mut number = 0u64;
    while at < raw.len() {
        let end = memchr::memchr(b'\n', &raw[at..]).map_or(raw.len(), |i| at + i);
        number += 1;
        let line = Line { number, text: raw[at..end].trim_ascii() };
        at = end + 1;
        let mut fields = line.text.split(u8::is_ascii_whitespace).filter(|f| !f.is_empty());
        let Some(key) = fields.next() else { continue };
        let is = |word: &str| key.eq_ignore_ascii_case(word.as_bytes());
        if section == Section::Outside {
            if is("SECTION") {
                let name = fields.next().unwrap_or_default().to_ascii_lowercase();
                section = match name.as_slice() {
                    b"graph" => Section::Graph,
                    b"terminals" => Section::Terminals,
                    b"comment" => Section::Comment,
                    _ => Section::Other,
                };
                graph_seen |= section == Section::Graph;
            } else if is("EOF") {
                break;
            } else if number > 1 || !line.text.starts_with(b"33D32945") {
                return Err(line.refuse("a SECTION, or EOF, should begin here"));
            }
            continue;
        }
        if is("END") {
            section = Section::Outside;
            continue;
        }
        match section {
            Section::Graph => {
                if key == b"E" {
                    let n = nodes.ok_or_else(|| line.refuse("\"Nodes\" must come before the edges"))?;
                    let (a, b) = (line.node(fields.next(), n)?, line.node(fields.next(), n)?);
                    out.edges.push((a, b, line.amount(fields.next(), "cost")?));
                } else if is("Nodes") {
                    let field = fields.next().unwrap_or_default();
                    let n = count(field).filter(|n| *n >= 1 && *n <= MOST);
                    nodes =
                        Some(n.ok_or_else(|| line.refuse_value("the number of nodes is 1 or more", field))?
                            as usize);
                } else if is("Edges") {
                    let field = fields.next().unwrap_or_default();
                    let m = count(field).filter(|m| *m <= MOST);
                    edges =
                        Some(m.ok_or_else(|| line.refuse_value("a number of edges belongs here", field))?);
                    // The file's word is no reason to reserve more than the file can hold.
                    out.edges.reserve(edges.unwrap_or(0).min(raw.len() as u64 / 8) as usize);
                } else if is("A") || is("Arcs") {
                    return Err(line.refuse("directed arcs are beyond this solver; edges begin with E"));
                } else if !is("Obstacles") {
                    return Err(line.refuse("Nodes, Edges or \"E u v cost\" belongs here"));
                }
            }
            Section::Terminals => {
                let n = nodes.ok_or_else(|| line.refuse("the graph must come before the terminals"))?;
                if is("T") {
                    let v = line.node(fields.next(), n)?;
                    match fields.next() {
                        Some(prize) => out.prizes.push((v, line.amount(Some(prize), "prize")?)),
                        None => out.terminals.push(v),
                    }
                } else if is("TP") {
                    let v = line.node(fields.next(), n)?;
                    out.prizes.push((v, line.amount(fields.next(), "prize")?));
                } else if is("RootP") || is("Root") {
                    let v = line.node(fields.next(), n)?;
                    if out.root.is_some_and(|r| r != v) {
                        return Err(line.refuse("there is a root already"));
                    }
                    out.root = Some(v);
                } else if !is("Terminals") {
                    return Err(line.refuse("\"T v\", \"TP v prize\" or \"RootP v\" belongs here"));
                }
            }
            Section::Comment => {
                let kind = fields.next().unwrap_or_default();
                let text = String::from_utf8_lossy(kind).trim_matches('"').to_ascii_uppercase();
                if is("Problem")
                    && ["SAP", "NWSTP", "NWPTSTP", "DCST", "HCDST", "GSTP", "OARSMT"].contains(&&*text)
                {
                    return Err(line.refuse("a problem of kind SPG, PCSTP or RPCSTP is wanted"));
                }
            }
            Section::Outside | Section::Other => {}
        }
    }
    if !graph_seen {
        return Err(StpError::Incomplete("there is no SECTION Graph: this is no Steiner file".into()));
    }
    if section != Section::Outside {
        return Err(StpError::Incomplete(format!("the file is cut short: no END after line {number}")));
    }
    let Some(nodes) = nodes else {
        return Err(StpError::Incomplete("the number of nodes is missing".into()));
    };
    if let Some(m) = edges.filter(|m| *m != out.edges.len() as u64) {
        return Err(StpError::Incomplete(format!("{m} edges are announced, {} are there", out.edges.len())));
    }
    out.nodes = nodes;
    Ok(out)
}

/// A tree as file content: node numbers from zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeOfFile {
    /// All nodes of the tree, rising; one alone where there are no edges.
    pub nodes: Vec<u32>,
    /// Its edges.
    pub edges: Vec<(u32, u32)>,
}

impl SteinerFile {
    /// What a tree costs: its edges, each at the cheapest of its parallels in the file, plus the prizes of the
    /// nodes it leaves out. Counts from the file's own lists and shares nothing with any solver.
    ///
    /// # Errors
    /// What keeps it from being an answer, in words: an edge not in the file, pieces that hang apart, a
    /// cycle, a terminal or root left out.
    pub fn cost_of(&self, tree: &TreeOfFile) -> Result<f64, String> {
        let name = |&(a, b): &(u32, u32)| (a.min(b), a.max(b));
        let mut cheapest: HashMap<(u32, u32), f64> =
            tree.edges.iter().map(|e| (name(e), f64::INFINITY)).collect();
        if cheapest.len() != tree.edges.len() {
            return Err("an edge is there twice".into());
        }
        for &(a, b, cost) in &self.edges {
            if let Some(c) = cheapest.get_mut(&name(&(a, b))) {
                *c = c.min(cost);
            }
        }
        let mut group: HashMap<u32, u32> = tree.nodes.iter().map(|&v| (v, v)).collect();
        fn top(group: &mut HashMap<u32, u32>, v: u32) -> Option<u32> {
            let mut at = v;
            loop {
                let up = *group.get(&at)?;
                if up == at {
                    return Some(at);
                }
                let higher = *group.get(&up)?;
                group.insert(at, higher);
                at = higher;
            }
        }
        let mut cost = 0.0;
        for e in &tree.edges {
            let c = cheapest[&name(e)];
            if c == f64::INFINITY {
                return Err(format!("edge {} {} is not in the file", e.0 + 1, e.1 + 1));
            }
            let (Some(a), Some(b)) = (top(&mut group, e.0), top(&mut group, e.1)) else {
                return Err(format!("edge {} {} ends outside the tree's nodes", e.0 + 1, e.1 + 1));
            };
            if a == b {
                return Err(format!("edge {} {} closes a cycle", e.0 + 1, e.1 + 1));
            }
            group.insert(a, b);
            cost += c;
        }
        if !tree.nodes.is_empty() && tree.edges.len() + 1 != group.len() {
            return Err("the tree is in pieces".into());
        }
        if let Some(v) = self.terminals.iter().chain(&self.root).find(|v| !group.contains_key(v)) {
            return Err(format!("node {} is left out", v + 1));
        }
        let lost: f64 = self.prizes.iter().filter(|(v, _)| !group.contains_key(v)).map(|p| p.1).sum();
        Ok(cost + lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = "33D32945 STP File, STP Format Version 1.0\r\n\nSECTION Comment\nName \"x\"\nProblem \"PCSTP\"\nEND\n\n\
        SECTION Graph\nNodes 3\nEdges 3\nE 1 2 1.5\nE 2 3 2\nE 2 1 1\nEND\n\nSECTION Terminals\nTerminals 2\n\
        RootP 1\nTP 3 7.25\nEND\nSECTION Coordinates\nDD 1 2 3\nEND\nEOF\nwhatever";

    #[test]
    fn sections_become_lists() {
        let file = parse(SMALL.as_bytes()).unwrap();
        assert_eq!(file.nodes, 3);
        assert_eq!(file.edges, [(0, 1, 1.5), (1, 2, 2.0), (1, 0, 1.0)]);
        assert_eq!((file.root, file.prizes.as_slice()), (Some(0), &[(2, 7.25)][..]));
        let tree = TreeOfFile { nodes: vec![0, 1], edges: vec![(0, 1)] };
        assert_eq!(file.cost_of(&tree), Ok(8.25));
    }

    #[test]
    fn faults_name_line_and_value() {
        let check = |from: &str, to: &str, expect: &str| {
            let error = parse(SMALL.replace(from, to).as_bytes()).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check("E 2 3 2", "E 2 4 2", "line 12: node numbers go from 1 to 3, got \"4\"");
        check("E 2 3 2", "E 2 3 -2", "line 12: a cost is a number from 0, got \"-2\"");
        check("E 2 3 2", "E 2 3", "line 12: the cost is missing");
        check("E 2 3 2", "E 2 3 NaN", "line 12");
        check("E 2 3 2", "A 2 3 2", "directed");
        check("E 2 3 2\n", "", "3 edges are announced, 2 are there");
        check("Nodes 3\n", "", "\"Nodes\" must come before");
        check("END\nEOF\nwhatever", "", "cut short");
        check("SECTION Graph", "SECTION Graf", "before the terminals");
        check("PCSTP", "SAP", "SPG, PCSTP or RPCSTP");
        assert!(parse(b"").is_err() && parse(b"\xff\xfe\x00").is_err());
    }

    #[test]
    fn no_tree_is_told_apart() {
        let file = parse(SMALL.as_bytes()).unwrap();
        let check = |nodes: &[u32], edges: &[(u32, u32)], expect: &str| {
            let error =
                file.cost_of(&TreeOfFile { nodes: nodes.to_vec(), edges: edges.to_vec() }).unwrap_err();
            assert!(error.contains(expect), "{error}");
        };
        check(&[0, 2], &[(0, 2)], "not in the file");
        check(&[0, 1, 2], &[(0, 1)], "in pieces");
        check(&[0, 1], &[(0, 1), (1, 0)], "twice");
        check(&[1, 2], &[(1, 2)], "node 1 is left out");
    }
}

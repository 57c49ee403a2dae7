//! Steiner problems of `covplan solve`.

use super::{Answer, NoAnswer, Request, bad_argument, bad_file};
use crate::cli::args::{Format, Problem};
use crate::graph::{Graph, NodeId};
use crate::io::stp::{self, SteinerFile, TreeOfFile};
use crate::optimise::steiner::{self, SteinerError, SteinerTree};
use crate::optimise::{Certified, Ended};
use serde_json::json;

/// Solves a Steiner problem on the file of `request`.
pub(super) fn solve(problem: Problem, request: &Request<'_>) -> Result<Answer, NoAnswer> {
    if !matches!(request.format, None | Some(Format::Stp | Format::Gr)) {
        return Err(
            bad_argument(("Steiner problems come as stp or gr", "斯坦纳问题的文件格式为 stp 或 gr")).into()
        );
    }
    if request.p.is_some() || request.radius.is_some() || request.budget.is_some() {
        let said = (
            "--p, --radius and --budget have no meaning for Steiner problems",
            "--p、--radius、--budget 对斯坦纳问题没有意义",
        );
        return Err(bad_argument(said).into());
    }
    let file = stp::read(request.file).map_err(|e| bad_file(request.file, e.line(), &e))?;
    fits(problem, &file).map_err(|why| bad_file(request.file, None, why))?;
    let graph = Graph::from_edges(file.nodes, &file.edges).map_err(|e| bad_file(request.file, None, &e))?;
    let found = match problem {
        Problem::Steiner => {
            let terminals: Vec<NodeId> = file.terminals.iter().map(|&t| NodeId(t)).collect();
            let start = file.terminals.first().copied();
            steiner::solve(&graph, &terminals, request.work).map(|f| f.map(|t| (t, start)))
        }
        _ => {
            let mut prizes = vec![0.0; file.nodes];
            for &(v, prize) in &file.prizes {
                prizes[v as usize] += prize;
            }
            match file.root {
                Some(r) => steiner::collect(&graph, NodeId(r), &prizes, request.work)
                    .map(|f| f.map(|t| (t, Some(r)))),
                None => steiner::collect_anywhere(&graph, &prizes, request.work)
                    .map(|f| f.map(|(t, v)| (t, Some(v.0)))),
            }
        }
    };
    let found: Certified<(SteinerTree, Option<u32>)> = found.map_err(|e| match e {
        SteinerError::Disconnected { cut_off } => {
            let first = cut_off.first().map_or(0, |v| v.0 + 1);
            let n = cut_off.len();
            let said = (
                format!("{n} terminals can't be joined to the others, such as node {first}"),
                format!("{n} 个终端无法与其他终端连通，如节点 {first}"),
            );
            NoAnswer::Infeasible(said.into())
        }
        other => bad_file(request.file, None, &other).into(),
    })?;
    let tree = as_in_file(&graph, &found.value.0, found.value.1);
    let objective = file.cost_of(&tree).map_err(|why| {
        let said = (format!("the solver's tree doesn't hold: {why}"), format!("求解器给出的树不成立：{why}"));
        NoAnswer::Refused(bad_argument(said))
    })?;
    let proven = found.ended == Ended::Proven;
    Ok(Answer {
        objective,
        // Summing in another order may move the last digits.
        bound: if proven { objective } else { found.bound.min(objective) },
        ended: found.ended,
        solution: json!({
            "nodes": tree.nodes.iter().map(|v| v + 1).collect::<Vec<_>>(),
            "edges": tree.edges.iter().map(|(a, b)| [a + 1, b + 1]).collect::<Vec<_>>(),
        }),
    })
}

fn fits(problem: Problem, file: &SteinerFile) -> Result<(), (&'static str, &'static str)> {
    let prizes = !file.prizes.is_empty();
    match problem {
        Problem::Steiner if prizes => Err((
            "the file has prizes; the problem is pcstp or rpcstp",
            "文件含奖励值；问题应为 pcstp 或 rpcstp",
        )),
        Problem::Steiner if file.terminals.is_empty() => Err(("the file has no terminals", "文件没有终端")),
        Problem::Steiner => Ok(()),
        _ if !file.terminals.is_empty() => {
            Err(("terminals without a prize have no place in this problem", "该问题不含没有奖励值的终端"))
        }
        Problem::Rpcstp if file.root.is_none() => Err((
            "the file names no root (RootP); the problem is pcstp",
            "文件未给出根（RootP）；问题应为 pcstp",
        )),
        Problem::Pcstp if file.root.is_some() => Err((
            "the file names a root (RootP); the problem is rpcstp",
            "文件给出了根（RootP）；问题应为 rpcstp",
        )),
        _ => Ok(()),
    }
}

/// A tree in the node numbers of the file, from zero.
fn as_in_file(graph: &Graph, tree: &SteinerTree, start: Option<u32>) -> TreeOfFile {
    let edges: Vec<(u32, u32)> = tree.edges.iter().map(|&e| graph.ends(e)).map(|[a, b]| (a.0, b.0)).collect();
    let mut nodes: Vec<u32> = edges.iter().flat_map(|e| [e.0, e.1]).collect();
    if nodes.is_empty() {
        nodes.extend(start);
    }
    nodes.sort_unstable();
    nodes.dedup();
    TreeOfFile { nodes, edges }
}

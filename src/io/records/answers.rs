//! Applications, supply links, questionnaires.

use super::bulk::columns;
use super::ids;
use crate::io::binding::{Binding, Col};
use crate::io::read::Reader;
use crate::io::row::Row;
use crate::io::shape::RawShape;
use crate::io::values;
use crate::model::records::Origin;
use crate::model::rules;
use crate::model::settings::Settings;
use crate::model::submissions::{Answer, Proposal, SupplyLink};

columns!(ProposalColumns { project_id, name, kind, party, fibers, cost_cny, year, status });

/// Reads applications to build.
pub(in crate::io) struct ProposalReader {
    file: u16,
    col: ProposalColumns,
}

impl Reader for ProposalReader {
    type Part = Vec<Proposal>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: ProposalColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Proposal>) -> Option<()> {
        let c = &self.col;
        let name = row.required_text(c.name, "name");
        let kind = row.required_text(c.kind, "kind");
        let (mut at, mut parts) = (None, Vec::new());
        match row.shape().as_deref() {
            Some(RawShape::Lines(_)) => parts = row.lines()?,
            _ => at = Some(row.point()?),
        }
        let id = row.code(c.project_id);
        let mut p = Proposal {
            id: String::new(),
            name: name?,
            kind: kind?,
            party: row.text(c.party),
            at,
            line: Vec::new(),
            fibers: row.whole(c.fibers),
            cost_cny: row.number(c.cost_cny),
            year: row.year(c.year),
            status: row.text(c.status),
            origin: Origin { file: self.file, row: row.number },
        };
        let first = at.or_else(|| parts.first().and_then(|l| l.first().copied()));
        p.id = id.unwrap_or_else(|| {
            let made = ids::made("P", &[&p.name, &p.kind], first);
            row.note(&rules::ID_MADE, "project_id", &made);
            made
        });
        if parts.len() > 1 {
            row.note(&rules::GEOMETRY_SPLIT, "", &p.id);
            for (i, line) in parts.into_iter().enumerate() {
                part.push(Proposal { id: format!("{}-{}", p.id, i + 1), line, ..p.clone() });
            }
        } else {
            p.line = parts.pop().unwrap_or_default();
            part.push(p);
        }
        Some(())
    }
}

columns!(SupplyColumns { from_site, to_site, volume_cny, product });

/// Reads supply links.
pub(in crate::io) struct SupplyReader {
    file: u16,
    col: SupplyColumns,
}

impl Reader for SupplyReader {
    type Part = Vec<SupplyLink>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: SupplyColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<SupplyLink>) -> Option<()> {
        let c = &self.col;
        let from = row.code(c.from_site).or_else(|| row.blank("from_site"));
        let to = row.code(c.to_site).or_else(|| row.blank("to_site"));
        part.push(SupplyLink {
            from_site: from?,
            to_site: to?,
            volume_cny: row.number(c.volume_cny),
            product: row.text(c.product),
            origin: Origin { file: self.file, row: row.number },
        });
        Some(())
    }
}

columns!(AnswerColumns { site_id, scheme, item, answer });

/// Reads answers to questionnaires.
pub(in crate::io) struct AnswerReader {
    file: u16,
    col: AnswerColumns,
}

impl Reader for AnswerReader {
    type Part = Vec<Answer>;

    fn bind(binding: &Binding, file: u16, _settings: &Settings) -> Self {
        Self { file, col: AnswerColumns::bind(binding) }
    }

    fn read(&self, row: &mut Row<'_>, part: &mut Vec<Answer>) -> Option<()> {
        let c = &self.col;
        let site = row.code(c.site_id).or_else(|| row.blank("site_id"));
        let item = row.required_text(c.item, "item");
        let answer = row.required_text(c.answer, "answer");
        let met = row.with(c.answer, |_, v| values::flag(v));
        part.push(Answer {
            site: site?,
            scheme: row.text(c.scheme),
            item: item?,
            answer: answer?,
            met,
            origin: Origin { file: self.file, row: row.number },
        });
        Some(())
    }
}

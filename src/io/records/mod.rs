//! From rows to records, one reader per layer.

pub(super) mod answers;
pub(super) mod bulk;
pub(super) mod ids;
pub(super) mod lines;
pub(super) mod points;
pub(super) mod regions;

#[cfg(test)]
mod tests {
    use super::{answers, bulk, lines, points, regions};
    use crate::model::schema::Layer;

    /// Columns that the records don't keep.
    const UNKEPT: &[&str] =
        &["cells.tdd_frame", "fiber_nodes.name", "fiber_segments.name", "fiber.id", "barriers.barrier_id"];

    #[test]
    fn every_column_of_the_schema_is_read() {
        let fiber = [lines::NodeColumns::NAMES, lines::SegmentColumns::NAMES].concat();
        let read: [(&str, &[&str]); 17] = [
            ("sites", bulk::SiteColumns::NAMES),
            ("cells", bulk::CellColumns::NAMES),
            ("fiber_nodes", lines::NodeColumns::NAMES),
            ("fiber_segments", lines::SegmentColumns::NAMES),
            ("fiber", &fiber),
            ("ducts", lines::DuctColumns::NAMES),
            ("roads", lines::RoadColumns::NAMES),
            ("barriers", lines::BarrierColumns::NAMES),
            ("candidates", points::CandidateColumns::NAMES),
            ("power", points::PowerColumns::NAMES),
            ("datacenters", points::DataCenterColumns::NAMES),
            ("measurements", points::MeasurementColumns::NAMES),
            ("towns", points::TownColumns::NAMES),
            ("regions", regions::RegionColumns::NAMES),
            ("projects", answers::ProposalColumns::NAMES),
            ("supply_links", answers::SupplyColumns::NAMES),
            ("questionnaire", answers::AnswerColumns::NAMES),
        ];
        for (layer, names) in read {
            for column in Layer::named(layer).unwrap().own {
                let full = format!("{layer}.{}", column.name);
                let whole = layer == "fiber" && column.name == "name";
                assert!(names.contains(&column.name) || UNKEPT.contains(&full.as_str()) || whole, "{full}");
            }
        }
    }
}

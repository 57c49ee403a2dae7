//! What the choice of whom to join is made on: the priced network, and where each terminal meets it.

use super::price::Pricing;
use super::web::{Web, lead_in_cny};
use super::{RouteError, RouteRequest, Stand, across, second_entries, stand};
use crate::graph::{Graph, NodeId};
use crate::model::planned::ConnectionState;
use crate::network::Snap;
use rayon::prelude::*;

/// Where a terminal meets the network.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct End {
    /// The node; the root for a terminal that is led in straight from an access point.
    pub node: NodeId,
    /// Lead-in and equipment, yuan.
    pub own_cny: f64,
}

/// The priced network.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Stretches of road and ways to access points. Weights are yuan of work and of one cable of the size
    /// that the catalogue prices: no planned segment costs less.
    pub graph: Graph,
    /// The node behind all fiber that can be joined.
    pub root: NodeId,
    /// Per terminal where it meets the network, or why it can't be joined.
    pub ends: Vec<Result<End, ConnectionState>>,
}

/// Surveys the network for the terminals of a request; its budget and its work don't matter.
///
/// # Errors
/// A graph too large.
pub fn survey(request: &RouteRequest<'_, '_, '_>) -> Result<Survey, RouteError> {
    let RouteRequest { settings, snapper, ways, access, terminals, .. } = *request;
    let fiber = &settings.fiber;
    let pricing = Pricing::new(settings, snapper.roads(), ways, snapper.edge_crossings());
    let stands: Vec<Stand> = terminals.par_iter().map(|t| stand(request, &pricing, t)).collect();
    let snaps: Vec<(u32, Snap)> = (0u32..)
        .zip(&stands)
        .filter_map(|(i, s)| if let Stand::Road(snap) = s { Some((i, *snap)) } else { None })
        .collect();
    let mut on_road: Vec<Snap> = snaps.iter().map(|s| s.1).collect();
    let (entries, more) = second_entries(request, &snaps);
    on_road.extend(entries);
    let across = across::all(request, &on_road);
    let web = Web::new(&pricing, &on_road, access.points(), &more, across)?;
    let mut nodes = web.terminals.iter();
    let ends = stands
        .iter()
        .zip(terminals)
        .map(|(s, t)| {
            let equipment_cny = t.equipment_cny.unwrap_or(fiber.terminal_cny);
            match s {
                Stand::Out(state) => Err(*state),
                Stand::Direct(_, metres) => {
                    Ok(End { node: web.root, own_cny: equipment_cny + metres * fiber.lead_in_cny_m })
                }
                Stand::Road(snap) => {
                    let node = nodes.next().copied().filter(|&v| web.reaches_fiber(v));
                    let own_cny = equipment_cny + lead_in_cny(snap, fiber);
                    node.map(|node| End { node, own_cny }).ok_or(ConnectionState::Closed)
                }
            }
        })
        .collect();
    Ok(Survey { graph: web.graph, root: web.root, ends })
}

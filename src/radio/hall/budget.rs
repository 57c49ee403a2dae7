//! The link budget of a node in a hall.

use super::{Requirement, Resources, Service, Task};
use crate::radio::capacity;
use crate::radio::link_budget::reference_power;
use crate::radio::refusal::Refusal;
use crate::radio::servers::Carrier;
use crate::units::{Db, Dbm};

/// One link of the hall, whose only unknown is the loss.
pub(super) struct Budget<'a> {
    pub(super) task: &'a Task,
    pub(super) carrier: Carrier,
    /// SSB and data power per resource element with the gain, dBm.
    pub(super) ssb_dbm: f64,
    pub(super) data_dbm: f64,
    /// Gain of the uplink, dBi.
    pub(super) gain_dbi: f64,
}

impl<'a> Budget<'a> {
    pub(super) fn new(task: &'a Task) -> Result<Self, Refusal> {
        let node = &task.node;
        let epre = reference_power(Dbm(node.power_dbm), node.resources.resource_blocks)?.get();
        let (ssb_dbm, data_dbm) = (epre + node.gain_dbi, epre + node.gain_dbi);
        Ok(Self { task, carrier: task.carrier(node.resources), ssb_dbm, data_dbm, gain_dbi: node.gain_dbi })
    }

    pub(super) fn free(&self) -> f64 {
        1.0 - self.task.load
    }

    /// Uplink at a loss over all blocks of the node, whatever its load.
    pub(super) fn uplink(&self, loss_db: f64) -> capacity::Uplink {
        let t = self.task;
        let one_block = Db(t.terminal.power_dbm + self.gain_dbi - self.carrier.uplink_noise_dbm - loss_db);
        capacity::uplink(&t.uplink, &self.carrier.resources, &t.terminal, one_block.linear())
    }

    /// Likewise the downlink, with noise alone, Mbit/s.
    pub(super) fn downlink_mbps(&self, loss_db: f64) -> f64 {
        let sinr = Db(self.data_dbm - loss_db - self.carrier.noise_dbm).linear();
        capacity::downlink_mbps(&self.task.downlink, &self.carrier.resources, &self.task.terminal, sinr)
    }

    /// What a loss gives.
    pub(super) fn service(&self, loss_db: f64) -> Service {
        let up = self.uplink(loss_db);
        Service {
            rsrp_dbm: self.ssb_dbm - loss_db,
            ss_sinr_db: None,
            ul_mbps: up.mbps * self.free(),
            ul_sinr_db: Db::from_linear(up.sinr.max(f64::MIN_POSITIVE)).get(),
            dl_mbps: self.downlink_mbps(loss_db) * self.free(),
        }
    }

    pub(super) fn meets(&self, service: &Service, requirement: Requirement) -> bool {
        let w = &self.task.wanted;
        match requirement {
            Requirement::Uplink => service.ul_mbps >= w.ul_mbps,
            Requirement::Rsrp => service.rsrp_dbm >= w.rsrp_dbm,
            Requirement::Downlink => service.dl_mbps >= w.dl_mbps,
            Requirement::Capacity => true,
        }
    }

    /// The greatest loss in dB that a requirement bears; `None` where it bears none.
    pub(super) fn greatest_loss_db(&self, requirement: Requirement) -> Option<f64> {
        let bears = |loss_db: f64| self.meets(&self.service(loss_db), requirement);
        greatest(0.0, 300.0, bears)
    }
}

impl Task {
    pub(super) fn carrier(&self, resources: Resources) -> Carrier {
        Carrier::new(resources, &self.terminal, Db(self.node.noise_figure_db), self.load)
    }
}

/// The greatest value of a range up to which something holds, by bisection; `None` where it never does.
pub(super) fn greatest(from: f64, to: f64, holds: impl Fn(f64) -> bool) -> Option<f64> {
    if !holds(from) {
        return None;
    }
    if holds(to) {
        return Some(to);
    }
    let (mut yes, mut no) = (from, to);
    for _ in 0..60 {
        let middle = 0.5 * (yes + no);
        if holds(middle) {
            yes = middle;
        } else {
            no = middle;
        }
    }
    Some(yes)
}

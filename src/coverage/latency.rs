//! Round trip from a terminal at a site to the nearest compute: air interface, transport, UPF, application.
//!
//! Until a fiber route is known, transport follows the great circle times `latency.detour`, with two
//! switching hops each way (one at either end).

use crate::geom::LonLat;
use crate::index::PointIndex;
use crate::model::records::DataCenter;
use crate::model::settings::LatencySettings;

/// Switching hops each way where no route is known.
pub const HOPS: f64 = 2.0;

/// Parts of a round trip, milliseconds; all of them there and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoundTrip {
    /// Air interface.
    pub air_ms: f64,
    /// Fiber and switching.
    pub transport_ms: f64,
    /// User plane function.
    pub upf_ms: f64,
    /// Application.
    pub app_ms: f64,
    /// Great-circle distance to the compute, metres.
    pub distance_m: f64,
    /// Index in `Inputs::datacenters`.
    pub datacenter: u32,
}

impl RoundTrip {
    /// All parts together, milliseconds.
    #[must_use]
    pub fn total_ms(&self) -> f64 {
        self.air_ms + self.transport_ms + self.upf_ms + self.app_ms
    }
}

/// Along a stretch of fiber, one way, microseconds: propagation, and an amplifier or a regenerator after each
/// full span of them.
#[must_use]
pub fn line_us(route_m: f64, s: &LatencySettings) -> f64 {
    let km = route_m / 1e3;
    km * s.fiber_us_per_km
        + (km / s.amplifier_km).floor() * s.amplifier_us
        + (km / s.regenerator_km).floor() * s.regenerator_us
}

/// Parts of a round trip beside the transport, milliseconds: air interface, user plane, application.
#[must_use]
pub fn beside_transport_ms(s: &LatencySettings) -> f64 {
    s.air_rtt_ms + s.upf_rtt_ms + s.app_rtt_ms
}

/// Transport there and back over a great-circle distance where no route is known, milliseconds.
#[must_use]
pub fn transport_rtt_ms(distance_m: f64, s: &LatencySettings) -> f64 {
    2.0 * (distance_m / 1e3 * s.detour * s.fiber_us_per_km + HOPS * s.hop_us) / 1e3
}

/// Great-circle distance that a transport round trip reaches, metres; the inverse of [`transport_rtt_ms`].
#[must_use]
pub fn reach_m(transport_rtt_ms: f64, s: &LatencySettings) -> f64 {
    let us = transport_rtt_ms * 1e3 / 2.0 - HOPS * s.hop_us;
    (us / (s.detour * s.fiber_us_per_km) * 1e3).max(0.0)
}

/// Round trip of everything over a great-circle distance, milliseconds.
#[must_use]
pub fn round_trip_ms(distance_m: f64, s: &LatencySettings) -> f64 {
    transport_rtt_ms(distance_m, s) + beside_transport_ms(s)
}

/// Compute, to be found by nearness.
pub struct Compute<'a> {
    index: PointIndex,
    settings: &'a LatencySettings,
}

impl<'a> Compute<'a> {
    /// The data centers of the inputs.
    #[must_use]
    pub fn new(datacenters: &[DataCenter], settings: &'a LatencySettings) -> Self {
        let at: Vec<LonLat> = datacenters.iter().map(|d| d.at).collect();
        Self { index: PointIndex::new(&at), settings }
    }

    /// The round trip to the nearest compute; `None` without any.
    #[must_use]
    pub fn round_trip(&self, at: LonLat) -> Option<RoundTrip> {
        let hit = self.index.nearest(at)?;
        let s = self.settings;
        Some(RoundTrip {
            air_ms: s.air_rtt_ms,
            transport_ms: transport_rtt_ms(hit.distance_m, s),
            upf_ms: s.upf_rtt_ms,
            app_ms: s.app_rtt_ms,
            distance_m: hit.distance_m,
            datacenter: hit.index,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Settings;

    #[test]
    fn fiber_by_hand() {
        let s = Settings::with(&toml::Table::new()).unwrap().latency;
        assert!((line_us(79_000.0, &s) - 79.0 * 4.897).abs() < 1e-9);
        // 1,600 km: 20 spans of 80 km, one regeneration after 1,000 km.
        assert!((line_us(1_600_000.0, &s) - (1600.0 * 4.897 + 20.0 * 0.1 + 100.0)).abs() < 1e-9);
    }

    #[test]
    fn by_hand() {
        let s = Settings::with(&toml::Table::new()).unwrap();
        let dc = |lon: f64| DataCenter {
            id: "d".into(),
            name: "d".into(),
            operator: None,
            tier: None,
            at: LonLat::wrapped(lon, 0.0),
            city_dot: false,
            racks_std: None,
            rack_use_pct: None,
            it_mw: None,
            pue: None,
            pue_basis: None,
            cooling: None,
            origin: Default::default(),
        };
        let centers = [dc(10.0), dc(1.0)];
        let r = Compute::new(&centers, &s.latency).round_trip(LonLat::wrapped(0.0, 0.0)).unwrap();
        assert_eq!(r.datacenter, 1);
        // 111.195 km · 1.4 · 4.897 µs/km + 2 · 50 µs = 862.3 µs one way; 8 + 1 + 2 ms besides.
        assert!((r.transport_ms - 1.7247).abs() < 1e-3 && (r.total_ms() - 12.7247).abs() < 1e-3, "{r:?}");
        assert!(Compute::new(&[], &s.latency).round_trip(LonLat::wrapped(0.0, 0.0)).is_none());
    }
}

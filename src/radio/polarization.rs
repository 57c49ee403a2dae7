//! Polarisation of a link.

/// Polarisation of both antennas of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Polarization {
    /// Horizontal.
    Horizontal,
    /// Vertical.
    Vertical,
}

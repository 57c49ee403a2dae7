//! Where numbers lie on the earth: coordinate reference systems, web-map datums, and signs of a wrong one.

pub mod gcj02;

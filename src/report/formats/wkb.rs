//! Well-known binary (OGC 06-103r4, 8.2), little-endian.

use super::table::{Geometry, GeometryKind};

/// Appends a geometry of a kind; nothing for none.
pub(super) fn push(out: &mut Vec<u8>, geometry: &Geometry, kind: GeometryKind) {
    match geometry {
        Geometry::None => {}
        Geometry::Point(p) => {
            head(out, 1);
            position(out, p);
        }
        Geometry::Lines(lines) => {
            if kind == GeometryKind::Lines {
                head(out, 5);
                count(out, lines.len());
            }
            for line in lines {
                head(out, 2);
                positions(out, line);
            }
        }
        Geometry::Areas(areas) => {
            head(out, 6);
            count(out, areas.len());
            for rings in areas {
                head(out, 3);
                count(out, rings.len());
                rings.iter().for_each(|r| positions(out, r));
            }
        }
    }
}

fn head(out: &mut Vec<u8>, kind: u32) {
    out.push(1);
    out.extend_from_slice(&kind.to_le_bytes());
}

fn count(out: &mut Vec<u8>, n: usize) {
    out.extend_from_slice(&(n as u32).to_le_bytes());
}

fn position(out: &mut Vec<u8>, p: &[f64; 2]) {
    out.extend_from_slice(&p[0].to_le_bytes());
    out.extend_from_slice(&p[1].to_le_bytes());
}

fn positions(out: &mut Vec<u8>, line: &[[f64; 2]]) {
    count(out, line.len());
    line.iter().for_each(|p| position(out, p));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_of_the_standard() {
        let mut out = Vec::new();
        push(&mut out, &Geometry::Point([1.0, 2.0]), GeometryKind::Point);
        assert_eq!(out.len(), 21);
        assert_eq!(out[..5], [1, 1, 0, 0, 0]);
        assert_eq!(out[5..13], 1f64.to_le_bytes());
        out.clear();
        push(&mut out, &Geometry::Lines(vec![vec![[0.0; 2]; 2]]), GeometryKind::Lines);
        assert_eq!((out.len(), out[1], out[10]), (9 + 9 + 32, 5, 2));
    }
}

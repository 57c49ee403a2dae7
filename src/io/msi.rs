//! Antenna patterns in the MSI format (also called Planet): keywords line by line, then two cuts.
//!
//! ```text
//! NAME      A-65-17
//! FREQUENCY 1850
//! GAIN      15.2 dBd
//! TILT      ELECTRICAL
//! HORIZONTAL 360
//! 0   0.0
//! 1   0.1
//! …
//! VERTICAL 360
//! 0   12.3
//! …
//! ```
//!
//! Attenuations are in dB below the peak; horizontal angles run clockwise from the front, vertical ones from
//! the horizon in front downwards. What is met in the wild and read: decimal commas, tabs and semicolons,
//! remarks (`#`, `//`, or any keyword that isn't known), negative attenuations throughout a cut, rows out of
//! order, steps other than a degree. A gain without a unit is in dBd, as the format has it. What isn't
//! guessed: a missing, repeated or unreadable value ends in an error with its line.

use super::source::Fault;
use crate::model::antennas::AntennaFile;
use crate::model::rules;
use crate::model::said::Said;
use std::path::{Path, PathBuf};

/// Gain of a half-wave dipole, dBi.
const DIPOLE_DBI: f64 = 2.15;
/// Rows of a cut: from 5° to a sixteenth of one.
const ROWS: std::ops::RangeInclusive<usize> = 72..=5760;
/// No pattern file is longer, bytes.
const LONGEST: u64 = 4 << 20;

/// Names of pattern files end so.
const ENDINGS: [&str; 2] = [".msi", ".pln"];

/// The pattern files of a folder, by name.
///
/// # Errors
/// When the folder can't be listed.
pub fn patterns_in(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut inside = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_name().map(|n| n.to_string_lossy().to_lowercase()).unwrap_or_default();
        if ENDINGS.iter().any(|e| name.ends_with(e)) {
            inside.push(file);
        }
    }
    inside.sort();
    Ok(inside)
}

/// Reads a pattern file.
pub(super) fn read(path: &Path) -> Result<AntennaFile, Fault> {
    let unreadable = |e: std::io::Error| Fault::new(&rules::FILE_UNREADABLE, Said::from(&e));
    let length = std::fs::metadata(path).map_err(unreadable)?.len();
    if length > LONGEST {
        return Err(Fault::new(
            &rules::FORMAT_UNFIT,
            (
                format!("{length} bytes: too long for an antenna pattern"),
                format!("{length} 字节：作为天线方向图过长"),
            ),
        ));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let stem = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    parse(&String::from_utf8_lossy(&bytes), &stem)
}

/// A cut while it is read: rows wanted, and those met with their line.
struct Cut {
    name: &'static str,
    rows: usize,
    line: u64,
    met: Vec<(f64, f64, u64)>,
}

fn parse(text: &str, stem: &str) -> Result<AntennaFile, Fault> {
    let mut file = AntennaFile {
        name: stem.to_owned(),
        stem: stem.to_owned(),
        freq_mhz: None,
        gain_dbi: None,
        horizontal_db: Vec::new(),
        vertical_db: Vec::new(),
    };
    let mut cuts: Vec<Cut> = Vec::new();
    for (number, line) in (1u64..).zip(text.lines()) {
        let line = line.trim_start_matches('\u{feff}').trim();
        let mut words = line.split(|c: char| c.is_whitespace() || c == ';').filter(|w| !w.is_empty());
        let Some(first) = words.next() else { continue };
        if first.starts_with('#') || first.starts_with("//") {
            continue;
        }
        if first.starts_with(|c: char| c.is_ascii_digit() || "+-.,".contains(c)) {
            // Numbers before the first cut belong to remarks.
            let Some(cut) = cuts.last_mut() else { continue };
            let (angle, value) = (figure(first), words.next().and_then(figure));
            let (Some(angle), Some(value)) = (angle, value) else {
                return Err(damaged(
                    number,
                    (
                        format!("{} {line:?}: an angle and an attenuation are wanted", cut.name),
                        format!("{} {line:?}：应为角度与衰减", cut.name),
                    ),
                ));
            };
            cut.met.push((angle, value, number));
            continue;
        }
        let rest = line[first.len()..].trim();
        match first.to_uppercase().as_str() {
            "NAME" if !rest.is_empty() => file.name = rest.to_owned(),
            "FREQUENCY" => file.freq_mhz = frequencies(rest),
            "GAIN" => {
                let gain = gain_dbi(rest);
                file.gain_dbi = Some(gain.ok_or_else(|| {
                    let said = (format!("GAIN {rest:?} is no gain"), format!("GAIN {rest:?} 不是增益"));
                    damaged(number, said)
                })?);
            }
            word @ ("HORIZONTAL" | "VERTICAL") => {
                let name = if word == "HORIZONTAL" { "HORIZONTAL" } else { "VERTICAL" };
                let rows = if rest.is_empty() { Some(360) } else { rest.parse::<usize>().ok() };
                let Some(rows) = rows.filter(|n| ROWS.contains(n)) else {
                    let (least, most) = (ROWS.start(), ROWS.end());
                    let wanted = (
                        format!("{name} {rest:?}: {least} to {most} rows are wanted"),
                        format!("{name} {rest:?}：应为 {least} 至 {most} 行"),
                    );
                    return Err(damaged(number, wanted));
                };
                if cuts.iter().any(|c| c.name == name) {
                    return Err(damaged(
                        number,
                        (format!("{name} stands twice"), format!("{name} 重复出现")),
                    ));
                }
                cuts.push(Cut { name, rows, line: number, met: Vec::new() });
            }
            // Widths, polarisation, remarks and the maker's own words.
            _ => {}
        }
    }
    for cut in cuts {
        let name = cut.name;
        let values = cut.values()?;
        if name == "HORIZONTAL" {
            file.horizontal_db = values;
        } else {
            file.vertical_db = values;
        }
    }
    for (name, values) in [("HORIZONTAL", &file.horizontal_db), ("VERTICAL", &file.vertical_db)] {
        if values.is_empty() {
            return Err(Fault::new(
                &rules::FILE_DAMAGED,
                (
                    format!("no {name} cut: this is no whole MSI pattern"),
                    format!("缺少 {name} 切面：MSI 方向图不完整"),
                ),
            ));
        }
    }
    Ok(file)
}

fn damaged(line: u64, what: (String, String)) -> Fault {
    Fault::at(&rules::FILE_DAMAGED, line, what)
}

impl Cut {
    /// The attenuations in order of angle, each met once.
    fn values(mut self) -> Result<Vec<f32>, Fault> {
        let (name, rows) = (self.name, self.rows);
        let step = 360.0 / rows as f64;
        let mut values = vec![None; rows];
        // A cut of negative values throughout counts gains below the peak.
        let sign = if self.met.iter().all(|m| m.1 <= 0.0) { -1.0 } else { 1.0 };
        for (angle, value, line) in self.met.drain(..) {
            let place = angle.rem_euclid(360.0) / step;
            let at = place.round();
            if !place.is_finite() || (place - at).abs() > 0.01 {
                return Err(damaged(
                    line,
                    (
                        format!("{name}: {angle}° is none of {rows} equal steps"),
                        format!("{name}：{angle}° 不在 {rows} 个等分角度上"),
                    ),
                ));
            }
            let value = sign * value;
            if !(0.0..=200.0).contains(&value) {
                return Err(damaged(
                    line,
                    (
                        format!("{name} {angle}°: {value} dB is no attenuation of 0 to 200 dB"),
                        format!("{name} {angle}°：{value} dB 不是 0 至 200 dB 的衰减"),
                    ),
                ));
            }
            let slot = values.get_mut(at as usize % rows);
            match slot {
                // Some files close the circle with 360°.
                Some(Some(before)) if angle >= 360.0 && *before == value as f32 => {}
                Some(slot @ None) => *slot = Some(value as f32),
                _ => {
                    return Err(damaged(
                        line,
                        (format!("{name}: {angle}° stands twice"), format!("{name}：{angle}° 重复出现")),
                    ));
                }
            }
        }
        let missing = values.iter().filter(|v| v.is_none()).count();
        if let Some(first) = values.iter().position(Option::is_none) {
            let angle = first as f64 * step;
            return Err(damaged(
                self.line,
                (
                    format!("{name}: {missing} of {rows} values are missing, the first at {angle}°"),
                    format!("{name}：{rows} 个值中缺 {missing} 个，首个在 {angle}°"),
                ),
            ));
        }
        Ok(values.into_iter().flatten().collect())
    }
}

/// A number with a decimal point or comma.
fn figure(word: &str) -> Option<f64> {
    word.replace(',', ".").parse::<f64>().ok().filter(|v| v.is_finite())
}

/// `1850`, `1710-2170`, `1850 MHz`.
fn frequencies(text: &str) -> Option<[f64; 2]> {
    let numbers: Vec<f64> = text
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|w| w.parse().ok())
        .filter(|f| *f > 0.0)
        .collect();
    match numbers[..] {
        [one] => Some([one, one]),
        [low, high, ..] if low <= high => Some([low, high]),
        _ => None,
    }
}

/// `15.2 dBd`, `17,35dBi`, `15.2` (dBd).
fn gain_dbi(text: &str) -> Option<f64> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.,".contains(c))).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let gain = figure(number.trim())?;
    match unit.trim().to_lowercase().as_str() {
        unit if unit.starts_with("dbi") => Some(gain),
        unit if unit.is_empty() || unit.starts_with("dbd") || unit == "db" => Some(gain + DIPOLE_DBI),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(name: &str, of: impl Fn(usize) -> f64) -> String {
        let rows: Vec<String> = (0..360).map(|a| format!("{a}\t{:.2}", of(a))).collect();
        format!("{name} 360\n{}\n", rows.join("\n"))
    }

    fn sound() -> String {
        let (h, v) = (cut("HORIZONTAL", |a| a as f64 / 20.0), cut("VERTICAL", |a| (a % 90) as f64 / 10.0));
        format!(
            "NAME A-65 \nFREQUENCY 1710-2170 MHz\nGAIN 15.2 dBd\nTILT ELECTRICAL\nCOMMENT 3 ports\n{h}{v}"
        )
    }

    #[test]
    fn a_sound_file() {
        let f = parse(&sound(), "stem").unwrap();
        assert_eq!((f.name.as_str(), f.stem.as_str()), ("A-65", "stem"));
        assert_eq!(f.freq_mhz, Some([1710.0, 2170.0]));
        assert!((f.gain_dbi.unwrap() - 17.35).abs() < 1e-9);
        assert_eq!((f.horizontal_db.len(), f.horizontal_db[40], f.vertical_db[95]), (360, 2.0, 0.5));
        assert_eq!(f.words().collect::<Vec<_>>(), ["a-65", "stem.msi", "stem.pln", "stem"]);
    }

    /// Quirks change nothing.
    #[test]
    fn quirks() {
        let want = parse(&sound(), "x").unwrap();
        let same = |text: String| {
            let mut got = parse(&text, "x").unwrap();
            assert!((got.gain_dbi.unwrap() - 17.35).abs() < 1e-9);
            got.gain_dbi = want.gain_dbi;
            assert!(got == want, "{got:?}");
        };
        let text = sound();
        let commas = text.lines().map(|l| {
            if l.starts_with(|c: char| c.is_ascii_digit()) { l.replace('.', ",") } else { l.to_owned() }
        });
        same(commas.collect::<Vec<_>>().join("\r\n"));
        same(sound().replace("15.2 dBd", "17,35dBi"));
        same(sound().replace("15.2 dBd", "15.2"));
        same(format!("\u{feff}# made by hand\n// 1 2 3\n{}", sound()));
        same(sound().replace("\t", " ; "));
        let mut lines: Vec<String> = sound().lines().map(str::to_owned).collect();
        let first = lines.iter().position(|l| l.starts_with("HORIZONTAL")).unwrap() + 1;
        lines[first..first + 360].reverse();
        same(lines.join("\n"));
        let turned: Vec<String> = sound()
            .lines()
            .map(|l| match l.split_once('\t') {
                Some((a, v)) => format!("{a}\t-{v}"),
                None => l.to_owned(),
            })
            .collect();
        same(turned.join("\n"));
    }

    /// What is wrong is told with its line.
    #[test]
    fn damage_is_told() {
        let refused = |text: String, row: Option<u64>, word: &str| {
            let fault = parse(&text, "x").unwrap_err();
            assert_eq!(fault.row, row, "{}", fault.message.en);
            assert!(fault.message.en.contains(word), "{}", fault.message.en);
        };
        // Line 6 is HORIZONTAL, line 7 the value at 0°.
        refused(sound().replacen("\n7\t0.35", "", 1), Some(6), "at 7°");
        refused(sound().replacen("7\t0.35", "7\tx", 1), Some(14), "attenuation");
        refused(sound().replacen("7\t0.35", "7", 1), Some(14), "attenuation");
        refused(sound().replacen("7\t0.35", "6\t0.35", 1), Some(14), "twice");
        refused(sound().replacen("7\t0.35", "7\t-0.35", 1), Some(14), "-0.35 dB");
        refused(sound().replacen("7\t0.35", "7.5\t0.35", 1), Some(14), "steps");
        refused(sound().replacen("7\t0.35", "7\tNaN", 1), Some(14), "attenuation");
        refused(sound().replace("HORIZONTAL 360", "HORIZONTAL 3600000"), Some(6), "rows");
        refused(sound().replace("VERTICAL", "VERT"), Some(368), "twice");
        refused("NAME x\n".into(), None, "HORIZONTAL");
        refused(sound().replace("GAIN 15.2", "GAIN much"), Some(3), "GAIN");
    }
}

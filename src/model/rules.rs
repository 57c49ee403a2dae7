//! Every validation rule, with its stable code.

use super::issues::{Rule, Severity};

macro_rules! rules {
    ($($name:ident = $code:literal $severity:ident, $title:literal, $title_zh:literal, $help:literal, $help_zh:literal;)+) => {
        $(#[doc = $title]
        pub static $name: Rule = Rule {
            code: $code,
            severity: Severity::$severity,
            title: $title,
            title_zh: $title_zh,
            help: $help,
            help_zh: $help_zh,
        };)+
        /// All rules, by code.
        pub static RULES: &[&Rule] = &[$(&$name),+];
    };
}

rules! {
    COORD_NOT_A_NUMBER = "D010" Row, "coordinate is missing or not a number", "坐标缺失或不是数字",
        "fill in the coordinate, or drop the row", "补全坐标或删除该行";
    COORD_OUT_OF_RANGE = "D011" Row, "coordinate outside the globe or the CRS's area", "坐标超出范围",
        "check the CRS of the layer (`crs = \"EPSG:...\"`)", "检查图层坐标系（crs）";
    COORD_SWAPPED = "D012" Error, "longitude and latitude look swapped", "经纬度疑似颠倒",
        "rerun with --swap-xy, or rename the columns", "使用 --swap-xy 重新运行，或修改列名";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_sorted() {
        assert!(RULES.windows(2).all(|w| w[0].code < w[1].code));
    }
}

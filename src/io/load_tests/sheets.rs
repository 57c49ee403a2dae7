//! Workbooks as planners make them.

use super::super::{LoadOptions, inspect::inspect};
use super::{found, load_files};
use crate::model::inputs::Inputs;
use crate::model::kinds::Lang;
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

fn cells_book() -> Vec<u8> {
    let mut book = Workbook::new();
    let hidden = book.add_worksheet().set_name("旧数据").unwrap();
    hidden.write_row(0, 0, ["小区标识", "运营商", "制式", "经度", "纬度"]).unwrap();
    hidden.write_row(1, 0, ["OLD", "移动", "5G", "118", "32"]).unwrap();
    hidden.set_hidden(true);
    let note = book.add_worksheet().set_name("说明").unwrap();
    note.write(0, 0, "填报说明").unwrap();
    let sheet = book.add_worksheet().set_name("5G").unwrap();
    sheet.set_active(true);
    let plain = Format::new();
    sheet.merge_range(0, 0, 0, 8, "某市移动5G工参表", &plain).unwrap();
    // Two header rows with merged cells.
    for (c, name) in [(0u16, "小区标识"), (1, "运营商"), (2, "制式"), (7, "开通日期"), (8, "地市")]
    {
        sheet.merge_range(1, c, 2, c, name, &plain).unwrap();
    }
    sheet.merge_range(1, 3, 1, 4, "位置", &plain).unwrap();
    sheet.merge_range(1, 5, 1, 6, "天线", &plain).unwrap();
    sheet.write_row(2, 3, ["经度", "纬度", "挂高(米)", "方位角"]).unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    for (r, (id, height)) in [("460-00-1-1", "３０"), ("460-00-1-2", "—")].into_iter().enumerate() {
        let r = r as u32 + 3;
        sheet.write(r, 0, id).unwrap();
        sheet.write(r, 2, "5G").unwrap();
        sheet.write(r, 3, 118.5 + f64::from(r) / 100.0).unwrap();
        sheet.write(r, 4, "北纬32°6′0″").unwrap();
        sheet.write(r, 5, height).unwrap();
        sheet.write(r, 6, 120.0).unwrap();
        let day = ExcelDateTime::from_ymd(2024, 5, 17).unwrap();
        sheet.write_with_format(r, 7, &day, &date).unwrap();
    }
    sheet.merge_range(3, 1, 4, 1, "中国移动", &plain).unwrap();
    sheet.write(5, 0, "合计").unwrap();
    sheet.write(5, 3, 2.0).unwrap();
    book.save_to_buffer().unwrap()
}

fn read(bytes: &[u8], keys: &str) -> Inputs {
    let toml = format!("[layers.cells]\npath = \"工参.xlsx\"\n{keys}");
    match load_files(&[("工参.xlsx", bytes)], &toml, LoadOptions::default()) {
        Ok(i) | Err(i) => i,
    }
}

#[test]
fn titles_merges_dates_and_totals() {
    let i = read(&cells_book(), "");
    let short: Vec<(String, u64)> = found(&i.issues).into_iter().map(|f| (f.0, f.3)).collect();
    assert_eq!(short, [("D008".to_owned(), 6)], "{:?}", found(&i.issues));
    assert_eq!(i.cells.list.len(), 2);
    let c = i.cells.list.get(0).unwrap();
    assert_eq!((c.height_m.get(), c.azimuth_deg.get()), (Some(30.0), Some(120.0)));
    assert_eq!(i.cells.list.get(1).unwrap().height_m.get(), None);
    assert!((c.at.lat_deg() - 32.1).abs() < 1e-12);
    assert_eq!(i.operators.code(i.cells.list.get(1).unwrap().operator), "cmcc");
    assert_eq!(c.origin.row, 4);
}

#[test]
fn sheets_by_name() {
    let i = read(&cells_book(), "sheet = \"旧数据\"\n");
    assert_eq!(i.cells.text.get(i.cells.list.get(0).unwrap().id), "OLD");
    let i = read(&cells_book(), "sheet = \"4G\"\n");
    assert_eq!(found(&i.issues)[0].0, "D050");
    let i = read(b"cell_id,rat\n", "");
    assert_eq!(found(&i.issues)[0].0, "D002");
}

#[test]
fn numbers_as_ids() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["cell_id", "operator", "rat", "lon", "lat", "station_id"]).unwrap();
    sheet.write(1, 0, 1001.0).unwrap();
    sheet.write_row(1, 1, ["ct", "nr"]).unwrap();
    sheet.write_row(1, 3, [118.0, 32.0, 4.600_112_345_678_9e17]).unwrap();
    let bytes = book.save_to_buffer().unwrap();
    let i = read(&bytes, "");
    assert_eq!(i.cells.text.get(i.cells.list.get(0).unwrap().id), "1001");
    let short: Vec<(String, String)> = found(&i.issues).into_iter().map(|f| (f.0, f.1)).collect();
    assert_eq!(short, [("D040".to_owned(), "station_id".to_owned())]);
}

#[test]
fn inspection_proposes_a_mapping_that_reads() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("工参.xlsx");
    std::fs::write(&path, cells_book()).unwrap();
    let found = inspect(&path, Lang::En).unwrap();
    assert_eq!(found.layer.as_deref(), Some("cells"));
    assert_eq!((found.sheet.as_deref(), found.header_row), (Some("5G"), Some(2)));
    assert_eq!(found.sheets.iter().filter(|s| !s.visible).count(), 1);
    assert!(found.toml.contains("height_m = \"挂高(米)\""), "{}", found.toml);
    assert_eq!(found.reading.as_ref().map(|r| r.rows_kept), Some(2));
    let again = crate::io::project::parse(&found.toml, "p").unwrap();
    assert_eq!(again.layers["cells"].sheet.as_deref(), Some("5G"));
}

//! Every validation rule, with its stable code. Error: the run stops. Row: the row is dropped, counted and
//! listed. Warning: the row is kept.

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
    FILE_UNREADABLE = "D001" Error, "file can't be read", "文件无法读取",
        "check the path (relative to the project file) and the permissions", "检查路径（相对于工程文件）和权限";
    FILE_DAMAGED = "D002" Error, "file is truncated or damaged", "文件不完整或已损坏",
        "get the file again, or save it anew from the program that made it", "重新获取或重新导出该文件";
    ENCODING_UNKNOWN = "D003" Error, "text encoding isn't recognised", "无法识别文本编码",
        "save as UTF-8, or name the encoding (`encoding = \"gb18030\"`)", "另存为 UTF-8，或在图层中指定 encoding";
    FORMAT_UNKNOWN = "D004" Error, "format isn't known", "无法识别文件格式",
        "name the format (such as `format = \"csv\"`), or convert the file", "用 format 指定格式，或转换文件";
    COLUMN_MISSING = "D005" Error, "a required column is missing", "缺少必填列",
        "map it (`columns = { name = \"企业名称\" }`) or give one value for all rows (`defaults = { rat = \"nr\" }`)",
        "用 columns 映射该列，或用 defaults 给出统一取值";
    COLUMN_NOT_IN_FILE = "D006" Error, "the project names a column that the file doesn't have", "工程文件指定的列在数据中不存在",
        "correct the name in `columns` or `filter`; `covplan inspect FILE` lists the columns", "更正 columns 或 filter 中的列名";
    COLUMN_MISSPELT = "D007" Warning, "unknown column, much like a known one", "未知列名，疑似拼写有误",
        "rename the column or map it in `columns`; as it is, it isn't read", "修改列名或在 columns 中映射，否则不读取";
    TOTAL_ROW = "D008" Warning, "row of totals left out", "已跳过合计行",
        "nothing to do; delete the row to silence this", "无需处理；删除该行可消除提示";
    ROW_RAGGED = "D009" Row, "row has more columns than the header", "该行列数多于表头",
        "quote the value that contains the separator", "含分隔符的内容请加引号";
    COORD_NOT_A_NUMBER = "D010" Row, "coordinate is missing or not a number", "坐标缺失或不是数字",
        "fill in the coordinate, or drop the row", "补全坐标或删除该行";
    COORD_OUT_OF_RANGE = "D011" Row, "coordinate outside the globe or the CRS's area", "坐标超出范围",
        "check the CRS of the layer (`crs = \"EPSG:...\"`)", "检查图层坐标系（crs）";
    COORD_SWAPPED = "D012" Error, "longitude and latitude look swapped", "经纬度疑似颠倒",
        "rerun with --swap-xy, or rename the columns", "使用 --swap-xy 重新运行，或修改列名";
    COORD_SWAPPED_ROW = "D013" Row, "longitude and latitude look swapped in this row", "该行经纬度疑似颠倒",
        "exchange the two values in this row", "交换该行的经纬度";
    COORD_ZERO = "D014" Row, "coordinates are 0, 0", "坐标为 0, 0",
        "zero stands for unknown here: fill in the position", "0 表示未知，请补全坐标";
    COORD_DUPLICATE = "D015" Warning, "several rows at the very same position", "多行坐标完全相同",
        "one address geocoded for several plants? Check the positions", "可能是同一地址的地理编码，请核对位置";
    COORD_UNIT = "D016" Error, "coordinates aren't in degrees", "坐标单位不是度",
        "divide by the factor named, or give the CRS of plane coordinates (`crs = \"EPSG:...\"`)", "换算为度，或指定平面坐标系 crs";
    CRS_UNUSABLE = "D017" Error, "the coordinate system can't be used", "坐标系无法使用",
        "see the message; data in an unknown datum can't be placed", "见提示；基准未知的数据无法定位";
    CRS_MISSING = "D018" Error, "plane coordinates without a coordinate system", "平面坐标未指定坐标系",
        "give it (`crs = \"EPSG:4548\"`); the zone can't be told from the numbers", "用 crs 指定坐标系（含带号或中央子午线）";
    DATUM_SUSPECT = "D019" Warning, "coordinates said to be WGS 84 lie as GCJ-02 or BD-09 would", "坐标标称 WGS 84，疑似 GCJ-02 或 BD-09",
        "ask where the coordinates come from; if so, give the layer `crs = \"gcj02\"` or `crs = \"bd09\"`", "核实坐标来源；如属实，在图层中指定 crs = \"gcj02\" 或 \"bd09\"";
    GEOMETRY_MISSING = "D020" Row, "row has no geometry", "该行没有几何",
        "add the geometry, or drop the row", "补充几何或删除该行";
    GEOMETRY_TYPE = "D021" Row, "geometry is of another type than the layer's", "几何类型与图层不符",
        "put points, lines and areas into the layers meant for them", "请按点、线、面分图层存放";
    GEOMETRY_SPLIT = "D022" Warning, "geometry of several parts was split", "多部件几何已拆分",
        "the parts have the id with -1, -2 behind it", "各部分编号后加 -1、-2";
    LINE_TOO_SHORT = "D023" Row, "line has fewer than two different points", "线少于两个不同的点",
        "redraw the line", "重新绘制";
    RING_OPEN = "D024" Warning, "ring of an area isn't closed", "面的边界未闭合",
        "it was closed with a straight line", "已用直线闭合";
    AREA_INVALID = "D025" Warning, "area intersects itself", "面自相交",
        "repair it in a GIS; what lies in it may be wrong near the crossing", "请在 GIS 中修复；交叉处判断可能有误";
    GEOMETRY_BROKEN = "D026" Row, "geometry can't be read", "几何无法解析",
        "check the coordinates of the feature", "检查该要素的坐标";
    LINE_INFERRED = "D027" Warning, "line drawn straight between its end nodes", "按起止节点连直线",
        "give the route for true lengths", "请提供实际路由以得到真实长度";
    NODE_UNKNOWN = "D028" Row, "end node isn't in the layer of nodes", "起止节点不在节点图层中",
        "add the node, or give the line's geometry", "补充节点或提供线的几何";
    POLYGON_MISSING = "D029" Warning, "region without an area: only its figures are used", "区域缺少边界，仅使用其统计数据",
        "add a file with the areas to `path`; rows are joined by adcode, then by name", "在 path 中加入边界文件，按代码或名称关联";
    VALUE_UNREADABLE = "D030" Warning, "value can't be read and counts as unknown", "数值无法解析，按未知处理",
        "correct the value", "更正该值";
    REQUIRED_BLANK = "D031" Row, "a required value is blank", "必填值为空",
        "fill it in, or give one value for all blanks in `defaults`", "补全，或用 defaults 给出默认值";
    REQUIRED_UNREADABLE = "D032" Row, "a required value isn't understood", "必填值无法识别",
        "use one of the words of docs/layers.md", "使用文档规定的取值";
    WORD_UNKNOWN = "D033" Warning, "word isn't one of those known and counts as unknown", "取值不在词表中，按未知处理",
        "use one of the words of docs/layers.md", "使用文档规定的取值";
    VALUE_IMPLAUSIBLE = "D034" Warning, "value can't be true and counts as unknown", "数值不合理，按未知处理",
        "check the value and its unit", "检查数值和单位";
    UNIT_WRONG = "D035" Error, "column looks to be in another unit", "整列单位疑似有误",
        "say the unit in the header, such as \"freq (GHz)\", or convert the column", "在表头注明单位，如“频率(GHz)”，或换算该列";
    DATE_INVALID = "D036" Warning, "date can't be read and counts as unknown", "日期无法解析，按未知处理",
        "write it as 2026-06-30", "请写成 2026-06-30";
    VALUE_NEGATIVE = "D037" Warning, "value is negative and counts as unknown", "数值为负，按未知处理",
        "check the value; a blank stands for unknown", "检查该值；未知请留空";
    ROW_SHORT = "D038" Warning, "row has fewer columns than the header", "该行列数少于表头",
        "the columns that are missing count as unknown", "缺少的列按未知处理";
    ID_DAMAGED = "D040" Error, "id was damaged by a spreadsheet", "编号被电子表格破坏",
        "export it again with the column formatted as text; the digits are lost", "将该列设为文本格式后重新导出";
    ID_MADE = "D041" Warning, "id is missing and was made from the row's content", "编号缺失，已按内容生成",
        "give ids, so that decisions survive a change of the data", "请补充编号，以便数据变化后决策仍有效";
    ID_DUPLICATE = "D042" Row, "id occurs more than once; the first row counts", "编号重复，保留第一行",
        "make the ids unique, or compose them (`columns = { cell_id = [\"mcc\", \"net\", \"area\", \"cell\"] }`)",
        "请保证编号唯一，或用多列组合";
    SHEET_MISSING = "D050" Error, "the workbook has no such sheet", "工作簿中没有该工作表",
        "correct `sheet`; `covplan inspect FILE` lists the sheets", "更正 sheet";
    HEADER_MISSING = "D051" Error, "no header row found", "未找到表头",
        "give it (`header_row = 3`), or 0 for a table without one", "用 header_row 指定表头行，无表头填 0";
    OPERATOR_LIMIT = "D052" Error, "too many different operators", "运营商数量过多",
        "map `operator` to a column that holds operators", "检查 operator 列的映射";
    FORMAT_UNFIT = "D053" Error, "the file can't serve this layer as it is", "该文件不能直接用于此图层",
        "see the message: convert the file, or put it into a layer that it serves", "见提示：转换文件，或将其用于合适的图层";
    LAYER_MISSING = "D054" Error, "which layer of the file is meant can't be told", "无法确定读取文件中的哪个图层",
        "name it (`layer = \"...\"`); `covplan inspect FILE` lists the layers", "用 layer 指定图层；`covplan inspect FILE` 可列出图层";
    DATABASE_REFUSED = "D055" Error, "the database can't be read", "数据库无法读取",
        "see the message; the address and who asks come from `path` and the PG* variables of the environment",
        "见提示；连接参数取自 path 和环境变量 PG*";
    OSM_LEFT_OUT = "D060" Warning, "elements of the extract couldn't be used", "部分 OSM 要素无法使用",
        "get an extract that covers the area with a margin", "使用范围更大的 OSM 数据";
    TOPOLOGY_LEFT_OUT = "D061" Warning, "part of the topology couldn't be used", "部分拓扑无法使用",
        "add coordinates to the nodes", "为节点补充坐标";
    TERRAIN_COARSE = "D062" Warning, "heights are too coarse for propagation and aren't used", "高程格网过粗，不用于传播计算",
        "give heights of 100 m posting or finer, or leave the layer out", "提供格距不超过 100 m 的高程，或去掉该图层";
    LAND_COVER_COARSE = "D063" Warning, "land cover is too coarse for profiles and isn't used", "地物格网过粗，不用于剖面",
        "give land cover of 300 m posting or finer, or leave the layer out", "提供格距不超过 300 m 的地物数据，或去掉该图层";
}

/// All rules as Markdown: what `docs/rules.md` holds.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(
        "# Validation rules\n\n\
         Error: the run stops with exit code 3. Row: the row is dropped, counted and listed. Warning: the row is \
         kept. `covplan check` exits 1 on row and warning findings, 3 on errors.\n\n\
         | Code | Level | Rule | 规则 | Way out | 处理办法 |\n|---|---|---|---|---|---|\n",
    );
    for r in RULES {
        let level = match r.severity {
            Severity::Error => "error",
            Severity::Row => "row",
            Severity::Warning => "warning",
        };
        let cells = [r.code, level, r.title, r.title_zh, r.help, r.help_zh].map(|c| c.replace('|', "\\|"));
        out.push_str(&format!("| {} |\n", cells.join(" | ")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set `COVPLAN_WRITE_DOCS=1` to write the file anew.
    #[test]
    fn the_document_is_up_to_date() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
        let text = markdown();
        if std::env::var_os("COVPLAN_WRITE_DOCS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(found == text, "docs/rules.md is stale: run the tests with COVPLAN_WRITE_DOCS=1");
    }

    #[test]
    fn codes_are_unique_and_sorted() {
        assert!(RULES.windows(2).all(|w| w[0].code < w[1].code));
    }
}

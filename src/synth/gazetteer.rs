//! The regions that the embedded towns form.

use crate::geom::LonLat;
use crate::index::PointIndex;
pub(super) use crate::model::towns::Town as Place;
use crate::model::towns::all;

/// Provinces: GB/T 2260 code, English name, short Chinese name, full Chinese name, grid emission factor
/// 2023 in kg CO2 per kWh (average of the regional grid).
pub(super) const PROVINCES: &[(u16, &str, &str, &str, f64)] = &[
    (11, "Beijing", "北京", "北京市", 0.6361),
    (12, "Tianjin", "天津", "天津市", 0.6361),
    (13, "Hebei", "河北", "河北省", 0.6361),
    (14, "Shanxi", "山西", "山西省", 0.6361),
    (15, "Inner Mongolia", "内蒙古", "内蒙古自治区", 0.6361),
    (21, "Liaoning", "辽宁", "辽宁省", 0.5122),
    (22, "Jilin", "吉林", "吉林省", 0.5122),
    (23, "Heilongjiang", "黑龙江", "黑龙江省", 0.5122),
    (31, "Shanghai", "上海", "上海市", 0.5500),
    (32, "Jiangsu", "江苏", "江苏省", 0.5500),
    (33, "Zhejiang", "浙江", "浙江省", 0.5500),
    (34, "Anhui", "安徽", "安徽省", 0.5500),
    (35, "Fujian", "福建", "福建省", 0.5500),
    (36, "Jiangxi", "江西", "江西省", 0.5271),
    (37, "Shandong", "山东", "山东省", 0.6361),
    (41, "Henan", "河南", "河南省", 0.5271),
    (42, "Hubei", "湖北", "湖北省", 0.5271),
    (43, "Hunan", "湖南", "湖南省", 0.5271),
    (44, "Guangdong", "广东", "广东省", 0.4042),
    (45, "Guangxi", "广西", "广西壮族自治区", 0.4042),
    (46, "Hainan", "海南", "海南省", 0.4042),
    (50, "Chongqing", "重庆", "重庆市", 0.2472),
    (51, "Sichuan", "四川", "四川省", 0.2472),
    (52, "Guizhou", "贵州", "贵州省", 0.4042),
    (53, "Yunnan", "云南", "云南省", 0.4042),
    (54, "Tibet", "西藏", "西藏自治区", 0.2472),
    (61, "Shaanxi", "陕西", "陕西省", 0.5543),
    (62, "Gansu", "甘肃", "甘肃省", 0.5543),
    (63, "Qinghai", "青海", "青海省", 0.5543),
    (64, "Ningxia", "宁夏", "宁夏回族自治区", 0.5543),
    (65, "Xinjiang", "新疆", "新疆维吾尔自治区", 0.5543),
];

/// The towns of a region, its cities, and the towns just outside.
pub(super) struct Gazetteer {
    /// Name of the region as it is printed.
    pub name: String,
    /// Towns, ordered by city and falling population.
    pub places: Vec<Place>,
    /// City codes in order, each with the index of its seat.
    pub cities: Vec<(u16, usize)>,
    /// Towns of other regions near the border, which bound this one.
    pub outside: Vec<LonLat>,
}

impl Gazetteer {
    /// Jiangsu, the embedded study area.
    pub(super) fn jiangsu() -> Self {
        Self::select("Jiangsu", |p| p.city / 100 == 32)
    }

    /// The region that a name means: a province or a city in English or Chinese, a GB/T 2260 code, or
    /// `China` for all; `None` when the table has no such region.
    pub(super) fn find(name: &str) -> Option<Self> {
        let n = name.trim();
        if ["china", "中国", "全国", "cn"].contains(&n.to_lowercase().as_str()) {
            return Some(Self::select("China", |_| true));
        }
        let code = n.parse::<u32>().ok();
        if let Some(p) = PROVINCES.iter().find(|p| {
            n.eq_ignore_ascii_case(p.1)
                || n == p.2
                || n == p.3
                || code.is_some_and(|c| c == u32::from(p.0) || c == u32::from(p.0) * 10_000)
        }) {
            return Some(Self::select(p.1, |t| t.city / 100 == p.0));
        }
        let towns = all();
        let short = n.strip_suffix('市').unwrap_or(n);
        let seat = towns.iter().filter(|t| t.is_city()).find(|t| {
            n.eq_ignore_ascii_case(&t.name)
                || t.name_zh.as_deref() == Some(short)
                || code.is_some_and(|c| c == u32::from(t.city) || c == u32::from(t.city) * 100)
        })?;
        let (city, name) = (seat.city, seat.name.clone());
        Some(Self::select(&name, |t| t.city == city))
    }

    fn select(name: &str, belongs: impl Fn(&Place) -> bool) -> Self {
        let (mut places, others): (Vec<Place>, Vec<Place>) = all().into_iter().partition(|p| belongs(p));
        places.sort_by(|a, b| a.city.cmp(&b.city).then(b.residents.total_cmp(&a.residents)));
        let index = PointIndex::of(places.iter().zip(0..).map(|(p, i)| (i, p.at)));
        let near = |p: &Place| index.nearest(p.at).is_some_and(|h| h.distance_m < 120_000.0);
        let outside = others.iter().filter(|p| near(p)).map(|p| p.at).collect();
        let mut cities: Vec<(u16, usize)> = Vec::new();
        for (i, p) in places.iter().enumerate() {
            match cities.last_mut() {
                Some((city, seat)) if *city == p.city => {
                    if p.is_seat && !places[*seat].is_seat {
                        *seat = i;
                    }
                }
                _ => cities.push((p.city, i)),
            }
        }
        Self { name: name.to_owned(), places, cities, outside }
    }

    /// Index of a city in [`cities`](Self::cities).
    pub(super) fn city_index(&self, code: u16) -> usize {
        self.cities.binary_search_by_key(&code, |c| c.0).unwrap_or(0)
    }

    /// The city's name as it is written, such as 南京市.
    pub(super) fn city_name(&self, code: u16) -> String {
        if let (0, Some(p)) = (code % 100 / 2, PROVINCES.iter().find(|p| p.0 == code / 100))
            && p.3.ends_with('市')
        {
            return p.3.to_owned();
        }
        let seat = &self.places[self.cities[self.city_index(code)].1];
        match &seat.name_zh {
            // Codes from 21 on are prefectures and leagues, not cities.
            Some(zh) => format!("{zh}{}", if code % 100 > 20 { "地区" } else { "市" }),
            None => seat.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jiangsu_has_its_thirteen_cities_each_with_its_seat() {
        let g = Gazetteer::jiangsu();
        let names: Vec<String> = g.cities.iter().map(|c| g.city_name(c.0)).collect();
        let codes: Vec<u16> = g.cities.iter().map(|c| c.0).collect();
        assert_eq!(codes, (3201..=3213).collect::<Vec<u16>>());
        let expected =
            "南京市 无锡市 徐州市 常州市 苏州市 南通市 连云港市 淮安市 盐城市 扬州市 镇江市 泰州市 宿迁市";
        assert_eq!(names.join(" "), expected);
        assert!(!g.outside.is_empty());
    }

    #[test]
    fn regions_go_by_many_names() {
        for (name, city, at_least) in [("广东", 4401, 90), ("Guangdong", 4401, 90), ("440000", 4401, 90)] {
            let g = Gazetteer::find(name).expect(name);
            assert!(g.places.len() >= at_least && g.cities.iter().any(|c| c.0 == city), "{name}");
        }
        assert_eq!(Gazetteer::find("苏州市").map(|g| g.cities.len()), Some(1));
        assert_eq!(Gazetteer::find("Shanghai").map(|g| g.city_name(3101)), Some("上海市".to_owned()));
        assert!(Gazetteer::find("China").is_some_and(|g| g.places.len() > 4000));
        assert!(Gazetteer::find("Atlantis").is_none());
    }

    #[test]
    fn every_province_has_towns() {
        assert!(PROVINCES.iter().all(|p| all().iter().any(|t| t.city / 100 == p.0)));
    }
}

//! Operators, and the radio networks that they form.
//!
//! A terminal uses its own network. A network is a group of operators that share radio: Mobile with
//! Broadnet, Telecom with Unicom, every other operator on its own. Cells of different networks neither
//! serve nor disturb each other.

use std::collections::BTreeMap;

/// Index of an operator in [`Operators`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperatorId(pub u16);

/// Index of a radio network in [`Operators`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NetworkId(pub u16);

/// The names under which the four Chinese operators come.
const KNOWN: &[(&str, &str, &[&str])] = &[
    ("cmcc", "中国移动", &["移动", "中移动", "china mobile", "mobile", "cm", "移动公司"]),
    ("ct", "中国电信", &["电信", "中电信", "china telecom", "telecom", "ctcc", "电信公司"]),
    ("cu", "中国联通", &["联通", "中联通", "china unicom", "unicom", "cucc", "联通公司"]),
    ("cbn", "中国广电", &["广电", "china broadnet", "broadnet", "cbn广电"]),
    ("tower", "中国铁塔", &["铁塔", "铁塔公司", "china tower", "tower company"]),
];

/// The operator code behind a name as planners write it; other names stay as they are.
#[must_use]
pub fn operator_code(name: &str) -> &str {
    let n = name.trim();
    for (code, zh, aliases) in KNOWN {
        if n.eq_ignore_ascii_case(code) || n == *zh || aliases.iter().any(|a| n.eq_ignore_ascii_case(a)) {
            return code;
        }
    }
    n
}

/// The Chinese name of a known operator code.
#[must_use]
pub fn operator_zh(code: &str) -> &str {
    KNOWN.iter().find(|k| k.0 == code).map_or(code, |k| k.1)
}

/// All operators met in the inputs and the networks they belong to, in order of first appearance.
#[derive(Clone, Debug, Default)]
pub struct Operators {
    codes: Vec<String>,
    by_code: BTreeMap<String, OperatorId>,
    network_of: Vec<NetworkId>,
    networks: Vec<Vec<String>>,
    sharing: Vec<Vec<String>>,
}

impl Operators {
    /// Operators that share radio, as groups of codes; an operator in no group is a network of its own.
    #[must_use]
    pub fn new(sharing_groups: &[Vec<String>]) -> Self {
        let sharing =
            sharing_groups.iter().map(|g| g.iter().map(|o| operator_code(o).to_owned()).collect()).collect();
        Self { sharing, ..Self::default() }
    }

    /// The id of an operator, added if it is new. Names are recognised in English and Chinese.
    pub fn add(&mut self, name: &str) -> OperatorId {
        let code = operator_code(name);
        if let Some(&id) = self.by_code.get(code) {
            return id;
        }
        let id = OperatorId(u16::try_from(self.codes.len()).unwrap_or(u16::MAX));
        let group = self.sharing.iter().find(|g| g.iter().any(|o| o == code));
        let network = group
            .and_then(|g| self.networks.iter().position(|n| n.iter().any(|o| g.contains(o))))
            .unwrap_or(self.networks.len());
        if network == self.networks.len() {
            self.networks.push(Vec::new());
        }
        self.networks[network].push(code.to_owned());
        self.network_of.push(NetworkId(u16::try_from(network).unwrap_or(u16::MAX)));
        self.by_code.insert(code.to_owned(), id);
        self.codes.push(code.to_owned());
        id
    }

    /// The code of an operator.
    #[must_use]
    pub fn code(&self, id: OperatorId) -> &str {
        self.codes.get(usize::from(id.0)).map_or("", String::as_str)
    }

    /// The operator of a code, if met.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<OperatorId> {
        self.by_code.get(operator_code(name)).copied()
    }

    /// The network of an operator.
    #[must_use]
    pub fn network(&self, id: OperatorId) -> NetworkId {
        self.network_of.get(usize::from(id.0)).copied().unwrap_or(NetworkId(0))
    }

    /// How many networks there are.
    #[must_use]
    pub fn network_count(&self) -> usize {
        self.networks.len()
    }

    /// A network's name: its operators' codes joined by `+`.
    #[must_use]
    pub fn network_name(&self, id: NetworkId) -> String {
        let mut codes = self.networks.get(usize::from(id.0)).cloned().unwrap_or_default();
        codes.sort();
        codes.join("+")
    }

    /// All networks in order.
    pub fn networks(&self) -> impl Iterator<Item = NetworkId> + '_ {
        (0..self.networks.len()).map(|i| NetworkId(i as u16))
    }

    /// All operators in order.
    pub fn iter(&self) -> impl Iterator<Item = OperatorId> + '_ {
        (0..self.codes.len()).map(|i| OperatorId(i as u16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sharing_operators_are_one_network() {
        let mut o = Operators::new(&[vec!["cmcc".into(), "cbn".into()], vec!["ct".into(), "cu".into()]]);
        let (cm, ct, cu) = (o.add("中国移动"), o.add("电信"), o.add("China Unicom"));
        let x = o.add("716-6");
        assert_eq!(o.network(ct), o.network(cu));
        assert_ne!(o.network(cm), o.network(ct));
        assert_eq!(o.network_count(), 3);
        assert_eq!(o.network_name(o.network(cu)), "ct+cu");
        assert_eq!(o.network_name(o.network(x)), "716-6");
    }
}

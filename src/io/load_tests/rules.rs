//! Every rule, broken on purpose.

use super::{counts, csv, found};

#[test]
fn a_plain_table() {
    let i = csv(
        "sites",
        "",
        "site_id,name,lon,lat,employees,status\nA,甲,118.5,32.1,\"1,200\",在产\nB,乙,118.6,32.2,—,planned\n",
    )
    .unwrap_or_else(|i| panic!("{:?}", found(&i.issues)));
    assert_eq!(counts(&i, "sites"), [2, 0, 0, 2]);
    assert!(i.issues.is_empty(), "{:?}", found(&i.issues));
    assert_eq!(i.sites.list[0].employees.get(), Some(1200.0));
    assert_eq!(i.sites.list[1].employees.get(), None);
    assert_eq!(i.sites.list[1].origin.row, 3);
}

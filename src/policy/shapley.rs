//! Who pays what of a joint bill: the Shapley value, and what must hold for any split to be accepted.
//!
//! Shapley, L. S. (1953): a party's share is the mean of what it adds to the cost, over all orders of
//! joining. The shares add up to the whole in every order, so they do in the mean.

use super::party::Coalition;
use serde::Serialize;

/// Up to this many parties all orders are counted by their coalitions (2ⁿ costs).
pub const EXACT_PARTIES: usize = 6;

/// A split of the joint cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Split {
    /// Share of each party, yuan; they add up to the joint cost.
    pub share_cny: Vec<f64>,
    /// Standard error of each share; zero where all orders were counted.
    pub error_cny: Vec<f64>,
    /// Orders that were drawn; none where all were counted.
    pub orders: Option<u32>,
}

/// The exact Shapley value of `n` parties.
///
/// # Errors
/// The first error of `cost`.
pub fn exact<E>(n: usize, mut cost: impl FnMut(Coalition) -> Result<f64, E>) -> Result<Split, E> {
    let mut costs = Vec::with_capacity(1 << n);
    for mask in 0..1u32 << n {
        costs.push(cost(Coalition(mask))?);
    }
    // Weight of a coalition of k others: k! (n − k − 1)! / n!.
    let weight: Vec<f64> = (0..n)
        .map(|k| {
            let choose = (0..k).fold(1.0, |c, j| c * (n - 1 - j) as f64 / (j + 1) as f64);
            1.0 / (n as f64 * choose)
        })
        .collect();
    let share_cny = (0..n)
        .map(|i| {
            (0..1u32 << n)
                .filter(|mask| mask >> i & 1 == 0)
                .map(|mask| {
                    let adds = costs[(mask | 1 << i) as usize] - costs[mask as usize];
                    weight[mask.count_ones() as usize] * adds
                })
                .sum()
        })
        .collect();
    Ok(Split { share_cny, error_cny: vec![0.0; n], orders: None })
}

/// The Shapley value from `orders` drawn orders of joining, with its standard error. Orders come in pairs,
/// each with its reverse, which cancels much of the error.
///
/// # Errors
/// The first error of `cost`.
pub fn sampled<E>(
    n: usize,
    orders: u32,
    seed: u64,
    mut cost: impl FnMut(Coalition) -> Result<f64, E>,
) -> Result<Split, E> {
    let pairs = orders.div_ceil(2).max(1);
    let (mut sum, mut squares) = (vec![0.0; n], vec![0.0; n]);
    for pair in 0..pairs {
        let mut order: Vec<usize> = (0..n).collect();
        // Fisher–Yates.
        for i in (1..n).rev() {
            let draw = mixed(seed ^ (u64::from(pair) << 32) ^ i as u64);
            order.swap(i, (draw % (i as u64 + 1)) as usize);
        }
        let mut mean = vec![0.0; n];
        for reverse in [false, true] {
            let mut joined = Coalition(0);
            let mut before = cost(joined)?;
            for k in 0..n {
                let party = if reverse { order[n - 1 - k] } else { order[k] };
                joined = joined.with(party);
                let after = cost(joined)?;
                mean[party] += (after - before) / 2.0;
                before = after;
            }
        }
        for i in 0..n {
            sum[i] += mean[i];
            squares[i] += mean[i] * mean[i];
        }
    }
    let m = f64::from(pairs);
    let share_cny: Vec<f64> = sum.iter().map(|s| s / m).collect();
    let error_cny = (0..n)
        .map(|i| {
            let spread = (squares[i] / m - share_cny[i] * share_cny[i]).max(0.0);
            if pairs > 1 { (spread / (m - 1.0)).sqrt() } else { f64::NAN }
        })
        .collect();
    Ok(Split { share_cny, error_cny, orders: Some(2 * pairs) })
}

/// Shares in proportion to what each party would pay alone.
#[must_use]
pub fn proportional(joint_cny: f64, alone_cny: &[f64]) -> Vec<f64> {
    let whole: f64 = alone_cny.iter().sum();
    let n = alone_cny.len().max(1) as f64;
    alone_cny.iter().map(|a| if whole > 0.0 { joint_cny * a / whole } else { joint_cny / n }).collect()
}

/// SplitMix64.
fn mixed(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every order of joining, one by one.
    fn by_all_orders(n: usize, costs: &[f64]) -> Vec<f64> {
        fn walk(
            left: &mut Vec<usize>,
            mask: usize,
            costs: &[f64],
            adds: &mut Vec<f64>,
            sum: &mut [f64],
            count: &mut f64,
            order: &mut Vec<usize>,
        ) {
            if left.is_empty() {
                *count += 1.0;
                for (p, a) in order.iter().zip(&*adds) {
                    sum[*p] += a;
                }
                return;
            }
            for k in 0..left.len() {
                let p = left.remove(k);
                adds.push(costs[mask | 1 << p] - costs[mask]);
                order.push(p);
                walk(left, mask | 1 << p, costs, adds, sum, count, order);
                order.pop();
                adds.pop();
                left.insert(k, p);
            }
        }
        let (mut sum, mut count) = (vec![0.0; n], 0.0);
        walk(&mut (0..n).collect(), 0, costs, &mut Vec::new(), &mut sum, &mut count, &mut Vec::new());
        sum.iter().map(|s| s / count).collect()
    }

    fn value(costs: &[f64]) -> impl FnMut(Coalition) -> Result<f64, std::convert::Infallible> + '_ {
        |c| Ok(costs[c.0 as usize])
    }

    #[test]
    fn the_airport_is_shared_as_in_the_textbook() {
        // Littlechild and Owen 1973: runways of cost 1, 2, 4; a coalition needs its longest.
        let need = [1.0, 2.0, 4.0];
        let costs: Vec<f64> = (0..8usize)
            .map(|m| (0..3).filter(|i| m >> i & 1 == 1).map(|i| need[i]).fold(0.0, f64::max))
            .collect();
        let split = exact(3, value(&costs)).unwrap();
        for (s, t) in split.share_cny.iter().zip([1.0 / 3.0, 5.0 / 6.0, 17.0 / 6.0]) {
            assert!((s - t).abs() < 1e-12, "{split:?}");
        }
    }

    proptest! {
        #[test]
        fn exact_is_the_mean_of_all_orders(n in 1usize..6, raw in prop::collection::vec(0.0f64..100.0, 32)) {
            let mut costs = raw[..1 << n].to_vec();
            costs[0] = 0.0;
            let split = exact(n, value(&costs)).unwrap();
            for (a, b) in split.share_cny.iter().zip(by_all_orders(n, &costs)) {
                prop_assert!((a - b).abs() < 1e-9);
            }
            prop_assert!((split.share_cny.iter().sum::<f64>() - costs[(1 << n) - 1]).abs() < 1e-9);
        }

        #[test]
        fn drawn_orders_come_near_and_add_up(seed in 0u64..1000, raw in prop::collection::vec(0.0f64..100.0, 16)) {
            let mut costs = raw.clone();
            costs[0] = 0.0;
            let (truth, drawn) = (exact(4, value(&costs)).unwrap(), sampled(4, 4000, seed, value(&costs)).unwrap());
            prop_assert!((drawn.share_cny.iter().sum::<f64>() - costs[15]).abs() < 1e-6);
            for i in 0..4 {
                // Six standard errors: one case in 500 million falls outside.
                prop_assert!((truth.share_cny[i] - drawn.share_cny[i]).abs() <= 6.0 * drawn.error_cny[i] + 1e-9);
            }
        }

        #[test]
        fn nobody_pays_more_than_alone_where_joining_never_costs_more(raw in prop::collection::vec(1.0f64..100.0, 16)) {
            // Joining costs at most what the parties cost apart.
            let mut costs = vec![0.0; 16];
            for m in 1..16usize {
                let apart = (1..m).filter(|s| s & m == *s).map(|s| costs[s] + costs[m ^ s]).fold(f64::INFINITY, f64::min);
                costs[m] = raw[m].min(apart);
            }
            let split = exact(4, value(&costs)).unwrap();
            for i in 0..4 {
                prop_assert!(split.share_cny[i] <= costs[1 << i] + 1e-9);
            }
        }
    }

    #[test]
    fn proportional_shares_add_up() {
        assert_eq!(proportional(80.0, &[60.0, 40.0]), [48.0, 32.0]);
        assert_eq!(proportional(0.0, &[0.0, 0.0]), [0.0, 0.0]);
    }
}

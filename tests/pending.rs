//! Deadlines: earliest first, none before its time, and none that never comes.

use lumenize_call::error::Code;
use lumenize_call::pending::{Pending, check_timeout};
use proptest::prelude::*;

#[test]
fn rule_17_calls_expire_in_the_order_of_their_deadlines() {
    let mut pending = Pending::default();
    pending.watch(1, 1_000.0, 80.0);
    pending.watch(2, 1_000.0, 40.0);
    assert_eq!(pending.next_deadline(), Some(1_040));
    assert_eq!(pending.due(1_039.9), []);
    assert_eq!(pending.due(1_040.0), [2]);
    assert_eq!(pending.due(9_999.0), [1]);
    assert_eq!(pending.next_deadline(), None);
}

#[test]
fn rule_17_of_the_same_deadline_the_call_made_first_expires_first() {
    let mut pending = Pending::default();
    for id in [3, 1, 2] {
        pending.watch(id, 0.0, 10.0);
    }
    assert_eq!(pending.due(10.0), [1, 2, 3]);
}

#[test]
fn rule_17_no_call_expires_before_its_time() {
    let mut pending = Pending::default();
    pending.watch(1, 1_000.0, 0.25);
    assert_eq!(pending.next_deadline(), Some(1_001));
}

#[test]
fn rule_17_infinity_is_no_deadline() {
    let mut pending = Pending::default();
    pending.watch(1, 1_000.0, f64::INFINITY);
    assert_eq!(pending.next_deadline(), None);
    assert_eq!(pending.due(f64::MAX), []);
    assert_eq!(pending.due(f64::INFINITY), []);
}

#[test]
fn rule_17_a_timeout_that_makes_no_sense_is_refused() {
    for timeout in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(check_timeout(timeout).unwrap_err().code, Code::InvalidOption, "{timeout}");
    }
    for timeout in [f64::MIN_POSITIVE, 1.0, f64::MAX, f64::INFINITY] {
        assert_eq!(check_timeout(timeout), Ok(()), "{timeout}");
    }
}

proptest! {
    #[test]
    fn rule_17_every_call_is_due_once_at_its_deadline_and_not_before(
        timeouts in prop::collection::vec(1_u32..500, 0..200),
        looks in prop::collection::vec(0_u32..600, 0..50),
    ) {
        let mut pending = Pending::default();
        for (id, timeout) in (0..).zip(&timeouts) {
            pending.watch(id, 0.0, f64::from(*timeout));
        }
        let mut seen = vec![false; timeouts.len()];
        let mut looks = looks;
        looks.sort_unstable();
        looks.push(500);
        for now in looks {
            for id in pending.due(f64::from(now)) {
                let place = usize::try_from(id).unwrap();
                prop_assert!(timeouts[place] <= now);
                prop_assert!(!seen[place], "twice");
                seen[place] = true;
            }
            let next = timeouts.iter().filter(|timeout| **timeout > now).min();
            prop_assert_eq!(pending.next_deadline(), next.map(|next| u64::from(*next)));
        }
        prop_assert!(seen.iter().all(|seen| *seen));
    }
}

#[test]
fn a_table_is_outdated_where_most_of_its_deadlines_are_those_of_settled_calls() {
    let mut pending = Pending::default();
    for id in 1..=264 {
        pending.watch(id, 0.0, 10.0);
    }
    assert!(!pending.is_outdated(100));
    assert!(pending.is_outdated(99));
}

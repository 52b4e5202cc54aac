//! Deadlines: first outcome wins, earliest deadline first, and nothing settles twice.

use lumenize_call::error::Code;
use lumenize_call::pending::Pending;

#[test]
fn rule_7_the_first_outcome_wins() {
    let mut pending = Pending::default();
    let id = pending.open(1_000.0, 50.0).unwrap();
    assert!(pending.settle(id));
    assert!(!pending.settle(id));
    assert!(pending.due(2_000.0).is_empty());
    assert!(pending.is_empty());
}

#[test]
fn rule_7_an_id_is_never_used_again() {
    let mut pending = Pending::default();
    let first = pending.open(0.0, 1.0).unwrap();
    pending.settle(first);
    let second = pending.open(0.0, 1.0).unwrap();
    assert!(!pending.settle(first));
    assert!(pending.settle(second));
}

#[test]
fn rule_17_calls_expire_in_the_order_of_their_deadlines() {
    let mut pending = Pending::default();
    let late = pending.open(1_000.0, 80.0).unwrap();
    let early = pending.open(1_000.0, 40.0).unwrap();
    let settled = pending.open(1_000.0, 20.0).unwrap();
    pending.settle(settled);
    assert_eq!(pending.next_deadline(), Some(1_040));
    assert_eq!(pending.due(1_039.9), []);
    assert_eq!(pending.due(1_040.0), [early]);
    assert_eq!(pending.due(9_999.0), [late]);
    assert_eq!(pending.next_deadline(), None);
}

#[test]
fn rule_17_no_call_expires_before_its_time() {
    let mut pending = Pending::default();
    pending.open(1_000.0, 0.25).unwrap();
    assert_eq!(pending.next_deadline(), Some(1_001));
}

#[test]
fn rule_17_infinity_is_no_deadline() {
    let mut pending = Pending::default();
    let id = pending.open(1_000.0, f64::INFINITY).unwrap();
    assert_eq!(pending.next_deadline(), None);
    assert_eq!(pending.due(f64::MAX), []);
    assert_eq!(pending.due(f64::INFINITY), []);
    assert_eq!(pending.len(), 1);
    assert!(pending.settle(id));
}

#[test]
fn rule_17_a_timeout_that_makes_no_sense_is_refused() {
    let mut pending = Pending::default();
    for timeout in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
        assert_eq!(pending.open(0.0, timeout).unwrap_err().code, Code::InvalidOption, "{timeout}");
    }
    assert!(pending.is_empty());
}

#[test]
fn rule_20_tables_do_not_know_of_each_other() {
    let mut first = Pending::default();
    let mut second = Pending::default();
    let id = first.open(0.0, 10.0).unwrap();
    assert_eq!(second.open(0.0, 10.0).unwrap(), id);
    assert!(first.settle(id));
    assert_eq!(second.due(10.0), [id]);
}

#[test]
fn rule_7_a_place_is_used_again_under_another_id() {
    let mut pending = Pending::default();
    let mut ids = std::collections::HashSet::new();
    for round in 0..1_000 {
        let first = pending.open(f64::from(round), 1.0).unwrap();
        let second = pending.open(f64::from(round), f64::INFINITY).unwrap();
        assert!(ids.insert(first) && ids.insert(second));
        assert!(pending.settle(second));
        assert_eq!(pending.due(f64::from(round) + 1.0), [first]);
        assert!(!pending.settle(first) && !pending.settle(second));
    }
    assert!(pending.is_empty());
    assert!(!pending.settle(0) && !pending.settle(u64::MAX));
}

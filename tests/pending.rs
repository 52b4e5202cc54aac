//! Deadlines: first outcome wins, earliest deadline first, and nothing settles twice.

use lumenize_call::error::Code;
use lumenize_call::pending::{Pending, check_timeout};

#[test]
fn rule_7_the_first_outcome_wins() {
    let mut pending = Pending::after(0);
    let id = pending.open(1_000.0, 50.0).unwrap();
    assert!(pending.settle(id));
    assert!(!pending.settle(id));
    assert!(pending.due(2_000.0).is_empty());
    assert!(pending.is_empty());
}

#[test]
fn rule_7_an_id_is_never_used_again() {
    let mut pending = Pending::after(0);
    let first = pending.open(0.0, 1.0).unwrap();
    pending.settle(first);
    let second = pending.open(0.0, 1.0).unwrap();
    assert!(!pending.settle(first));
    assert!(pending.settle(second));
}

#[test]
fn rule_17_calls_expire_in_the_order_of_their_deadlines() {
    let mut pending = Pending::after(0);
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
    let mut pending = Pending::after(0);
    pending.open(1_000.0, 0.25).unwrap();
    assert_eq!(pending.next_deadline(), Some(1_001));
}

#[test]
fn rule_17_infinity_is_no_deadline() {
    let mut pending = Pending::after(0);
    let id = pending.open(1_000.0, f64::INFINITY).unwrap();
    assert_eq!(pending.next_deadline(), None);
    assert_eq!(pending.due(f64::MAX), []);
    assert_eq!(pending.due(f64::INFINITY), []);
    assert_eq!(pending.len(), 1);
    assert!(pending.settle(id));
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

#[test]
fn rule_20_tables_do_not_know_of_each_other() {
    let mut first = Pending::after(0);
    let mut second = Pending::after(0);
    let id = first.open(0.0, 10.0).unwrap();
    assert_eq!(second.open(0.0, 10.0).unwrap(), id);
    assert!(first.settle(id));
    assert_eq!(second.due(10.0), [id]);
}

#[test]
fn rule_7_a_place_is_used_again_under_another_id() {
    let mut pending = Pending::after(0);
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

#[test]
fn rule_30_a_lost_table_is_made_again_with_the_ids_and_deadlines_that_it_had() {
    let mut lost = Pending::after(0);
    let ids: Vec<u64> =
        (0..5).map(|n| lost.open(1_000.0, f64::from(10 * (n + 1))).unwrap()).collect();
    lost.settle(ids[0]);
    let late = lost.open(1_000.0, 5.0).unwrap();
    lost.settle(late);
    let greatest = ids.iter().copied().chain([late]).max().unwrap();

    let mut made = Pending::after(greatest);
    for n in [4_u32, 1, 3] {
        made.restore(ids[n as usize], 1_000.0, f64::from(10 * (n + 1)));
    }
    assert_eq!(made.len(), 3);
    assert!(!made.settle(late), "a late outcome of a call from before");
    let opened: Vec<u64> = (0..10).map(|_| made.open(1_000.0, f64::INFINITY).unwrap()).collect();
    for id in opened {
        assert!(!ids.contains(&id) && id != late, "{id} was used before");
        assert!(made.settle(id));
    }
    assert_eq!(made.due(1_019.0), []);
    assert_eq!(made.due(2_000.0), [ids[1], ids[3], ids[4]]);
    assert!(made.is_empty());
}

#[test]
fn rule_7_a_place_whose_generations_are_used_up_stays_empty() {
    const LAST_GENERATION: u64 = (1 << 29) - 1;
    let mut pending = Pending::after((LAST_GENERATION - 1) << 24);
    let last = pending.open(0.0, 1.0).unwrap();
    assert_eq!(last, LAST_GENERATION << 24);
    assert!(pending.settle(last));
    let next_place = pending.open(0.0, 1.0).unwrap();
    assert_eq!(next_place, LAST_GENERATION << 24 | 1);

    let mut exhausted = Pending::after(last);
    assert_eq!(exhausted.open(0.0, 1.0), None);
}

#[test]
fn rule_20_a_table_agrees_with_a_plain_list_whatever_is_done_to_it() {
    // (id, deadline) in a list that is searched from end to end.
    let mut plain: Vec<(u64, u64)> = Vec::new();
    let mut pending = Pending::after(0);
    let mut random = 1_u64;
    let mut next = |below: u32| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        u32::try_from(random >> 33).unwrap() % below
    };
    for now in 0..20_000_u32 {
        match next(10) {
            0..5 => {
                let timeout = next(2_000) + 1;
                let id = pending.open(f64::from(now), f64::from(timeout)).unwrap();
                plain.push((id, u64::from(now + timeout)));
            }
            5..9 if !plain.is_empty() => {
                let (id, _) = plain.swap_remove(next(u32::try_from(plain.len()).unwrap()) as usize);
                assert!(pending.settle(id));
                assert!(!pending.settle(id));
            }
            _ => {
                let mut due = pending.due(f64::from(now));
                let mut expected: Vec<u64> =
                    plain.iter().filter(|call| call.1 <= now.into()).map(|call| call.0).collect();
                plain.retain(|call| call.1 > now.into());
                due.sort_unstable();
                expected.sort_unstable();
                assert_eq!(due, expected);
            }
        }
        assert_eq!(pending.len(), plain.len());
        assert_eq!(pending.next_deadline(), plain.iter().map(|call| call.1).min());
    }
}

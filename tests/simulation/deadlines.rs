//! A deadline among many more calls than memory has room for.

use lumenize_call::durable::record::{Record, Time, VERSION};
use lumenize_call::durable::schedule::{LOOK, RECOVER};
use lumenize_call::durable::{Effect, Event, Limits, Machine, Row};

use super::plan::{
    Action, Call, Faults, HOUR, Handler, MINUTE, Method, Plan, SECOND, SMALL, Within,
};
use super::world::World;

/// The disk is looked through at the next wake-ups, until all that has expired has had room.
const BOUND: Time = 4 * RECOVER;

/// A target that fails is not called more often than this in a world, whatever goes to disk and comes back.
const MOST_RUNS: u64 = 600;

/// How late calls with short timeouts end in the worst of many worlds, which are full of others.
fn latest(method: Method, memory: usize, is_restarted: bool) -> Time {
    let make = |count: usize, timeout: Time| {
        let handler = Handler::Synchronous;
        let calls = vec![Call { target: 1, method, handler, timeout, key: None }; count];
        Action::Make { object: 0, calls, within: Within::Turn }
    };
    let latest = (0..40).map(|seed| {
        let mut actions = vec![(0, make(80, HOUR)), (5 * MINUTE + seed * SECOND, make(8, MINUTE))];
        if is_restarted {
            actions.push((5 * MINUTE + 45 * SECOND, Action::Evict { object: 0 }));
        }
        // The simulation must not start everything anew meanwhile.
        actions.push((20 * MINUTE, Action::Touch { object: 0 }));
        let limits = Limits { memory, ..SMALL };
        let faults = Faults::default();
        let plan = Plan { seed, objects: 2, limits, faults, actions, is_quiet: false };
        let mut world = World::new(&plan);
        world.run(&plan);
        assert_eq!(world.failure, None);
        println!("{}", world.tally.runs);
        assert!(
            world.tally.runs < MOST_RUNS || method != Method::Crashes,
            "{} runs",
            world.tally.runs
        );
        let short = world.facts.values().filter(|fact| fact.expires < fact.made + 2 * MINUTE);
        let ends = short.filter_map(|fact| fact.end.map(|(_, at)| at - fact.expires.min(at)));
        ends.max().unwrap_or(Time::MAX)
    });
    latest.max().unwrap_or(Time::MAX)
}

#[test]
fn a_deadline_is_seen_however_full_memory_is() {
    let latest = latest(Method::Crashes, SMALL.memory, false);
    println!("{latest} ms late at most");
    assert!(latest < BOUND, "{latest} ms late");
}

#[test]
fn a_deadline_is_seen_while_a_target_does_not_answer() {
    let latest = latest(Method::NeverEnds, 200, true);
    println!("{latest} ms late at most after a restart");
    assert!(latest < LOOK + BOUND, "{latest} ms late");
}

#[test]
fn a_deadline_is_seen_while_nothing_in_memory_waits() {
    let mut machine = Machine::new(Limits { memory: 2, in_flight: 1, ..SMALL });
    let mut make = |timeout: Time| {
        let target = "two".to_owned();
        let made =
            machine.step(Event::Made { key: None, known: None, target, timeout }, 0, timeout);
        match made.as_slice() {
            [Effect::Store { id, .. }] => id.clone(),
            other => panic!("{other:?}"),
        }
    };
    make(HOUR);
    make(HOUR + 1);
    let id = make(MINUTE);
    // One is sent, one is about to be, and there is no room for the third.
    let _ = machine.step(Event::Committed, 0, 0);
    let _ = machine.step(Event::Woke, MINUTE, 0);
    let (version, owner, target) = (VERSION, String::new(), "two".to_owned());
    let record = Record { version, owner, id: id.clone(), target, made: 0, expires: MINUTE };
    let rows = vec![Row { row: format!("i:{id}"), record: Some(record) }];
    let effects = machine.step(Event::Loaded { rows, more: false }, MINUTE, 0);
    assert!(effects.contains(&Effect::Count { id, crashes: 1 }), "{effects:?}");
    // Nothing else on disk expires soon, so it is not looked through again.
    let effects = machine.step(Event::Woke, 2 * MINUTE, 0);
    let is_load = |effect: &Effect| matches!(effect, Effect::Load { .. });
    assert!(!effects.iter().any(is_load), "{effects:?}");
}

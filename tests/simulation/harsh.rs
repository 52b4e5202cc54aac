//! Worlds of one kind of trouble, and much of it.

use lumenize_call::durable::Limits;
use lumenize_call::durable::record::Time;

use super::plan::{
    Action, Call, Chance, Faults, HOUR, Handler, MINUTE, Method, Plan, SECOND, SMALL, Within,
};

/// Many more calls than memory has room for, most of them to a target that each of them crashes.
pub fn full(seed: u64, chance: &mut Chance) -> Plan {
    let count = 6 + chance.index(30);
    let pace = chance.pick(&[1, SECOND, 20 * SECOND]);
    let broken = chance.pick(&[Method::Crashes, Method::Crashes, Method::NeverEnds]);
    let longest = chance.pick(&[MINUTE, 5 * MINUTE, 30 * MINUTE]);
    let is_steady = chance.is(700);
    let hopeful = 100 + chance.below(400);
    let actions = timed(count, pace, chance, |chance| {
        if chance.is(50) {
            return Action::Evict { object: 0 };
        }
        let is_hopeful = chance.is(hopeful);
        let method = if is_hopeful { Method::Synchronous } else { broken };
        let target = if is_hopeful { 2 } else { 1 };
        let timeout = 1 + if is_hopeful { 24 * HOUR } else { chance.below(longest) };
        let handler = if is_steady { Handler::Turns(1) } else { Handler::CrashesOnce };
        let handler = chance.pick(&[Handler::Synchronous, handler]);
        let calls = vec![Call { target, method, handler, timeout, key: None }; 1 + chance.index(3)];
        Action::Make { object: 0, calls, within: Within::Turn }
    });
    // With more memory it is the pages that are waited for.
    let limits = Limits { memory: chance.pick(&[SMALL.memory, 200]), ..SMALL };
    Plan { seed, objects: 3, limits, faults: Faults::default(), actions, is_quiet: false }
}

/// Calls that persons look after: they give up some, and have handlers run again.
pub fn tended(seed: u64, chance: &mut Chance) -> Plan {
    let count = 5 + chance.index(25);
    let pace = chance.pick(&[3, 50, SECOND, 20 * SECOND]);
    let crash = chance.below(200);
    let actions = timed(count, pace, chance, |chance| {
        let which = chance.index(2);
        match chance.below(10) {
            0..=2 => Action::Drop { object: 0, which },
            3 => Action::Retry { object: 0, which },
            4 if chance.is(crash) => Action::Evict { object: 0 },
            4 => Action::Delete { object: 0, which },
            5 => Action::Deploy { object: 1, refuses: chance.is(500), is_newer: false },
            _ => {
                let method = chance.pick(&[Method::Synchronous, Method::WritesLast(2)]);
                let handler = chance.pick(&[
                    Handler::Throws,
                    Handler::Crashes,
                    Handler::Turns(2),
                    Handler::Synchronous,
                ]);
                let timeout = 1 + chance.below(HOUR);
                let call = Call { target: 1, method, handler, timeout, key: None };
                Action::Make { object: 0, calls: vec![call; 1 + which], within: Within::Turn }
            }
        }
    });
    let limits = SMALL;
    let faults = Faults { drop: chance.below(300), ..Faults::default() };
    Plan { seed, objects: 2, limits, faults, actions, is_quiet: false }
}

/// A call without trouble, of an object to itself.
pub fn plain_call(object: usize) -> Action {
    let (method, handler) = (Method::Synchronous, Handler::Synchronous);
    let call = Call { target: object, method, handler, timeout: HOUR, key: None };
    Action::Make { object, calls: vec![call], within: Within::Turn }
}

fn timed(
    count: usize,
    pace: Time,
    chance: &mut Chance,
    action: impl Fn(&mut Chance) -> Action,
) -> Vec<(Time, Action)> {
    let mut time = 0;
    let mut next = || {
        time += chance.below(pace);
        (time, action(chance))
    };
    (0..count).map(|_| next()).collect()
}

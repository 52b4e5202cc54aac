//! Small worlds, of which every state is looked at.

use lumenize_call::durable::Limits;

use super::plan::{Action, Call, Faults, Handler, Method, Plan, SECOND, SMALL, Within};
use super::world::{Happening, World};

pub struct Small {
    pub name: &'static str,
    pub limits: Limits,
    /// What is done once, at any time.
    pub actions: Vec<Action>,
    /// Objects that are woken once more than they have asked for.
    pub woken: Vec<usize>,
    pub crashes: u64,
}

impl Small {
    pub fn world(&self) -> World {
        let mut world = World::new(&Plan {
            seed: 0,
            objects: 2,
            limits: self.limits.clone(),
            faults: Faults::default(),
            actions: self.actions.iter().map(|action| (0, action.clone())).collect(),
            is_quiet: false,
        });
        for object in &self.woken {
            world.schedule(0, Happening::SecondAlarm { object: *object });
        }
        world
    }
}

pub fn small_worlds() -> Vec<Small> {
    let plain = call(1, Method::Synchronous, Handler::Synchronous);
    let slow = call(1, Method::WritesLast(1), Handler::Turns(1));
    let throws = call(1, Method::Throws, Handler::Synchronous);
    let plain_back = call(0, Method::Synchronous, Handler::Synchronous);
    let one = |call| vec![make(0, vec![call])];
    let and = |call, others: &[Action]| [&one(call), others].concat();
    let throws_and_crashes = call(1, Method::Throws, Handler::CrashesOnce);
    let is_dropped = Action::Drop { object: 0, which: 0 };
    let is_retried = Action::Retry { object: 0, which: 0 };
    vec![
        small("one call", 2, one(slow)),
        small("two calls of one turn", 2, vec![make(0, vec![plain, throws])]),
        small("two calls to one target", 1, and(plain, &one(throws))),
        small("a call each way", 1, and(plain, &[make(1, vec![plain_back])])),
        small("two slow calls of one turn", 1, vec![make(0, vec![plain, slow])]),
        small("a slow call beside another", 0, and(plain, &one(slow))),
        Small { limits: ONE, ..small("memory for one of two calls", 1, and(plain, &one(throws))) },
        Small { woken: vec![0, 1], ..small("alarms that come twice", 1, one(slow)) },
        small(
            "one key",
            1,
            vec![make(0, vec![keyed(plain), keyed(throws)]), make(0, vec![keyed(slow)])],
        ),
        small("a call that is dropped", 2, and(slow, &[is_dropped])),
        small(
            "a handler that throws",
            1,
            and(handled(Handler::Throws), &[is_retried.clone(), is_retried]),
        ),
        small("a handler that crashes once", 1, one(handled(Handler::CrashesOnce))),
        small(
            "handlers that crash once, and a row that is deleted",
            0,
            vec![
                make(0, vec![handled(Handler::CrashesOnce), throws_and_crashes]),
                Action::Delete { object: 0, which: 0 },
            ],
        ),
        small(
            "handlers that crash once, and one that is dropped",
            0,
            vec![
                make(0, vec![handled(Handler::CrashesOnce), throws_and_crashes]),
                Action::Drop { object: 0, which: 0 },
            ],
        ),
        small("a handler that crashes late", 1, one(handled(Handler::CrashesLate))),
        small(
            "a method that crashes once",
            1,
            one(call(1, Method::CrashesOnce, Handler::Turns(1))),
        ),
        small("a target whose clock is far ahead", 1, and(slow, &[ahead(1, 11)])),
        small(
            "a ledger that outlives its calls",
            0,
            and(plain, &[make(0, vec![throws]), ahead(1, 31)]),
        ),
        small("a target that is wiped", 1, and(slow, &[Action::Wipe { object: 1 }])),
        small("a caller that is wiped", 1, and(slow, &[Action::Wipe { object: 0 }])),
        small("a caller that is copied", 1, and(slow, &[Action::Copy { object: 0 }])),
        small(
            "a caller that is put back",
            1,
            and(slow, &[Action::Remember { object: 0 }, Action::Restore { object: 0 }]),
        ),
        small(
            "a newer version of both",
            1,
            and(slow, &[Action::Newer { object: 0 }, Action::Newer { object: 1 }]),
        ),
        small("a target that refuses", 1, and(slow, &[refusing(true), refusing(false)])),
    ]
}

/// Memory, pages and messages of one call.
const ONE: Limits = Limits { page: 1, memory: 1, in_flight: 1, ..SMALL };

fn small(name: &'static str, crashes: u64, actions: Vec<Action>) -> Small {
    Small { name, limits: SMALL, actions, woken: Vec::new(), crashes }
}

fn handled(handler: Handler) -> Call {
    call(1, Method::Synchronous, handler)
}

fn keyed(call: Call) -> Call {
    Call { key: Some(0), ..call }
}

fn ahead(object: usize, minutes: i64) -> Action {
    Action::Clock { object, to: minutes * 60_000 }
}

fn refusing(refuses: bool) -> Action {
    Action::Deploy { object: 1, refuses, is_newer: false }
}

fn make(object: usize, calls: Vec<Call>) -> Action {
    Action::Make { object, calls, within: Within::Turn }
}

/// With a timeout in which it is sent twice.
fn call(target: usize, method: Method, handler: Handler) -> Call {
    Call { target, method, handler, timeout: 2 * SECOND, key: None }
}

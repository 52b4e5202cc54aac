//! What happens in one run: settings and a list of actions, made from a seed.

use lumenize_call::durable::Limits;
use lumenize_call::durable::record::Time;
use lumenize_call::durable::schedule::Random;

use super::harsh;

pub const SECOND: Time = 1_000;
pub const MINUTE: Time = 60 * SECOND;
pub const HOUR: Time = 60 * MINUTE;

/// What the method of a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    Synchronous,
    /// It writes in the last of so many further turns.
    WritesLast(u32),
    /// It writes before its last `await`.
    WritesFirst(u32),
    Throws,
    CrashesOnce,
    Crashes,
    NeverEnds,
}

/// What the handler of a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Handler {
    Synchronous,
    /// It writes in the last of so many further turns.
    Turns(u32),
    /// It throws until a person has it run again.
    Throws,
    CrashesOnce,
    Crashes,
    /// It crashes in its second turn.
    CrashesLate,
    /// It makes a durable call itself.
    Calls,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    pub target: usize,
    pub method: Method,
    pub handler: Handler,
    pub timeout: Time,
    pub key: Option<u8>,
}

/// In what calls are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Within {
    Turn,
    /// A `transactionSync` that throws.
    Savepoint,
    /// A `storage.transaction`, which may roll back.
    Transaction {
        commits: bool,
    },
    /// Records too large to be stored.
    TooLarge,
    /// A turn that ends with its object.
    Aborted,
    /// A turn that wipes the storage after it.
    Wiped,
    /// A transaction in which the storage is wiped, and which goes on.
    WipedBetween,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Make {
        object: usize,
        calls: Vec<Call>,
        within: Within,
    },
    /// The object crashes at one of its next effects.
    Crash {
        object: usize,
        effects: u32,
    },
    /// The process crashes, with all of its objects.
    Kill,
    Evict {
        object: usize,
    },
    Touch {
        object: usize,
    },
    Clock {
        object: usize,
        to: i64,
    },
    Wipe {
        object: usize,
    },
    Copy {
        object: usize,
    },
    Remember {
        object: usize,
    },
    /// The storage is as it was when it was remembered.
    Restore {
        object: usize,
    },
    /// A deployment: of code that may lack the methods that others call, or that sends newer messages.
    Deploy {
        object: usize,
        refuses: bool,
        is_newer: bool,
    },
    /// A newer version has run here, and left rows.
    Newer {
        object: usize,
    },
    Retry {
        object: usize,
        which: usize,
    },
    Drop {
        object: usize,
        which: usize,
    },
    /// Somebody deletes a row of a call, and tells nobody.
    Delete {
        object: usize,
        which: usize,
    },
}

/// How often what goes wrong, in thousandths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Faults {
    pub drop: u64,
    pub repeat: u64,
    pub delay: u64,
    pub overload: u64,
    pub late_alarm: u64,
    pub second_alarm: u64,
    /// It does not come while its object is in memory.
    pub lost_alarm: u64,
}

#[derive(Clone, Debug)]
pub struct Plan {
    pub seed: u64,
    pub objects: usize,
    pub limits: Limits,
    pub faults: Faults,
    pub actions: Vec<(Time, Action)>,
    /// Whether little crashes but handlers.
    pub is_quiet: bool,
}

/// Small enough that everything is full at some time.
pub const SMALL: Limits = Limits {
    page: 2,
    memory: 4,
    in_flight: 3,
    targets: 2,
    acknowledged: 2,
    sweep_after: 2,
    sweep: 2,
};

/// Random numbers for the choices of a plan and of the world.
#[derive(Clone, Debug)]
pub struct Chance(Random);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    pub fn bits(&mut self) -> u64 {
        self.0.bits()
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.below(bound)
    }

    pub fn index(&mut self, bound: usize) -> usize {
        usize::try_from(self.below(bound as u64)).unwrap_or(0)
    }

    /// Whether something happens that happens so often, in thousandths.
    pub fn is(&mut self, thousandths: u64) -> bool {
        thousandths > 0 && self.below(1_000) < thousandths
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.index(from.len())]
    }
}

impl Plan {
    pub fn of(seed: u64) -> Self {
        let mut chance = Chance::new(seed ^ 0x5eed_0000_0000_0000);
        if seed % 16 == 7 {
            return harsh::full(seed, &mut chance);
        }
        if seed % 16 == 15 {
            return harsh::tended(seed, &mut chance);
        }
        let objects = 2 + chance.index(2);
        let is_small = chance.is(500);
        let limits = if is_small { SMALL } else { Limits::DEFAULT };
        let calm = chance.is(250);
        let mut rate = |most: u64| if calm { 0 } else { chance.below(most) };
        let faults = Faults {
            drop: rate(200),
            repeat: rate(200),
            delay: rate(100),
            overload: rate(50),
            late_alarm: rate(300),
            second_alarm: rate(200),
            lost_alarm: rate(50),
        };
        let count = 3 + chance.index(30);
        let pace = chance.pick(&[200, 5 * SECOND, MINUTE, 5 * MINUTE]);
        // Of most kinds of trouble a run has none, so that the others go on for longer.
        let trouble = chance.bits();
        let long = chance.is(50);
        let is_quiet = chance.is(100);
        let mut time = 0;
        let mut actions = Vec::new();
        for _ in 0..count {
            time += chance.below(pace);
            let action = action(&mut chance, objects, trouble, long);
            if !is_quiet || matches!(action, Action::Make { .. } | Action::Touch { .. }) {
                actions.push((time, if is_quiet { quiet(action) } else { action }));
            }
        }
        Self { seed, objects, limits, faults, actions, is_quiet }
    }
}

/// Of all that crashes only handlers are left.
fn quiet(mut action: Action) -> Action {
    if let Action::Make { calls, within, .. } = &mut action {
        *within = Within::Turn;
        for call in calls {
            call.method = Method::Synchronous;
        }
    }
    action
}

fn action(chance: &mut Chance, objects: usize, trouble: u64, long: bool) -> Action {
    let object = chance.index(objects);
    let kind = chance.below(26);
    let is_on = |bit: u64| trouble >> bit & 1 == 1 && trouble >> (bit + 20) & 1 == 1;
    match kind {
        0..=3 if is_on(0) || kind == 0 => {
            Action::Crash { object, effects: u32::try_from(chance.below(40)).unwrap_or(0) }
        }
        4 => Action::Kill,
        5 => Action::Evict { object },
        6 => Action::Touch { object },
        7 if is_on(1) => {
            // Two clocks may differ by more than the slack, but none steps by as much.
            let is_apart = trouble >> 45 & 1 == 1 && chance.is(700);
            let minutes = match (is_apart, object) {
                (true, 0) => -7,
                (true, _) => 4,
                _ => i64::try_from(chance.below(9)).unwrap_or(0) - 4,
            };
            Action::Clock { object, to: minutes * 60_000 + 17 * minutes }
        }
        8 if is_on(2) => Action::Wipe { object },
        9 if is_on(3) => Action::Copy { object },
        10 if is_on(4) => Action::Remember { object },
        11 if is_on(4) => Action::Restore { object },
        12 | 13 if is_on(6) => Action::Newer { object },
        13..=15 if is_on(5) => {
            Action::Deploy { object, refuses: chance.is(500), is_newer: chance.is(200) }
        }
        16 => Action::Retry { object, which: chance.index(4) },
        17 => Action::Drop { object, which: chance.index(4) },
        _ => {
            let many = chance.is(if trouble >> 19 & 1 == 1 { 300 } else { 50 });
            let count = if many { 1 + chance.index(9) } else { 1 };
            let calls = (0..count).map(|_| call(chance, objects, trouble, long)).collect();
            let within = match chance.below(20) {
                0 => Within::Savepoint,
                1 => Within::Transaction { commits: false },
                2 => Within::Transaction { commits: true },
                3 => Within::TooLarge,
                4 => Within::Aborted,
                5 if is_on(2) => Within::Wiped,
                6 if is_on(2) => Within::WipedBetween,
                _ => Within::Turn,
            };
            Action::Make { object, calls, within }
        }
    }
}

fn call(chance: &mut Chance, objects: usize, trouble: u64, long: bool) -> Call {
    let turns = 1 + u32::try_from(chance.below(3)).unwrap_or(0);
    let method = match chance.below(16) {
        0..=2 => Method::WritesLast(turns),
        3 | 4 => Method::WritesFirst(turns),
        5 => Method::Throws,
        6 => Method::CrashesOnce,
        7 | 8 if trouble >> 16 & 1 == 1 => Method::Crashes,
        9 if trouble >> 17 & 1 == 1 => Method::NeverEnds,
        _ => Method::Synchronous,
    };
    let handler = match chance.below(16) {
        0..=3 => Handler::Turns(turns),
        4 => Handler::Throws,
        5 => Handler::CrashesOnce,
        6 if trouble >> 18 & 1 == 1 => Handler::Crashes,
        7 if trouble >> 18 & 1 == 1 => Handler::CrashesLate,
        8 => Handler::Calls,
        _ => Handler::Synchronous,
    };
    // What never succeeds makes long runs.
    let is_hopeless = matches!(method, Method::Crashes | Method::NeverEnds) && !chance.is(100);
    let timeout = match chance.below(16) {
        _ if is_hopeless => 1 + chance.below(5 * MINUTE),
        0 => 1 + chance.below(50),
        1..=6 => SECOND + chance.below(MINUTE),
        7..=12 => MINUTE + chance.below(10 * MINUTE),
        _ if long => 24 * HOUR,
        _ => HOUR,
    };
    let key = if chance.is(200) { Some(u8::try_from(chance.below(3)).unwrap_or(0)) } else { None };
    Call { target: chance.index(objects), method, handler, timeout, key }
}

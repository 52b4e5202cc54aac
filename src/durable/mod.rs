//! Durable calls: the protocol as a state machine without I/O, clock or randomness of its own.
//!
//! `step(event, now, random)` says what to do, and whoever runs it does that in the same turn: writes rows,
//! sends, runs handlers, sets the alarm. The values of calls stay outside. What is in memory here may be
//! lost at any moment: storage has all that matters.

#[cfg(feature = "durable")]
mod boundary;
pub mod ledger;
pub mod outbox;
pub mod record;
pub mod schedule;

use serde::Serialize;

use ledger::Ledger;
use outbox::{Counts, Outbox};
use record::{Entry, Record, Time, VERSION};
use schedule::{Failure, Random};

/// What happened. Calls are named by their ids, outcomes of the ledger by their rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The object has started.
    Started {
        /// Its id.
        owner: String,
        /// Whether it has stored calls.
        has_records: bool,
        /// Rows of calls whose handlers had begun and not ended, and how often that was so.
        crashes: Vec<(String, u32)>,
        /// How often it has started of late.
        recent_starts: u32,
    },
    /// A page of the outbox was read.
    Loaded {
        /// In their order on disk.
        rows: Vec<Row>,
        /// Whether there are further ones.
        more: bool,
    },
    /// A call was made.
    Made {
        /// Its key, if it has one.
        key: Option<String>,
        /// The call that this key has, if it has one.
        known: Option<String>,
        /// Which object it calls.
        target: String,
        /// In milliseconds.
        timeout: Time,
    },
    /// Calls were made in a transaction that goes on when this turn has ended.
    Held,
    /// A transaction has taken back what was written in it.
    TakenBack,
    /// The turn has ended in which calls were made or given up, and with it every transaction that was open.
    Committed,
    /// A call's record is not there.
    Missing {
        /// The call.
        id: String,
    },
    /// The target has answered with the outcome.
    Answered {
        /// The call.
        id: String,
    },
    /// The target has answered that the call came too late.
    TooLate {
        /// The call.
        id: String,
    },
    /// An attempt had no outcome.
    Failed {
        /// The call.
        id: String,
        /// Why.
        failure: Failure,
    },
    /// The count that was asked for has been committed.
    Counted {
        /// The call.
        id: String,
    },
    /// A handler has ended.
    Handled {
        /// The call.
        id: String,
        /// Whether it threw.
        has_failed: bool,
    },
    /// The alarm that was asked for has come.
    Woke,
    /// A person has given up a call: say `Committed` in a microtask of this turn.
    Dropped {
        /// The call.
        id: String,
    },
    /// A person has the handler of a dead letter run again.
    Retried {
        /// The call.
        id: String,
    },
    /// All of the storage has been deleted.
    Wiped,
    /// A call came in.
    Received {
        /// The version of its message.
        version: u64,
        /// The row of the call in the ledger.
        row: String,
        /// When it settles as `timeout`, by the caller's clock.
        expires: Time,
        /// By which version the outcome was written that the ledger has of it.
        known: Option<u32>,
        /// Whether its method runs.
        is_running: bool,
        /// The rows of calls of the same caller that have settled, and are never sent again.
        settled: Vec<String>,
    },
    /// A part of the ledger was read.
    Swept {
        /// In their order on disk. What another version wrote has only its version.
        entries: Vec<(String, Entry)>,
        /// Whether there are further ones.
        more: bool,
    },
}

/// What is to be done now, in this order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Effect {
    /// Read a page of the outbox, and say `Loaded`.
    Load {
        /// The row to begin after.
        after: Option<String>,
        /// The most rows.
        limit: usize,
    },
    /// Write the record of a new call, and say `Committed` in a microtask of this turn.
    Store {
        /// Its id.
        id: String,
        /// When it is made.
        made: Time,
        /// When it settles as `timeout`.
        expires: Time,
    },
    /// The call is one that was made before.
    Known {
        /// That call.
        id: String,
    },
    /// Send a call, if its record is there; else say `Missing`.
    Send {
        /// The call.
        id: String,
        /// How often it was sent since the object started.
        attempt: u32,
        /// Whether it must not travel with others.
        alone: bool,
        /// Calls to the same target that have settled.
        settled: Vec<String>,
    },
    /// Write that a handler is about to run, commit it, and say `Counted`.
    Count {
        /// The call.
        id: String,
        /// How often it will have begun.
        crashes: u32,
    },
    /// Run the handler of a call, if its record is there; else say `Missing`.
    Handle {
        /// The call.
        id: String,
        /// With what.
        with: With,
    },
    /// Delete the record of a call.
    Delete {
        /// The call.
        id: String,
        /// Whether it has a count, which goes with it.
        is_counted: bool,
    },
    /// Make a dead letter of a call.
    Bury {
        /// The call.
        id: String,
        /// Why.
        why: Why,
        /// Its outcome.
        with: With,
    },
    /// Delete a dead letter.
    DeleteLetter {
        /// The call.
        id: String,
    },
    /// Say that a call is lost: its turn was taken back, or its storage deleted.
    Lost {
        /// The call.
        id: String,
    },
    /// Say that a record is left alone: another object's, or another version's.
    Parked {
        /// Its row.
        row: String,
    },
    /// Set the alarm for no later than this.
    Wake {
        /// When.
        at: Time,
    },
    /// Run the method of the call that came in, and write its outcome into the ledger in the turn in which it ends.
    Run {
        /// The head of that outcome.
        entry: Entry,
    },
    /// Answer with what is recorded.
    Repeat,
    /// Answer when the method that runs has ended.
    Join,
    /// Answer that it is too late.
    Late,
    /// Refuse what another version wrote.
    Refuse,
    /// Delete outcomes.
    Forget {
        /// Which.
        rows: Vec<String>,
    },
    /// Read a part of the ledger, and say `Swept`.
    Sweep {
        /// The row to begin after.
        after: Option<String>,
        /// The most rows.
        limit: usize,
    },
}

/// What a handler runs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum With {
    /// The answer that came.
    Answer,
    /// An error that says that the deadline has passed.
    Timeout,
    /// The failure of the last attempt.
    Failure,
    /// The outcome of the dead letter.
    Stored,
}

/// Why a call became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub enum Why {
    /// Its handler threw.
    Threw,
    /// Its handler ended with its object too often.
    Crashed,
}

/// A row of the outbox as it was read; without a record where another version wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name.
    pub row: String,
    /// The head of its record.
    pub record: Option<Record>,
}

/// How much of everything one object has at a time.
#[derive(Clone, Debug, Hash)]
pub struct Limits {
    /// Rows that are read at a time, and calls in flight below which more are read.
    pub page: usize,
    /// Calls in memory.
    pub memory: usize,
    /// Calls in flight.
    pub in_flight: usize,
    /// Targets that are remembered.
    pub targets: usize,
    /// Settled calls of which one target is told.
    pub acknowledged: usize,
    /// Outcomes after which the ledger is swept.
    pub sweep_after: u32,
    /// Outcomes that one sweep reads.
    pub sweep: usize,
}

impl Limits {
    /// Those of every object.
    pub const DEFAULT: Self = Self {
        page: 200,
        memory: 10_000,
        in_flight: 1_000,
        targets: 1_000,
        acknowledged: 1_000,
        sweep_after: 256,
        sweep: 320,
    };
}

/// Both sides of one object's durable calls.
#[derive(Clone, Debug, Hash)]
pub struct Machine {
    limits: Limits,
    outbox: Outbox,
    ledger: Ledger,
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(Limits::DEFAULT)
    }
}

impl Machine {
    /// A machine that knows nothing: it has to be told that its object has started.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self { limits, outbox: Outbox::default(), ledger: Ledger::default() }
    }

    /// What is to be done after an event, in order.
    #[must_use]
    pub fn step(&mut self, event: Event, now: Time, random: u64) -> Vec<Effect> {
        let Self { limits, outbox, ledger } = self;
        let mut step = Step { now, random: Random::new(random), limits, effects: Vec::new() };
        // Nothing is sent of a turn that has not ended, and what comes in says nothing of what was made.
        let may_go_on = !matches!(
            event,
            Event::Made { .. }
                | Event::Held
                | Event::TakenBack
                | Event::Dropped { .. }
                | Event::Received { .. }
                | Event::Swept { .. }
        );
        take(event, outbox, ledger, &mut step);
        if may_go_on {
            outbox.pump(&mut step);
        }
        step.effects
    }

    /// What it counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.outbox.counts()
    }

    /// What is known of a call in memory.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<(&'static str, u32)> {
        self.outbox.state(id)
    }
}

/// One step: what it is given, and what it says is to be done.
#[derive(Debug)]
pub struct Step<'a> {
    now: Time,
    random: Random,
    limits: &'a Limits,
    effects: Vec<Effect>,
}

fn take(event: Event, outbox: &mut Outbox, ledger: &mut Ledger, step: &mut Step) {
    match event {
        Event::Started { owner, has_records, crashes, recent_starts } => {
            outbox.started(owner, has_records, crashes, recent_starts, step);
        }
        Event::Loaded { rows, more } => outbox.loaded(rows, more, step),
        Event::Made { key, known, target, timeout } => {
            outbox.made(key.as_deref(), known, target, timeout, step);
        }
        Event::Held => outbox.held(step),
        Event::TakenBack => outbox.taken_back(step.now),
        Event::Committed => outbox.committed(step),
        Event::Missing { id } => outbox.missing(&id, step),
        Event::Answered { id } => outbox.answered(&id, step),
        Event::TooLate { id } => outbox.late(&id),
        Event::Failed { id, failure } => outbox.failed(&id, failure, step),
        Event::Counted { id } => outbox.counted(&id, step),
        Event::Handled { id, has_failed } => outbox.handled(&id, has_failed, step),
        Event::Woke => outbox.woke(step),
        Event::Dropped { id } => outbox.dropped(&id, step),
        Event::Retried { id } => outbox.retried(&id, step),
        Event::Wiped => outbox.wiped(step),
        Event::Received { version, row, expires, known, is_running, settled } => {
            Ledger::acknowledged(settled, step);
            if version == u64::from(VERSION) {
                ledger.received(&row, expires, known, is_running, step);
            } else {
                step.effects.push(Effect::Refuse);
            }
        }
        Event::Swept { entries, more } => ledger.swept(&entries, more, step),
    }
}

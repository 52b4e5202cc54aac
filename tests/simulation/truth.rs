//! What an observer of the whole world knows of each call, and what must be so.

use std::collections::BTreeSet;

use lumenize_call::durable::record::{Record, Time, VERSION};
use lumenize_call::durable::schedule::{MOST_CRASHES, SLACK};
use lumenize_call::durable::{Why, With};

use super::disk::{Change, Table, Value, row_of};
use super::network::Carried;
use super::object::Object;
use super::plan::{Call, Handler, MINUTE, Method};
use super::world::{Happening, World};

/// A call has ended so long after its deadline, or after faults have stopped.
const BOUND: Time = 30 * MINUTE;

/// The same where nothing crashes the caller any more, and its clock goes on.
const STEADY_BOUND: Time = 4 * MINUTE;

/// So long after faults have stopped a call ends that nothing hinders, however many others there are.
const PROMPT: Time = 10 * MINUTE;

/// How a call ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    Handled,
    Buried,
    Dropped,
    Wiped,
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each says what has been so of a call")]
pub struct Fact {
    pub call: Call,
    /// Which object made it.
    pub caller: usize,
    /// By the clock of its caller.
    pub expires: Time,
    /// In true time.
    pub made: Time,
    /// Whether a turn has committed that made it.
    pub is_committed: bool,
    pub end: Option<(End, Time)>,
    /// How often its handler has begun, without those runs that a person wanted.
    pub runs: u32,
    pub with: Option<With>,
    pub has_crashed_target: bool,
    pub has_crashed_caller: bool,
    /// Whether the storage of its caller was put back to an earlier state, or deleted.
    pub is_restored: bool,
    /// Whether its target cannot read what it has of it.
    pub is_blocked: bool,
}

impl Fact {
    pub fn new(call: Call, caller: usize, expires: Time, made: Time) -> Self {
        Self {
            call,
            caller,
            expires,
            made,
            is_committed: false,
            end: None,
            runs: 0,
            with: None,
            has_crashed_target: false,
            has_crashed_caller: false,
            is_restored: false,
            is_blocked: false,
        }
    }
}

impl World {
    /// Remembers the first thing that must not be.
    pub fn fail(&mut self, what: impl FnOnce() -> String) {
        if self.failure.is_none() {
            self.failure = Some(format!("at {}: {}", self.now, what()));
        }
    }

    pub fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.fail(what);
        }
    }

    /// Commits what an object has written in its turn.
    pub fn commit(&mut self, object: usize) {
        let changes = self.objects[object].disk.commit();
        let mut seen = BTreeSet::new();
        for change in &changes {
            if seen.insert((change.table, &change.row)) {
                self.committed(object, change);
            }
        }
        if seen.iter().any(|(table, _)| *table == Table::Alarm) {
            self.schedule_alarm(object);
        }
        self.check_alarm(object);
    }

    fn committed(&mut self, object: usize, change: &Change) {
        let Change { table, row, before } = change;
        let disk = &self.objects[object].disk;
        let now = disk.get(*table, row).cloned();
        match (before, &now) {
            (Some(Value::Call(before) | Value::Letter(before)), now) => {
                let is_there = match now {
                    Some(Value::Call(record) | Value::Letter(record)) => record.id == before.id,
                    _ => false,
                };
                if !is_there {
                    self.left(object, before);
                }
            }
            (Some(Value::Outcome(before)), None) => {
                let is_ours = before.version == VERSION || !row.starts_with("a:");
                let clock = self.clock(object).max(self.objects[object].latest);
                let fact = row.split_once(':').and_then(|(_, id)| self.facts.get(id));
                let may_start = fact.is_some_and(|fact| fact.end.is_none() && !fact.is_restored);
                let is_early = may_start && before.version == VERSION && clock <= before.expires;
                self.check(is_ours, || format!("{row} of a newer version is deleted"));
                self.check(!is_early, || format!("{row} is swept too early"));
            }
            _ => {}
        }
        match (table, now) {
            (Table::Calls, Some(Value::Call(record))) => {
                if let Some(fact) = self.facts.get_mut(&record.id) {
                    fact.is_committed = true;
                }
            }
            (Table::Ledger, Some(_)) => {
                self.objects[object].recorded.insert(row.clone());
            }
            (Table::Marks, Some(Value::Number(marks))) => {
                self.check(marks <= 1, || format!("the handler of {row} left {marks} marks"));
            }
            (Table::Effects, Some(Value::Number(times))) => {
                let fact = row.split_once(':').and_then(|(_, id)| self.facts.get(id));
                let may_repeat = fact.is_none_or(|fact| {
                    fact.is_restored || matches!(fact.call.method, Method::WritesFirst(_))
                });
                self.check(times <= 1 || may_repeat, || format!("{row} has {times} effects"));
            }
            _ => {}
        }
    }

    /// A record, or a dead letter, is gone: there has to be a reason.
    fn left(&mut self, object: usize, record: &Record) {
        let id = &record.id;
        let disk = &self.objects[object].disk;
        let is_letter = disk.letter(&row_of(id)).is_some_and(|letter| letter.id == *id);
        let is_handled = disk.number(Table::Marks, id) > 0;
        let is_dropped = self.turn.dropped.contains(id);
        let is_own = record.owner == self.objects[object].name && record.version == VERSION;
        let end = match (is_letter, is_handled, is_dropped) {
            (true, ..) => End::Buried,
            (_, true, _) => End::Handled,
            (.., true) => End::Dropped,
            _ => return self.fail(|| format!("{id} is gone for no reason")),
        };
        self.check(is_own || is_dropped, || format!("{id} of another object or version is gone"));
        let now = self.now;
        if let Some(fact) = self.facts.get_mut(id)
            && fact.caller == object
        {
            fact.end = Some((end, now));
        }
    }

    /// Where a record waits, an alarm is set, and the object knows that it is there.
    fn check_alarm(&mut self, object: usize) {
        let object = &self.objects[object];
        let comes = object.disk.alarm().is_some_and(|(_, comes)| comes);
        let own = own(object);
        let name = object.name.clone();
        let Some(memory) = &object.memory else { return };
        let counts = memory.machine.counts();
        let is_unknown = |id: &&String| !counts.has_more && memory.machine.state(id).is_none();
        let unknown = own.iter().find(is_unknown).cloned();
        self.check(comes || own.is_empty(), || format!("{name} has records and no alarm"));
        if let Some(id) = unknown {
            self.fail(|| format!("{name} does not know that it has {id}"));
        }
    }

    pub fn check_sent(&mut self, object: usize, call: &Carried) {
        let id = &call.attempt.id;
        let is_committed = self.facts.get(id).is_some_and(|fact| fact.is_committed);
        self.check(is_committed, || format!("{id} is sent and not committed"));
        let is_own = call.from == self.objects[object].name;
        self.check(is_own, || format!("{id} of another object is sent"));
    }

    pub fn check_run(&mut self, object: usize, row: &str, id: &str, expires: Time) {
        let is_late = self.clock(object) > expires + SLACK;
        self.check(!is_late, || format!("{row} runs too late"));
        let Object { disk, memory, .. } = &self.objects[object];
        let has_outcome = disk.get(Table::Ledger, row).is_some();
        let is_running = memory.as_ref().is_some_and(|memory| memory.methods.contains_key(row));
        self.check(!has_outcome && !is_running, || format!("{row} runs again"));
        let is_repeated = self.objects[object].recorded.contains(row);
        let may_repeat = self.facts.get(id).is_none_or(|fact| fact.is_restored);
        self.check(!is_repeated || may_repeat, || format!("{row} runs after it was recorded"));
    }

    pub fn check_handle(&mut self, object: usize, id: &str, with: With) {
        let clock = self.clock(object).max(self.objects[object].latest);
        let memory = self.objects[object].memory.as_ref();
        let has_outcome = memory.is_some_and(|memory| memory.outcomes.contains(id));
        let is_running = memory.is_some_and(|memory| memory.handlers.contains_key(id));
        let Some(fact) = self.facts.get_mut(id) else { return };
        if with != With::Stored {
            fact.runs += 1;
            fact.with = Some(with);
        }
        let (expires, runs, is_restored) = (fact.expires, fact.runs, fact.is_restored);
        let is_due = with != With::Timeout || clock >= expires;
        self.check(is_due, || format!("{id} times out too early"));
        let is_known = with != With::Answer || has_outcome;
        self.check(is_known, || format!("{id} is handled without its outcome"));
        self.check(!is_running, || format!("{id} is handled twice at a time"));
        let is_bounded = runs <= MOST_CRASHES + 1 || is_restored;
        self.check(is_bounded, || format!("the handler of {id} has begun {runs} times"));
    }

    /// A handler that has never crashed its object is not given up for those that have, where little else crashes.
    pub fn check_blame(&mut self, object: usize, id: &str, why: Why) {
        let crashers = self
            .facts
            .values()
            .filter(|fact| fact.caller == object && has_crashes(fact.call.handler));
        let is_quiet = self.is_quiet && crashers.count() <= 3;
        let is_innocent = self.facts.get(id).is_some_and(|fact| {
            matches!(fact.call.handler, Handler::Synchronous | Handler::Turns(_))
        });
        let is_wrong = is_quiet && is_innocent && why == Why::Crashed;
        self.check(!is_wrong, || format!("{id} is given up for another's crashes"));
    }

    /// When faults have stopped and nothing happens any more, every call has ended.
    pub fn check_end(&mut self, stop: Time) {
        for object in 0..self.objects.len() {
            let each = &self.objects[object];
            let name = each.name.clone();
            // One that is lost stays there.
            let has_alarm = self.queue.values().any(|happening| {
                let Happening::Alarm { object: woken, at } = happening else { return false };
                *woken == object && each.disk.alarm() == Some((*at, true))
            });
            let counted = each.disk.rows(Table::Counts).keys();
            let is_deleted = |row: &str| {
                self.facts.iter().any(|(id, fact)| fact.is_restored && row_of(id) == row)
            };
            let mut orphans =
                counted.filter(|row| each.disk.call(row).is_none() && !is_deleted(row));
            let orphan = orphans.next().cloned();
            if let Some(id) = own(each).first().cloned() {
                self.fail(|| format!("{id} of {name} has not ended"));
            }
            self.check(!has_alarm, || format!("{name} is idle and has an alarm"));
            self.check(orphan.is_none(), || format!("{name} has a count of no call: {orphan:?}"));
        }
        for (id, fact) in self.facts.clone() {
            let slow = Time::from(self.objects[fact.caller].offset.unsigned_abs());
            match fact.end {
                None => {
                    self.check(!fact.is_committed, || format!("{id} was accepted and has no end"));
                }
                Some((_, at)) => {
                    let bound = if self.is_steady(fact.caller) { STEADY_BOUND } else { BOUND };
                    let deadline = stop.max(fact.expires + slow) + bound;
                    // An object that crashes each time that it begins may not get to its last calls.
                    let is_poisoned = self.facts.values().any(|each| {
                        each.call.method == Method::Crashes && each.call.target == fact.caller
                    });
                    self.check(is_poisoned || at <= deadline, || {
                        format!("{id} ended {} late", at - deadline)
                    });
                }
            }
            let from = stop.max(fact.made);
            let is_prompt = fact.end.is_some_and(|(_, at)| at <= from + PROMPT);
            let should_be =
                !fact.is_blocked && self.is_healthy(&fact) && self.is_steady(fact.caller);
            self.check(!should_be || is_prompt || !fact.is_committed, || {
                format!("{id} had no turn for long")
            });
            let is_starved = fact.with == Some(With::Timeout)
                && fact.expires > from + slow + BOUND
                && !fact.is_blocked
                && self.is_healthy(&fact);
            self.check(!is_starved, || format!("{id} has timed out for no reason"));
        }
    }

    /// Whether nothing that an object runs crashes it, and its clock was never set.
    fn is_steady(&self, object: usize) -> bool {
        let is_set = self.objects[object].latest > 0;
        !is_set
            && !self.facts.values().any(|fact| {
                let Call { target, method, handler, .. } = fact.call;
                (target == object && matches!(method, Method::Crashes | Method::CrashesOnce))
                    || (fact.caller == object && has_crashes(handler))
            })
    }

    /// Whether nothing prevents a call from getting its outcome.
    fn is_healthy(&self, fact: &Fact) -> bool {
        let crashes = |each: &Fact| {
            let at = [fact.caller, fact.call.target];
            (matches!(each.call.method, Method::Crashes) && at.contains(&each.call.target))
                || matches!(each.call.method, Method::NeverEnds)
        };
        !self.facts.values().any(crashes)
    }
}

fn has_crashes(handler: Handler) -> bool {
    matches!(handler, Handler::Crashes | Handler::CrashesLate | Handler::CrashesOnce)
}

/// Calls that an object has stored, and may send.
fn own(object: &super::object::Object) -> Vec<String> {
    let rows = object.disk.rows(Table::Calls).values();
    let own = rows.filter_map(|value| match value {
        Value::Call(record) if record.owner == object.name && record.version == VERSION => {
            Some(record.id.clone())
        }
        _ => None,
    });
    own.collect()
}

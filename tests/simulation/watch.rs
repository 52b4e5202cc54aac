//! What must be so of each thing that the machine asks for, by what its object has gone through since it started.

use std::collections::{BTreeMap, BTreeSet};

use lumenize_call::durable::record::Time;
use lumenize_call::durable::schedule::{DEPLOYMENT, Failure, RECOVER, pause_after_crash};
use lumenize_call::durable::{Effect, With};

use super::carry::outcome;
use super::disk::{Table, entry_of, row_of};
use super::network::Reply;
use super::object::Object;
use super::plan::{MINUTE, SECOND, SMALL};
use super::world::World;

/// More often than this no object is woken in a second.
const MOST_WAKES: u32 = 100;

/// Lost in a crash.
#[derive(Clone, Debug, Default, Hash)]
pub struct Watch {
    /// When its object started, by its clock.
    started: Time,
    /// Until then it reads nothing: it has started too often.
    begin: Time,
    /// Calls of which an attempt has failed.
    failed: BTreeSet<String>,
    /// Calls whose handlers were counted: in this life, so that they have not crashed since.
    counted: BTreeSet<String>,
    /// When a call was first refused.
    refused: BTreeMap<String, Time>,
    /// Targets whose last answer was an outcome.
    good: BTreeSet<String>,
    /// Settled calls of which the target was told.
    told: BTreeSet<String>,
    /// Whether it was woken by an alarm that was still set.
    was_woken: bool,
    /// Whether a call was found not to be there: nobody else knows when it would have expired.
    has_missed: bool,
    /// Whether it has set the alarm.
    has_armed: bool,
}

impl Watch {
    pub fn new(started: Time) -> Self {
        Self { started, ..Self::default() }
    }
}

impl World {
    /// The turn in which something comes in has nothing to do with what the object has made.
    pub fn check_asked(&mut self, object: usize, event: &str, effects: &[Effect]) {
        let is_outgoing = |effect: &&Effect| {
            matches!(effect, Effect::Send { .. } | Effect::Count { .. } | Effect::Handle { .. })
        };
        let comes_in = matches!(
            event,
            "Started" | "Made" | "Held" | "TakenBack" | "Dropped" | "Received" | "Swept"
        );
        if comes_in && let Some(effect) = effects.iter().find(is_outgoing) {
            self.fail(|| format!("{effect:?} follows from {event}"));
        }
        let clock = self.clock(object);
        let Object { disk, memory, latest, .. } = &mut self.objects[object];
        if let Some(memory) = memory {
            memory.watch.was_woken |= event == "Woke" && disk.alarm().is_some();
            if event == "Wiped" {
                memory.watch = Watch::new(memory.watch.started);
            }
            memory.watch.has_missed |= event == "Missing";
            // The alarm is what it was before the transaction.
            memory.watch.has_armed &= event != "TakenBack";
            let (begin, pending) = (memory.watch.begin, memory.machine.counts().pending);
            // What is due is not sent in a transaction that is open: it wakes its object at once.
            let may_be_now = event == "Held" || *latest > 0 || memory.watch.was_woken;
            let is_early = effects.iter().any(|effect| {
                let Effect::Wake { at } = effect else { return false };
                (*at < begin && pending == 0) || (*at <= clock && !may_be_now)
            });
            self.check(!is_early, || "an object is woken too early".to_owned());
        }
    }

    pub fn check_effect(&mut self, object: usize, effect: &Effect) {
        let clock = self.clock(object);
        let each = &self.objects[object];
        let Some(memory) = &each.memory else { return };
        let (watch, counts) = (&memory.watch, memory.machine.counts());
        let is_set = each.latest > 0;
        let expires = |id: &String| self.facts.get(id).map_or(0, |fact| fact.expires);
        let wrong = match effect {
            Effect::Load { .. } => {
                let mut own = self.facts.values().filter(|fact| fact.caller == object);
                let may_look = is_set
                    || watch.has_missed
                    || clock >= watch.started + MINUTE
                    || own.any(|fact| fact.expires <= clock);
                let is_crowded = counts.in_flight >= self.limits.page && !may_look;
                let is_early = !is_set && clock < watch.begin;
                match (is_early, is_crowded) {
                    (true, _) => Some("an object that has to wait reads"),
                    (_, true) => Some("too much is read at once"),
                    _ => None,
                }
            }
            Effect::Wake { at } => {
                let before = each.disk.alarm().filter(|(_, comes)| *comes);
                let is_needless = before.is_some_and(|(before, _)| {
                    before <= *at && before + 2 * RECOVER > clock && watch.has_armed
                });
                let is_wrong = !is_set && !watch.was_woken && is_needless;
                is_wrong.then_some("the alarm is set in vain")
            }
            Effect::Send { id, alone, settled, .. } => {
                // One that was on disk meanwhile may have failed before.
                let is_known = self.limits.memory > SMALL.memory;
                let has_failed = is_known && watch.failed.contains(id);
                let is_counted = each.disk.number(Table::Counts, &row_of(id)) > 0;
                let has_crashed = is_counted && !watch.counted.contains(id);
                let is_told = settled.iter().any(|id| watch.told.contains(id));
                let is_wrong = (!alone && (has_failed || has_crashed)) || is_told;
                is_wrong.then_some("a call is sent with others, or tells what was told")
            }
            Effect::Count { id, crashes } if *crashes > 1 && !is_set => {
                let due = watch.started + pause_after_crash(crashes - 1);
                (clock < due.min(expires(id))).then_some("a handler that crashed does not wait")
            }
            Effect::Handle { id, with: With::Failure } => {
                let since = watch.refused.get(id).copied().unwrap_or(clock);
                let is_early = clock - since.min(clock) <= DEPLOYMENT;
                is_early.then_some("a call is given up before a deployment has ended")
            }
            _ => None,
        };
        if let Some(what) = wrong {
            self.fail(|| format!("{what}: {effect:?}"));
        }
        let Some(memory) = &mut self.objects[object].memory else { return };
        match effect {
            Effect::Send { settled, .. } => memory.watch.told.extend(settled.iter().cloned()),
            Effect::Wake { .. } => memory.watch.has_armed = true,
            Effect::Count { id, crashes: 1 } => {
                memory.watch.counted.insert(id.clone());
            }
            _ => {}
        }
    }

    /// An attempt ends for its caller.
    pub fn watch_answer(&mut self, object: usize, id: &str, reply: Reply) {
        let clock = self.clock(object);
        let target = self.facts.get(id).map(|fact| self.objects[fact.call.target].name.clone());
        let Some(memory) = &mut self.objects[object].memory else { return };
        let is_sent = memory.machine.state(id).is_some_and(|(state, _)| state == "sent");
        let watch = &mut memory.watch;
        match reply {
            // One that was given up meanwhile, and is there again, has no part in it.
            _ if !is_sent => {}
            Reply::Done => watch.good.extend(target),
            Reply::Late => {}
            Reply::Failed(failure) => {
                watch.failed.insert(id.to_owned());
                if let Some(target) = target {
                    watch.good.remove(&target);
                }
                if failure == Failure::Refused {
                    watch.refused.entry(id.to_owned()).or_insert(clock);
                }
            }
        }
    }

    /// If a transaction takes that back, it is as if the call had just been read.
    pub fn watch_drop(&mut self, object: usize, id: &str) {
        if let Some(memory) = &mut self.objects[object].memory {
            memory.watch.failed.remove(id);
            memory.watch.refused.remove(id);
        }
    }

    /// What has been refused for longer than a deployment waits no more, unless it was on disk meanwhile.
    pub fn check_refused(&mut self, object: usize, id: &str, reply: Reply) {
        let clock = self.clock(object);
        let Some(memory) = &self.objects[object].memory else { return };
        let since = memory.watch.refused.get(id).copied().unwrap_or(clock);
        let is_over = clock.saturating_sub(since) > DEPLOYMENT;
        let waits = memory.machine.state(id).is_some_and(|(state, _)| state == "waiting");
        let is_refused = reply == Reply::Failed(Failure::Refused);
        let is_wrong = is_refused && is_over && waits && self.limits.memory > SMALL.memory;
        self.check(!is_wrong, || format!("{id} is refused for more than a deployment"));
    }

    pub fn is_in_memory(&self, object: usize, id: &str) -> bool {
        let memory = self.objects[object].memory.as_ref();
        memory.is_some_and(|memory| memory.machine.state(id).is_some())
    }

    /// Calls that were read are sent at once to a target that answers.
    pub fn check_read(&mut self, object: usize, ids: &[String]) {
        let Some(memory) = &self.objects[object].memory else { return };
        let waits = ids.iter().find(|id| {
            let target = self.facts.get(*id).map(|fact| &self.objects[fact.call.target].name);
            let is_good = target.is_some_and(|target| memory.watch.good.contains(target));
            let has_failed = memory.watch.failed.contains(*id);
            let is_counted = self.objects[object].disk.get(Table::Counts, &row_of(id)).is_some();
            let state = memory.machine.state(id);
            is_good && !has_failed && !is_counted && state.is_some_and(|each| each.0 == "waiting")
        });
        if let Some(id) = waits.cloned() {
            self.fail(|| format!("{id} waits, and its target answers"));
        }
    }

    /// Outcomes that the caller does not need any more are gone.
    pub fn check_forgotten(&mut self, object: usize, from: &str, settled: &[String]) {
        let disk = &self.objects[object].disk;
        let mut rows = settled.iter().map(|id| entry_of(from, id));
        if let Some(row) = rows.find(|row| outcome(disk, row).is_some()) {
            self.fail(|| format!("{row} is kept after its caller has settled it"));
        }
    }

    pub fn check_woken(&mut self, object: usize) {
        let second = self.now / SECOND;
        let (since, wakes) = &mut self.objects[object].wakes;
        *wakes = if *since == second { *wakes + 1 } else { 1 };
        *since = second;
        let is_often = *wakes > MOST_WAKES;
        self.check(!is_often, || "an object is woken all the time".to_owned());
    }

    /// What a start says about when the object goes on.
    pub fn watch_start(&mut self, object: usize, recent_starts: u32) {
        let alarm = self.objects[object].disk.alarm().map_or(0, |(at, _)| at);
        let Some(memory) = &mut self.objects[object].memory else { return };
        memory.watch.begin = if recent_starts > 0 { alarm } else { 0 };
    }
}

//! The caller's side: every stored call is sent until it has an outcome, and its handler runs with that.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::record::{Record, Time, VERSION, id_of};
use super::schedule::{
    DEPLOYMENT, Failure, LOOK, MOST_CRASHES, RECOVER, pause, pause_after_crash, pause_at_start,
};
use super::{Effect, Limits, Row, Step, Why, With};

/// Where a call in memory stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Its turn has not ended, and may take it back.
    Made,
    /// It is sent as soon as there is room.
    Ready,
    Sent,
    Waiting(Time),
    /// It has its outcome. Its handler may have crashed the object before, so it waits for others like it.
    InLine(With),
    /// That its handler is about to run is being committed.
    Counting(With),
    Handling(With),
}

#[derive(Clone, Debug, Hash)]
struct Call {
    target: String,
    expires: Time,
    phase: Phase,
    /// How often it was sent since it is in memory.
    attempts: u32,
    /// How often others to its target had failed when it was read: one that makes room must not be sent sooner for it.
    failures: u32,
    refused_since: Option<Time>,
    /// Whether it was there when the object started, so that its handler may be what ended it.
    is_old: bool,
    /// How often its handler has begun and not ended.
    crashes: u32,
}

/// What of the outbox is on disk and not in memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
enum Rest {
    /// Nothing.
    #[default]
    None,
    /// It is read at the next wake-up.
    Later,
    /// It is read as soon as there is room.
    After(Option<String>),
}

/// The stored calls of one object.
#[derive(Clone, Debug, Default, Hash)]
pub struct Outbox {
    owner: String,
    calls: BTreeMap<String, Call>,
    /// Calls that this turn has made.
    made: Vec<String>,
    /// Ids of calls to send, in order; some may be gone.
    ready: VecDeque<String>,
    waiting: BTreeSet<(Time, String)>,
    expiring: BTreeSet<(Time, String)>,
    in_flight: usize,
    /// Calls whose handlers have crashed the object: one at a time, so that the right one is blamed.
    line: VecDeque<String>,
    in_line: Option<String>,
    /// Calls that were given up, and their crashes: until that has committed, a transaction may take it back.
    given_up: BTreeMap<String, u32>,
    /// Dead letters whose handlers run again.
    retried: BTreeSet<String>,
    /// How often handlers had begun and not ended: by rows when the object started, by ids what has gone back to disk.
    crashes: BTreeMap<String, u32>,
    /// Settled calls whose targets have not been told, by target.
    settled: BTreeMap<String, Vec<String>>,
    /// How often in a row calls to a target have failed.
    failing: BTreeMap<String, u32>,
    rest: Rest,
    /// Whether the reading of the disk has passed over calls.
    has_passed_over: bool,
    /// From when on the disk is looked through for calls that have expired: the first of them has by then.
    look: Option<Time>,
    /// When that is by what the reading that goes on has found so far.
    next_look: Option<Time>,
    is_loading: bool,
    /// Calls that have left memory since a page was asked for: it may have their rows still.
    left: BTreeSet<String>,
    parked: usize,
    /// Before this time nothing is read: the object has started too often of late.
    begin: Time,
    armed: Option<Time>,
}

/// What the outbox counts. Calls that are only on disk are not known to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Calls in memory, in whatever state.
    pub pending: usize,
    /// Those that were sent and have no answer.
    pub in_flight: usize,
    /// Those that wait for another attempt.
    pub waiting: usize,
    /// Records that this object does not touch.
    pub parked: usize,
    /// Whether there are more on disk.
    pub has_more: bool,
}

impl Outbox {
    /// What it counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            pending: self.calls.len(),
            in_flight: self.in_flight,
            waiting: self.waiting.len(),
            parked: self.parked,
            has_more: self.rest != Rest::None,
        }
    }

    /// What is known of a call in memory: its state, and how often it was sent since the object started.
    #[must_use]
    pub fn state(&self, id: &str) -> Option<(&'static str, u32)> {
        let call = self.calls.get(id)?;
        let state = match call.phase {
            Phase::Made | Phase::Ready => "stored",
            Phase::Sent => "sent",
            Phase::Waiting(_) => "waiting",
            Phase::InLine(_) | Phase::Counting(_) | Phase::Handling(_) => "handling",
        };
        Some((state, call.attempts))
    }

    /// The object has started.
    pub fn started(
        &mut self,
        owner: String,
        has_records: bool,
        crashes: Vec<(String, u32)>,
        recent_starts: u32,
        step: &mut Step,
    ) {
        *self = Self { owner, crashes: crashes.into_iter().collect(), ..Self::default() };
        if has_records {
            self.rest = Rest::Later;
            // An alarm that is set already may be one that never comes, and setting the same changes nothing.
            let pause = pause_at_start(recent_starts, &mut step.random).saturating_add(1);
            let begin = step.now.saturating_add(pause);
            if recent_starts > 0 {
                self.begin = begin;
            }
            self.look = Some(begin.saturating_add(LOOK));
            self.arm(begin, step);
        }
    }

    /// A call was made. `known` is the record of its key, if there is one.
    pub fn made(
        &mut self,
        key: Option<&str>,
        known: Option<String>,
        target: String,
        timeout: Time,
        step: &mut Step,
    ) {
        if let Some(id) = known {
            step.effects.push(Effect::Known { id });
            return;
        }
        let id = id_of(step.random.wide(), key);
        let expires = step.now.saturating_add(timeout);
        step.effects.push(Effect::Store { id: id.clone(), made: step.now, expires });
        if self.calls.len() >= step.limits.memory {
            self.leave_on_disk(expires);
            return;
        }
        self.calls.insert(id.clone(), Call::new(target, expires, Phase::Made));
        self.made.push(id);
    }

    /// The turn goes on in a transaction, whose end may be the end of the object: the alarm goes with the records.
    pub fn held(&mut self, step: &mut Step) {
        self.arm_for_next(step);
    }

    /// What was written of late may be gone again, the alarm with it, or there again: the disk knows. It is read as
    /// there is room, as after a start: nobody knows what is there again, nor when the first of that expires.
    pub fn taken_back(&mut self, now: Time) {
        let given_up = std::mem::take(&mut self.given_up);
        self.crashes.extend(given_up.into_iter().filter(|(_, crashes)| *crashes > 0));
        self.armed = None;
        let look = now.saturating_add(LOOK);
        if self.rest == Rest::None {
            self.read_anew();
            self.look = Some(look);
        } else {
            self.pass_over(look);
        }
    }

    /// The turn has ended in which calls were made; where they were taken back, sending finds that.
    pub fn committed(&mut self, step: &mut Step) {
        for id in std::mem::take(&mut self.given_up).into_keys() {
            self.remove(&id);
        }
        self.advance_line(step);
        for id in std::mem::take(&mut self.made) {
            if let Some(call) = self.calls.get(&id) {
                self.expiring.insert((call.expires, id.clone()));
                self.make_ready(id);
            }
        }
    }

    /// The record of a call is not there: its turn took it back, or it was deleted.
    pub fn missing(&mut self, id: &str, step: &mut Step) {
        if self.remove(id).is_some() {
            step.effects.push(Effect::Lost { id: id.to_owned() });
        }
        self.advance_line(step);
    }

    /// A page of what is on disk.
    pub fn loaded(&mut self, rows: Vec<Row>, more: bool, step: &mut Step) {
        self.is_loading = false;
        let left = std::mem::take(&mut self.left);
        self.rest = match rows.last() {
            Some(last) if more => Rest::After(Some(last.row.clone())),
            _ => Rest::None,
        };
        for Row { row, record } in rows {
            match record {
                Some(record) if left.contains(&record.id) => {}
                Some(record) if record.version == VERSION && record.owner == self.owner => {
                    self.take_up(&row, record, step);
                }
                _ => {
                    self.parked = self.parked.saturating_add(1);
                    step.effects.push(Effect::Parked { row });
                }
            }
        }
        if self.rest == Rest::None {
            self.look = self.next_look.take();
            if self.has_passed_over {
                self.rest = Rest::Later;
            }
        }
    }

    fn take_up(&mut self, row: &str, record: Record, step: &mut Step) {
        if self.calls.contains_key(&record.id) {
            return;
        }
        let is_full = self.calls.len() >= step.limits.memory;
        if is_full && !(record.expires <= step.now && self.make_room_for_one(step.now)) {
            self.pass_over(record.expires);
            return;
        }
        let crashes = self.crashes.remove(row).or_else(|| self.crashes.remove(&record.id));
        let crashes = crashes.unwrap_or(0);
        let failures = self.failing.get(&record.target).copied().unwrap_or(0);
        let mut call = Call::new(record.target, record.expires, Phase::Ready);
        call.is_old = true;
        call.crashes = crashes;
        call.failures = failures;
        self.expiring.insert((call.expires, record.id.clone()));
        self.calls.insert(record.id.clone(), call);
        if crashes > 0 {
            self.wait(&record.id, step.now.saturating_add(pause_after_crash(crashes)));
        } else if failures > 0 {
            self.wait(
                &record.id,
                step.now.saturating_add(pause(Failure::Broken, failures, &mut step.random)),
            );
        } else {
            self.make_ready(record.id);
        }
    }

    /// A target has answered with an outcome.
    pub fn answered(&mut self, id: &str, step: &mut Step) {
        if !self.has_landed(id) {
            return;
        }
        if let Some(call) = self.calls.get(id) {
            self.failing.remove(&call.target);
        }
        self.settle(id, With::Answer, step);
    }

    /// A target found that the call came too late. Clocks differ: here its deadline decides.
    pub fn late(&mut self, id: &str) {
        if self.has_landed(id)
            && let Some(call) = self.calls.get(id)
        {
            self.wait(id, call.expires);
        }
    }

    /// An attempt had no outcome.
    pub fn failed(&mut self, id: &str, failure: Failure, step: &mut Step) {
        if !self.has_landed(id) {
            return;
        }
        let Some(call) = self.calls.get_mut(id) else { return };
        if failure == Failure::Refused {
            let since = *call.refused_since.get_or_insert(step.now);
            if step.now.saturating_sub(since) > DEPLOYMENT {
                self.settle(id, With::Failure, step);
                return;
            }
        }
        let attempts = call.attempts.saturating_add(call.failures);
        let target = call.target.clone();
        if self.failing.len() < step.limits.targets || self.failing.contains_key(&target) {
            self.failing.insert(target, attempts);
        }
        self.wait(id, step.now.saturating_add(pause(failure, attempts, &mut step.random)));
    }

    /// That a handler is about to run has been committed.
    pub fn counted(&mut self, id: &str, step: &mut Step) {
        if let Some(call) = self.calls.get_mut(id)
            && let Phase::Counting(with) = call.phase
        {
            call.phase = Phase::Handling(with);
            step.effects.push(Effect::Handle { id: id.to_owned(), with });
        }
    }

    /// A handler has ended.
    pub fn handled(&mut self, id: &str, has_failed: bool, step: &mut Step) {
        if self.retried.remove(id) {
            step.effects.push(if has_failed {
                Effect::Bury { id: id.to_owned(), why: Why::Threw, with: With::Stored }
            } else {
                Effect::DeleteLetter { id: id.to_owned() }
            });
            return;
        }
        let is_given_up = self.given_up.contains_key(id);
        let Some(call) = self.remove(id).filter(|_| !is_given_up) else {
            self.advance_line(step);
            return;
        };
        let Phase::Handling(with) = call.phase else { return };
        if has_failed {
            step.effects.push(Effect::Bury { id: id.to_owned(), why: Why::Threw, with });
        } else {
            step.effects.push(Effect::Delete { id: id.to_owned(), is_counted: call.is_old });
        }
        // What was sent more than once may be under way still, and must find its outcome there.
        if with == With::Answer && call.attempts == 1 && !call.is_old {
            self.acknowledge(call.target, id, step.limits);
        }
        self.advance_line(step);
    }

    fn acknowledge(&mut self, target: String, id: &str, limits: &Limits) {
        if self.settled.len() >= limits.targets && !self.settled.contains_key(&target) {
            self.settled.pop_first();
        }
        let settled = self.settled.entry(target).or_default();
        if settled.len() < limits.acknowledged {
            settled.push(id.to_owned());
        }
    }

    /// The alarm has come.
    pub fn woke(&mut self, step: &Step) {
        self.armed = None;
        // The alarm may be that of the life before, which has started the object.
        if self.rest == Rest::Later && step.now >= self.begin {
            self.read_anew();
        }
        if self.rest != Rest::None && self.calls.len() >= step.limits.memory {
            self.make_room(step.now);
        }
    }

    fn read_anew(&mut self) {
        self.rest = Rest::After(None);
        self.parked = 0;
        self.has_passed_over = false;
        self.next_look = None;
    }

    /// Calls that wait go back to disk, so that calls of other targets have their turn, and deadlines are seen.
    fn make_room(&mut self, now: Time) {
        let waiting = std::mem::take(&mut self.waiting);
        for (due, id) in waiting {
            let is_due = due <= now || self.calls.get(&id).is_some_and(|call| call.expires <= now);
            if is_due {
                self.waiting.insert((due, id));
            } else {
                self.put_back(&id);
            }
        }
    }

    /// A call goes back to disk for one that has expired: the one that waits for longest, or is the last to be sent.
    fn make_room_for_one(&mut self, now: Time) -> bool {
        let last = self.waiting.last().map(|(_, id)| id.clone()).or_else(|| {
            let is_free = |id: &String| {
                let call = self.calls.get(id);
                call.is_some_and(|call| call.phase == Phase::Ready && call.expires > now)
            };
            self.ready.iter().rposition(is_free).and_then(|place| self.ready.remove(place))
        });
        last.is_some_and(|id| self.put_back(&id))
    }

    fn put_back(&mut self, id: &str) -> bool {
        let Some(call) = self.remove(id) else { return false };
        if call.crashes > 0 {
            self.crashes.insert(id.to_owned(), call.crashes);
        }
        self.pass_over(call.expires);
        true
    }

    fn pass_over(&mut self, look: Time) {
        self.has_passed_over = true;
        for each in [&mut self.look, &mut self.next_look] {
            *each = Some(each.map_or(look, |earlier| earlier.min(look)));
        }
    }

    fn leave_on_disk(&mut self, expires: Time) {
        self.pass_over(expires);
        if self.rest == Rest::None {
            self.rest = Rest::Later;
        }
    }

    /// A person gives up a call.
    pub fn dropped(&mut self, id: &str, step: &mut Step) {
        let call = self.calls.get(id);
        let is_counted = call.is_none_or(|call| call.is_old);
        self.given_up.insert(id.to_owned(), call.map_or(0, |call| call.crashes));
        if !call.is_some_and(|call| matches!(call.phase, Phase::Handling(_))) {
            self.remove(id);
        }
        step.effects.push(Effect::Delete { id: id.to_owned(), is_counted });
    }

    /// A person has the handler of a dead letter run again.
    pub fn retried(&mut self, id: &str, step: &mut Step) {
        if self.retried.insert(id.to_owned()) {
            step.effects.push(Effect::Handle { id: id.to_owned(), with: With::Stored });
        }
    }

    /// All of the storage was deleted.
    pub fn wiped(&mut self, step: &mut Step) {
        let owner = std::mem::take(&mut self.owner);
        for id in self.calls.keys() {
            step.effects.push(Effect::Lost { id: id.clone() });
        }
        *self = Self { owner, ..Self::default() };
    }

    /// Goes on: settles what has expired, sends what is due, reads more, and sets the alarm.
    pub fn pump(&mut self, step: &mut Step) {
        while let Some((expires, id)) = self.expiring.first().cloned()
            && expires <= step.now
        {
            self.settle(&id, With::Timeout, step);
        }
        while let Some((due, id)) = self.waiting.first().cloned()
            && due <= step.now
        {
            self.waiting.remove(&(due, id.clone()));
            self.make_ready(id);
        }
        while self.in_flight < step.limits.in_flight
            && let Some(id) = self.ready.pop_front()
        {
            self.send(id, step);
        }
        let has_room = self.calls.len() < step.limits.memory && self.in_flight < step.limits.page;
        let is_looking = self.look.is_some_and(|look| look <= step.now);
        if let Rest::After(after) = &self.rest
            && !self.is_loading
            && (has_room || is_looking)
        {
            self.is_loading = true;
            step.effects.push(Effect::Load { after: after.clone(), limit: step.limits.page });
        }
        self.arm_for_next(step);
    }

    fn send(&mut self, id: String, step: &mut Step) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if call.phase != Phase::Ready {
            return;
        }
        call.phase = Phase::Sent;
        call.attempts = call.attempts.saturating_add(1);
        self.in_flight = self.in_flight.saturating_add(1);
        let settled = self.settled.remove(&call.target).unwrap_or_default();
        // What has failed once travels alone, so that it takes no other call down with it.
        let alone = call.attempts > 1 || call.failures > 0 || call.crashes > 0;
        step.effects.push(Effect::Send { id, attempt: call.attempts, alone, settled });
    }

    fn arm_for_next(&mut self, step: &mut Step) {
        if self.calls.is_empty() && self.rest == Rest::None {
            return;
        }
        let firsts = [&self.waiting, &self.expiring];
        let firsts = firsts.iter().filter_map(|times| times.first().map(|(time, _)| *time));
        let recover = step.now.saturating_add(RECOVER);
        let last = if self.calls.is_empty() { recover.max(self.begin) } else { recover };
        let next = firsts.fold(last, Time::min);
        // One that should have come long ago has been lost.
        let is_set = self.armed.is_some_and(|armed| {
            armed <= next && armed.saturating_add(RECOVER).saturating_add(RECOVER) > step.now
        });
        if !is_set {
            self.arm(next, step);
        }
    }

    fn arm(&mut self, at: Time, step: &mut Step) {
        self.armed = Some(at);
        step.effects.push(Effect::Wake { at });
    }

    /// A call has its outcome, once: its handler is next.
    fn settle(&mut self, id: &str, with: With, step: &mut Step) {
        self.untime(id);
        let Some(call) = self.calls.get_mut(id) else { return };
        if call.phase == Phase::Sent {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        if !call.is_old {
            call.phase = Phase::Handling(with);
            step.effects.push(Effect::Handle { id: id.to_owned(), with });
        } else if call.crashes >= MOST_CRASHES {
            self.remove(id);
            step.effects.push(Effect::Bury { id: id.to_owned(), why: Why::Crashed, with });
        } else if call.crashes == 0 {
            call.phase = Phase::Counting(with);
            step.effects.push(Effect::Count { id: id.to_owned(), crashes: 1 });
        } else {
            call.phase = Phase::InLine(with);
            self.line.push_back(id.to_owned());
            self.advance_line(step);
        }
    }

    fn advance_line(&mut self, step: &mut Step) {
        while self.in_line.is_none()
            && let Some(id) = self.line.pop_front()
        {
            let Some(call) = self.calls.get_mut(&id) else { continue };
            if let Phase::InLine(with) = call.phase {
                call.phase = Phase::Counting(with);
                let crashes = call.crashes.saturating_add(1);
                step.effects.push(Effect::Count { id: id.clone(), crashes });
                self.in_line = Some(id);
            }
        }
    }

    /// Whether a message that has ended was this call's, which then is in flight no more.
    fn has_landed(&mut self, id: &str) -> bool {
        let Some(call) = self.calls.get_mut(id) else { return false };
        if call.phase != Phase::Sent {
            return false;
        }
        call.phase = Phase::Ready;
        self.in_flight = self.in_flight.saturating_sub(1);
        true
    }

    fn make_ready(&mut self, id: String) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Ready;
            self.ready.push_back(id);
        }
    }

    fn wait(&mut self, id: &str, due: Time) {
        if let Some(call) = self.calls.get_mut(id) {
            call.phase = Phase::Waiting(due);
            self.waiting.insert((due, id.to_owned()));
        }
    }

    /// Takes a call out of what is ordered by time.
    fn untime(&mut self, id: &str) {
        let Some(call) = self.calls.get(id) else { return };
        self.expiring.remove(&(call.expires, id.to_owned()));
        if let Phase::Waiting(due) = call.phase {
            self.waiting.remove(&(due, id.to_owned()));
        }
    }

    fn remove(&mut self, id: &str) -> Option<Call> {
        self.untime(id);
        let call = self.calls.remove(id)?;
        if call.phase == Phase::Sent {
            self.in_flight = self.in_flight.saturating_sub(1);
        }
        if self.in_line.as_deref() == Some(id) {
            self.in_line = None;
        }
        if self.is_loading {
            self.left.insert(id.to_owned());
        }
        Some(call)
    }
}

impl Call {
    fn new(target: String, expires: Time, phase: Phase) -> Self {
        Self {
            target,
            expires,
            phase,
            attempts: 0,
            failures: 0,
            refused_since: None,
            is_old: false,
            crashes: 0,
        }
    }
}

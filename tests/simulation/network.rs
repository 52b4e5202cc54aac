//! Messages and answers between objects, and what a target does with a call.

use lumenize_call::durable::record::{Entry, Time, VERSION};
use lumenize_call::durable::schedule::{Failure, SLACK};
use lumenize_call::durable::{Effect, Event};

use super::carry::outcome;
use super::disk::{Table, Value, entry_of};
use super::object::{Attempt, Running};
use super::plan::{MINUTE, Method, SECOND};
use super::world::{Crash, Happening, World};

/// After so long an attempt is over for its caller.
const SLOW: Time = 25 * SECOND;

#[derive(Clone, Debug)]
pub struct Message {
    pub to: usize,
    pub calls: Vec<Carried>,
    is_repeat: bool,
}

/// A call as it travels.
#[derive(Clone, Debug)]
pub struct Carried {
    pub attempt: Attempt,
    pub target: String,
    pub from: String,
    pub version: u64,
    pub expires: Time,
    pub settled: Vec<String>,
    pub alone: bool,
}

/// How an attempt ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    Done,
    Late,
    Failed(Failure),
}

impl World {
    /// A turn has committed: what it sends leaves. Calls to one target travel together.
    pub fn leave(&mut self, object: usize) {
        let turn = std::mem::take(&mut self.turn);
        for (after, happening) in turn.later {
            self.schedule(after, happening);
        }
        for (attempt, reply) in turn.replies {
            self.reply(attempt, reply);
        }
        let mut together: Vec<Message> = Vec::new();
        for call in turn.outgoing {
            self.check_sent(object, &call);
            let Some(to) = self.objects.iter().position(|each| each.name == call.target) else {
                continue;
            };
            let with = together.iter_mut().find(|each| each.to == to && !call.alone);
            match with {
                Some(message) => message.calls.push(call),
                None if call.alone => {
                    self.transmit(Message { to, calls: vec![call], is_repeat: false });
                }
                None => together.push(Message { to, calls: vec![call], is_repeat: false }),
            }
        }
        for message in together {
            self.transmit(message);
        }
    }

    fn transmit(&mut self, message: Message) {
        let faults = self.faults;
        let is_delayed = self.chance.is(faults.delay);
        let after = 1 + self.chance.below(if is_delayed { 3 * MINUTE } else { 20 });
        for call in &message.calls {
            let slow = Happening::Answer(call.attempt.clone(), Reply::Failed(Failure::Slow));
            self.schedule(SLOW, slow);
        }
        if self.chance.is(faults.drop) {
            let broken = 1 + self.chance.below(2 * after);
            for call in &message.calls {
                let reply = Reply::Failed(Failure::Broken);
                self.schedule(broken, Happening::Answer(call.attempt.clone(), reply));
            }
            // The connection is lost, and the message may arrive all the same.
            if self.chance.is(500) {
                return;
            }
        }
        if self.chance.is(faults.repeat) {
            let later = self.chance.below(MINUTE);
            let repeat = Message { is_repeat: true, ..message.clone() };
            self.schedule(after + later, Happening::Arrive(repeat));
        }
        self.schedule(after, Happening::Arrive(message));
    }

    fn reply(&mut self, attempt: Attempt, reply: Reply) {
        if self.chance.is(self.faults.drop) {
            return;
        }
        let is_delayed = self.chance.is(self.faults.delay);
        let after = 1 + self.chance.below(if is_delayed { 30 * SECOND } else { 20 });
        self.schedule(after, Happening::Answer(attempt, reply));
    }

    pub fn arrive(&mut self, message: Message) {
        let Message { to, mut calls, is_repeat } = message;
        if is_repeat {
            calls.retain(|call| !self.answered.contains(&call.attempt));
        }
        let refused = if self.chance.is(self.faults.overload) {
            Some(Failure::Overloaded)
        } else {
            self.objects[to].refuses.then_some(Failure::Refused)
        };
        if let Some(failure) = refused {
            for call in calls {
                self.reply(call.attempt, Reply::Failed(failure));
            }
            return;
        }
        self.turn.arriving = calls.iter().map(|call| call.attempt.clone()).collect();
        self.turn(to, |world| calls.into_iter().try_for_each(|call| world.receive(to, call)));
    }

    fn receive(&mut self, object: usize, call: Carried) -> Result<(), Crash> {
        let Carried { attempt, from, version, expires, settled, .. } = call;
        let id = attempt.id.clone();
        let row = entry_of(&from, &id);
        let known = outcome(&self.objects[object].disk, &row).map(|entry| entry.version);
        let told = (from.clone(), settled.clone());
        let settled = settled.iter().map(|id| entry_of(&from, id)).collect();
        let memory = self.objects[object].memory.as_mut();
        let is_running = memory.is_some_and(|memory| memory.methods.contains_key(&row));
        let received =
            Event::Received { version, row: row.clone(), expires, known, is_running, settled };
        let mut effects = self.ask(object, received);
        let decision = effects.pop();
        self.carry_all(object, effects)?;
        let is_other = version != u64::from(VERSION);
        self.check(!is_other || decision == Some(Effect::Refuse), || {
            format!("a message of version {version} is taken: {decision:?}")
        });
        self.check_forgotten(object, &told.0, &told.1);
        match decision {
            Some(Effect::Run { entry }) => {
                self.check_run(object, &row, &attempt.id, expires);
                return self.run_method(object, row, entry, attempt);
            }
            Some(Effect::Join) => {
                let memory = self.objects[object].memory.as_mut();
                match memory.and_then(|memory| memory.methods.get_mut(&row)) {
                    Some(running) => running.waiting.push(attempt),
                    None => self.fail(|| format!("{row} is joined and does not run")),
                }
            }
            Some(Effect::Repeat) => {
                let is_there = outcome(&self.objects[object].disk, &row).is_some();
                self.check(is_there, || format!("{row} is repeated and has no outcome"));
                self.turn.replies.push((attempt, Reply::Done));
            }
            Some(Effect::Late) => {
                let is_late = self.clock(object) > expires + SLACK;
                self.check(is_late, || format!("{} is not late", attempt.id));
                self.turn.replies.push((attempt, Reply::Late));
            }
            Some(Effect::Refuse) => {
                self.turn.replies.push((attempt, Reply::Failed(Failure::Refused)));
            }
            other => self.fail(|| format!("a call is answered with {other:?}")),
        }
        Ok(())
    }

    fn run_method(
        &mut self,
        object: usize,
        row: String,
        entry: Entry,
        attempt: Attempt,
    ) -> Result<(), Crash> {
        self.tally.runs += 1;
        let id = attempt.id.clone();
        let Some(fact) = self.facts.get_mut(&id) else { return Ok(()) };
        let method = fact.call.method;
        let has_crashed = fact.has_crashed_target;
        let left = match method {
            Method::Crashes => return Err(Crash),
            Method::CrashesOnce if !has_crashed => {
                fact.has_crashed_target = true;
                return Err(Crash);
            }
            Method::WritesLast(turns) | Method::WritesFirst(turns) => turns,
            _ => 0,
        };
        if matches!(method, Method::WritesFirst(_)) {
            self.write_effect(object, &row);
        }
        let life = self.objects[object].life;
        if let Some(memory) = &mut self.objects[object].memory {
            let running = Running { id, entry, left, waiting: vec![attempt] };
            memory.methods.insert(row.clone(), running);
        }
        if method == Method::NeverEnds {
            return Ok(());
        }
        if left == 0 {
            return self.end_method(object, &row);
        }
        let after = self.turn_length();
        self.turn.later.push((after, Happening::Method { object, life, row }));
        Ok(())
    }

    pub fn go_on_running(&mut self, object: usize, row: &str) -> Result<(), Crash> {
        let life = self.objects[object].life;
        let Some(memory) = &mut self.objects[object].memory else { return Ok(()) };
        let Some(running) = memory.methods.get_mut(row) else { return Ok(()) };
        running.left -= 1;
        if running.left == 0 {
            return self.end_method(object, row);
        }
        let after = self.turn_length();
        self.turn.later.push((after, Happening::Method { object, life, row: row.to_owned() }));
        Ok(())
    }

    fn end_method(&mut self, object: usize, row: &str) -> Result<(), Crash> {
        let memory = self.objects[object].memory.as_mut();
        let Some(running) = memory.and_then(|memory| memory.methods.remove(row)) else {
            return Ok(());
        };
        let method = self.facts.get(&running.id).map(|fact| fact.call.method);
        if !matches!(method, Some(Method::Throws | Method::WritesFirst(_)) | None) {
            self.write_effect(object, row);
        }
        self.burn(object)?;
        let replies = running.waiting.into_iter().map(|attempt| (attempt, Reply::Done));
        self.turn.replies.extend(replies);
        self.objects[object].disk.put(Table::Ledger, row, Value::Outcome(running.entry));
        Ok(())
    }

    fn write_effect(&mut self, object: usize, row: &str) {
        let disk = &mut self.objects[object].disk;
        let times = disk.number(Table::Effects, row) + 1;
        disk.put(Table::Effects, row, Value::Number(times));
    }

    /// An attempt has ended for its caller, if that still waits for it.
    pub fn answer(&mut self, attempt: &Attempt, reply: Reply) {
        let Attempt { caller, life, id, number } = attempt;
        if !self.lives(*caller, *life) {
            return;
        }
        let Some(memory) = &mut self.objects[*caller].memory else { return };
        if memory.attempts.get(id) != Some(number) {
            return;
        }
        memory.attempts.remove(id);
        let id = id.clone();
        let event = match reply {
            Reply::Done => {
                memory.outcomes.insert(id.clone());
                self.answered.insert(attempt.clone());
                Event::Answered { id }
            }
            Reply::Late => Event::TooLate { id },
            Reply::Failed(failure) => Event::Failed { id, failure },
        };
        self.turn(*caller, |world| {
            world.watch_answer(*caller, &attempt.id, reply);
            world.tell(*caller, event)?;
            world.check_refused(*caller, &attempt.id, reply);
            Ok(())
        });
    }
}

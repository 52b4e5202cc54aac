//! What an object does with what the machine says: rows, messages, handlers.

use lumenize_call::durable::record::{Entry, Record, Time, VERSION};
use lumenize_call::durable::schedule::MOST_CRASHES;
use lumenize_call::durable::{Effect, Event, Row, Why, With};

use super::disk::{Disk, Table, Value, row_of};
use super::network::Carried;
use super::object::Attempt;
use super::plan::{Call, Handler, SECOND};
use super::truth::Fact;
use super::world::{Crash, Happening, World};

impl World {
    pub fn carry_out(&mut self, object: usize, effect: Effect) -> Result<(), Crash> {
        let life = self.objects[object].life;
        let disk = &mut self.objects[object].disk;
        match effect {
            Effect::Load { after, limit } => {
                let rows = page(disk, Table::Calls, after, limit);
                let more = rows.len() == limit;
                let rows = rows.into_iter().map(|row| Row { record: readable(disk, &row), row });
                let rows: Vec<_> = rows.collect();
                let records = rows.iter().filter_map(|row| row.record.as_ref());
                let ids = records.map(|record| record.id.clone());
                let ids: Vec<_> = ids.filter(|id| !self.is_in_memory(object, id)).collect();
                self.tell(object, Event::Loaded { rows, more })?;
                self.check_read(object, &ids);
            }
            Effect::Send { id, attempt, alone, settled, .. } => {
                return self.send(object, id, attempt, alone, settled);
            }
            Effect::Count { id, crashes } => {
                disk.put(Table::Counts, &row_of(&id), Value::Number(crashes));
                self.turn.later.push((1, Happening::Counted { object, life, id }));
            }
            Effect::Handle { id, with } => return self.handle(object, id, with),
            Effect::Delete { id, is_counted } => self.delete(object, &id, is_counted),
            Effect::Bury { id, why, with } => self.bury(object, &id, why, with),
            Effect::DeleteLetter { id } => disk.delete(Table::Letters, &row_of(&id)),
            Effect::Wake { at } => disk.put(Table::Alarm, "", Value::Alarm { at, comes: true }),
            Effect::Forget { rows } => {
                for row in rows {
                    disk.delete(Table::Ledger, &row);
                }
            }
            Effect::Sweep { after, limit } => {
                let rows = page(disk, Table::Ledger, after, limit);
                let more = rows.len() == limit;
                let entries = rows.into_iter().filter_map(|row| {
                    let entry = outcome(disk, &row)?;
                    Some((row, entry))
                });
                let entries = entries.collect();
                return self.tell(object, Event::Swept { entries, more });
            }
            Effect::Lost { .. } | Effect::Parked { .. } => {}
            // Answers to what only the code asks that gets them.
            Effect::Store { .. }
            | Effect::Known { .. }
            | Effect::Run { .. }
            | Effect::Repeat
            | Effect::Join
            | Effect::Late
            | Effect::Refuse => self.fail(|| format!("nobody has asked for {effect:?}")),
        }
        Ok(())
    }

    /// Makes a call in this turn. What is too large to be stored is taken back at once.
    pub fn make(&mut self, object: usize, call: Call, is_too_large: bool) -> Result<(), Crash> {
        let disk = &self.objects[object].disk;
        let row = call.key.map(|key| row_of(&format!(".{key}")));
        let known = row.and_then(|row| disk.call(&row).or_else(|| disk.letter(&row)));
        if known.as_ref().is_some_and(|known| known.version != VERSION) {
            return Ok(());
        }
        let made = Event::Made {
            key: call.key.map(|key| key.to_string()),
            known: known.map(|known| known.id.clone()),
            target: self.objects[call.target].name.clone(),
            timeout: call.timeout,
        };
        let effects = self.ask(object, made);
        let [Effect::Store { id, made, expires }] = effects.as_slice() else { return Ok(()) };
        self.tally.calls += 1;
        let (id, made, expires) = (id.clone(), *made, *expires);
        if is_too_large {
            return self.tell(object, Event::Missing { id });
        }
        let owner = self.objects[object].name.clone();
        let target = self.objects[call.target].name.clone();
        let record = Record { version: VERSION, owner, id: id.clone(), target, made, expires };
        let value = Value::Call(record);
        self.objects[object].disk.put(Table::Calls, &row_of(&id), value);
        self.facts.insert(id, Fact::new(call, object, expires, self.now));
        self.turn.has_made = true;
        Ok(())
    }

    fn send(
        &mut self,
        object: usize,
        id: String,
        number: u32,
        alone: bool,
        settled: Vec<String>,
    ) -> Result<(), Crash> {
        let Some(record) = self.stored(object, &id) else {
            return self.tell(object, Event::Missing { id });
        };
        let life = self.objects[object].life;
        let version = if self.objects[object].is_newer { 2 } else { 1 };
        if let Some(memory) = &mut self.objects[object].memory {
            memory.attempts.insert(id.clone(), number);
        }
        let attempt = Attempt { caller: object, life, id, number };
        let Record { target, owner: from, expires, .. } = record;
        self.turn.outgoing.push(Carried {
            attempt,
            target,
            from,
            version,
            expires,
            settled,
            alone,
        });
        Ok(())
    }

    fn handle(&mut self, object: usize, id: String, with: With) -> Result<(), Crash> {
        let disk = &self.objects[object].disk;
        let stored = match with {
            With::Stored => disk.letter(&row_of(&id)).filter(|record| record.id == id).cloned(),
            _ => self.stored(object, &id),
        };
        if stored.is_none() {
            return self.tell(object, Event::Missing { id });
        }
        self.check_handle(object, &id, with);
        let Some(fact) = self.facts.get_mut(&id) else { return Ok(()) };
        let has_crashed = fact.has_crashed_caller;
        let turns = match fact.call.handler {
            Handler::Crashes => return Err(Crash),
            Handler::CrashesOnce if !has_crashed => {
                fact.has_crashed_caller = true;
                return Err(Crash);
            }
            Handler::CrashesLate => 1,
            // A person who is impatient has it run again meanwhile.
            Handler::Throws if with == With::Stored => 1,
            Handler::Turns(turns) => turns,
            _ => 0,
        };
        let life = self.objects[object].life;
        if let Some(memory) = &mut self.objects[object].memory {
            memory.handlers.insert(id.clone(), (with, turns));
        }
        if turns == 0 {
            return self.end_handler(object, id);
        }
        let after = self.turn_length();
        self.turn.later.push((after, Happening::Handler { object, life, id }));
        Ok(())
    }

    /// Mostly short, sometimes longer than an attempt may take.
    pub fn turn_length(&mut self) -> Time {
        let most = if self.chance.is(50) { 60 * SECOND } else { 100 };
        1 + self.chance.below(most)
    }

    pub fn go_on_handling(&mut self, object: usize, id: &str) -> Result<(), Crash> {
        let life = self.objects[object].life;
        let Some(memory) = &mut self.objects[object].memory else { return Ok(()) };
        let Some((_, left)) = memory.handlers.get_mut(id) else { return Ok(()) };
        *left -= 1;
        let is_over = *left == 0;
        let is_late_crash =
            self.facts.get(id).is_some_and(|fact| fact.call.handler == Handler::CrashesLate);
        if is_late_crash {
            return Err(Crash);
        }
        if is_over {
            return self.end_handler(object, id.to_owned());
        }
        let after = self.turn_length();
        self.turn.later.push((after, Happening::Handler { object, life, id: id.to_owned() }));
        Ok(())
    }

    fn end_handler(&mut self, object: usize, id: String) -> Result<(), Crash> {
        let memory = self.objects[object].memory.as_mut();
        let ended = memory.and_then(|memory| memory.handlers.remove(&id));
        let Some(fact) = self.facts.get(&id) else { return Ok(()) };
        let handler = fact.call.handler;
        let is_retried = matches!(ended, Some((With::Stored, _)));
        let has_failed = handler == Handler::Throws && !is_retried;
        if handler == Handler::Calls && self.facts.len() < 100 {
            let call = Call { handler: Handler::Synchronous, key: None, ..fact.call };
            self.make(object, call, false)?;
        }
        if !has_failed {
            let disk = &mut self.objects[object].disk;
            let marks = disk.number(Table::Marks, &id) + 1;
            disk.put(Table::Marks, &id, Value::Number(marks));
        }
        self.tell(object, Event::Handled { id, has_failed })
    }

    fn delete(&mut self, object: usize, id: &str, is_counted: bool) {
        let row = row_of(id);
        let disk = &mut self.objects[object].disk;
        let is_other = disk.call(&row).is_some_and(|record| record.id != id);
        disk.delete(Table::Calls, &row);
        if is_counted {
            disk.delete(Table::Counts, &row);
        }
        self.check(!is_other, || format!("another call than {id} is deleted"));
    }

    fn bury(&mut self, object: usize, id: &str, why: Why, with: With) {
        let row = row_of(id);
        let count = self.objects[object].disk.number(Table::Counts, &row);
        let is_due = why == Why::Threw || count >= MOST_CRASHES;
        self.check(is_due, || format!("{id} is given up after {count} crashes"));
        if with == With::Stored {
            return;
        }
        self.check_blame(object, id, why);
        let Some(record) = self.stored(object, id) else { return };
        let disk = &mut self.objects[object].disk;
        disk.put(Table::Letters, &row, Value::Letter(record));
        disk.delete(Table::Calls, &row);
        disk.delete(Table::Counts, &row);
    }

    /// The record of a call, unless its key belongs to another call by now.
    fn stored(&self, object: usize, id: &str) -> Option<Record> {
        let record = self.objects[object].disk.call(&row_of(id))?;
        (record.id == id).then(|| record.clone())
    }
}

fn page(disk: &Disk, table: Table, after: Option<String>, limit: usize) -> Vec<String> {
    use std::ops::Bound::{Excluded, Unbounded};
    let from = after.map_or(Unbounded, Excluded);
    let rows = disk.rows(table).range((from, Unbounded));
    rows.take(limit).map(|(row, _)| row.clone()).collect()
}

/// Some of what a newer version wrote cannot be read at all.
fn readable(disk: &Disk, row: &str) -> Option<Record> {
    disk.call(row).filter(|record| record.version == VERSION || record.made % 2 == 0).cloned()
}

pub fn outcome(disk: &Disk, row: &str) -> Option<Entry> {
    match disk.get(Table::Ledger, row) {
        Some(Value::Outcome(entry)) => Some(entry.clone()),
        _ => None,
    }
}

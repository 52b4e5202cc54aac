//! What the plan does to the world.

use lumenize_call::durable::Event;
use lumenize_call::durable::record::{Entry, Record, VERSION};

use super::disk::{Table, Value, entry_of, row_of};
use super::object::Object;
use super::plan::{Action, Call, Within};
use super::truth::End;
use super::world::{Crash, World};

impl World {
    pub fn act(&mut self, action: Action) {
        match action {
            Action::Make { object, calls, within } => {
                self.turn(object, |world| world.make_within(object, &calls, within));
            }
            Action::Crash { object, effects } => self.objects[object].fuse = Some(effects),
            Action::Kill => (0..self.objects.len()).for_each(|object| self.crash(object)),
            Action::Evict { object } => self.crash(object),
            Action::Touch { object } => self.turn(object, |_| Ok(())),
            Action::Clock { object, to } => {
                let now = self.clock(object);
                let each = &mut self.objects[object];
                (each.latest, each.offset) = (each.latest.max(now), to);
            }
            Action::Wipe { object } => self.turn(object, |world| world.wipe(object)),
            Action::Copy { object } => self.copy(object),
            Action::Remember { object } => {
                self.objects[object].remembered = Some(self.objects[object].disk.copy());
            }
            Action::Restore { object } => self.restore(object),
            Action::Deploy { object, refuses, is_newer } => {
                self.crash(object);
                self.objects[object].refuses = refuses;
                self.objects[object].is_newer = is_newer;
            }
            Action::Newer { object } => self.leave_newer_rows(object),
            Action::Retry { object, which } => {
                let letters = self.objects[object].disk.rows(Table::Letters);
                let Some(Value::Letter(record)) = letters.values().nth(which) else { return };
                let id = record.id.clone();
                self.turn(object, |world| world.tell(object, Event::Retried { id }));
            }
            Action::Drop { object, which } => self.turn(object, |world| world.drop(object, which)),
            Action::Delete { object, which } => {
                self.turn(object, |world| {
                    world.delete_row(object, which);
                    Ok(())
                });
            }
        }
    }

    fn make_within(&mut self, object: usize, calls: &[Call], within: Within) -> Result<(), Crash> {
        let before = self.objects[object].disk.changes();
        for call in calls {
            self.make(object, *call, within == Within::TooLarge)?;
            if matches!(within, Within::Transaction { .. }) {
                self.tell(object, Event::Held)?;
            }
        }
        match within {
            Within::Turn | Within::TooLarge => Ok(()),
            Within::Savepoint | Within::Transaction { commits: false } => {
                // What a person gives up in it is there again.
                self.drop(object, 0)?;
                self.turn.dropped.clear();
                self.objects[object].disk.roll_back(before);
                self.tell(object, Event::TakenBack)
            }
            Within::Transaction { commits: true } => {
                // While it is open, other things may happen; it commits before the object hears of it.
                if self.chance.is(500) {
                    self.turn.has_made = false;
                    self.tell(object, Event::Woke)?;
                    self.turn.has_made = true;
                }
                self.commit(object);
                self.burn(object)
            }
            Within::Aborted => Err(Crash),
            Within::Wiped => self.wipe(object),
            Within::WipedBetween => {
                self.wipe(object)?;
                self.tell(object, Event::Woke)?;
                calls.iter().try_for_each(|call| self.make(object, *call, false))
            }
        }
    }

    fn wipe(&mut self, object: usize) -> Result<(), Crash> {
        self.objects[object].disk.wipe();
        self.replaced(object);
        self.tell(object, Event::Wiped)
    }

    /// All of the storage is gone, or is as it was.
    pub fn replaced(&mut self, object: usize) {
        let now = self.now;
        let Self { facts, objects, .. } = self;
        let disk = &objects[object].disk;
        for (id, fact) in facts.iter_mut().filter(|(_, fact)| fact.caller == object) {
            let is_there = |record: Option<&Record>| record.is_some_and(|each| each.id == *id);
            (fact.is_restored, fact.runs) = (true, 0);
            if is_there(disk.call(&row_of(id))) {
                (fact.end, fact.is_committed) = (None, true);
            } else if is_there(disk.letter(&row_of(id))) {
                fact.end = Some((End::Buried, now));
            } else if fact.is_committed {
                fact.end = fact.end.or(Some((End::Wiped, now)));
            }
        }
        objects[object].recorded = disk.rows(Table::Ledger).keys().cloned().collect();
    }

    fn copy(&mut self, object: usize) {
        if self.objects.len() > 5 {
            return;
        }
        let mut copy = Object::new(format!("copy {}", self.objects.len()));
        copy.disk = self.objects[object].disk.copy();
        self.objects.push(copy);
        self.turn(self.objects.len() - 1, |_| Ok(()));
    }

    fn restore(&mut self, object: usize) {
        if let Some(disk) = self.objects[object].remembered.clone() {
            self.crash(object);
            self.objects[object].disk = disk;
            self.replaced(object);
            self.turn(object, |_| Ok(()));
        }
    }

    /// Calls of a newer version of this object, and outcomes: one of a call that it may still get.
    fn leave_newer_rows(&mut self, object: usize) {
        self.crash(object);
        let (version, now) = (VERSION + 1, self.now);
        let Object { name, disk, .. } = &mut self.objects[object];
        for (many, each) in ["5", ".0", "f"].into_iter().enumerate() {
            let id = format!("{}{now}{each}", if many == 2 { "f" } else { "" });
            if disk.call(&row_of(&id)).is_none() && disk.letter(&row_of(&id)).is_none() {
                let (owner, target) = (name.clone(), name.clone());
                let (made, expires) = (now + many as u64, 0);
                let record = Record { version, owner, id: id.clone(), target, made, expires };
                disk.put(Table::Calls, &row_of(&id), Value::Call(record));
            }
        }
        disk.put(Table::Ledger, &format!("a:{now}"), Value::Outcome(Entry { version, expires: 0 }));
        let pending = self.facts.iter_mut().find(|(_, fact)| {
            fact.call.target == object && fact.end.is_none() && fact.is_committed
        });
        if let Some((id, fact)) = pending {
            let row = entry_of(&self.objects[fact.caller].name, id);
            let disk = &mut self.objects[object].disk;
            if disk.get(Table::Ledger, &row).is_none() {
                fact.is_blocked = true;
                disk.put(Table::Ledger, &row, Value::Outcome(Entry { version, expires: 0 }));
            }
        }
        self.objects[object].disk.commit();
    }

    fn delete_row(&mut self, object: usize, which: usize) {
        let disk = &mut self.objects[object].disk;
        if let Some(Value::Call(record)) = disk.rows(Table::Calls).values().nth(which) {
            let id = record.id.clone();
            disk.delete(Table::Calls, &row_of(&id));
            disk.delete(Table::Counts, &row_of(&id));
            if let Some(fact) = self.facts.get_mut(&id) {
                fact.is_restored = true;
            }
            self.turn.dropped.insert(id);
        }
    }

    fn drop(&mut self, object: usize, which: usize) -> Result<(), Crash> {
        let disk = &mut self.objects[object].disk;
        if let Some(Value::Letter(record)) = disk.rows(Table::Letters).values().nth(which) {
            let id = record.id.clone();
            disk.delete(Table::Letters, &row_of(&id));
            self.turn.dropped.insert(id);
        } else if let Some(Value::Call(record)) = disk.rows(Table::Calls).values().nth(which)
            && record.version == VERSION
        {
            let id = record.id.clone();
            self.turn.dropped.insert(id.clone());
            self.watch_drop(object, &id);
            self.turn.has_made = true;
            return self.tell(object, Event::Dropped { id });
        }
        Ok(())
    }
}

//! The world: its happenings in the order of true time, and the turns of its objects.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lumenize_call::durable::record::Time;
use lumenize_call::durable::schedule::Failure;
use lumenize_call::durable::{Effect, Event, Limits};

use super::coverage::Coverage;
use super::disk::Table;
use super::harsh::plain_call;
use super::network::{Carried, Message, Reply};
use super::object::{Attempt, Memory, Object};
use super::plan::{Action, Chance, Faults, HOUR, MINUTE, Plan, SECOND};
use super::truth::Fact;

/// When every run begins: clocks may be behind it.
pub const BEGIN: Time = 1_000_000_000;

/// More happenings than any run takes that comes to rest.
const MOST_HAPPENINGS: u64 = 200_000;

/// For so long starts of an object count as recent.
const RECENT: Time = MINUTE;

/// What happens at some time.
#[derive(Clone, Debug)]
pub enum Happening {
    Act(Action),
    Arrive(Message),
    Answer(Attempt, Reply),
    Counted { object: usize, life: u32, id: String },
    Handler { object: usize, life: u32, id: String },
    Method { object: usize, life: u32, row: String },
    Alarm { object: usize, at: Time },
    SecondAlarm { object: usize },
}

/// An object has crashed in its turn.
#[derive(Debug)]
pub struct Crash;

/// What a turn does beside what it writes.
#[derive(Clone, Debug, Default)]
pub struct Turn {
    /// Whether calls have been made.
    pub has_made: bool,
    /// What the machine has said, and is not carried out yet.
    said: VecDeque<Effect>,
    is_carrying: bool,
    /// Calls that leave when it has committed.
    pub outgoing: Vec<Carried>,
    /// Outcomes that leave then.
    pub replies: Vec<(Attempt, Reply)>,
    /// Calls of the message that it handles.
    pub arriving: Vec<Attempt>,
    /// What follows it, and after how long.
    pub later: Vec<(Time, Happening)>,
    /// Calls that a person has dropped in it.
    pub dropped: BTreeSet<String>,
}

/// What was done, for the report.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub events: u64,
    pub calls: u64,
    pub crashes: u64,
    pub runs: u64,
}

impl Tally {
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.calls += other.calls;
        self.crashes += other.crashes;
        self.runs += other.runs;
    }
}

#[derive(Clone, Debug)]
pub struct World {
    pub now: Time,
    pub objects: Vec<Object>,
    pub queue: BTreeMap<(Time, u64), Happening>,
    sequence: u64,
    pub facts: BTreeMap<String, Fact>,
    /// Attempts whose answers have arrived: the network repeats them no more.
    pub answered: BTreeSet<Attempt>,
    pub turn: Turn,
    pub chance: Chance,
    pub limits: Limits,
    pub faults: Faults,
    pub tally: Tally,
    pub coverage: Coverage,
    /// What must not be, and was.
    pub failure: Option<String>,
    pub is_traced: bool,
    /// Whether little crashes but handlers.
    pub is_quiet: bool,
}

impl World {
    pub fn new(plan: &Plan) -> Self {
        let names = ["one", "two", "three"].into_iter().take(plan.objects);
        let mut world = Self {
            now: BEGIN,
            objects: names.map(|name| Object::new(name.to_owned())).collect(),
            queue: BTreeMap::new(),
            sequence: 0,
            facts: BTreeMap::new(),
            answered: BTreeSet::new(),
            turn: Turn::default(),
            chance: Chance::new(plan.seed),
            limits: plan.limits.clone(),
            faults: plan.faults,
            tally: Tally::default(),
            coverage: Coverage::default(),
            failure: None,
            is_traced: false,
            is_quiet: plan.is_quiet,
        };
        for (time, action) in &plan.actions {
            world.schedule(*time, Happening::Act(action.clone()));
        }
        world
    }

    /// Runs the plan; then faults stop, and everything has to come to its end.
    pub fn run(&mut self, plan: &Plan) {
        let stop = BEGIN + plan.actions.last().map_or(0, |(time, _)| *time) + 30 * SECOND;
        self.run_until(stop);
        self.now = stop;
        self.stop();
        self.run_until(stop + 52 * HOUR);
        if self.failure.is_none() {
            self.check_end(stop);
        }
    }

    fn run_until(&mut self, end: Time) {
        while self.failure.is_none()
            && let Some(entry) = self.queue.first_entry()
            && entry.key().0 <= end
        {
            let ((time, count), happening) = entry.remove_entry();
            self.now = self.now.max(time);
            self.check(count < MOST_HAPPENINGS, || "it never comes to rest".to_owned());
            if self.is_traced {
                eprintln!("{} {happening:?}", self.now);
            }
            self.happen(happening);
        }
    }

    /// From now on nothing goes wrong. Every object starts anew, or makes another call.
    fn stop(&mut self) {
        self.faults = Faults::default();
        let is_restarted = self.chance.is(500);
        for object in 0..self.objects.len() {
            let each = &mut self.objects[object];
            (each.fuse, each.refuses, each.is_newer) = (None, false, false);
            if is_restarted {
                self.crash(object);
                self.turn(object, |_| Ok(()));
            } else {
                self.schedule(0, Happening::Act(plain_call(object)));
                self.schedule(MINUTE, Happening::Act(plain_call(object)));
            }
        }
    }

    pub fn schedule(&mut self, after: Time, happening: Happening) {
        self.sequence += 1;
        self.queue.insert((self.now + after, self.sequence), happening);
    }

    pub fn clock(&self, object: usize) -> Time {
        self.now.saturating_add_signed(self.objects[object].offset)
    }

    pub fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Act(action) => self.act(action),
            Happening::Arrive(message) => self.arrive(message),
            Happening::Answer(attempt, reply) => self.answer(&attempt, reply),
            Happening::Counted { object, life, id } => {
                if self.lives(object, life) {
                    self.turn(object, |world| world.tell(object, Event::Counted { id }));
                }
            }
            Happening::Handler { object, life, id } => {
                if self.lives(object, life) {
                    self.turn(object, |world| world.go_on_handling(object, &id));
                }
            }
            Happening::Method { object, life, row } => {
                if self.lives(object, life) {
                    self.turn(object, |world| world.go_on_running(object, &row));
                }
            }
            Happening::Alarm { object, at } => self.alarm(object, at),
            Happening::SecondAlarm { object } => {
                self.turn(object, |world| world.tell(object, Event::Woke));
            }
        }
    }

    pub fn lives(&self, object: usize, life: u32) -> bool {
        self.objects[object].life == life && self.objects[object].memory.is_some()
    }

    /// One turn of an object, which starts if need be. What it writes is kept, or the object crashes.
    pub fn turn(&mut self, object: usize, body: impl FnOnce(&mut Self) -> Result<(), Crash>) {
        let has_ended = self.start(object).and_then(|()| body(self)).and_then(|()| {
            self.close(object)?;
            self.commit(object);
            // Committed, and nothing of it has left.
            self.burn(object)
        });
        if has_ended.is_ok() {
            self.leave(object);
        } else {
            self.tally.crashes += 1;
            self.crash(object);
        }
        self.turn = Turn::default();
    }

    /// What comes in a microtask, after all that the turn does.
    pub fn close(&mut self, object: usize) -> Result<(), Crash> {
        while std::mem::take(&mut self.turn.has_made) {
            self.tell(object, Event::Committed)?;
        }
        Ok(())
    }

    fn start(&mut self, object: usize) -> Result<(), Crash> {
        if self.objects[object].memory.is_some() {
            return Ok(());
        }
        let (now, clock) = (self.now, self.clock(object));
        let Object { name, disk, recent_starts, started, memory, .. } = &mut self.objects[object];
        *recent_starts = if now < *started + RECENT { *recent_starts + 1 } else { 0 };
        *started = now;
        *memory = Some(Memory::new(&self.limits, clock));
        let has_records = !disk.rows(Table::Calls).is_empty();
        let counts = disk.rows(Table::Counts).keys();
        let counts = counts.map(|row| (row.clone(), disk.number(Table::Counts, row)));
        let started = Event::Started {
            owner: name.clone(),
            has_records,
            crashes: if has_records { counts.collect() } else { Vec::new() },
            recent_starts: if has_records { *recent_starts } else { 0 },
        };
        let recent_starts = if has_records { *recent_starts } else { 0 };
        self.tell(object, started)?;
        self.watch_start(object, recent_starts);
        Ok(())
    }

    /// What is in memory is lost, and what its turn has written.
    pub fn crash(&mut self, object: usize) {
        let arriving = std::mem::take(&mut self.turn.arriving);
        self.objects[object].disk.roll_back(0);
        self.objects[object].life += 1;
        let methods = self.objects[object].memory.take().map(|memory| memory.methods);
        let running = methods.unwrap_or_default().into_values();
        for attempt in running.flat_map(|method| method.waiting).chain(arriving) {
            self.schedule(1, Happening::Answer(attempt, Reply::Failed(Failure::Broken)));
        }
        // One that was lost comes when the object is in memory no more.
        self.schedule_alarm(object);
    }

    /// Counts an effect: the object may crash before it.
    pub fn burn(&mut self, object: usize) -> Result<(), Crash> {
        match &mut self.objects[object].fuse {
            None => return Ok(()),
            Some(0) => {}
            Some(left) => {
                *left -= 1;
                return Ok(());
            }
        }
        self.objects[object].fuse = None;
        Err(Crash)
    }

    /// Tells the machine of an event, and carries out what it says, after what it has said before.
    pub fn tell(&mut self, object: usize, event: Event) -> Result<(), Crash> {
        let effects = self.ask(object, event);
        self.carry_all(object, effects)
    }

    pub fn carry_all(&mut self, object: usize, effects: Vec<Effect>) -> Result<(), Crash> {
        self.turn.said.extend(effects);
        if std::mem::replace(&mut self.turn.is_carrying, true) {
            return Ok(());
        }
        while let Some(effect) = self.turn.said.pop_front() {
            self.burn(object)?;
            self.check_effect(object, &effect);
            self.carry_out(object, effect)?;
        }
        self.turn.is_carrying = false;
        Ok(())
    }

    /// Tells the machine of an event, and returns what it says.
    pub fn ask(&mut self, object: usize, event: Event) -> Vec<Effect> {
        let (now, random) = (self.clock(object), self.chance.bits());
        self.tally.events += 1;
        let Object { memory: Some(memory), name, .. } = &mut self.objects[object] else {
            return Vec::new();
        };
        let trace = self.is_traced.then(|| format!("  {name} at {now}: {event:?}"));
        let calls = self.facts.iter().filter(|(_, fact)| fact.caller == object);
        let watched = self.coverage.before(&event, &memory.machine, calls.map(|(id, _)| id));
        let what = watched.0;
        let effects = memory.machine.step(event, now, random);
        let is_lost = |id: &String| effects.contains(&Effect::Lost { id: id.clone() });
        let mut calls = watched.1.iter().filter(|(_, state)| !state.is_empty());
        let says_all = what != "Wiped" || calls.all(|(id, _)| is_lost(id));
        self.coverage.after(watched, &effects, &memory.machine);
        let counts = memory.machine.counts();
        if let Some(trace) = trace {
            eprintln!("{trace}\n    {effects:?}");
        }
        let Limits { memory, in_flight, .. } = self.limits;
        self.check(counts.pending <= memory, || format!("{} calls in memory", counts.pending));
        self.check(counts.in_flight <= in_flight, || format!("{} in flight", counts.in_flight));
        self.check(says_all, || "calls are lost, and nobody is told".to_owned());
        self.check_asked(object, what, &effects);
        if self.tally.events.is_multiple_of(64) {
            self.check_memory(object);
        }
        effects
    }
}

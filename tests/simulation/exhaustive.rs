//! Every reachable state of small worlds: each order of what happens, messages that are lost, late and repeated,
//! answers that are lost, and crashes at every effect, after every commit and between turns.
//!
//! The network is what has been sent: a message may arrive at any time and any number of times until its answer
//! has arrived, and one that never does is lost. An object's clock moves only when its alarm comes.
//!
//! `SIMULATION_CRASHES=2` allows so many crashes in each world, `SIMULATION_WORLD=key` takes only worlds of that name.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::mem::take;
use std::time::Instant;

use lumenize_call::durable::record::Time;

use super::coverage::{Coverage, Transition};
use super::number;
use super::plan::{Action, Chance, SECOND};
use super::small::{Small, small_worlds};
use super::state::{Folding, tidy};
use super::transitions::IN_SMALL_WORLDS;
use super::world::{BEGIN, Happening, World};

/// Deeper than any path that ends.
const DEEPEST: usize = 150;

/// A handler that has begun after all deadlines is not waited for any longer.
const LONGEST: Time = 4 * SECOND;

/// What leads from one state to the next.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "they are printed")]
enum Step {
    Happened(Happening),
    /// The object that it happens to crashes after so many effects.
    HappenedUntil(u32, Happening),
    /// An object loses its memory between two turns.
    Lost(usize),
    Touched(usize),
}

#[derive(Default)]
struct Search {
    /// The states that were seen, and whether what follows them is being searched.
    seen: HashMap<u64, bool>,
    path: Vec<Step>,
    deepest: usize,
    steps: u64,
    ends: u64,
    coverage: Coverage,
    failure: Option<String>,
}

#[test]
fn every_promise_holds_in_every_state_of_small_worlds() {
    let mut coverage = Coverage::default();
    let mut states = 0;
    let word = std::env::var("SIMULATION_WORLD").unwrap_or_default();
    for small in small_worlds().into_iter().filter(|small| small.name.contains(&word)) {
        let begin = Instant::now();
        let crashes = number("SIMULATION_CRASHES").unwrap_or(small.crashes);
        let mut search = Search::default();
        search.all_of(&small, crashes);
        let Search { seen, deepest, steps, ends, .. } = &search;
        states += seen.len();
        println!(
            "{}, {crashes} crashes: {} states by {steps} steps, at most {deepest} deep, {ends} ends, in {:.1} s",
            small.name,
            seen.len(),
            begin.elapsed().as_secs_f64()
        );
        if let Some(failure) = search.failure {
            let path: Vec<_> = search.path.iter().map(|step| format!("{step:?}")).collect();
            panic!("{}: {failure}\n  {}", small.name, path.join("\n  "));
        }
        coverage.add(search.coverage);
    }
    println!("{states} states, {} transitions", coverage.transitions.len());
    coverage.check_known();
    if word.is_empty() {
        let is_missing = |each: &&Transition| !coverage.transitions.contains_key(*each);
        let missing: Vec<_> = IN_SMALL_WORLDS.iter().filter(is_missing).collect();
        assert!(missing.is_empty(), "transitions that were never taken: {missing:?}");
    }
}

impl Search {
    fn all_of(&mut self, small: &Small, crashes: u64) {
        let mut world = small.world();
        let state = canonical(&mut world, crashes);
        self.seen.insert(state, true);
        self.visit(&world, state, crashes);
    }

    /// Goes from a state to all that may follow it.
    fn visit(&mut self, world: &World, state: u64, crashes: u64) {
        self.deepest = self.deepest.max(self.path.len());
        if self.deepest > DEEPEST {
            self.failure = Some("it goes on for ever".to_owned());
            return;
        }
        let mut is_end = true;
        for (key, happening) in &world.queue {
            if !is_next(world, happening) {
                continue;
            }
            let happened = || Step::Happened(happening.clone());
            is_end &= !self.follow(after(world, *key, None).0, state, crashes, happened);
            for effects in 0.. {
                if crashes == 0 || self.failure.is_some() {
                    break;
                }
                let (next, has_crashed) = after(world, *key, Some(effects));
                if !has_crashed {
                    break;
                }
                let until = || Step::HappenedUntil(effects, happening.clone());
                self.follow(next, state, crashes - 1, until);
            }
        }
        for object in 0..world.objects.len() {
            if crashes > 0 && world.objects[object].memory.is_some() {
                let mut next = world.clone();
                next.crash(object);
                self.follow(next, state, crashes - 1, || Step::Lost(object));
            }
        }
        for object in 0..world.objects.len() {
            // Nothing starts an object whose alarm was not copied, but a call from outside.
            if is_end && !matches!(world.objects[object].disk.alarm(), Some((_, true))) {
                let mut next = world.clone();
                next.turn(object, |_| Ok(()));
                is_end &= !self.follow(next, state, crashes, || Step::Touched(object));
            }
        }
        if is_end && self.failure.is_none() {
            self.ends += 1;
            let mut end = world.clone();
            end.check_end(BEGIN);
            self.failure = end.failure;
        }
    }

    /// Goes to the next state, unless that was seen. Returns whether it is another one.
    fn follow(
        &mut self,
        mut next: World,
        before: u64,
        crashes: u64,
        step: impl FnOnce() -> Step,
    ) -> bool {
        if self.failure.is_some() {
            return true;
        }
        self.steps += 1;
        self.coverage.add(take(&mut next.coverage));
        let state = canonical(&mut next, crashes);
        self.failure = next.failure.take();
        if self.failure.is_none() {
            match self.seen.get(&state) {
                _ if state == before => return false,
                Some(false) => return true,
                // Then nothing promises that it ends.
                Some(true) => self.failure = Some("this is a circle".to_owned()),
                None => {}
            }
        }
        self.path.push(step());
        if self.failure.is_none() {
            self.seen.insert(state, true);
            self.visit(&next, state, crashes);
            self.seen.insert(state, false);
        }
        if self.failure.is_none() {
            self.path.pop();
        }
        true
    }
}

/// Whether something may happen now: before a clock moves, all calls are made, and handlers go on that have been
/// waited for too long.
fn is_next(world: &World, happening: &Happening) -> bool {
    let Happening::Alarm { object: woken, at } = happening else { return true };
    !world.queue.values().any(|each| match each {
        Happening::Act(Action::Make { .. }) => true,
        Happening::Counted { object, .. } | Happening::Handler { object, .. } => {
            object == woken && *at >= BEGIN + LONGEST
        }
        _ => false,
    })
}

fn canonical(world: &mut World, crashes: u64) -> u64 {
    let mut hasher = Folding::default();
    crashes.hash(&mut hasher);
    tidy(world, &mut hasher);
    hasher.finish()
}

/// The world after something has happened in it, and whether its object has crashed after so many effects.
fn after(world: &World, key: (u64, u64), effects: Option<u32>) -> (World, bool) {
    let mut next = world.clone();
    let Some(happening) = world.queue.get(&key).cloned() else { return (next, false) };
    if !matches!(happening, Happening::Arrive(_)) {
        next.queue.remove(&key);
    }
    if let Happening::Alarm { object, at } = happening {
        let behind = at.saturating_sub(next.clock(object));
        next.objects[object].offset = next.objects[object].offset.saturating_add_unsigned(behind);
    }
    let mut hasher = Folding::default();
    if let Happening::Act(action) = &happening {
        action.hash(&mut hasher);
    }
    // The same chance each time, but for the ids of calls.
    next.chance = Chance::new(hasher.finish());
    next.objects.iter_mut().for_each(|object| object.fuse = effects);
    next.happen(happening);
    let mut old = next.objects.iter().take(world.objects.len());
    let has_crashed = effects.is_some() && old.any(|object| object.fuse.is_none());
    next.objects.iter_mut().for_each(|object| object.fuse = None);
    (next, has_crashed)
}

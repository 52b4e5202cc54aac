//! What a state of the world is: what can make a difference to what comes.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::mem::take;

use lumenize_call::durable::schedule::Failure;

use super::network::{Carried, Message, Reply};
use super::object::{Attempt, Memory, Object, Running};
use super::truth::Fact;
use super::world::{Happening, World};

/// Hashes states, several times as fast as what is safe against an enemy.
#[derive(Default)]
pub struct Folding(u64);

impl Hasher for Folding {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        let rest = rest.iter().fold(1, |word, byte| word << 8 | u64::from(*byte));
        self.write_u64(rest);
    }

    fn write_u64(&mut self, word: u64) {
        let product = u128::from(self.0 ^ word ^ 0x9e37_79b9_7f4a_7c15) * 0xd6e8_feb8_6659_fd93;
        let (low, high) = (product & u128::from(u64::MAX), product >> 64);
        self.0 = u64::try_from(low ^ high).unwrap_or(0);
    }

    fn write_u8(&mut self, byte: u8) {
        self.write_u64(u64::from(byte));
    }

    fn write_usize(&mut self, size: usize) {
        self.write_u64(size as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Takes out of a world what cannot happen any more, and what would happen twice. Hashes what is left.
pub fn tidy(world: &mut World, hasher: &mut impl Hasher) {
    for object in 0..world.objects.len() {
        let Some(mut memory) = world.objects[object].memory.take() else { continue };
        for running in memory.methods.values_mut() {
            running.waiting.retain(|attempt| is_waited_for(world, attempt));
            running.waiting.sort();
            running.waiting.dedup();
        }
        world.objects[object].memory = Some(memory);
    }
    let mut queue = BTreeMap::new();
    // An attempt that is broken is one that takes too long.
    let broken = Reply::Failed(Failure::Broken);
    world.queue.retain(|_, each| !matches!(each, Happening::Answer(_, reply) if *reply == broken));
    for mut happening in take(&mut world.queue).into_values() {
        if let Happening::Arrive(message) = &mut happening {
            message.calls.retain(|call| !world.answered.contains(&call.attempt));
        }
        if may_happen(world, &happening) {
            let mut hasher = Folding::default();
            hash_happening(world, &happening, &mut hasher);
            let hash = hasher.finish();
            // What is done twice is done twice.
            let is_act = matches!(happening, Happening::Act(_));
            let copies =
                if is_act { queue.range((hash, 0)..=(hash, usize::MAX)).count() } else { 0 };
            queue.entry((hash, copies)).or_insert(happening);
        }
    }
    world.answered.clear();
    for happening in queue.keys() {
        happening.hash(hasher);
    }
    world.queue = (0..).zip(queue.into_values()).map(|(at, each)| ((0, at), each)).collect();
    for object in &world.objects {
        hash_object(object, hasher);
    }
    for (id, fact) in &world.facts {
        id.hash(hasher);
        hash_fact(fact, hasher);
    }
}

/// Whether an answer to this attempt would make a difference.
fn is_waited_for(world: &World, Attempt { caller, life, id, number }: &Attempt) -> bool {
    let Object { life: current, memory, .. } = &world.objects[*caller];
    let memory = memory.as_ref().filter(|_| life == current);
    memory.is_some_and(|memory| memory.attempts.get(id) == Some(number))
}

fn may_happen(world: &World, happening: &Happening) -> bool {
    match happening {
        Happening::Act(_) | Happening::SecondAlarm { .. } => true,
        Happening::Arrive(message) => !message.calls.is_empty(),
        Happening::Answer(attempt, _) => is_waited_for(world, attempt),
        Happening::Counted { object, life, .. }
        | Happening::Handler { object, life, .. }
        | Happening::Method { object, life, .. } => world.lives(*object, *life),
        Happening::Alarm { object, at } => world.objects[*object].disk.alarm() == Some((*at, true)),
    }
}

fn hash_happening(world: &World, happening: &Happening, hasher: &mut impl Hasher) {
    std::mem::discriminant(happening).hash(hasher);
    match happening {
        Happening::Act(action) => action.hash(hasher),
        Happening::Arrive(Message { to, calls, .. }) => {
            to.hash(hasher);
            for call in calls {
                let Carried { attempt, from, version, expires, settled, .. } = call;
                let Attempt { caller, id, .. } = attempt;
                (caller, id, is_waited_for(world, attempt)).hash(hasher);
                (from, version, expires, settled).hash(hasher);
            }
        }
        Happening::Answer(attempt, reply) => (attempt.caller, &attempt.id, reply).hash(hasher),
        Happening::Counted { object, id, .. } | Happening::Handler { object, id, .. } => {
            (object, id).hash(hasher);
        }
        Happening::Method { object, row, .. } => (object, row).hash(hasher),
        Happening::Alarm { object, at } => (object, at).hash(hasher),
        Happening::SecondAlarm { object } => object.hash(hasher),
    }
}

fn hash_object(object: &Object, hasher: &mut impl Hasher) {
    let Object { disk, memory, offset, latest, refuses, is_newer, recent_starts, .. } = object;
    (disk, offset, latest, refuses, is_newer, recent_starts).hash(hasher);
    (&object.remembered, &object.recorded, object.started, memory.is_some()).hash(hasher);
    if let Some(Memory { machine, attempts, outcomes, handlers, methods, watch }) = memory {
        (machine, attempts, outcomes, handlers, watch).hash(hasher);
        for (row, Running { id, entry: _, left, waiting }) in methods {
            (row, id, left, waiting.len()).hash(hasher);
            for Attempt { caller, id, .. } in waiting {
                (caller, id).hash(hasher);
            }
        }
    }
}

fn hash_fact(fact: &Fact, hasher: &mut impl Hasher) {
    let Fact { is_committed, end, runs, with, has_crashed_target, has_crashed_caller, .. } = fact;
    (is_committed, end.map(|(end, _)| end), runs, with).hash(hasher);
    (has_crashed_target, has_crashed_caller, fact.is_restored, fact.is_blocked).hash(hasher);
}

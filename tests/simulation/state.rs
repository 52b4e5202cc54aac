//! What a state of the world is: what can make a difference to what comes.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::take;

use super::network::{Carried, Message};
use super::object::{Attempt, Memory, Object, Running};
use super::truth::Fact;
use super::world::{Happening, World};

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
    for mut happening in take(&mut world.queue).into_values() {
        if let Happening::Arrive(message) = &mut happening {
            message.calls.retain(|call| !world.answered.contains(&call.attempt));
        }
        if may_happen(world, &happening) {
            let mut hasher = DefaultHasher::new();
            hash_happening(world, &happening, &mut hasher);
            queue.entry(hasher.finish()).or_insert(happening);
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
    (&object.remembered, &object.recorded, memory.is_some()).hash(hasher);
    if let Some(Memory { machine, attempts, outcomes, handlers, methods }) = memory {
        (machine, attempts, outcomes, handlers).hash(hasher);
        for (row, Running { id, left, waiting }) in methods {
            (row, id, left, waiting.len()).hash(hasher);
            waiting.iter().for_each(|Attempt { caller, id, .. }| (caller, id).hash(hasher));
        }
    }
}

fn hash_fact(fact: &Fact, hasher: &mut impl Hasher) {
    let Fact { is_committed, end, runs, with, has_crashed_target, has_crashed_caller, .. } = fact;
    (is_committed, end.map(|(end, _)| end), runs, with).hash(hasher);
    (has_crashed_target, has_crashed_caller, fact.is_restored, fact.is_blocked).hash(hasher);
}

//! Which events, effects and transitions were taken.

use std::collections::{BTreeMap, BTreeSet};

use lumenize_call::durable::{Effect, Event, Machine};

use super::transitions::TRANSITIONS;

pub const EVENTS: [&str; 18] = [
    "Started",
    "Loaded",
    "Made",
    "Held",
    "TakenBack",
    "Committed",
    "Missing",
    "Answered",
    "TooLate",
    "Failed",
    "Counted",
    "Handled",
    "Woke",
    "Dropped",
    "Retried",
    "Wiped",
    "Received",
    "Swept",
];

pub const EFFECTS: [&str; 19] = [
    "Load",
    "Store",
    "Known",
    "Send",
    "Count",
    "Handle",
    "Delete",
    "Bury",
    "DeleteLetter",
    "Lost",
    "Parked",
    "Wake",
    "Run",
    "Repeat",
    "Join",
    "Late",
    "Refuse",
    "Forget",
    "Sweep",
];

/// The state of a call before, an event, and its state after; "" is that of a call that is not in memory.
pub type Transition = (&'static str, &'static str, &'static str);

#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub events: BTreeSet<&'static str>,
    pub effects: BTreeSet<&'static str>,
    /// In how many runs each was taken.
    pub transitions: BTreeMap<Transition, u64>,
}

/// An event that is taken now: its name, and the states of the calls to which it may matter.
pub type Watched = (&'static str, Vec<(String, &'static str)>);

impl Coverage {
    /// `calls` are those of the object, for an event that may be about any.
    pub fn before<'a>(
        &mut self,
        event: &Event,
        machine: &Machine,
        calls: impl Iterator<Item = &'a String>,
    ) -> Watched {
        let (name, id) = event_of(event);
        self.events.insert(name);
        let watch = |id: &String| (id.clone(), state(machine, id));
        let is_about_any = matches!(name, "Started" | "Loaded" | "Committed" | "Woke" | "Wiped");
        let watched = match id {
            Some(id) => vec![watch(id)],
            None if is_about_any => calls.map(watch).collect(),
            None => Vec::new(),
        };
        (name, watched)
    }

    pub fn after(&mut self, (name, watched): Watched, effects: &[Effect], machine: &Machine) {
        self.effects.extend(effects.iter().map(effect_of));
        for (id, before) in watched {
            let after = state(machine, &id);
            self.transitions.insert((before, name, after), 1);
        }
    }

    /// Fails where something was not taken in so many runs that has to be, or was that is not known.
    pub fn check(&self, runs: u64) {
        let missing = |all: &[&'static str], taken: &BTreeSet<&'static str>| -> Vec<_> {
            all.iter().copied().filter(|each| !taken.contains(each)).collect()
        };
        let events = missing(&EVENTS, &self.events);
        assert!(events.is_empty(), "events that never happened: {events:?}");
        let effects = missing(&EFFECTS, &self.effects);
        assert!(effects.is_empty(), "effects that never were: {effects:?}");
        let missing: Vec<_> = TRANSITIONS
            .iter()
            .filter(|(most, transition)| {
                runs >= *most && !self.transitions.contains_key(transition)
            })
            .collect();
        assert!(missing.is_empty(), "transitions that were never taken: {missing:?}");
        self.check_known();
        println!("{} of {} transitions", self.transitions.len(), TRANSITIONS.len());
    }

    /// Fails where a transition was taken that is not in the list.
    pub fn check_known(&self) {
        let is_known =
            |transition: &Transition| TRANSITIONS.iter().any(|(_, each)| each == transition);
        let unknown: Vec<_> =
            self.transitions.iter().filter(|(transition, _)| !is_known(transition)).collect();
        assert!(unknown.is_empty(), "transitions that are not in the list: {unknown:?}");
    }

    pub fn add(&mut self, other: Self) {
        self.events.extend(other.events);
        self.effects.extend(other.effects);
        for (transition, runs) in other.transitions {
            *self.transitions.entry(transition).or_default() += runs;
        }
    }
}

fn state(machine: &Machine, id: &str) -> &'static str {
    machine.state(id).map_or("", |(state, _)| state)
}

fn event_of(event: &Event) -> (&'static str, Option<&String>) {
    match event {
        Event::Started { .. } => ("Started", None),
        Event::Loaded { .. } => ("Loaded", None),
        Event::Made { .. } => ("Made", None),
        Event::Held => ("Held", None),
        Event::TakenBack => ("TakenBack", None),
        Event::Committed => ("Committed", None),
        Event::Missing { id } => ("Missing", Some(id)),
        Event::Answered { id } => ("Answered", Some(id)),
        Event::TooLate { id } => ("TooLate", Some(id)),
        Event::Failed { id, .. } => ("Failed", Some(id)),
        Event::Counted { id } => ("Counted", Some(id)),
        Event::Handled { id, .. } => ("Handled", Some(id)),
        Event::Woke => ("Woke", None),
        Event::Dropped { id } => ("Dropped", Some(id)),
        Event::Retried { id } => ("Retried", Some(id)),
        Event::Wiped => ("Wiped", None),
        Event::Received { .. } => ("Received", None),
        Event::Swept { .. } => ("Swept", None),
    }
}

fn effect_of(effect: &Effect) -> &'static str {
    match effect {
        Effect::Load { .. } => "Load",
        Effect::Store { .. } => "Store",
        Effect::Known { .. } => "Known",
        Effect::Send { .. } => "Send",
        Effect::Count { .. } => "Count",
        Effect::Handle { .. } => "Handle",
        Effect::Delete { .. } => "Delete",
        Effect::Bury { .. } => "Bury",
        Effect::DeleteLetter { .. } => "DeleteLetter",
        Effect::Lost { .. } => "Lost",
        Effect::Parked { .. } => "Parked",
        Effect::Wake { .. } => "Wake",
        Effect::Run { .. } => "Run",
        Effect::Repeat => "Repeat",
        Effect::Join => "Join",
        Effect::Late => "Late",
        Effect::Refuse => "Refuse",
        Effect::Forget { .. } => "Forget",
        Effect::Sweep { .. } => "Sweep",
    }
}

//! Which events, effects and transitions were taken.

use std::collections::BTreeSet;

use lumenize_call::durable::{Effect, Event, Machine};

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

#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub events: BTreeSet<&'static str>,
    pub effects: BTreeSet<&'static str>,
    pub transitions: BTreeSet<(&'static str, &'static str, &'static str)>,
}

/// An event that is taken now: its name, its call and what state that was in.
type Watched = (&'static str, Option<(String, &'static str)>);

impl Coverage {
    pub fn before(&mut self, event: &Event, machine: &Machine) -> Watched {
        let (name, id) = event_of(event);
        self.events.insert(name);
        (name, id.map(|id| (id.clone(), state(machine, id))))
    }

    pub fn after(&mut self, (name, call): Watched, effects: &[Effect], machine: &Machine) {
        self.effects.extend(effects.iter().map(effect_of));
        if let Some((id, before)) = call {
            self.transitions.insert((before, name, state(machine, &id)));
        }
    }

    pub fn add(&mut self, other: Self) {
        self.events.extend(other.events);
        self.effects.extend(other.effects);
        self.transitions.extend(other.transitions);
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

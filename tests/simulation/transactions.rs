//! What a machine does where a transaction is taken back, or a call given up, event by event.

use lumenize_call::durable::record::{Record, Time, VERSION};
use lumenize_call::durable::schedule::LOOK;
use lumenize_call::durable::{Effect, Event, Limits, Machine, Row};

use super::plan::{HOUR, SMALL};

const FROM_THE_BEGINNING: Effect = Effect::Load { after: None, limit: SMALL.page };

fn make(machine: &mut Machine, now: Time) -> Vec<Effect> {
    let made = Event::Made { key: None, known: None, target: "two".to_owned(), timeout: HOUR };
    let _ = machine.step(made, now, now);
    machine.step(Event::Committed, now, 0)
}

/// A machine that has as many calls as its memory has room for, the first of them sent.
fn full() -> Machine {
    let mut machine = Machine::new(Limits { memory: 2, in_flight: 1, ..SMALL });
    let _ = make(&mut machine, 0);
    let _ = make(&mut machine, 1);
    machine
}

#[test]
fn what_was_taken_back_is_read_where_there_is_room() {
    let mut machine = Machine::new(SMALL);
    let _ = machine.step(Event::TakenBack, 0, 0);
    let effects = make(&mut machine, 0);
    assert!(effects.contains(&FROM_THE_BEGINNING), "{effects:?}");
}

#[test]
fn a_full_memory_looks_for_what_was_taken_back() {
    let mut machine = full();
    let _ = machine.step(Event::TakenBack, 2, 0);
    let effects = machine.step(Event::Woke, 1 + LOOK, 0);
    assert!(!effects.contains(&FROM_THE_BEGINNING), "{effects:?}");
    let effects = machine.step(Event::Woke, 2 + LOOK, 0);
    assert!(effects.contains(&FROM_THE_BEGINNING), "{effects:?}");
}

#[test]
fn what_was_taken_back_behind_a_reading_is_read_after_it() {
    let mut machine = full();
    let _ = machine.step(Event::TakenBack, 2, 0);
    let _ = machine.step(Event::Woke, 2 + LOOK, 0);
    let (version, owner, id) = (VERSION, "another".to_owned(), "7".to_owned());
    let record = Record { version, owner, id, target: String::new(), made: 0, expires: HOUR };
    let rows = vec![Row { row: "i:7".to_owned(), record: Some(record) }];
    let effects = machine.step(Event::Loaded { rows, more: true }, 2 + LOOK, 0);
    let is_load = |effect: &Effect| matches!(effect, Effect::Load { after: Some(_), .. });
    assert!(effects.iter().any(is_load), "{effects:?}");
    let _ = machine.step(Event::TakenBack, 2 + LOOK, 0);
    let _ = machine.step(Event::Loaded { rows: Vec::new(), more: false }, 2 + LOOK, 0);
    let effects = machine.step(Event::Woke, 2 + LOOK + LOOK, 0);
    assert!(effects.contains(&FROM_THE_BEGINNING), "{effects:?}");
}

#[test]
fn a_handler_that_gives_up_its_call_deletes_nothing_else() {
    let mut machine = Machine::new(SMALL);
    let call = || {
        let (key, target) = (Some("1".to_owned()), "two".to_owned());
        Event::Made { key, known: None, target, timeout: HOUR }
    };
    let made = machine.step(call(), 0, 0);
    let [Effect::Store { id, .. }] = made.as_slice() else { panic!("{made:?}") };
    let id = || id.clone();
    let _ = machine.step(Event::Committed, 0, 0);
    let _ = machine.step(Event::Answered { id: id() }, 1, 0);
    let _ = machine.step(Event::Dropped { id: id() }, 1, 0);
    // The row of its key is another call's now.
    let _ = machine.step(call(), 1, 1);
    let effects = machine.step(Event::Handled { id: id(), has_failed: false }, 1, 0);
    let deletes = |effect: &Effect| matches!(effect, Effect::Delete { .. });
    assert!(!effects.iter().any(deletes), "{effects:?}");
}

//! A ledger of an object that loses its memory again and again.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};

use lumenize_call::durable::record::{Entry, VERSION};
use lumenize_call::durable::schedule::{Random, SLACK};
use lumenize_call::durable::{Effect, Event, Limits, Machine};

use super::disk::entry_of;

use super::plan::SECOND;

/// Calls that arrive: one in a second, from ten callers, the first of which is silent at last.
const CALLS: u64 = 40_000;

const WORLDS: u64 = 6;

#[test]
fn a_ledger_is_swept_however_short_lives_are() {
    check(20, 11);
}

#[test]
fn a_ledger_is_swept_in_a_long_life() {
    check(CALLS, 6);
}

/// On the average of worlds a ledger has at most so many times the outcomes that are alive.
fn check(life: u64, most_times: usize) {
    let most: Vec<_> = (1..=WORLDS).map(|seed| sweep(life, seed)).collect();
    let average = most.iter().sum::<usize>() / most.len();
    // One in a second lives for twice the slack. A sweep reads a fourth more than was recorded since the last
    // one, so about four of five are dead; where lives are short, it may read in the wrong place.
    let alive = usize::try_from(2 * SLACK / SECOND).unwrap_or(0);
    println!("{average} outcomes at most, on the average of {most:?}, of which {alive} were alive");
    assert!(average < most_times * alive, "{average} outcomes in the ledger");
}

/// The most outcomes that a ledger has whose object has lives of so many calls.
fn sweep(life: u64, seed: u64) -> usize {
    let mut random = Random::new(seed);
    let callers: Vec<String> = (0..10).map(|_| format!("{:032x}", random.wide())).collect();
    let mut ledger: BTreeMap<String, Entry> = BTreeMap::new();
    let mut machine = Machine::new(Limits::DEFAULT);
    let (mut most, mut read) = (0, 0);
    for call in 0..CALLS {
        let now = call * SECOND;
        if call % life == 0 {
            machine = Machine::new(Limits::DEFAULT);
        }
        let caller = if call < CALLS / 2 { call % 10 } else { 1 + call % 9 };
        let caller = &callers[usize::try_from(caller).unwrap_or(0)];
        let row = entry_of(caller, &format!("{:032x}", random.wide()));
        let received = Event::Received {
            version: u64::from(VERSION),
            row: row.clone(),
            expires: now + SECOND,
            known: None,
            is_running: false,
            settled: Vec::new(),
        };
        let mut said = machine.step(received, now, random.bits());
        while let Some(effect) = said.pop() {
            match effect {
                Effect::Run { entry } => drop(ledger.insert(row.clone(), entry)),
                Effect::Forget { rows } => {
                    for row in rows {
                        ledger.remove(&row);
                    }
                }
                Effect::Sweep { after, limit } => {
                    let from = after.map_or(Unbounded, Excluded);
                    let rows = ledger.range((from, Unbounded)).take(limit);
                    let entries: Vec<_> =
                        rows.map(|(row, entry)| (row.clone(), entry.clone())).collect();
                    let more = entries.len() == limit;
                    read += entries.len() as u64;
                    said.extend(machine.step(Event::Swept { entries, more }, now, random.bits()));
                }
                _ => {}
            }
        }
        most = most.max(ledger.len());
    }
    let silent = ledger.keys().filter(|row| row.starts_with(&callers[0])).count();
    assert!(life < CALLS || read < 2 * CALLS, "{read} outcomes were read for {CALLS} calls");
    assert!(silent < 100, "{silent} outcomes of a caller that has gone");
    most
}

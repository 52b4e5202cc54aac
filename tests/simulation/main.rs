//! A simulated world of objects with durable calls: one seed, one run.
//!
//! `SIMULATION_SEEDS=200000 cargo test --test simulation -- --nocapture` runs so many seeds instead of as many
//! as there is time for; `SIMULATION_SEED=7` runs one, and prints everything that happens.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices are of this world's own objects, and times are small"
)]

mod act;
mod carry;
mod coverage;
mod disk;
mod exhaustive;
mod harsh;
mod network;
mod object;
mod plan;
mod short_lives;
mod small;
mod state;
mod truth;
mod world;

use std::time::{Duration, Instant};

use coverage::{Coverage, EFFECTS, EVENTS};
use plan::Plan;
use world::{Tally, World};

/// For so long seeds are run by default.
const TIME_BOX: Duration = Duration::from_secs(40);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(seed: u64, is_traced: bool) -> World {
    let plan = Plan::of(seed);
    let mut world = World::new(&plan);
    if is_traced {
        eprintln!("{:?} {:?}", plan.limits, plan.faults);
        world.is_traced = true;
    }
    world.run(&plan);
    world
}

#[test]
fn every_promise_holds_in_every_world() {
    let begin = Instant::now();
    let most = number("SIMULATION_SEEDS");
    let first = number("SIMULATION_SEED");
    let most_failures =
        number("SIMULATION_FAILURES").map_or(20, |most| usize::try_from(most).unwrap_or(20));
    let mut failures = Vec::new();
    let (mut seeds, mut total, mut coverage) = (0, Tally::default(), Coverage::default());
    loop {
        let is_over = match (first, most) {
            (Some(_), _) => seeds == 1,
            (_, Some(most)) => seeds == most,
            _ => begin.elapsed() > TIME_BOX,
        };
        if is_over {
            break;
        }
        let seed = first.unwrap_or(seeds);
        let world = run(seed, first.is_some());
        failures.extend(world.failure.map(|failure| format!("seed {seed} {failure}")));
        if failures.len() == most_failures {
            break;
        }
        seeds += 1;
        total.add(world.tally);
        coverage.add(world.coverage);
    }
    assert!(failures.is_empty(), "after {seeds} seeds:\n{}", failures.join("\n"));
    let Tally { events, calls, crashes, runs } = total;
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds in {seconds:.0} s: {events} events, {calls} calls, {runs} runs of methods, {crashes} crashes"
    );
    if first.is_none() {
        let missing: Vec<_> =
            EVENTS.iter().filter(|each| !coverage.events.contains(*each)).collect();
        assert!(missing.is_empty(), "events that never happened: {missing:?}");
        let missing: Vec<_> =
            EFFECTS.iter().filter(|each| !coverage.effects.contains(*each)).collect();
        assert!(missing.is_empty(), "effects that never were: {missing:?}");
        println!("{} transitions: {:?}", coverage.transitions.len(), coverage.transitions);
    }
}

//! A simulated world of objects with durable calls: one seed, one run.
//!
//! `SIMULATION_SEEDS=200000 cargo test --test simulation -- --nocapture` runs so many seeds instead of as many
//! as there is time for; `SIMULATION_SEED=7` runs one, and prints everything that happens. Of a seed that fails the
//! smallest plan that fails is printed, with what happens in it.
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "indices are of this world's own objects, and times are small"
)]

mod act;
mod alarm;
mod bounds;
mod carry;
mod coverage;
mod deadlines;
mod disk;
mod exhaustive;
mod harsh;
mod network;
mod object;
mod pauses;
mod plan;
mod short_lives;
mod shrink;
mod small;
mod state;
mod transactions;
mod transitions;
mod truth;
mod watch;
mod world;

use std::time::{Duration, Instant};

use coverage::Coverage;
use plan::Plan;
use world::{Tally, World};

/// For so long seeds are run by default.
const TIME_BOX: Duration = Duration::from_secs(40);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn run(plan: &Plan, is_traced: bool) -> World {
    let mut world = World::new(plan);
    world.is_traced = is_traced;
    world.run(plan);
    world
}

#[test]
fn every_promise_holds_in_every_world() {
    let begin = Instant::now();
    let most = number("SIMULATION_SEEDS");
    let first = number("SIMULATION_SEED");
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
        let plan = Plan::of(first.unwrap_or(seeds));
        let world = run(&plan, first.is_some());
        if let Some(failure) = world.failure {
            let seed = plan.seed;
            let is_shrunk = number("SIMULATION_SHRINK") != Some(0);
            let shrunk = if is_shrunk { shrink::smallest(plan) } else { String::new() };
            panic!("seed {seed} {failure}\n{shrunk}");
        }
        seeds += 1;
        total.add(world.tally);
        coverage.add(world.coverage);
    }
    let Tally { events, calls, crashes, runs } = total;
    let seconds = begin.elapsed().as_secs_f64();
    println!(
        "{seeds} seeds in {seconds:.0} s: {events} events, {calls} calls, {runs} runs of methods, {crashes} crashes"
    );
    if first.is_none() {
        coverage.check(seeds);
    }
}

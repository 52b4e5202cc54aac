//! How long pauses are, on the average of many.

use lumenize_call::durable::record::Time;
use lumenize_call::durable::schedule::{Failure, Random, pause, pause_after_crash, pause_at_start};

use super::plan::{MINUTE, SECOND};

/// The shortest, the average and the longest of many.
fn many(mut draw: impl FnMut(&mut Random) -> Time) -> (Time, Time, Time) {
    let mut random = Random::new(7);
    let all: Vec<Time> = (0..4_000).map(|_| draw(&mut random)).collect();
    let sum: Time = all.iter().sum();
    let least = all.iter().min().copied().unwrap_or(0);
    (least, sum / 4_000, all.iter().max().copied().unwrap_or(0))
}

/// Random between nothing and `longest`.
fn check_jitter((least, average, most): (Time, Time, Time), longest: Time) {
    assert!(least < longest / 100, "the shortest of {longest} is {least}");
    assert!(average.abs_diff(longest / 2) < longest / 20, "the average of {longest} is {average}");
    assert!(
        (longest - longest / 100..longest).contains(&most),
        "the longest of {longest} is {most}"
    );
}

#[test]
fn an_attempt_waits_longer_each_time_and_at_random() {
    for (attempts, longest) in [(1, SECOND), (2, 2 * SECOND), (6, 32 * SECOND)] {
        for failure in [Failure::Broken, Failure::Refused, Failure::Overloaded] {
            check_jitter(many(|random| pause(failure, attempts, random)), longest);
        }
    }
    for (failure, longest) in [
        (Failure::Slow, SECOND),
        (Failure::Broken, MINUTE),
        (Failure::Refused, MINUTE),
        (Failure::Overloaded, 5 * MINUTE),
    ] {
        check_jitter(many(|random| pause(failure, 1_000, random)), longest);
    }
}

#[test]
fn an_object_that_starts_often_waits_longer() {
    for (starts, longest) in [(0, 100), (1, 200), (5, 3_200), (1_000, MINUTE)] {
        check_jitter(many(|random| pause_at_start(starts, random)), longest);
    }
}

#[test]
fn a_handler_waits_longer_after_each_crash() {
    let pauses: Vec<Time> = (1..=7).map(pause_after_crash).collect();
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 32].map(|seconds| seconds * SECOND));
}

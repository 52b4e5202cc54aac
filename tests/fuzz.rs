//! The bodies of the fuzz targets, for a short time and on a stable compiler, and on every input that
//! ever made one of them fail.

#![allow(clippy::arithmetic_side_effects, reason = "counting")]

#[path = "../fuzz/bodies.rs"]
mod bodies;

use arbitrary::{Arbitrary, Unstructured};
use proptest::collection::vec;
use proptest::prelude::*;

/// How many frames `rule_25_a_million_mutations` tampers with.
const MUTATIONS: u64 = 1_000_000;

fn on_bytes<T: for<'a> Arbitrary<'a>>(bytes: &[u8], body: fn(&T)) {
    if let Ok(input) = T::arbitrary_take_rest(Unstructured::new(bytes)) {
        body(&input);
    }
}

fn on_every_body(bytes: &[u8]) {
    bodies::decode(bytes);
    on_bytes(bytes, bodies::validate);
    on_bytes(bytes, bodies::round_trip);
    on_bytes(bytes, bodies::frame);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rule_25_any_bytes_are_refused_or_understood(bytes in vec(any::<u8>(), 0..512)) {
        on_every_body(&bytes);
    }
}

#[test]
fn rule_25_a_million_mutations() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut seed = [0_u8; 256];
    let (mut accepted, mut refused): (u64, u64) = (0, 0);
    while accepted + refused < MUTATIONS {
        for chunk in seed.chunks_exact_mut(8) {
            chunk.copy_from_slice(&random.next().to_le_bytes());
        }
        let Ok(honest) = bodies::Honest::arbitrary_take_rest(Unstructured::new(&seed)) else {
            continue;
        };
        let Some(bytes) = honest.encode() else { continue };
        assert!(bodies::accepts(&bytes, honest.slots()), "an honest frame is accepted");
        for _ in 0..20 {
            let mut mutated = bytes.clone();
            for _ in 0..=random.next() % 3 {
                let byte = u8::try_from(random.next() % 256).unwrap();
                let change = match random.next() % 8 {
                    0 => bodies::Change::Cut,
                    1 => bodies::Change::Insert(byte),
                    _ => bodies::Change::Set(byte),
                };
                change.apply(usize::try_from(random.next() % 4_096).unwrap(), &mut mutated);
            }
            if bodies::accepts(&mutated, honest.slots()) { accepted += 1 } else { refused += 1 }
        }
    }
    // Some are other honest frames, most are none: a test that sees only one kind tests nothing.
    assert!(accepted > MUTATIONS / 100, "{accepted} accepted");
    assert!(refused > MUTATIONS / 2, "{refused} refused");
}

/// A generator by Marsaglia (xorshift64): the same frames in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

#[test]
fn what_was_found_once_stays_mended() {
    for entry in std::fs::read_dir("tests/crashers").expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        on_every_body(&std::fs::read(path).expect("it can be read"));
    }
}

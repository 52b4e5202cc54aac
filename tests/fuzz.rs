//! The bodies of the fuzz targets, for a short time and on a stable compiler, and on every input that
//! ever made one of them fail.

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
    // A generator by Marsaglia (xorshift64): the same frames in every run.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut seed = [0_u8; 256];
    for _ in 0..MUTATIONS {
        for chunk in seed.chunks_exact_mut(8) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            chunk.copy_from_slice(&state.to_le_bytes());
        }
        on_bytes(&seed, bodies::frame);
    }
}

#[test]
fn what_was_found_once_stays_mended() {
    for entry in std::fs::read_dir("tests/crashers").expect("the folder is there") {
        let path = entry.expect("it can be read").path();
        on_every_body(&std::fs::read(path).expect("it can be read"));
    }
}

//! The vectors of the wire format, walked both ways.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "helpers of tests"
)]

use lumenize_call::frame::{self, Frame};
use lumenize_call::limits::Limits;
use lumenize_call::program::{APPLY, ARRAY, GET, KIND_BITS, OBJECT, SLOT, VALUE};
use serde_json::Value;

#[test]
fn meaning_becomes_wire_and_wire_becomes_meaning() {
    let vectors = read("frames.json");
    assert!(vectors.len() >= 13);
    for vector in vectors {
        let explain = text(&vector["explain"]);
        let names: Vec<&str> = list(&vector["names"]).iter().map(text).collect();
        let slots = count(list(&vector["slots"]).len());
        let words = words(&vector, &names, slots);
        let wire = bytes(&vector);
        assert_eq!(frame::encode(&names, &words, slots), Ok(wire.clone()), "{explain}");
        let read = frame::decode(&wire, slots, &Limits::DEFAULT).expect(explain);
        let entries = read.entries.clone();
        assert_eq!(read, Frame { names, words, entries }, "{explain}");
    }
}

#[test]
fn rejects_are_refused_for_their_reason() {
    let rejects = read("rejects.json");
    assert!(rejects.len() >= 100);
    for reject in rejects {
        let why = text(&reject["why"]);
        let slots = u32::try_from(reject["slots"].as_u64().expect(why)).expect(why);
        let failure = frame::decode(&bytes(&reject), slots, &Limits::DEFAULT).expect_err(why);
        assert_eq!(failure.code.as_str(), text(&reject["code"]), "{why}");
        assert_eq!(failure.message, text(&reject["says"]), "{why}");
    }
}

/// The words of a vector's one program.
fn words(vector: &Value, names: &[&str], slots: u32) -> Vec<u32> {
    let steps = list(&vector["steps"]);
    let mut words = vec![slots, count(steps.len())];
    let name = |value: &Value| {
        count(names.iter().position(|known| *known == text(value)).expect("a known name"))
    };
    for step in steps {
        let step = list(step);
        match text(&step[0]) {
            "get" => words.extend([GET, number(&step[1]), name(&step[2])]),
            "apply" => {
                words.extend([APPLY, number(&step[1]), count(step.len() - 2)]);
                words.extend(step[2..].iter().map(argument));
            }
            "array" => {
                words.extend([ARRAY, count(step.len() - 1)]);
                words.extend(step[1..].iter().map(argument));
            }
            _ => {
                words.extend([OBJECT, count(step.len() - 1)]);
                words.extend(
                    step[1..].iter().flat_map(|entry| [name(&entry[0]), argument(&entry[1])]),
                );
            }
        }
    }
    words
}

fn argument(value: &Value) -> u32 {
    let (kind, number) = text(value).split_at(1);
    let number: u32 = number.parse().expect("a number");
    number << KIND_BITS | if kind == "s" { SLOT } else { VALUE }
}

fn read(name: &str) -> Vec<Value> {
    let file = std::fs::read(format!("tests/vectors/{name}")).expect("the file is there");
    serde_json::from_slice(&file).expect("it is JSON")
}

fn bytes(vector: &Value) -> Vec<u8> {
    let hex = text(&vector["wire"]);
    (0..hex.len() / 2)
        .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hexadecimal"))
        .collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn number(value: &Value) -> u32 {
    count(usize::try_from(value.as_u64().expect("a number")).expect("a small one"))
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a small number")
}

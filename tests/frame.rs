//! Frames: what is written can be read, and what nobody honest writes is refused.

use lumenize_call::error::Code;
use lumenize_call::frame::{self, Frame, VERSION};
use lumenize_call::limits::Limits;
use lumenize_call::meaning::{Method, meaning};
use lumenize_call::program::{APPLY, ARRAY, GET, HOLE, KIND_BITS, OBJECT, OUTCOME, SLOT, VALUE};
use lumenize_call::validate::{NOT_AN_ENTRY, REFUSED};

fn slot(number: u32) -> u32 {
    number << KIND_BITS | SLOT
}

fn value(number: u32) -> u32 {
    number << KIND_BITS | VALUE
}

/// `add(add(1, 10), {k: [add(100, 1000)]})`.
fn nested() -> Vec<u32> {
    let first = [GET, 0, 0, APPLY, 1, 2, slot(0), slot(1)];
    let second = [GET, 0, 0, APPLY, 3, 2, slot(2), slot(3)];
    let containers = [ARRAY, 1, value(4), OBJECT, 1, 1, value(5)];
    let outer = [GET, 0, 0, APPLY, 7, 2, value(2), value(6)];
    [&[4, 8][..], &first, &second, &containers, &outer].concat()
}

/// `next()`.
fn next() -> Vec<u32> {
    vec![0, 2, GET, 0, 0, APPLY, 1, 0]
}

#[test]
fn a_frame_is_read_as_it_was_written() {
    let names = ["add", "k"];
    let bytes = frame::encode(&names, &nested(), 4).unwrap();
    let read = frame::decode(&bytes, 4, &Limits::DEFAULT).unwrap();
    assert_eq!(read, Frame { names: names.to_vec(), words: nested(), entries: vec![0] });
}

#[test]
fn the_bytes_of_a_call_are_the_documented_ones() {
    let bytes = frame::encode(&["next"], &next(), 0).unwrap();
    let documented = [
        0x83, 0x02, 0x81, 0x64, b'n', b'e', b'x', b't', 0x81, 0x82, 0x00, 0x82, 0x83, 0x00, 0x00,
        0x00, 0x82, 0x01, 0x01,
    ];
    assert_eq!(bytes, documented);
}

#[test]
fn rule_25_every_truncation_is_refused() {
    let bytes = frame::encode(&["add", "k"], &nested(), 4).unwrap();
    for length in 0..bytes.len() {
        let refused = frame::decode(&bytes[..length], 4, &Limits::DEFAULT).unwrap_err();
        assert_eq!(refused.code, Code::Protocol, "cut at byte {length}");
    }
}

#[test]
fn rule_25_what_follows_a_frame_is_refused() {
    let mut bytes = frame::encode(&["next"], &next(), 0).unwrap();
    bytes.push(0);
    assert_refused(&bytes, 0, Code::Protocol, "something follows the frame");
}

#[test]
fn rule_25_a_length_that_lies_is_refused_before_it_is_used() {
    // An array of 2^32 - 1 names.
    let bytes = [0x83, 0x02, 0x9a, 0xff, 0xff, 0xff, 0xff];
    assert_refused(&bytes, 0, Code::Protocol, "a list is longer than the message");
    // An array without a length.
    assert_refused(&[0x9f], 0, Code::Protocol, "does not state its length");
}

#[test]
fn rule_29_another_version_is_refused_with_both_numbers() {
    let mut bytes = frame::encode(&["next"], &next(), 0).unwrap();
    bytes[1] = 9;
    assert_refused(&bytes, 0, Code::Protocol, "version 9");
    assert_refused(&bytes, 0, Code::Protocol, &format!("version {VERSION}"));
}

#[test]
fn rule_25_references_point_backwards() {
    for (words, text) in [
        (vec![0, 1, GET, 1, 0], "step 1, 'next': value 1 is not computed before this step"),
        (vec![0, 2, GET, 0, 0, APPLY, 2, 0], "step 2: value 2 is not computed"),
        (vec![0, 1, APPLY, 0, 0], "the target itself is not a method"),
        (vec![0, 2, GET, 0, 0, APPLY, 1, 1, value(2)], "value 2 is not computed"),
        (vec![0, 2, GET, 0, 0, APPLY, 1, 1, value(0)], "the target itself is not an argument"),
        (vec![0, 2, GET, 0, 0, APPLY, 1, 1, OUTCOME], "an outcome has a place only in a handler"),
        (vec![0, 2, GET, 0, 0, APPLY, 1, 1, slot(0)], "slot 0 of a program with 0 slots"),
        (vec![0, 1, GET, 0, 1], "the frame has no name 1"),
        (vec![0, 0], "the program has no step"),
        (vec![0, 1, 9], "the step is of an unknown kind"),
        (vec![0, 1, GET], "the program ends early"),
        (vec![], "the frame has no program"),
    ] {
        let refused = frame::encode(&["next"], &words, 0).unwrap_err();
        assert_eq!(refused.code, Code::Protocol, "{words:?}");
        assert!(refused.message.contains(text), "{words:?}: {refused}");
    }
}

#[test]
fn rule_25_slots_are_those_that_came_along() {
    let echo = [1, 2, GET, 0, 0, APPLY, 1, 1, slot(0)];
    let refused = frame::encode(&["echo"], &echo, 0).unwrap_err();
    assert_eq!(refused.to_string(), "protocol: the programs have 1 slots, 0 came along");
}

#[test]
fn rule_16_what_follows_the_slots_is_not_the_programs() {
    assert!(frame::encode(&["next"], &next(), 1).is_ok());
}

#[test]
fn rule_26_refused_names_and_entries() {
    for name in REFUSED {
        for of in [0, 1] {
            let words = [0, 2, GET, 0, 0, GET, of, 1];
            let refused = frame::encode(&["next", name], &words, 0).unwrap_err();
            assert_eq!(refused.code, Code::NotCallable, "{name}");
        }
    }
    for entry in NOT_AN_ENTRY.iter().chain(&["__lmzCall"]) {
        let refused = frame::encode(&[entry], &[0, 1, GET, 0, 0], 0).unwrap_err();
        assert_eq!(refused.code, Code::NotCallable, "{entry}");
        // A member of a returned object may be named as a lifecycle method is.
        let words = [0, 2, GET, 0, 0, GET, 1, 1];
        assert!(frame::encode(&["returned", entry], &words, 0).is_ok(), "{entry}");
    }
}

#[test]
fn rule_26_keys_are_data_whatever_their_names() {
    for key in REFUSED.iter().chain(NOT_AN_ENTRY) {
        let words = [1, 3, OBJECT, 1, 0, slot(0), GET, 0, 1, APPLY, 2, 1, value(1)];
        let bytes = frame::encode(&[key, "echo"], &words, 1).unwrap();
        assert_eq!(frame::decode(&bytes, 1, &Limits::DEFAULT).unwrap().names, [*key, "echo"]);
    }
}

#[test]
fn rule_16_a_hole_stays_a_hole_in_an_array_and_nowhere_else() {
    let words = [0, 3, ARRAY, 2, HOLE, HOLE, GET, 0, 0, APPLY, 2, 1, value(1)];
    let bytes = frame::encode(&["echo"], &words, 0).unwrap();
    assert_eq!(frame::decode(&bytes, 0, &Limits::DEFAULT).unwrap().words, words);
    for words in [vec![0, 2, GET, 0, 0, APPLY, 1, 1, HOLE], vec![0, 1, OBJECT, 1, 0, HOLE]] {
        let refused = frame::encode(&["echo"], &words, 0).unwrap_err();
        assert_eq!(refused.code, Code::Protocol);
        assert!(refused.message.contains("a hole has a place only in an array"), "{refused}");
    }
}

#[test]
fn what_is_only_followed_is_read_from_or_called_and_nothing_else() {
    // Value 1 is called, 2 read from, 3 an item, 4 an argument and read from, 5 the result.
    let words = [
        [0, 6, GET, 0, 0, APPLY, 1, 0].as_slice(),
        &[GET, 2, 0, GET, 0, 0, ARRAY, 1, value(3), APPLY, 4, 2, value(4), value(5)],
    ]
    .concat();
    let followed = meaning(&words).unwrap().followed;
    assert_eq!(followed, [true, true, true, false, false, false, false]);
    for broken in [vec![], vec![0, 1, GET, 7, 0], vec![0, 2, GET, 0, 0]] {
        assert_eq!(meaning(&broken).unwrap_err().code, Code::Protocol);
    }
}

#[test]
fn one_method_call_with_its_slots_as_they_come_is_told_from_other_programs() {
    let call = |arguments: &[u32]| {
        let count = u32::try_from(arguments.len()).unwrap();
        [&[0, 2, GET, 0, 7, APPLY, 1, count], arguments].concat()
    };
    let method = |arguments: &[u32]| meaning(&call(arguments)).unwrap().method;
    assert_eq!(method(&[]), Some(Method { name: 7, arguments: 0 }));
    assert_eq!(method(&[slot(0), slot(1)]), Some(Method { name: 7, arguments: 2 }));
    for other in [&[slot(1)], &[value(1)], &[OUTCOME]] {
        assert_eq!(method(other), None);
    }
    assert_eq!(method(&[slot(1), slot(0)]), None);
    for other in [
        [0, 1, GET, 0, 7].as_slice(),
        &[0, 3, GET, 0, 7, APPLY, 1, 0, GET, 2, 7],
        &[0, 3, GET, 0, 7, GET, 0, 7, APPLY, 1, 0],
        &[0, 2, GET, 0, 7, ARRAY, 0],
    ] {
        assert_eq!(meaning(other).unwrap().method, None, "{other:?}");
    }
}

#[test]
fn rule_25_what_a_frame_costs_is_linear_in_its_names_and_steps() {
    // 65,536 names, each read from the target: comparing each with each would take minutes here.
    let count = 65_536;
    let names: Vec<String> = (0..count).map(|number| format!("n{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let reads = (0..count).flat_map(|name| [GET, 0, name]);
    let words: Vec<u32> = [0, count].into_iter().chain(reads).collect();
    let bytes = frame::encode(&names, &words, 0).unwrap();
    let start = std::time::Instant::now();
    let frame = frame::decode(&bytes, 0, &Limits::MOST).unwrap();
    assert_eq!(frame.entries.len(), 65_536);
    assert_eq!(meaning(&frame.words).unwrap().followed.len(), 65_537);
    assert!(start.elapsed().as_secs() < 1, "{:?}", start.elapsed());
}

#[test]
fn rule_28_every_limit_holds() {
    let limits = Limits { steps: 2, depth: 1, arguments: 1, name_bytes: 4, ..Limits::DEFAULT };
    for (names, words, slots, text) in [
        (vec!["next"], vec![0, 3, GET, 0, 0, GET, 1, 0, GET, 2, 0], 0, "3 steps in a program"),
        (vec!["nexts"], next(), 0, "5 bytes in a name"),
        (
            vec!["next"],
            vec![2, 2, GET, 0, 0, APPLY, 1, 2, slot(0), slot(1)],
            2,
            "step 2, 'next': 2 arguments of a call, the limit is 1",
        ),
    ] {
        let wide = Limits { steps: 9, name_bytes: 9, arguments: 9, ..Limits::DEFAULT };
        assert!(lumenize_call::validate::frame(&names, &words, slots, &wide).is_ok(), "{text}");
        let refused = lumenize_call::validate::frame(&names, &words, slots, &limits).unwrap_err();
        assert_eq!(refused.code, Code::LimitExceeded, "{text}");
        assert!(refused.message.contains(text), "{refused}");
    }
    let bytes = frame::encode(&["add", "k"], &nested(), 4).unwrap();
    let refused = frame::decode(&bytes, 4, &Limits { depth: 2, ..Limits::DEFAULT }).unwrap_err();
    assert!(refused.message.contains("3 levels of nesting, the limit is 2"), "{refused}");
    let refused =
        frame::decode(&bytes, 4, &Limits { frame_bytes: 8, ..Limits::DEFAULT }).unwrap_err();
    assert!(refused.message.contains("bytes in the frame, the limit is 8"), "{refused}");
}

#[test]
fn rule_28_one_program_in_a_frame() {
    let refused = frame::encode(&["next"], &[next(), next()].concat(), 0).unwrap_err();
    assert_eq!(refused.to_string(), "limit-exceeded: 2 programs in the frame, the limit is 1");
}

#[test]
fn rule_28_limits_hold_while_a_frame_is_read() {
    let narrow = Limits { names: 3, steps: 2, arguments: 2, ..Limits::DEFAULT };
    for (bytes, text) in [
        (vec![0x83, 2, 0x84, 0x60, 0x60, 0x60, 0x60], "4 names in the frame"),
        (vec![0x83, 2, 0x80, 0x81, 0x82, 0, 0x83, 0, 0, 0], "3 steps in a program"),
        (
            vec![0x83, 2, 0x80, 0x81, 0x82, 0, 0x81, 0x88, 2, 0, 0, 0, 0, 0, 0, 0],
            "7 words in a step",
        ),
    ] {
        let refused = frame::decode(&bytes, 0, &narrow).unwrap_err();
        assert_eq!(refused.code, Code::LimitExceeded, "{refused}");
        assert!(refused.message.contains(text), "{refused}");
    }
}

#[test]
fn rule_28_a_class_may_widen_its_limits() {
    let wide = Limits { steps: 4_096, ..Limits::DEFAULT };
    let chain = (0..2_000).flat_map(|step| [GET, step, 0]);
    let words: Vec<u32> = [0, 2_000].into_iter().chain(chain).collect();
    let bytes = frame::encode(&["next"], &words, 0).unwrap();
    assert!(frame::decode(&bytes, 0, &wide).is_ok());
    let refused = frame::decode(&bytes, 0, &Limits::DEFAULT).unwrap_err();
    assert!(refused.message.contains("2000 steps in a program, the limit is 1024"), "{refused}");
}

#[test]
fn rule_28_limits_that_a_class_sets_are_checked() {
    let mut limits = Limits::DEFAULT;
    assert!(limits.set("steps", 65_536.0).is_ok());
    assert_eq!(limits.steps, 65_536);
    for (name, value, text) in [
        ("stepz", 1.0, "callLimits has no 'stepz': there is frameBytes"),
        ("steps", 0.0, "callLimits.steps has to be a whole number from 1 to 65536"),
        ("steps", -1.0, "from 1 to 65536"),
        ("steps", 1.5, "from 1 to 65536"),
        ("steps", f64::NAN, "from 1 to 65536"),
        ("steps", 65_537.0, "from 1 to 65536"),
        ("depth", f64::INFINITY, "from 1 to 256"),
    ] {
        let refused = limits.set(name, value).unwrap_err();
        assert_eq!(refused.code, Code::InvalidOption);
        assert!(refused.message.contains(text), "{refused}");
    }
    assert_eq!(Limits::from_words(&limits.words()), limits);
}

#[test]
fn rule_26_nothing_is_read_from_what_was_made_for_an_argument() {
    for words in [
        vec![1, 2, ARRAY, 1, slot(0), GET, 1, 0],
        vec![1, 2, OBJECT, 1, 0, slot(0), GET, 1, 0],
        vec![1, 2, ARRAY, 1, slot(0), APPLY, 1, 0],
    ] {
        let refused = frame::encode(&["next"], &words, 1).unwrap_err();
        assert_eq!(refused.code, Code::Protocol);
        assert!(refused.message.contains("value 1 was made for an argument"), "{refused}");
    }
}

fn assert_refused(bytes: &[u8], slots: u32, code: Code, text: &str) {
    let refused = frame::decode(bytes, slots, &Limits::DEFAULT);
    assert!(
        refused
            .as_ref()
            .is_err_and(|failure| failure.code == code && failure.message.contains(text)),
        "{refused:?}"
    );
}

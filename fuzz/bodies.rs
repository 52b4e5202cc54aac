//! What each fuzz target tries: shared by `npm run fuzz` and by the short run in `npm test`.
//!
//! A body panics where the core breaks a promise. That the core does not panic is itself one.
#![allow(dead_code, reason = "each target uses one of the bodies")]

use arbitrary::{Arbitrary, Unstructured};
use lumenize_call::error::Code;
use lumenize_call::frame::{self, Frame};
use lumenize_call::limits::Limits;
use lumenize_call::program::{APPLY, GET, KIND_BITS, OBJECT, SLOT, VALUE};
use lumenize_call::validate;

/// Any bytes, with few slots.
pub fn decode(bytes: &[u8]) {
    for slots in 0..4 {
        accepts(bytes, slots);
    }
}

/// Bytes are refused with a code that a receiver gives, or are a frame that reads the same again.
pub fn accepts(bytes: &[u8], slots: u32) -> bool {
    match frame::decode(bytes, slots, &Limits::DEFAULT) {
        Ok(read) => {
            assert!(read.words.len() <= bytes.len().saturating_mul(2), "memory is not bounded");
            assert_reads_again(&read, slots);
            true
        }
        Err(failure) => {
            let codes = [Code::Protocol, Code::LimitExceeded, Code::NotCallable];
            assert!(codes.contains(&failure.code), "{failure}");
            false
        }
    }
}

/// Any flat form, as a broken facade might pass it.
#[derive(Arbitrary, Debug)]
pub struct Flat {
    names: Vec<String>,
    words: Vec<u16>,
    slots: u8,
}

/// What validation lets through can be written and read again.
pub fn validate(input: &Flat) {
    let names: Vec<&str> = input.names.iter().map(String::as_str).collect();
    let words: Vec<u32> = input.words.iter().map(|word| u32::from(*word)).collect();
    let slots = u32::from(input.slots);
    if let Ok(entries) = validate::frame(&names, &words, slots, &Limits::DEFAULT) {
        assert_reads_again(&Frame { names, words, entries }, slots);
    }
}

/// A program as an honest sender makes it.
#[derive(Debug)]
pub struct Honest {
    names: Vec<String>,
    words: Vec<u32>,
    slots: u32,
}

impl<'a> Arbitrary<'a> for Honest {
    fn arbitrary(input: &mut Unstructured<'a>) -> arbitrary::Result<Self> {
        let names: Vec<String> = (0..input.int_in_range(1..=8)?).map(|n| format!("n{n}")).collect();
        let last_name = u32::try_from(names.len()).unwrap_or(1).saturating_sub(1);
        let steps = input.int_in_range(1..=24)?;
        let mut slots: u32 = 0;
        let mut words = vec![0, steps, GET, 0, input.int_in_range(0..=last_name)?];
        // Values that steps may read from and call: not those made for arguments.
        let mut paths: Vec<u32> = vec![1];
        for step in 1..steps {
            let kind = input.int_in_range(GET..=OBJECT)?;
            words.push(kind);
            let path = *input.choose(&paths)?;
            if kind == GET || kind == APPLY {
                paths.push(step.saturating_add(1));
            }
            if kind == GET {
                let of = if input.arbitrary()? { 0 } else { path };
                words.extend([of, input.int_in_range(0..=last_name)?]);
                continue;
            }
            if kind == APPLY {
                words.push(path);
            }
            let count = input.int_in_range(0..=4)?;
            words.push(count);
            for _ in 0..count {
                if kind == OBJECT {
                    words.push(input.int_in_range(0..=last_name)?);
                }
                if input.arbitrary()? {
                    words.push(input.int_in_range(1..=step)? << KIND_BITS | VALUE);
                } else {
                    words.push(slots << KIND_BITS | SLOT);
                    slots = slots.saturating_add(1);
                }
            }
        }
        if let Some(first) = words.first_mut() {
            *first = slots;
        }
        Ok(Self { names, words, slots })
    }
}

/// An honest program is accepted, and reads the same.
pub fn round_trip(input: &Honest) {
    let names: Vec<&str> = input.names.iter().map(String::as_str).collect();
    match validate::frame(&names, &input.words, input.slots, &Limits::DEFAULT) {
        Ok(entries) => {
            assert_reads_again(&Frame { names, words: input.words.clone(), entries }, input.slots);
        }
        Err(failure) => assert_eq!(failure.code, Code::LimitExceeded, "{failure}"),
    }
}

/// An honest frame with bytes changed, cut out or put in.
#[derive(Arbitrary, Debug)]
pub struct Mutation {
    honest: Honest,
    changes: Vec<(u16, Change)>,
}

/// What happens to a byte.
#[derive(Arbitrary, Debug)]
pub enum Change {
    /// It becomes another.
    Set(u8),
    /// It and all after it are gone.
    Cut,
    /// Another stands before it.
    Insert(u8),
}

/// A frame that was tampered with is refused or is another frame, which reads the same again.
pub fn frame(input: &Mutation) {
    if let Some(mut bytes) = input.honest.encode() {
        for (place, change) in &input.changes {
            change.apply(usize::from(*place), &mut bytes);
        }
        accepts(&bytes, input.honest.slots);
    }
}

impl Honest {
    /// The bytes of it, if it is within the limits.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
        match frame::encode(&names, &self.words, self.slots) {
            Ok(bytes) => Some(bytes),
            Err(failure) => {
                assert_eq!(failure.code, Code::LimitExceeded, "{failure}");
                None
            }
        }
    }

    /// How many native values it needs.
    pub fn slots(&self) -> u32 {
        self.slots
    }
}

impl Change {
    /// Changes the byte that `place` comes to.
    pub fn apply(&self, place: usize, bytes: &mut Vec<u8>) {
        let at = place.checked_rem(bytes.len()).unwrap_or(0);
        match self {
            Self::Set(byte) => bytes.iter_mut().skip(at).take(1).for_each(|old| *old = *byte),
            Self::Cut => bytes.truncate(at),
            Self::Insert(byte) => bytes.insert(at, *byte),
        }
    }
}

fn assert_reads_again(read: &Frame<'_>, slots: u32) {
    match frame::encode(&read.names, &read.words, slots) {
        Ok(bytes) => {
            let again = frame::decode(&bytes, slots, &Limits::DEFAULT);
            assert_eq!(again.as_ref(), Ok(read), "{bytes:02x?}");
        }
        Err(failure) => assert_eq!(failure.code, Code::LimitExceeded, "{failure}: {read:?}"),
    }
}

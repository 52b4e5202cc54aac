//! A program: the flat form of a continuation, and how one program is written as CBOR.
//!
//! A program is a list of steps, each of which yields a value. Value 0 is the target itself, value
//! `n` the result of step `n`, counted from 1. A step refers only to values before it, so a program
//! cannot loop, and a value that is used twice is computed once. The last value is the result.
//!
//! The flat form is what crosses between JavaScript and Rust: `u32` words, so that a whole frame
//! crosses in one call and nothing is allocated for a step.
//!
//! ```text
//! program := slots count step{count}
//! step    := GET of name | APPLY callee count argument{count}
//!          | ARRAY count argument{count} | OBJECT count (name argument){count}
//! argument := kind | number << 2      kind: SLOT, VALUE, OUTCOME or HOLE
//! ```

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};

use crate::error::{Code, Failure};
use crate::limits::Limits;
use crate::validate::within_limit;

/// Defines word values once, for Rust and, as an enum whose values are inlined, for TypeScript.
macro_rules! tags {
    ($(#[doc = $about:literal] $typescript:ident $enum:literal {
        $( #[doc = $doc:literal] $constant:ident / $name:literal = $value:literal, )+
    })+) => { $(
        $( #[doc = $doc] pub const $constant: u32 = $value; )+

        #[doc = $about]
        pub const $typescript: &str = concat!(
            "/**", $about, " */\nexport const enum ", $enum, " {\n",
            $( "  /**", $doc, " */\n  ", $name, " = ", $value, ",\n", )+
            "}\n"
        );
    )+ };
}

tags! {
    /// The kinds of step, for TypeScript.
    STEPS_TYPESCRIPT "StepKind" {
        /// Read the property `name` of a value.
        GET / "Get" = 0,
        /// Call a value; `this` is what it was read from, if it came from a `Get`.
        APPLY / "Apply" = 1,
        /// Make an array.
        ARRAY / "Array" = 2,
        /// Make a plain object.
        OBJECT / "Object" = 3,
    }
    /// The kinds of argument, for TypeScript.
    ARGUMENTS_TYPESCRIPT "ArgumentKind" {
        /// The native value in the slot `number`.
        SLOT / "Slot" = 0,
        /// The value of the step `number`.
        VALUE / "Value" = 1,
        /// The outcome that a handler receives; `number` is 0.
        OUTCOME / "Outcome" = 2,
        /// No item at this place of an array; `number` is 0.
        HOLE / "Hole" = 3,
        /// How far `number` is shifted to the left of the kind.
        KIND_BITS / "Bits" = 2,
    }
}

/// One argument, taken out of its word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The native value in this slot of the program.
    Slot(u32),
    /// The value of this step.
    Value(u32),
    /// The outcome that a handler receives.
    Outcome,
    /// No item: the place stays a hole in the array.
    Hole,
}

impl Argument {
    /// Reads a word.
    ///
    /// # Errors
    /// `protocol` for a word that is no argument.
    pub fn from_word(word: u32) -> Result<Self, Failure> {
        let number = word >> KIND_BITS;
        match word & ((1 << KIND_BITS) - 1) {
            SLOT => Ok(Self::Slot(number)),
            VALUE => Ok(Self::Value(number)),
            OUTCOME if number == 0 => Ok(Self::Outcome),
            HOLE if number == 0 => Ok(Self::Hole),
            _ => Err(Failure::new(Code::Protocol, "an argument is of an unknown kind")),
        }
    }

    fn into_word(self) -> Result<u32, Failure> {
        let (kind, number) = match self {
            Self::Slot(number) => (SLOT, number),
            Self::Value(number) => (VALUE, number),
            Self::Outcome => (OUTCOME, 0),
            Self::Hole => (HOLE, 0),
        };
        if number > u32::MAX >> KIND_BITS {
            return Err(Failure::new(Code::Protocol, "an argument's number is out of range"));
        }
        Ok(kind | number << KIND_BITS)
    }
}

/// One step, borrowed from the flat form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Read a property.
    Get {
        /// The value that has the property.
        of: u32,
        /// The property's name, as an index into the frame's names.
        name: u32,
    },
    /// Call a value.
    Apply {
        /// The value that is called.
        callee: u32,
        /// Argument words.
        arguments: &'a [u32],
    },
    /// Make an array.
    Array {
        /// Argument words.
        items: &'a [u32],
    },
    /// Make a plain object.
    Object {
        /// Pairs of a name and an argument word.
        entries: &'a [u32],
    },
}

/// Reads a flat form from its start to its end.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    rest: &'a [u32],
}

impl<'a> Words<'a> {
    /// Starts at the first word.
    #[must_use]
    pub fn new(words: &'a [u32]) -> Self {
        Self { rest: words }
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next word.
    ///
    /// # Errors
    /// `protocol` at the end.
    pub fn next_word(&mut self) -> Result<u32, Failure> {
        let (first, rest) = self.rest.split_first().ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next step.
    ///
    /// # Errors
    /// `protocol` for an unknown step or a list that ends early.
    pub fn next_step(&mut self) -> Result<Step<'a>, Failure> {
        match self.next_word()? {
            GET => Ok(Step::Get { of: self.next_word()?, name: self.next_word()? }),
            APPLY => {
                let callee = self.next_word()?;
                Ok(Step::Apply { callee, arguments: self.list(1)? })
            }
            ARRAY => Ok(Step::Array { items: self.list(1)? }),
            OBJECT => Ok(Step::Object { entries: self.list(2)? }),
            _ => Err(unknown_step()),
        }
    }

    fn list(&mut self, words_per_item: u32) -> Result<&'a [u32], Failure> {
        let count = self.next_word()?.checked_mul(words_per_item).ok_or_else(ends_early)?;
        let count = usize::try_from(count).map_err(|_| ends_early())?;
        let (list, rest) = self.rest.split_at_checked(count).ok_or_else(ends_early)?;
        self.rest = rest;
        Ok(list)
    }
}

fn ends_early() -> Failure {
    Failure::new(Code::Protocol, "the program ends early")
}

fn unknown_step() -> Failure {
    Failure::new(Code::Protocol, "the step is of an unknown kind")
}

/// Writes the next program of `words` as CBOR: `[slots, [step, …]]`.
///
/// # Errors
/// `protocol` where `words` is not a flat form.
pub fn encode(words: &mut Words<'_>, out: &mut Encoder<Vec<u8>>) -> Result<(), Failure> {
    out.array(2)?;
    out.u32(words.next_word()?)?;
    let steps = words.next_word()?;
    out.array(steps.into())?;
    for _ in 0..steps {
        encode_step(words.next_step()?, out)?;
    }
    Ok(())
}

fn encode_step(step: Step<'_>, out: &mut Encoder<Vec<u8>>) -> Result<(), Failure> {
    match step {
        Step::Get { of, name } => {
            out.array(3)?;
            out.u32(GET)?;
            out.u32(of)?;
            out.u32(name)?;
        }
        Step::Apply { callee, arguments } => {
            out.array((arguments.len() as u64).saturating_add(2))?;
            out.u32(APPLY)?;
            out.u32(callee)?;
            for argument in arguments {
                encode_argument(*argument, out)?;
            }
        }
        Step::Array { items } => {
            out.array((items.len() as u64).saturating_add(1))?;
            out.u32(ARRAY)?;
            for argument in items {
                encode_argument(*argument, out)?;
            }
        }
        Step::Object { entries } => {
            out.array((entries.len() as u64).saturating_add(1))?;
            out.u32(OBJECT)?;
            for entry in entries.as_chunks::<2>().0 {
                let [name, argument] = *entry;
                out.u32(name)?;
                encode_argument(argument, out)?;
            }
        }
    }
    Ok(())
}

/// A slot is a non-negative integer, the value of step `n` is `-n`, the outcome is null, a hole is
/// undefined.
fn encode_argument(word: u32, out: &mut Encoder<Vec<u8>>) -> Result<(), Failure> {
    match Argument::from_word(word)? {
        Argument::Slot(number) => {
            out.u32(number)?;
        }
        Argument::Value(0) => {
            return Err(Failure::new(Code::Protocol, "the target itself is not an argument"));
        }
        Argument::Value(number) => {
            out.i64(i64::from(number).wrapping_neg())?;
        }
        Argument::Outcome => {
            out.null()?;
        }
        Argument::Hole => {
            out.undefined()?;
        }
    }
    Ok(())
}

/// Reads one program and appends its flat form to `words`. What it refers to is not checked here.
///
/// # Errors
/// `protocol` for bytes that are no program.
pub fn decode(
    bytes: &mut Decoder<'_>,
    words: &mut Vec<u32>,
    limits: &Limits,
) -> Result<(), Failure> {
    if length(bytes)? != 2 {
        return Err(Failure::new(Code::Protocol, "a program has two parts"));
    }
    words.push(bytes.u32()?);
    let steps = length(bytes)?;
    within_limit("steps in a program", steps, limits.steps)?;
    words.push(steps);
    for step in 1..=steps {
        decode_step(bytes, words, limits)
            .map_err(|failure| failure.within(format_args!("step {step}")))?;
    }
    Ok(())
}

fn decode_step(
    bytes: &mut Decoder<'_>,
    words: &mut Vec<u32>,
    limits: &Limits,
) -> Result<(), Failure> {
    let items = length(bytes)?.checked_sub(1).ok_or_else(unknown_step)?;
    // Two words more than arguments: an apply has a callee, an entry of an object a name.
    let most = limits.arguments.saturating_mul(2).saturating_add(2);
    within_limit("words in a step", items, most)?;
    let kind = bytes.u32()?;
    words.push(kind);
    match kind {
        GET if items == 2 => {
            words.push(bytes.u32()?);
            words.push(bytes.u32()?);
        }
        APPLY if items >= 1 => {
            words.push(bytes.u32()?);
            decode_arguments(bytes, words, items.saturating_sub(1))?;
        }
        ARRAY => decode_arguments(bytes, words, items)?,
        OBJECT if items.is_multiple_of(2) => {
            words.push(items / 2);
            for _ in 0..items / 2 {
                words.push(bytes.u32()?);
                words.push(decode_argument(bytes)?);
            }
        }
        _ => return Err(unknown_step()),
    }
    Ok(())
}

fn decode_arguments(
    bytes: &mut Decoder<'_>,
    words: &mut Vec<u32>,
    count: u32,
) -> Result<(), Failure> {
    words.push(count);
    for _ in 0..count {
        words.push(decode_argument(bytes)?);
    }
    Ok(())
}

fn decode_argument(bytes: &mut Decoder<'_>) -> Result<u32, Failure> {
    match bytes.datatype()? {
        Type::Null => {
            bytes.null()?;
            return Argument::Outcome.into_word();
        }
        Type::Undefined => {
            bytes.undefined()?;
            return Argument::Hole.into_word();
        }
        _ => {}
    }
    let number = bytes.i64()?;
    let magnitude = u32::try_from(number.unsigned_abs())
        .map_err(|_| Failure::new(Code::Protocol, "an argument's number is out of range"))?;
    if number < 0 { Argument::Value(magnitude) } else { Argument::Slot(magnitude) }.into_word()
}

/// The length of a CBOR array that states one and whose items are all there.
///
/// A list cannot have more items than bytes are left: a length that lies is refused before it is
/// used for anything.
///
/// # Errors
/// `protocol` for anything else.
pub fn length(bytes: &mut Decoder<'_>) -> Result<u32, Failure> {
    let stated = bytes.array()?.ok_or_else(|| {
        Failure::new(Code::Protocol, "a list does not state its length at its start")
    })?;
    let left = bytes.input().len().saturating_sub(bytes.position());
    match (usize::try_from(stated), u32::try_from(stated)) {
        (Ok(items), Ok(length)) if items <= left => Ok(length),
        _ => Err(Failure::new(Code::Protocol, "a list is longer than the message")),
    }
}

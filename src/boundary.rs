//! The core, as TypeScript sees it: conversions and nothing else.

use js_sys::{Array, Uint8Array, Uint32Array};
use wasm_bindgen::prelude::*;

use crate::error::{Code, Failure};
use crate::limits::Limits;
use crate::meaning::{self, Meaning, Method};
use crate::{frame, message, pending, validate};

#[wasm_bindgen(typescript_custom_section)]
const CODES: &str = Code::TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const LIMITS: &str = Limits::TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const MESSAGE: &str = crate::limits::MESSAGE_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const ERROR: &str = crate::limits::ERROR_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const CHAIN: &str = crate::limits::CHAIN_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const CONTEXT: &str = crate::limits::CONTEXT_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const OPTIONS: &str = crate::pending::TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const STEPS: &str = crate::program::STEPS_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const ARGUMENTS: &str = crate::program::ARGUMENTS_TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const ENTRIES: &str = crate::validate::TYPESCRIPT;

/// A failure is thrown as the pair `[code, message]`: TypeScript makes the `CallError`.
impl From<Failure> for JsValue {
    fn from(failure: Failure) -> Self {
        Array::of2(&failure.code.as_str().into(), &failure.message.into()).into()
    }
}

/// Encodes one frame. `names` holds `name_count` names with U+0000 between them.
///
/// # Errors
/// `[code, message]` where every receiver would refuse the frame.
#[wasm_bindgen(js_name = encodeFrame)]
pub fn encode_frame(
    words: &[u32],
    names: &str,
    name_count: u32,
    slots: u32,
) -> Result<Vec<u8>, JsValue> {
    let names: Vec<&str> = names.split('\0').collect();
    if u32::try_from(names.len()) != Ok(name_count) {
        let message = "a name contains the character U+0000";
        return Err(Failure::new(Code::InvalidContinuation, message).into());
    }
    Ok(frame::encode(&names, words, slots)?)
}

/// Checks a step that is about to be made against what every receiver would refuse: how many arguments,
/// items or entries a step of this kind has, and how deep it nests.
///
/// # Errors
/// `[code, message]` where it is too large.
#[wasm_bindgen(js_name = checkStep)]
pub fn check_step(kind: u32, arguments: usize, depth: u32) -> Result<(), JsValue> {
    validate::arguments(kind, arguments, &Limits::MOST)?;
    Ok(validate::nesting(depth, &Limits::MOST)?)
}

/// Decodes and checks one frame that came with `slots` native values. Of one whose `length` is above the limit,
/// `bytes` need not be there. Returns its words, its names
/// with U+0000 between them, which of these it reads from the target itself, and what it means, as
/// `programMeaning` says it. `limits` are what `checkLimits` returned, or empty for the defaults.
///
/// # Errors
/// `[code, message]` where the frame is refused.
#[wasm_bindgen(
    js_name = decodeFrame,
    unchecked_return_type = "[Uint32Array, string, Uint32Array, Uint32Array, Uint8Array]"
)]
pub fn decode_frame(
    bytes: &[u8],
    length: usize,
    slots: u32,
    limits: &[u32],
) -> Result<Array, JsValue> {
    let limits = Limits::from_words(limits);
    validate::frame_bytes(length, &limits)?;
    let frame = frame::decode(bytes, slots, &limits)?;
    let words = Uint32Array::from(frame.words.as_slice());
    let entries = Uint32Array::from(frame.entries.as_slice());
    let decoded = Array::of3(&words, &frame.names.join("\0").into(), &entries);
    Ok(decoded.concat(&program_meaning(&frame.words)?))
}

/// What one program means. If it is one method call: the index of the method's name and how many arguments
/// it has; else nothing. And for each value, by its number, 1 where later steps only read from it or call it.
///
/// # Errors
/// `[code, message]` where `words` is not one program.
#[wasm_bindgen(js_name = programMeaning, unchecked_return_type = "[Uint32Array, Uint8Array]")]
pub fn program_meaning(words: &[u32]) -> Result<Array, JsValue> {
    let Meaning { method, followed } = meaning::meaning(words)?;
    let method = method.map_or(vec![], |Method { name, arguments }| vec![name, arguments]);
    let followed: Vec<u8> = followed.into_iter().map(u8::from).collect();
    let method = Uint32Array::from(method.as_slice());
    Ok(Array::of2(&method, &Uint8Array::from(followed.as_slice())))
}

/// Checks the structure of a message of several calls: for each call the number of its frame, for each
/// frame how many slots it takes and how long it is, and how many slots came along.
///
/// # Errors
/// `[code, message]` where the message is refused.
#[wasm_bindgen(js_name = checkMessage)]
pub fn check_message(
    which: &[u16],
    slot_counts: &[u16],
    frame_bytes: &[u32],
    slots: u32,
) -> Result<(), JsValue> {
    Ok(message::check(which, slot_counts, frame_bytes, slots)?)
}

/// Checks the limits that a class sets, and fills in the defaults. `names` has U+0000 between them, and there
/// is a value for each.
///
/// # Errors
/// `[code, message]` for an unknown name or a value that is no count.
#[wasm_bindgen(js_name = checkLimits)]
pub fn check_limits(names: &str, values: &[f64]) -> Result<Vec<u32>, JsValue> {
    let mut limits = Limits::DEFAULT;
    for (name, value) in names.split('\0').zip(values) {
        limits.set(name, *value)?;
    }
    Ok(limits.words())
}

/// Whether callers may read a name from the target itself, if its class has it.
#[wasm_bindgen(js_name = isEntry)]
#[must_use]
pub fn is_entry(name: &str, is_worker: bool) -> bool {
    if is_worker { validate::is_entry_of_a_worker(name) } else { validate::is_entry(name) }
}

/// Three lists, each on a line, of words with a space between them: every code; names that lead to code;
/// names that lead away from the object behind a stub.
#[wasm_bindgen]
#[must_use]
pub fn lists() -> String {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    [codes.join(" "), validate::OF_CODE.join(" "), validate::NOT_OF_A_STUB.join(" ")].join("\n")
}

/// The pending calls of one object that have waited for a while. Times are milliseconds since any one moment.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct PendingCalls(pending::Pending);

#[wasm_bindgen]
impl PendingCalls {
    /// A table without calls.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds calls, of which `calls` has three numbers each: the id, when the call was made, and its
    /// timeout, which has been checked. Returns whether a new table is to be made of the calls that are
    /// pending, whose number is `pending`.
    pub fn watch(&mut self, calls: &[f64], pending: u32) -> bool {
        for call in calls.chunks_exact(3) {
            if let [id, now, timeout] = *call {
                self.0.watch(as_integer(id), now, timeout);
            }
        }
        self.0.is_outdated(pending)
    }

    /// Takes out every call whose deadline has come. Returns the next deadline, `Infinity` if no call has
    /// one, and the ids of those calls, earliest first.
    pub fn due(&mut self, now: f64) -> Vec<f64> {
        let due = self.0.due(now);
        let next = self.0.next_deadline().map_or(f64::INFINITY, as_number);
        std::iter::once(next).chain(due.into_iter().map(as_number)).collect()
    }
}

/// Checks a timeout, in milliseconds.
///
/// # Errors
/// `[code, message]` for one that makes no sense.
#[wasm_bindgen(js_name = checkTimeout)]
pub fn check_timeout(timeout: f64) -> Result<(), JsValue> {
    Ok(pending::check_timeout(timeout)?)
}

/// Brings the core back after it trapped: the next call of any function finds a new instance with
/// empty memory. Everything made by the old one is void.
#[wasm_bindgen]
pub fn recover() {
    wasm_bindgen::handler::schedule_reinit();
}

/// Ids and deadlines stay below 2^53, where a JavaScript number is exact.
#[allow(clippy::cast_precision_loss)]
fn as_number(integer: u64) -> f64 {
    integer as f64
}

/// A cast from a float saturates, and no call has the id 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn as_integer(number: f64) -> u64 {
    number as u64
}

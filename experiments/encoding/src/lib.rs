//! The same frame in three encodings, each behind a feature and the same two exports, so that size and
//! time can be compared. Each checks what it read by the rules of the core.

use js_sys::{Array, Uint32Array};
use lumenize_call::limits::Limits;
use wasm_bindgen::prelude::*;

#[cfg(feature = "cbor")]
mod codec {
    use lumenize_call::frame;
    use lumenize_call::limits::Limits;

    pub fn encode(names: &[&str], words: &[u32], slots: u32) -> Option<Vec<u8>> {
        frame::encode(names, words, slots).ok()
    }

    pub fn decode(bytes: &[u8], slots: u32) -> Option<(Vec<u32>, String)> {
        let frame = frame::decode(bytes, slots, &Limits::DEFAULT).ok()?;
        Some((frame.words, frame.names.join("\0")))
    }
}

#[cfg(feature = "postcard")]
mod codec {
    use lumenize_call::limits::Limits;
    use lumenize_call::program::{APPLY, ARRAY, GET, OBJECT, Step, Words};
    use lumenize_call::validate;
    use serde::{Deserialize, Serialize};

    #[derive(Deserialize, Serialize)]
    struct Wire<'a> {
        version: u32,
        #[serde(borrow)]
        names: Vec<&'a str>,
        programs: Vec<(u32, Vec<WireStep>)>,
    }

    #[derive(Deserialize, Serialize)]
    enum WireStep {
        Get(u32, u32),
        Apply(u32, Vec<u32>),
        Array(Vec<u32>),
        Object(Vec<u32>),
    }

    pub fn encode(names: &[&str], words: &[u32], slots: u32) -> Option<Vec<u8>> {
        validate::frame(names, words, slots, &Limits::DEFAULT).ok()?;
        let mut words = Words::new(words);
        let mut programs = Vec::new();
        while !words.is_empty() {
            let slots = words.next_word().ok()?;
            let count = words.next_word().ok()?;
            let mut steps = Vec::new();
            for _ in 0..count {
                steps.push(match words.next_step().ok()? {
                    Step::Get { of, name } => WireStep::Get(of, name),
                    Step::Apply { callee, arguments } => WireStep::Apply(callee, arguments.to_vec()),
                    Step::Array { items } => WireStep::Array(items.to_vec()),
                    Step::Object { entries } => WireStep::Object(entries.to_vec()),
                });
            }
            programs.push((slots, steps));
        }
        postcard::to_allocvec(&Wire { version: 1, names: names.to_vec(), programs }).ok()
    }

    pub fn decode(bytes: &[u8], slots: u32) -> Option<(Vec<u32>, String)> {
        let wire: Wire<'_> = postcard::from_bytes(bytes).ok()?;
        let mut words = Vec::new();
        let length = |list: &[u32]| u32::try_from(list.len()).ok();
        for (slots, steps) in wire.programs {
            words.extend([slots, u32::try_from(steps.len()).ok()?]);
            for step in steps {
                match step {
                    WireStep::Get(of, name) => words.extend([GET, of, name]),
                    WireStep::Apply(callee, list) => {
                        words.extend([APPLY, callee, length(&list)?]);
                        words.extend(list);
                    }
                    WireStep::Array(list) => {
                        words.extend([ARRAY, length(&list)?]);
                        words.extend(list);
                    }
                    WireStep::Object(list) => {
                        words.extend([OBJECT, length(&list)? / 2]);
                        words.extend(list);
                    }
                }
            }
        }
        validate::frame(&wire.names, &words, slots, &Limits::DEFAULT).ok()?;
        Some((words, wire.names.join("\0")))
    }
}

/// Text: the version, the names and the words in decimal, with a separator that no name contains.
#[cfg(feature = "text")]
mod codec {
    use lumenize_call::limits::Limits;
    use lumenize_call::validate;

    pub fn encode(names: &[&str], words: &[u32], slots: u32) -> Option<Vec<u8>> {
        validate::frame(names, words, slots, &Limits::DEFAULT).ok()?;
        let mut text = names.join("\n");
        text.insert_str(0, "1\n");
        text.push('\0');
        for (index, word) in words.iter().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(&word.to_string());
        }
        Some(text.into_bytes())
    }

    pub fn decode(bytes: &[u8], slots: u32) -> Option<(Vec<u32>, String)> {
        let (head, tail) = std::str::from_utf8(bytes).ok()?.split_once('\0')?;
        let mut names: Vec<&str> = head.split('\n').collect();
        if names.remove(0) != "1" {
            return None;
        }
        let words = tail.split(' ').map(|word| word.parse().ok()).collect::<Option<Vec<u32>>>()?;
        validate::frame(&names, &words, slots, &Limits::DEFAULT).ok()?;
        Some((words, names.join("\0")))
    }
}

/// Names with U+0000 between them and words become bytes.
#[wasm_bindgen]
pub fn encode(words: &[u32], names: &str, slots: u32) -> Option<Vec<u8>> {
    codec::encode(&names.split('\0').collect::<Vec<_>>(), words, slots)
}

/// Bytes become words and names.
#[wasm_bindgen]
pub fn decode(bytes: &[u8], slots: u32) -> Option<Array> {
    let (words, names) = codec::decode(bytes, slots)?;
    Some(Array::of2(&Uint32Array::from(words.as_slice()), &names.into()))
}

/// Keeps the limits in each variant alike.
#[wasm_bindgen]
pub fn limit() -> u32 {
    Limits::DEFAULT.steps
}

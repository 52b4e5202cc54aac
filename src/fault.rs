//! Ways for the core to die, for the tests of what comes after. The published build has none.
#![allow(clippy::panic)]

use std::hint::black_box;

use wasm_bindgen::prelude::*;

/// Makes the core trap.
#[wasm_bindgen]
pub fn fault(kind: &str) {
    match kind {
        "panic" => panic!("as the test asked"),
        "memory" => loop {
            // It is taken and never touched: the machine does not notice.
            black_box(Vec::<u8>::with_capacity(1 << 30)).leak();
        },
        "stack" => {
            black_box(recurse(0));
        }
        _ => {}
    }
}

#[allow(unconditional_recursion)]
fn recurse(depth: u32) -> u32 {
    let frame = black_box([depth; 64]);
    black_box(recurse(depth.wrapping_add(1))).wrapping_add(frame.iter().sum())
}

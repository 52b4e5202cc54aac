//! The machine, as TypeScript sees it: conversions and chance, and nothing else.

use wasm_bindgen::prelude::*;
use web_sys::WorkerGlobalScope;

use super::record::Time;
use super::schedule::Random;
use super::{Event, Machine};

#[wasm_bindgen(typescript_custom_section)]
const NUMBERS: &str = super::record::TYPESCRIPT;
#[wasm_bindgen(typescript_custom_section)]
const TIMEOUTS: &str = super::schedule::TYPESCRIPT;

/// Checks a timeout, in milliseconds; returns it in whole ones.
///
/// # Errors
/// A sentence, for one that makes no sense.
#[wasm_bindgen(js_name = checkTimeout)]
pub fn check_timeout(timeout: f64) -> Result<f64, JsValue> {
    // At most 7 days.
    #[allow(clippy::cast_precision_loss)]
    Ok(super::schedule::check_timeout(timeout)? as f64)
}

/// Checks a key, by its length in UTF-16 code units.
///
/// # Errors
/// A sentence, for one that is too short or too long.
#[wasm_bindgen(js_name = checkKey)]
pub fn check_key(units: usize) -> Result<(), JsValue> {
    Ok(super::record::check_key(units)?)
}

/// Both sides of one object's durable calls.
#[wasm_bindgen]
#[derive(Debug)]
pub struct DurableMachine {
    machine: Machine,
    chance: Random,
}

#[wasm_bindgen]
impl DurableMachine {
    /// A machine that knows nothing.
    ///
    /// # Errors
    /// Where the runtime has no random numbers to give.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Self, JsValue> {
        Ok(Self { machine: Machine::default(), chance: Random::new(random()?) })
    }

    /// Takes an event, and says what is to be done in this turn, in order; `now` is in milliseconds since
    /// 1970.
    ///
    /// # Errors
    /// A sentence, where the event is none.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn step(
        &mut self,
        #[wasm_bindgen(unchecked_param_type = "Event")] event: JsValue,
        now: f64,
    ) -> Result<JsValue, JsValue> {
        let event: Event = serde_wasm_bindgen::from_value(event)?;
        // A clock before 1970 is none.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let effects = self.machine.step(event, now as Time, self.chance.bits());
        Ok(serde_wasm_bindgen::to_value(&effects)?)
    }

    /// What it counts of the calls that this object has made, and how many methods run for others.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "[Counts, number]")]
    pub fn counts(&self) -> Result<JsValue, JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.machine.counts())?)
    }

    /// In which state a call is, if it is in memory, and how often it was sent since the object started.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "[string, number] | undefined")]
    pub fn state(&self, id: &str) -> Result<JsValue, JsValue> {
        Ok(serde_wasm_bindgen::to_value(&self.machine.state(id))?)
    }
}

/// The row of a call in the storage of its caller.
#[wasm_bindgen(js_name = rowOf)]
#[must_use]
pub fn row_of(id: &str) -> String {
    super::record::row_of(id)
}

/// The row of an outcome in the storage of its target.
#[wasm_bindgen(js_name = entryOf)]
#[must_use]
pub fn entry_of(from: &str, id: &str) -> String {
    super::record::entry_of(from, id)
}

fn random() -> Result<u64, JsValue> {
    let mut bytes = [0; 8];
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

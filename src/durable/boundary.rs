//! The machine, as TypeScript sees it: conversions and chance, and nothing else.

use wasm_bindgen::prelude::*;
use web_sys::WorkerGlobalScope;

use super::record::{Entry, Record, Time};
use super::schedule::{Failure, Random};
use super::{Event, Machine, Row};

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

/// Both sides of one object's durable calls. Each event has a method; what is to be done in this turn is returned, in
/// order.
#[wasm_bindgen]
#[derive(Debug)]
pub struct DurableMachine {
    machine: Machine,
    chance: Random,
    /// The time of the next event.
    now: Time,
    /// Of the page that is being read.
    rows: Vec<Row>,
    entries: Vec<(String, Entry)>,
}

/// What an event method returns: effects, in order.
type Effects = Result<JsValue, JsValue>;

#[wasm_bindgen]
impl DurableMachine {
    /// A machine that knows nothing.
    ///
    /// # Errors
    /// Where the runtime has no random numbers to give.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Result<Self, JsValue> {
        let machine = Machine::default();
        let chance = Random::new(random()?);
        Ok(Self { machine, chance, now: 0, rows: Vec::new(), entries: Vec::new() })
    }

    /// Says what time it is when the next event happens, in milliseconds since 1970.
    #[wasm_bindgen(js_name = setTime)]
    pub fn set_time(&mut self, now: f64) {
        self.now = time(now);
    }

    /// [`Event::Started`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn started(
        &mut self,
        owner: String,
        has_records: bool,
        rows: Vec<String>,
        crashes: &[u32],
        recent_starts: u32,
    ) -> Effects {
        let crashes = rows.into_iter().zip(crashes.iter().copied()).collect();
        self.step(Event::Started { owner, has_records, crashes, recent_starts })
    }

    /// A row of the page that is being read, in its order on disk, with the head of its record.
    #[expect(
        clippy::too_many_arguments,
        reason = "a list of them would have to be taken apart again"
    )]
    pub fn found(
        &mut self,
        row: String,
        version: u32,
        owner: String,
        id: String,
        target: String,
        made: f64,
        expires: f64,
    ) {
        let (made, expires) = (time(made), time(expires));
        let record = Some(Record { version, owner, id, target, made, expires });
        self.rows.push(Row { row, record });
    }

    /// A row of that page that another version wrote.
    #[wasm_bindgen(js_name = foundOther)]
    pub fn found_other(&mut self, row: String) {
        self.rows.push(Row { row, record: None });
    }

    /// [`Event::Loaded`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn loaded(&mut self, more: bool) -> Effects {
        let rows = std::mem::take(&mut self.rows);
        self.step(Event::Loaded { rows, more })
    }

    /// [`Event::Made`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn made(
        &mut self,
        key: Option<String>,
        known: Option<String>,
        target: String,
        timeout: f64,
    ) -> Effects {
        self.step(Event::Made { key, known, target, timeout: time(timeout) })
    }

    /// [`Event::Held`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn held(&mut self) -> Effects {
        self.step(Event::Held)
    }

    /// [`Event::TakenBack`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(js_name = takenBack, unchecked_return_type = "Effect[]")]
    pub fn taken_back(&mut self) -> Effects {
        self.step(Event::TakenBack)
    }

    /// [`Event::Committed`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn committed(&mut self) -> Effects {
        self.step(Event::Committed)
    }

    /// [`Event::Woke`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn woke(&mut self) -> Effects {
        self.step(Event::Woke)
    }

    /// [`Event::Wiped`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn wiped(&mut self) -> Effects {
        self.step(Event::Wiped)
    }

    /// [`Event::Missing`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn missing(&mut self, id: String) -> Effects {
        self.step(Event::Missing { id })
    }

    /// [`Event::Answered`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn answered(&mut self, id: String) -> Effects {
        self.step(Event::Answered { id })
    }

    /// [`Event::TooLate`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(js_name = tooLate, unchecked_return_type = "Effect[]")]
    pub fn too_late(&mut self, id: String) -> Effects {
        self.step(Event::TooLate { id })
    }

    /// [`Event::Counted`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn counted(&mut self, id: String) -> Effects {
        self.step(Event::Counted { id })
    }

    /// [`Event::Dropped`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn dropped(&mut self, id: String) -> Effects {
        self.step(Event::Dropped { id })
    }

    /// [`Event::Retried`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn retried(&mut self, id: String) -> Effects {
        self.step(Event::Retried { id })
    }

    /// [`Event::Failed`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn failed(&mut self, id: String, failure: Failure) -> Effects {
        self.step(Event::Failed { id, failure })
    }

    /// [`Event::Handled`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn handled(&mut self, id: String, has_failed: bool) -> Effects {
        self.step(Event::Handled { id, has_failed })
    }

    /// [`Event::Received`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn received(
        &mut self,
        version: f64,
        row: String,
        expires: f64,
        known: Option<u32>,
        is_running: bool,
        settled: Vec<String>,
    ) -> Effects {
        let (version, expires) = (time(version), time(expires));
        self.step(Event::Received { version, row, expires, known, is_running, settled })
    }

    /// An outcome of the part of the ledger that is being read, in its order on disk.
    pub fn outcome(&mut self, row: String, version: u32, expires: f64) {
        self.entries.push((row, Entry { version, expires: time(expires) }));
    }

    /// [`Event::Swept`].
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Effect[]")]
    pub fn swept(&mut self, more: bool) -> Effects {
        let entries = std::mem::take(&mut self.entries);
        self.step(Event::Swept { entries, more })
    }

    /// What it counts of the calls that this object has made.
    ///
    /// # Errors
    /// None.
    #[wasm_bindgen(unchecked_return_type = "Counts")]
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

impl DurableMachine {
    fn step(&mut self, event: Event) -> Effects {
        let effects = self.machine.step(event, self.now, self.chance.bits());
        Ok(serde_wasm_bindgen::to_value(&effects)?)
    }
}

/// A time before 1970 is none.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn time(milliseconds: f64) -> Time {
    milliseconds as Time
}

fn random() -> Result<u64, JsValue> {
    let mut bytes = [0; 8];
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    scope.crypto()?.get_random_values_with_u8_array(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

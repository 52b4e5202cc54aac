//! What is stored: the head of a call's record, and that of an outcome in the ledger.
//!
//! The values beside them (program, arguments, handler, outcome) never come here.

use serde::Serialize;

/// Milliseconds since 1970, by the clock of the object.
pub type Time = u64;

macro_rules! record_version {
    () => {
        1
    };
}

/// The version of records and messages. What another version wrote is parked, and never changed.
pub const VERSION: u32 = record_version!();

/// The most UTF-16 code units of a key. It is a part of two storage keys, of which the platform takes 2,048 bytes.
pub const MOST_KEY_UNITS: usize = 512;

/// Checks a key, by its length in UTF-16 code units.
///
/// # Errors
/// A sentence, for one that is too short or too long.
pub fn check_key(units: usize) -> Result<(), String> {
    if units == 0 || units > MOST_KEY_UNITS {
        return Err(format!("it has {units} UTF-16 code units: 1 to {MOST_KEY_UNITS} are allowed"));
    }
    Ok(())
}

/// Numbers that both sides need, as TypeScript declarations.
pub const TYPESCRIPT: &str = concat!(
    "\
/** Milliseconds since 1970. */
export type Time = number;

/** Numbers of durable calls that both sides need. */
export const enum Durable {
  /** The version of records and messages. */
  Version = ",
    record_version!(),
    ",
}
"
);

/// The head of a stored call.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
pub struct Record {
    /// By which version it was written.
    pub version: u32,
    /// The id of the object that wrote it. In a copy of its storage it is another one's.
    pub owner: String,
    /// Identifies the call.
    pub id: String,
    /// Which object it calls.
    pub target: String,
    /// When it was made.
    pub made: Time,
    /// When it settles as `timeout`.
    pub expires: Time,
}

/// The head of an outcome in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "durable", derive(tsify::Tsify))]
pub struct Entry {
    /// By which version it was written.
    pub version: u32,
    /// When it may be forgotten.
    pub expires: Time,
}

/// The id of a new call: a random number and, after a point, its key, if it has one.
#[must_use]
pub fn id_of(random: u128, key: Option<&str>) -> String {
    match key {
        Some(key) => format!("{random:032x}.{key}"),
        None => format!("{random:032x}"),
    }
}

//! The calls of one object that have no outcome yet, and when they expire.
//!
//! Time is always an argument, in milliseconds since the epoch: TypeScript owns the clock, the
//! timer and the handlers. An id is used once in the life of a table, so an outcome that comes
//! late can never settle a call made later.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::{Code, Failure};

macro_rules! default_timeout_ms {
    () => {
        30_000
    };
}

/// The timeout of a call that sets none, in milliseconds.
pub const DEFAULT_TIMEOUT_MS: u32 = default_timeout_ms!();

/// The options of a call as TypeScript declarations.
pub const TYPESCRIPT: &str = concat!(
    "\
/** What an option is when it is not given. */
export const enum DefaultOption {
  TimeoutMs = ",
    default_timeout_ms!(),
    ",
}

/** How one call is made. */
export interface CallOptions {
  /**
   * Milliseconds until the call settles with `CallError` code `timeout`, whatever the target does.
   * It covers sending, running and answering. Above 0; `Infinity` is none. Default: ",
    default_timeout_ms!(),
    ".
   */
  readonly timeout?: number | undefined;
}
"
);

/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

/// The pending calls of one object.
#[derive(Debug, Default)]
pub struct Pending {
    last_id: u64,
    deadlines: BTreeMap<u64, u64>,
    by_deadline: BTreeSet<(u64, u64)>,
}

impl Pending {
    /// Opens a call that expires `timeout` milliseconds after `now`, and returns its id.
    ///
    /// # Errors
    /// `invalid-option` for a timeout that is not above 0.
    pub fn open(&mut self, now: f64, timeout: f64) -> Result<u64, Failure> {
        if timeout.is_nan() || timeout <= 0.0 {
            return Err(Failure::new(
                Code::InvalidOption,
                "it has to be milliseconds above 0, or Infinity for none",
            ));
        }
        self.last_id = self.last_id.saturating_add(1);
        let deadline = deadline(now, timeout);
        self.deadlines.insert(self.last_id, deadline);
        self.by_deadline.insert((deadline, self.last_id));
        Ok(self.last_id)
    }

    /// Takes a call out of the table. `false`: it has had its outcome already.
    pub fn settle(&mut self, id: u64) -> bool {
        let Some(deadline) = self.deadlines.remove(&id) else { return false };
        self.by_deadline.remove(&(deadline, id));
        true
    }

    /// Takes every call out of the table whose deadline is `now` or earlier, earliest first.
    pub fn due(&mut self, now: f64) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(&(deadline, id)) = self.by_deadline.first() {
            if deadline == NEVER || as_f64(deadline) > now {
                break;
            }
            self.by_deadline.pop_first();
            self.deadlines.remove(&id);
            due.push(id);
        }
        due
    }

    /// The earliest deadline, if a call has one.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        let deadline = self.by_deadline.first()?.0;
        (deadline != NEVER).then_some(deadline)
    }

    /// How many calls have no outcome yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.deadlines.len()
    }

    /// Whether every call has its outcome.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.deadlines.is_empty()
    }
}

/// Rounded up, so that no call expires before its time. A cast from a float saturates.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn deadline(now: f64, timeout: f64) -> u64 {
    (now + timeout).ceil() as u64
}

/// Milliseconds since the epoch stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn as_f64(deadline: u64) -> f64 {
    deadline as f64
}

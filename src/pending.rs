//! The calls of one object that have no outcome yet, and when they expire.
//!
//! Time is always an argument, in milliseconds since the epoch: TypeScript owns the clock, the
//! timer and the handlers. A place in the table is used again, under another generation: its id is
//! another one, so an outcome that comes late can never settle a call made later.

use std::collections::BTreeSet;

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

/// Bits of an id that say which place it is; the rest, up to 2^53, is the generation.
const PLACE_BITS: u32 = 24;
const LAST_PLACE: u64 = (1 << PLACE_BITS) - 1;
const LAST_GENERATION: u64 = (1 << (53 - PLACE_BITS)) - 1;

/// Where one call at a time is kept.
#[derive(Debug)]
struct Place {
    generation: u64,
    /// `None` while no call is there.
    deadline: Option<u64>,
}

/// The pending calls of one object.
#[derive(Debug, Default)]
pub struct Pending {
    places: Vec<Place>,
    free: Vec<u64>,
    /// Deadlines with the places that they are for.
    by_deadline: BTreeSet<(u64, u64)>,
}

impl Pending {
    /// Opens a call that expires `timeout` milliseconds after `now`, and returns its id.
    ///
    /// # Errors
    /// `invalid-option` for a timeout that is not above 0; `limit-exceeded` for more calls than
    /// there can be places.
    pub fn open(&mut self, now: f64, timeout: f64) -> Result<u64, Failure> {
        if timeout.is_nan() || timeout <= 0.0 {
            return Err(Failure::new(
                Code::InvalidOption,
                "it has to be milliseconds above 0, or Infinity for none",
            ));
        }
        let place = self.free.pop().unwrap_or(self.places.len() as u64);
        if place > LAST_PLACE {
            return Err(Failure::new(Code::LimitExceeded, "too many calls are pending"));
        }
        if place == self.places.len() as u64 {
            self.places.push(Place { generation: 1, deadline: None });
        }
        let Some(kept) = self.places.get_mut(index(place)) else {
            return Err(Failure::new(Code::Internal, "a free place is not in the table"));
        };
        let deadline = deadline(now, timeout);
        kept.deadline = Some(deadline);
        self.by_deadline.insert((deadline, place));
        Ok(kept.generation << PLACE_BITS | place)
    }

    /// Takes a call out of the table. `false`: it has had its outcome already.
    pub fn settle(&mut self, id: u64) -> bool {
        let place = id & LAST_PLACE;
        let is_current = |kept: &Place| kept.generation == id >> PLACE_BITS;
        if !self.places.get(index(place)).is_some_and(is_current) {
            return false;
        }
        self.release(place).is_some()
    }

    /// Takes every call out of the table whose deadline is `now` or earlier, earliest first.
    pub fn due(&mut self, now: f64) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(&(deadline, place)) = self.by_deadline.first() {
            if deadline == NEVER || as_f64(deadline) > now {
                break;
            }
            due.extend(self.release(place));
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
        self.by_deadline.len()
    }

    /// Whether every call has its outcome.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_deadline.is_empty()
    }

    /// Ends the call in a place and returns its id.
    fn release(&mut self, place: u64) -> Option<u64> {
        let kept = self.places.get_mut(index(place))?;
        let deadline = kept.deadline.take()?;
        let id = kept.generation << PLACE_BITS | place;
        self.by_deadline.remove(&(deadline, place));
        // A place whose generations are used up stays empty.
        if kept.generation < LAST_GENERATION {
            kept.generation = kept.generation.saturating_add(1);
            self.free.push(place);
        }
        Some(id)
    }
}

fn index(place: u64) -> usize {
    usize::try_from(place).unwrap_or(usize::MAX)
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

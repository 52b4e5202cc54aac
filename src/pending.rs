//! The calls of one object that have no outcome yet, and when they expire.
//!
//! Time is always an argument, in milliseconds since the epoch: TypeScript owns the clock, the
//! timer and the handlers. A place in the table is used again, under another generation: its id is
//! another one, so an outcome that comes late can never settle a call made later.
//!
//! Deadlines lie in a heap. A call that settles leaves its deadline there, out of date; once these
//! are the greater part, they are swept out. So opening and settling cost the logarithm of how many
//! are pending at the most, and a call that settles at once next to nothing.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

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
  /**
   * Settles the call with `CallError` code `cancelled` when it is aborted; the signal's reason is
   * the `cause`. If it is aborted already, nothing is sent. Default: none.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the call may travel in one message with others that are made to the same target in the
   * same turn; alone it is sent at once. Its method and its handler run as they would alone; only
   * the code after several awaited calls may go on in one turn. Default: `true`.
   */
  readonly batch?: boolean | undefined;
}
"
);

/// Checks a timeout.
///
/// # Errors
/// `invalid-option` for one that is not above 0.
pub fn check_timeout(timeout: f64) -> Result<(), Failure> {
    if timeout.is_nan() || timeout <= 0.0 {
        let message = "it has to be milliseconds above 0, or Infinity for none";
        return Err(Failure::new(Code::InvalidOption, message));
    }
    Ok(())
}

/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

/// Bits of an id that say which place it is; the rest, up to 2^53, is the generation.
const PLACE_BITS: u32 = 24;
const LAST_PLACE: u64 = (1 << PLACE_BITS) - 1;
const LAST_GENERATION: u64 = (1 << (53 - PLACE_BITS)) - 1;

/// Deadlines that may be out of date before the heap is looked through.
const UNSWEPT: usize = 64;

/// Where one call at a time is kept.
#[derive(Clone, Copy, Debug)]
struct Place {
    generation: u64,
    is_taken: bool,
}

/// The pending calls of one object.
#[derive(Debug)]
pub struct Pending {
    /// Generations of places that have not been used.
    first_generation: u64,
    places: Vec<Place>,
    /// Places without a call, and, after `restore`, some that have been taken since.
    free: Vec<u64>,
    /// Deadlines with the ids that they are, or were, for; earliest first.
    deadlines: BinaryHeap<Reverse<(u64, u64)>>,
    open_calls: usize,
}

impl Pending {
    /// A table without calls, in an object that has used ids up to `greatest_id` and will see none of
    /// them again.
    #[must_use]
    pub fn after(greatest_id: u64) -> Self {
        let first_generation = (greatest_id >> PLACE_BITS).saturating_add(1);
        Self {
            first_generation,
            places: Vec::new(),
            free: Vec::new(),
            deadlines: BinaryHeap::new(),
            open_calls: 0,
        }
    }

    /// Opens a call that expires `timeout` milliseconds after `now`, and returns its id; `None` if
    /// there are more calls than places.
    pub fn open(&mut self, now: f64, timeout: f64) -> Option<u64> {
        let place = self.free_place();
        let generation =
            self.places.get(index(place)).map_or(self.first_generation, |free| free.generation);
        if place > LAST_PLACE || generation > LAST_GENERATION {
            return None;
        }
        let id = generation << PLACE_BITS | place;
        self.restore(id, now, timeout);
        Some(id)
    }

    /// Opens a call again, under the id that it had in a table that was lost.
    pub fn restore(&mut self, id: u64, now: f64, timeout: f64) {
        let place = id & LAST_PLACE;
        while self.places.len() as u64 <= place {
            if (self.places.len() as u64) < place {
                self.free.push(self.places.len() as u64);
            }
            self.places.push(Place { generation: self.first_generation, is_taken: false });
        }
        if let Some(kept) = self.places.get_mut(index(place)) {
            *kept = Place { generation: id >> PLACE_BITS, is_taken: true };
        }
        self.open_calls = self.open_calls.saturating_add(1);
        let deadline = deadline(now, timeout);
        if deadline != NEVER {
            self.deadlines.push(Reverse((deadline, id)));
        }
    }

    /// Takes a call out of the table. `false`: it has had its outcome already.
    pub fn settle(&mut self, id: u64) -> bool {
        if !self.is_pending(id) {
            return false;
        }
        self.release(id & LAST_PLACE);
        if self.deadlines.len() > self.open_calls.saturating_mul(2).saturating_add(UNSWEPT) {
            let mut deadlines = std::mem::take(&mut self.deadlines);
            deadlines.retain(|Reverse((_, id))| self.is_pending(*id));
            self.deadlines = deadlines;
        }
        true
    }

    /// Takes every call out of the table whose deadline is `now` or earlier, earliest first.
    pub fn due(&mut self, now: f64) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(deadline) = self.next_deadline()
            && as_f64(deadline) <= now
            && let Some(Reverse((_, id))) = self.deadlines.pop()
        {
            self.release(id & LAST_PLACE);
            due.push(id);
        }
        due
    }

    /// The earliest deadline, if a call has one.
    pub fn next_deadline(&mut self) -> Option<u64> {
        while let Some(Reverse((deadline, id))) = self.deadlines.peek() {
            if self.is_pending(*id) {
                return Some(*deadline);
            }
            self.deadlines.pop();
        }
        None
    }

    /// How many calls have no outcome yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open_calls
    }

    /// Whether every call has its outcome.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open_calls == 0
    }

    /// A place that a restored call has taken may still stand among the free ones.
    fn free_place(&mut self) -> u64 {
        while let Some(place) = self.free.pop() {
            if self.places.get(index(place)).is_some_and(|kept| !kept.is_taken) {
                return place;
            }
        }
        self.places.len() as u64
    }

    fn is_pending(&self, id: u64) -> bool {
        let is_it = |kept: &Place| kept.is_taken && kept.generation == id >> PLACE_BITS;
        self.places.get(index(id & LAST_PLACE)).is_some_and(is_it)
    }

    /// Ends the call in a place. A place whose generations are used up stays empty.
    fn release(&mut self, place: u64) {
        let Some(kept) = self.places.get_mut(index(place)) else { return };
        kept.is_taken = false;
        self.open_calls = self.open_calls.saturating_sub(1);
        if kept.generation < LAST_GENERATION {
            kept.generation = kept.generation.saturating_add(1);
            self.free.push(place);
        }
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

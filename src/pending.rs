//! When calls expire that have no outcome yet.
//!
//! Time is always an argument, in milliseconds since any one moment: TypeScript owns the clock, the
//! timer and the handlers, and tells of a call only when it has waited until the timer fires: most have
//! their outcome long before. It does not tell when one settles. That deadline lies here, out of
//! date, until it passes, or until TypeScript finds that most of them are and starts anew.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::error::{Code, Failure};

macro_rules! default_timeout_ms {
    () => {
        25_000
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
  /**
   * Data that the method and its handlers find in `svc.context.data`, with that of the call inside which this one is
   * made; calls made inside inherit it. At most 16 strings, finite numbers and booleans, of 2,000 UTF-16 code units. With
   * `null` the call is part of no other one: it has its own deadline, and no data. Default: what is inherited.
   */
  readonly context?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  /**
   * Where to create the Durable Object, if it does not exist yet: an option of `namespace.get`. A call
   * with this option or one of the next two has a stub of its own, so that its order is kept with those
   * that have the same ones.
   */
  readonly locationHint?: DurableObjectLocationHint | undefined;
  /** How the platform routes the call: an option of `namespace.get`. */
  readonly routingMode?: 'primary-only' | undefined;
  /** How often and how long the platform itself repeats the call: an option of `namespace.get`. */
  readonly retry?: { maxRetries?: number; timeoutMs?: number } | undefined;
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

/// How many deadlines of settled calls are tolerated, beside as many as there are pending calls.
const SLACK: u32 = 64;

/// A deadline that never comes.
const NEVER: u64 = u64::MAX;

/// The calls of one object that may have no outcome yet, by their deadlines.
#[derive(Debug, Default)]
pub struct Pending {
    /// Deadlines with the ids that they are, or were, for; earliest first.
    deadlines: BinaryHeap<Reverse<(u64, u64)>>,
}

impl Pending {
    /// Adds a call that expires `timeout` milliseconds after `now`.
    pub fn watch(&mut self, id: u64, now: f64, timeout: f64) {
        let deadline = deadline(now, timeout);
        if deadline != NEVER {
            self.deadlines.push(Reverse((deadline, id)));
        }
    }

    /// Takes every call out whose deadline is `now` or earlier, earliest first.
    pub fn due(&mut self, now: f64) -> Vec<u64> {
        let mut due = Vec::new();
        while let Some(Reverse((deadline, id))) = self.deadlines.peek()
            && as_f64(*deadline) <= now
        {
            due.push(*id);
            self.deadlines.pop();
        }
        due
    }

    /// The earliest deadline, if there is one.
    #[must_use]
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.peek().map(|Reverse((deadline, _))| *deadline)
    }

    /// Whether most deadlines are those of calls that have settled, where `pending` have not.
    #[must_use]
    pub fn is_outdated(&self, pending: u32) -> bool {
        let tolerated = pending.saturating_mul(2).saturating_add(SLACK);
        u32::try_from(self.deadlines.len()).map_or(true, |deadlines| deadlines > tolerated)
    }
}

/// Rounded up, so that no call expires before its time. A cast from a float saturates.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn deadline(now: f64, timeout: f64) -> u64 {
    (now + timeout).ceil() as u64
}

/// Milliseconds stay far below 2^53.
#[allow(clippy::cast_precision_loss)]
fn as_f64(deadline: u64) -> f64 {
    deadline as f64
}

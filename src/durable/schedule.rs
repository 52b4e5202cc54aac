//! When: how long a failed attempt waits, and for how long what is kept.

#![cfg_attr(
    feature = "durable",
    allow(clippy::float_cmp, reason = "wasm-bindgen compares numbers so")
)]

use super::record::Time;

const SECOND: Time = 1_000;
const MINUTE: Time = 60 * SECOND;

macro_rules! timeouts_ms {
    (default) => {
        86_400_000
    };
    (most) => {
        604_800_000
    };
}

/// The longest timeout, in milliseconds.
pub const MOST_TIMEOUT: Time = timeouts_ms!(most);

/// Timeouts as TypeScript declarations.
pub const TYPESCRIPT: &str = concat!(
    "\
/** Timeouts of durable calls, in milliseconds. */
export const enum DurableTimeout {
  /** Of a call that sets none. */
  DefaultMs = ",
    timeouts_ms!(default),
    ",
}

/** How one durable call is made. */
export interface DurableCallOptions {
  /**
   * Milliseconds until the call settles with `CallError` code `timeout`, whatever the target does. Above 0, at
   * most ",
    timeouts_ms!(most),
    " (7 days). Default: ",
    timeouts_ms!(default),
    " (24 hours).
   */
  readonly timeout?: number | undefined;
  /**
   * Makes calls of this object with the same key one call, for as long as its record lives: until its handler
   * has ended, or its dead letter is dropped. 1 to ",
    "512",
    " UTF-16 code units. Default: none.
   */
  readonly key?: string | undefined;
}
"
);

/// Checks a timeout, in milliseconds.
///
/// # Errors
/// A sentence, for one that makes no sense.
pub fn check_timeout(timeout: f64) -> Result<Time, String> {
    #[allow(clippy::cast_precision_loss)]
    let most = MOST_TIMEOUT as f64;
    if timeout.is_nan() || timeout <= 0.0 || timeout > most {
        return Err(format!("it has to be milliseconds above 0, at most {MOST_TIMEOUT} (7 days)"));
    }
    // A fraction of a millisecond is one.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    Ok(timeout.ceil() as Time)
}

/// How often a handler may have ended with its object before it is given up.
pub const MOST_CRASHES: u32 = 5;

/// After so long without an end a stored call wakes its object, which may have been evicted.
pub const RECOVER: Time = 10 * SECOND;

/// So long after a start the calls that are still only on disk are looked through for those that have expired.
pub const LOOK: Time = MINUTE;

/// How much later than its deadline a target may still start a call: clocks differ.
pub const SLACK: Time = 10 * MINUTE;

/// For so long a call is repeated that its target does not understand: a deployment may be under way.
pub const DEPLOYMENT: Time = 10 * MINUTE;

/// Why an attempt to send a call had no outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "durable", wasm_bindgen::prelude::wasm_bindgen)]
pub enum Failure {
    /// It took longer than an attempt may take. Its method may still run; a repeat joins it.
    Slow,
    /// The target was reset, or the connection lost.
    Broken,
    /// The target has more work than it can take.
    Overloaded,
    /// The target, or the caller itself, does not understand the call.
    Refused,
}

/// How long to wait after so many failed attempts: full jitter under a bound that doubles.
#[must_use]
pub fn pause(failure: Failure, attempts: u32, random: &mut Random) -> Time {
    let longest = match failure {
        Failure::Slow => SECOND,
        Failure::Broken | Failure::Refused => MINUTE,
        Failure::Overloaded => 5 * MINUTE,
    };
    let doublings = attempts.saturating_sub(1).min(16);
    random.below(longest.min(SECOND.saturating_mul(1 << doublings)))
}

/// How long an object that has started so often of late waits before it sends what it finds. Two objects that
/// crash each other would else do it without end.
#[must_use]
pub fn pause_at_start(recent_starts: u32, random: &mut Random) -> Time {
    random.below(MINUTE.min(100_u64.saturating_mul(1 << recent_starts.min(16))))
}

/// How long a handler that has ended with its object so often waits for its next run.
#[must_use]
pub fn pause_after_crash(crashes: u32) -> Time {
    SECOND.saturating_mul(1 << crashes.saturating_sub(1).min(5))
}

/// Random numbers from one seed, by `SplitMix64`: one seed, one run.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    #[must_use]
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number below `bound`; 0 if that is 0.
    #[must_use]
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()).wrapping_mul(u128::from(bound));
        u64::try_from(product >> 64).unwrap_or(0)
    }

    /// The next 128 bits.
    #[must_use]
    pub fn wide(&mut self) -> u128 {
        (u128::from(self.bits()) << 64) | u128::from(self.bits())
    }
}

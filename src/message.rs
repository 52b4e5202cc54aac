//! A message of several calls: frames, each that differs once, and for each call its frame and its native
//! values. The values never come here.

use crate::error::{Code, Failure};
use crate::limits::{MESSAGE_BYTES, MESSAGE_CALLS};
use crate::validate::within_limit;

/// Checks the structure of a message.
///
/// `which` has for each call the number of its frame, `slot_counts` for each frame how many slots it
/// takes, `frame_bytes` how long it is. `slots` is how many came along.
///
/// # Errors
/// `limit-exceeded` for what is too large, `protocol` for what no honest caller sends.
pub fn check(
    which: &[u16],
    slot_counts: &[u16],
    frame_bytes: &[u32],
    slots: u32,
) -> Result<(), Failure> {
    let calls = which.len().max(frame_bytes.len());
    within_limit("calls or frames in the message", as_count(calls), MESSAGE_CALLS)?;
    if frame_bytes.len() > which.len() || slot_counts.len() != frame_bytes.len() {
        return Err(does_not_fit());
    }
    let mut slots_of_calls: u32 = 0;
    let mut bytes: u32 = 0;
    for frame in which {
        let frame = usize::from(*frame);
        let (Some(slots), Some(length)) = (slot_counts.get(frame), frame_bytes.get(frame)) else {
            return Err(does_not_fit());
        };
        slots_of_calls = slots_of_calls.saturating_add(u32::from(*slots));
        bytes = bytes.saturating_add(*length);
    }
    within_limit("bytes of programs in the message", bytes, MESSAGE_BYTES)?;
    if slots_of_calls == slots { Ok(()) } else { Err(does_not_fit()) }
}

fn does_not_fit() -> Failure {
    Failure::new(Code::Protocol, "the frames and slots of the message do not fit its calls")
}

fn as_count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

//! Messages of several calls: what does not fit together is refused, and none costs more than it holds.

use lumenize_call::error::Code;
use lumenize_call::limits::{MESSAGE_BYTES, MESSAGE_CALLS};
use lumenize_call::message::check;

/// Calls of two frames, which take two slots and one.
const WHICH: &[u16] = &[0, 1, 0];
const SLOT_COUNTS: &[u16] = &[2, 1];
const FRAME_BYTES: &[u32] = &[20, 30];

#[test]
fn rule_25_what_fits_together_is_accepted() {
    assert_eq!(check(WHICH, SLOT_COUNTS, FRAME_BYTES, 5), Ok(()));
    assert_eq!(check(&[], &[], &[], 0), Ok(()));
    let most = vec![0; usize::try_from(MESSAGE_CALLS).unwrap()];
    assert_eq!(check(&most, &[0], &[MESSAGE_BYTES / MESSAGE_CALLS], 0), Ok(()));
}

#[test]
fn rule_25_what_does_not_fit_together_is_refused() {
    for (which, slot_counts, frame_bytes, slots) in [
        (WHICH, SLOT_COUNTS, FRAME_BYTES, 4),
        (WHICH, SLOT_COUNTS, FRAME_BYTES, 6),
        (&[0, 2, 0], SLOT_COUNTS, FRAME_BYTES, 5),
        (&[0, u16::MAX], SLOT_COUNTS, FRAME_BYTES, 5),
        (WHICH, &[2], FRAME_BYTES, 5),
        (WHICH, &[2, 1, 0], FRAME_BYTES, 5),
        (&[0], SLOT_COUNTS, FRAME_BYTES, 2),
        (&[0, 0], &[u16::MAX], &[20], u32::MAX),
    ] {
        let refused = check(which, slot_counts, frame_bytes, slots).unwrap_err();
        assert_eq!(refused.code, Code::Protocol, "{which:?} {slot_counts:?} {slots}");
    }
}

#[test]
fn rule_28_a_message_has_so_many_calls_and_bytes_of_programs() {
    let many = vec![0; usize::try_from(MESSAGE_CALLS).unwrap() + 1];
    let refused = check(&many, &[0], &[1], 0).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "limit-exceeded: 1025 calls or frames in the message, the limit is 1024"
    );
    for frame_bytes in [[MESSAGE_BYTES / 2 + 1], [u32::MAX]] {
        let refused = check(&[0, 0], &[0], &frame_bytes, 0).unwrap_err();
        assert_eq!(refused.code, Code::LimitExceeded);
        assert!(refused.message.contains("bytes of programs in the message"), "{refused}");
    }
}

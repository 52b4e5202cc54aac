//! What can go wrong, as a closed set of codes, and a failure: a code with a sentence.

use std::convert::Infallible;
use std::fmt::{self, Display};

/// Defines the codes once, for Rust and, as a literal type, for TypeScript.
macro_rules! codes {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $text:literal, )+) => {
        /// The closed set of codes that a `CallError` carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Code { $( $(#[doc = $doc])+ $variant, )+ }

        impl Code {
            /// Every code, in the order in which the documentation lists them.
            pub const ALL: &[Self] = &[$( Self::$variant, )+];

            /// The code as the TypeScript declaration `CallErrorCode`.
            pub const TYPESCRIPT: &str = concat!(
                "/** The closed set of codes that a `CallError` carries. */\n",
                "export type CallErrorCode =",
                $( "\n  /**", $( $doc, )+ " */\n  | '", $text, "'", )+
                ";\n"
            );

            /// The code as it stands in `CallError.code`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }
    };
}

codes! {
    /// What was passed as remote or handler is not a continuation that can be run.
    InvalidContinuation = "invalid-continuation",
    /// `env` has no binding of that name.
    UnknownBinding = "unknown-binding",
    /// The binding or the instance does not name a target.
    InvalidTarget = "invalid-target",
    /// An option has a value that makes no sense.
    InvalidOption = "invalid-option",
    /// The target does not let callers use that name.
    NotCallable = "not-callable",
    /// A limit of the receiver was exceeded.
    LimitExceeded = "limit-exceeded",
    /// An argument or a result cannot be sent by structured clone.
    NotCloneable = "not-cloneable",
    /// The deadline passed before an outcome arrived.
    Timeout = "timeout",
    /// The caller cancelled the call.
    Cancelled = "cancelled",
    /// The remote method threw something that is not an `Error`; it is the `cause`.
    RemoteThrew = "remote-threw",
    /// The target was reset while the call was in flight.
    TargetReset = "target-reset",
    /// The target has more work than it can take.
    Overloaded = "overloaded",
    /// The connection to the target was lost.
    Disconnected = "disconnected",
    /// The message is not one that this version understands.
    Protocol = "protocol",
    /// A defect in this package.
    Internal = "internal",
}

/// Why the core refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The code of the `CallError` that it becomes.
    pub code: Code,
    /// One sentence; it names the place, from the outside inwards.
    pub message: String,
}

impl Failure {
    /// A failure with a code and a sentence.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The same failure, found in `place`.
    #[must_use]
    pub fn within(self, place: impl Display) -> Self {
        Self { code: self.code, message: format!("{place}: {}", self.message) }
    }
}

impl Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Failure {}

/// Writing to memory cannot fail.
impl From<minicbor::encode::Error<Infallible>> for Failure {
    fn from(error: minicbor::encode::Error<Infallible>) -> Self {
        Self::new(Code::Internal, error.to_string())
    }
}

/// What minicbor found in a message, in our words.
impl From<minicbor::decode::Error> for Failure {
    fn from(error: minicbor::decode::Error) -> Self {
        let message = if error.is_end_of_input() {
            "the message ends early"
        } else {
            "the message is not the CBOR that is expected here"
        };
        Self::new(Code::Protocol, message)
    }
}

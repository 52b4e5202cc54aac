//! What a receiver accepts, each number with its reason. Limits are local: nothing is negotiated.

use crate::error::{Code, Failure};

/// Defines the limits once, for Rust and, as enums and an interface, for TypeScript.
macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $field:ident / $name:literal = $default:literal .. $most:literal, )+) => {
        /// What a receiver accepts in one frame.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $( $(#[doc = $doc])+ pub $field: u32, )+ }

        impl Limits {
            /// The limits of a class that sets none.
            pub const DEFAULT: Self = Self { $( $field: $default, )+ };

            /// What no class can go beyond, and what a sender checks before it sends: the receiver's
            /// own limits are not known to it.
            pub const MOST: Self = Self { $( $field: $most, )+ };

            /// The names of the limits, as TypeScript writes them.
            pub const NAMES: &[&str] = &[$( $name, )+];

            /// What no class can go beyond, as a TypeScript enum, whose values are inlined, and what a
            /// class may set.
            pub const TYPESCRIPT: &str = concat!(
                "/** What no class can go beyond in what it accepts. */\n",
                "export const enum MostLimit {\n",
                $( "  /**", $( $doc, )+ " */\n  ", $name, " = ", $most, ",\n", )+
                "}\n\n",
                "/** Limits that a class sets for itself: `static callLimits = { steps: 64 }`. */\n",
                "export interface CallLimits {\n",
                $( "  /**", $( $doc, )+ " Default: ", $default, "; at most ", $most, ". */\n",
                   "  readonly ", $name, "?: number;\n", )+
                "}\n"
            );

            /// Every limit, in the order of `NAMES`.
            #[must_use]
            pub fn words(&self) -> Vec<u32> {
                vec![$( self.$field, )+]
            }

            /// The limits that `words` returned; the defaults for anything else.
            #[must_use]
            pub fn from_words(words: &[u32]) -> Self {
                match *words { [$( $field, )+] => Self { $( $field, )+ }, _ => Self::DEFAULT }
            }

            /// The limit of that name.
            fn by_name(&mut self, name: &str) -> Option<&mut u32> {
                match name { $( $name => Some(&mut self.$field), )+ _ => None }
            }
        }
    };
}

/// Defines numbers once, for Rust and, as an enum whose values are inlined, for TypeScript.
macro_rules! constants {
    (#[doc = $all:literal] $typescript:ident / $enum:literal {
        $( #[doc = $doc:literal] $constant:ident / $name:literal = $value:literal, )+
    }) => {
        $( #[doc = $doc] pub const $constant: u32 = $value; )+

        #[doc = $all]
        pub const $typescript: &str = concat!(
            "/**", $all, " */\n",
            "export const enum ", $enum, " {\n",
            $( "  /**", $doc, " */\n  ", $name, " = ", stringify!($value), ",\n", )+
            "}\n"
        );
    };
}

constants! {
    /// What a message of several calls may hold; more are sent in several.
    MESSAGE_TYPESCRIPT / "MessageLimit" {
        /// Calls. What a target runs in one turn keeps it from everything else meanwhile.
        MESSAGE_CALLS / "Calls" = 1_024,
        /// Bytes of arguments or of results, estimated from above: a quarter of the platform's 32 MiB.
        MESSAGE_BYTES / "Bytes" = 8_388_608,
    }
}

constants! {
    /// What one failure carries. The rest of an error is left out.
    ERROR_TYPESCRIPT / "ErrorLimit" {
        /// Errors, one inside the other or beside it: a getter may invent endless causes.
        ERROR_ERRORS / "Errors" = 100,
        /// Own properties of one error.
        ERROR_PROPERTIES / "Properties" = 10_000,
        /// Own properties of an error that shares them with others, which only a hostile target sends.
        ERROR_SHARED_PROPERTIES / "SharedProperties" = 10,
        /// Bytes of the properties of all its errors: 24 MiB, since the rest has to fit the message, too.
        ERROR_BYTES / "Bytes" = 25_165_824,
        /// UTF-16 code units of a message, and of a stack.
        ERROR_TEXT / "Text" = 1_000_000,
    }
}

constants! {
    /// What a chain may make its target do.
    CHAIN_TYPESCRIPT / "ChainLimit" {
        /// Bytes that one program may process with built-in methods: 32 MiB, as many as a message may carry.
        CHAIN_WORK / "Work" = 33_554_432,
        /// Items to search for stubs that the programs of one message passed through.
        CHAIN_ITEMS / "Items" = 100_000,
    }
}

constants! {
    /// What travels with a call beside its program.
    CONTEXT_TYPESCRIPT / "ContextLimit" {
        /// Objects that a chain of calls goes through. The platform allows 16, the first Worker among them.
        CONTEXT_HOPS / "Hops" = 14,
        /// Entries of its data.
        CONTEXT_ENTRIES / "Entries" = 16,
        /// UTF-16 code units of its data, keys and texts: it travels with each call.
        CONTEXT_TEXT / "Text" = 2_000,
        /// UTF-16 code units of each name in it: of a class, an instance, a method.
        CONTEXT_NAME / "Name" = 640,
    }
}

impl Limits {
    /// Sets one limit.
    ///
    /// # Errors
    /// `invalid-option` for a name that is no limit, and a value that is no count above 0.
    pub fn set(&mut self, name: &str, value: f64) -> Result<(), Failure> {
        let limit = self.by_name(name).ok_or_else(|| {
            let known = Self::NAMES.join(", ");
            let message = format!("callLimits has no '{name}': there is {known}");
            Failure::new(Code::InvalidOption, message)
        })?;
        let mut most = Self::MOST;
        let most = most.by_name(name).map_or(0, |most| *most);
        *limit = as_count(value).filter(|count| *count <= most).ok_or_else(|| {
            let message = format!("callLimits.{name} has to be a whole number from 1 to {most}");
            Failure::new(Code::InvalidOption, message)
        })?;
        Ok(())
    }
}

/// A cast from a float saturates and cuts off; what it changed is no count.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn as_count(value: f64) -> Option<u32> {
    let count = value as u32;
    (count > 0 && f64::from(count).total_cmp(&value).is_eq()).then_some(count)
}

limits! {
    /// Bytes of one frame, arguments not counted. A program takes 10 to 50 bytes, and wasm memory
    /// never shrinks: what one frame makes it grow by, up to nine times its size, stays.
    frame_bytes / "frameBytes" = 1_048_576 .. 2_097_152,
    /// Steps in one program. People write programs of a few steps; a thousand hold an object for
    /// a noticeable time.
    steps / "steps" = 1_024 .. 65_536,
    /// Depth to which continuations and their containers nest as arguments. Recording and
    /// `explain` recurse this deep.
    depth / "depth" = 64 .. 256,
    /// Arguments of one call, and items of one array or object that holds a continuation. They are
    /// spread onto the stack, which is the receiver's.
    arguments / "arguments" = 1_024 .. 32_768,
    /// Native values that come along with one frame. Each is an argument of the RPC itself, and
    /// JavaScript engines take some ten thousand of these.
    slots / "slots" = 16_384 .. 32_768,
    /// Names in one frame. Each stands once, however often it is used.
    names / "names" = 4_096 .. 65_536,
    /// UTF-8 bytes of one name. Identifiers are far shorter; keys of objects may be longer.
    name_bytes / "nameBytes" = 512 .. 4_096,
}

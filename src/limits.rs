//! What a receiver accepts, each number with its reason. Limits are local: nothing is negotiated.

/// Defines the limits once, for Rust and, as an enum, for TypeScript.
macro_rules! limits {
    ($( $(#[doc = $doc:literal])+ $field:ident / $name:literal = $value:literal, )+) => {
        /// What a receiver accepts in one frame.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits { $( $(#[doc = $doc])+ pub $field: u32, )+ }

        impl Limits {
            /// The limits of a class that sets none.
            pub const DEFAULT: Self = Self { $( $field: $value, )+ };

            /// The default limits as a TypeScript enum, whose values are inlined.
            pub const TYPESCRIPT: &str = concat!(
                "/** What a receiver accepts in one frame. */\nexport const enum DefaultLimit {\n",
                $( "  /**", $( $doc, )+ " */\n  ", $name, " = ", $value, ",\n", )+
                "}\n"
            );
        }
    };
}

limits! {
    /// Bytes of one frame, arguments not counted. A program takes 10 to 50 bytes, and wasm memory
    /// never shrinks: what one frame makes it grow by stays.
    frame_bytes / "FrameBytes" = 1_048_576,
    /// Programs in one frame. This version sends each call in a frame of its own.
    programs / "Programs" = 1,
    /// Steps in one program. People write programs of a few steps; a thousand hold an object for
    /// a noticeable time.
    steps / "Steps" = 1_024,
    /// Depth to which continuations and their containers nest as arguments. Recording and
    /// `explain` recurse this deep.
    depth / "Depth" = 64,
    /// Arguments of one call, and items of one array or object that holds a continuation.
    arguments / "Arguments" = 1_024,
    /// UTF-8 bytes of one name. Identifiers are far shorter; keys of objects may be longer.
    name_bytes / "NameBytes" = 512,
}

//! The rules of `@lumenize/call`, each in a module that knows no JavaScript, and their boundaries to
//! TypeScript, which are conversions and nothing else.
//!
//! A value of the user's never comes here: arguments and results travel beside the program.
//!
//! One crate, two artefacts: the core, and with the feature `durable` that of durable calls.
#![forbid(unsafe_code)]

#[cfg(not(feature = "durable"))]
mod boundary;
pub mod durable;
pub mod error;
#[cfg(feature = "faults")]
mod fault;
pub mod frame;
pub mod limits;
pub mod meaning;
pub mod message;
pub mod pending;
pub mod program;
pub mod validate;

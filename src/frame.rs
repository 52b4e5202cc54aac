//! A frame: one program with the names it uses, and how it is written as CBOR.
//!
//! `[version, [name, …], [program]]`. A name stands once, however many steps use it. docs/wire-format.md describes the format for other implementations.

use minicbor::{Decoder, Encoder};

use crate::error::{Code, Failure};
use crate::limits::Limits;
use crate::program::{self, Words, length};
use crate::validate;

/// The version of the format. It is the first thing in a frame.
pub const VERSION: u32 = 2;

/// A frame in flat form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The names that steps refer to by index.
    pub names: Vec<&'a str>,
    /// The program, as `program` describes it.
    pub words: Vec<u32>,
    /// The names that the program reads from the target itself, by index, each once.
    pub entries: Vec<u32>,
}

/// Writes a frame, checked by what every receiver asks for.
///
/// # Errors
/// What `validate::frame` finds, so that a call that everybody would refuse is not sent.
pub fn encode(names: &[&str], words: &[u32], slots: u32) -> Result<Vec<u8>, Failure> {
    validate::frame(names, words, slots, &Limits::MOST)?;
    let mut out = Encoder::new(Vec::with_capacity(64));
    out.array(3)?;
    out.u32(VERSION)?;
    out.array(names.len() as u64)?;
    for name in names {
        out.str(name)?;
    }
    out.array(1)?;
    program::encode(&mut Words::new(words), &mut out)?;
    let bytes = out.into_writer();
    validate::frame_bytes(bytes.len(), &Limits::MOST)?;
    Ok(bytes)
}

/// Reads a frame that came with `slots` native values and checks all of it.
///
/// # Errors
/// `protocol` for anything but a frame of this version, `limit-exceeded` and `not-callable` by the
/// rules of `validate`.
pub fn decode<'a>(bytes: &'a [u8], slots: u32, limits: &Limits) -> Result<Frame<'a>, Failure> {
    validate::frame_bytes(bytes.len(), limits)?;
    let mut frame = parse(bytes, limits)?;
    frame.entries = validate::frame(&frame.names, &frame.words, slots, limits)?;
    Ok(frame)
}

/// Limits hold while it is parsed, so that no frame takes more memory than they allow.
fn parse<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Frame<'a>, Failure> {
    let mut bytes = Decoder::new(bytes);
    let parts = length(&mut bytes)?;
    let version = bytes.u32()?;
    if version != VERSION {
        return Err(Failure::new(
            Code::Protocol,
            format!(
                "the message is of version {version}, this side understands version {VERSION}: \
                 deploy the same version of the package on both sides"
            ),
        ));
    }
    if parts != 3 {
        return Err(Failure::new(Code::Protocol, "a frame has three parts"));
    }
    let name_count = length(&mut bytes)?;
    validate::within_limit("names in the frame", name_count, limits.names)?;
    let mut names = Vec::new();
    for _ in 0..name_count {
        names.push(bytes.str()?);
    }
    let mut words = Vec::new();
    let programs = length(&mut bytes)?;
    validate::within_limit("programs in the frame", programs, 1)?;
    if programs == 1 {
        program::decode(&mut bytes, &mut words, limits)?;
    }
    if bytes.position() != bytes.input().len() {
        return Err(Failure::new(Code::Protocol, "something follows the frame"));
    }
    Ok(Frame { names, words, entries: Vec::new() })
}

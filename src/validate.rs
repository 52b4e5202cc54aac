//! What a frame must obey before any of its steps runs: structure, limits and names.

use crate::error::{Code, Failure};
use crate::limits::Limits;
use crate::program::{APPLY, ARRAY, Argument, OBJECT, Step, Words};

/// Names that lead to prototypes from any value. They are refused wherever a step reads them; as the
/// keys of an object that is an argument they are data.
pub const REFUSED: &[&str] =
    &["__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__"];

/// Names that lead to code from a function or a prototype. As keys of data they are data, so
/// ts/receiving/reach.ts decides about them when the value is there.
pub const OF_CODE: &[&str] = &["constructor", "prototype", "caller", "callee", "arguments"];

/// Names that lead from a stub to the runtime's own code instead of the stub's object.
pub const NOT_OF_A_STUB: &[&str] = &["constructor", "then", "catch", "finally"];

/// Names refused as the first step of a program, beside those that lead to code: what the runtime itself
/// calls, what Workers RPC reserves, and the members of the facade.
///
/// Source: "Reserved Methods" of Cloudflare's documentation of Workers RPC.
pub const NOT_AN_ENTRY: &[&str] = &[
    "then",
    "fetch",
    "connect",
    "alarm",
    "webSocketMessage",
    "webSocketClose",
    "webSocketError",
    "dup",
    "ctn",
    "svc",
    "onCallError",
    "onReceive",
    "onReceiveError",
];

/// Lifecycle methods of Worker entrypoints. On a Durable Object these names have no special meaning.
pub const NOT_AN_ENTRY_OF_A_WORKER: &[&str] =
    &["scheduled", "queue", "tail", "tailStream", "trace", "email", "test"];

/// Every name that starts with this belongs to the facade.
pub const FACADE_PREFIX: &str = "__lmz";

/// The one entry of the facade that a program may begin with: it receives durable calls, where a class has it.
pub const DURABLE_ENTRY: &str = "__lmzDurable";

/// The same, as a TypeScript declaration.
pub const TYPESCRIPT: &str = "\
/** Entries of the facade that a program may begin with. */
export const enum FacadeEntry {
  /** Receives durable calls, where a class has it. */
  Durable = '__lmzDurable',
}
";

/// Checks the size of an encoded frame.
///
/// # Errors
/// `limit-exceeded`.
pub fn frame_bytes(bytes: usize, limits: &Limits) -> Result<(), Failure> {
    within_limit("bytes in the frame", saturate(bytes), limits.frame_bytes)
}

/// Checks a whole frame that came with `slots` native values. Returns the names that its program reads
/// from the target itself, by index, each once: the receiver's class decides about them.
///
/// # Errors
/// `protocol` for a structure that no honest sender makes, `limit-exceeded` for what is too large,
/// `not-callable` for a refused name.
pub fn frame(
    names: &[&str],
    words: &[u32],
    slots: u32,
    limits: &Limits,
) -> Result<Vec<u32>, Failure> {
    within_limit("slots of the frame", slots, limits.slots)?;
    within_limit("names in the frame", saturate(names.len()), limits.names)?;
    for name in names {
        check_name(name, limits)?;
    }
    if words.is_empty() {
        return Err(Failure::new(Code::Protocol, "the frame has no program"));
    }
    let mut words = Words::new(words);
    let mut entries = Entries { names: Vec::new(), are_known: vec![false; names.len()] };
    let program_slots = program(names, &mut words, &mut entries, limits)?;
    // They end with the program, of which a frame has one.
    within_limit("programs in the frame", if words.is_empty() { 1 } else { 2 }, 1)?;
    // What follows the slots is not the program's: a tracer may have appended it to the RPC.
    if program_slots > slots {
        let message = format!("the programs have {program_slots} slots, {slots} came along");
        return Err(Failure::new(Code::Protocol, message));
    }
    Ok(entries.names)
}

/// Checks how deep continuations and their containers nest as arguments.
///
/// # Errors
/// `limit-exceeded`.
pub fn nesting(depth: u32, limits: &Limits) -> Result<(), Failure> {
    within_limit("levels of nesting", depth, limits.depth)
}

/// Checks how many arguments, items or entries a step of some kind has.
///
/// # Errors
/// `limit-exceeded`.
pub fn arguments(kind: u32, count: usize, limits: &Limits) -> Result<(), Failure> {
    let what = match kind {
        APPLY => "arguments of a call",
        ARRAY => "items of an array that holds a continuation",
        _ => "entries of an object that holds a continuation",
    };
    within_limit(what, saturate(count), limits.arguments)
}

/// The names that a program reads from the target itself.
struct Entries {
    /// By index, each once.
    names: Vec<u32>,
    /// For each name of the frame, whether it is among them.
    are_known: Vec<bool>,
}

impl Entries {
    /// An index beyond the names is found when its step is checked.
    fn add(&mut self, name: u32) {
        let index = usize::try_from(name).unwrap_or(usize::MAX);
        if let Some(is_known @ false) = self.are_known.get_mut(index) {
            *is_known = true;
            self.names.push(name);
        }
    }
}

fn check_name(name: &str, limits: &Limits) -> Result<(), Failure> {
    within_limit("bytes in a name", saturate(name.len()), limits.name_bytes)?;
    if name.contains('\0') {
        return Err(Failure::new(Code::Protocol, "a name contains the character U+0000"));
    }
    Ok(())
}

/// Checks the next program and returns how many slots it has.
fn program(
    names: &[&str],
    words: &mut Words<'_>,
    entries: &mut Entries,
    limits: &Limits,
) -> Result<u32, Failure> {
    let slots = words.next_word()?;
    let steps = words.next_word()?;
    if steps == 0 {
        return Err(Failure::new(Code::Protocol, "the program has no step"));
    }
    within_limit("steps in a program", steps, limits.steps)?;
    let target = Made { depth: 0, is_container: false, name: None };
    let mut values = Values { made: vec![target], slots, limits };
    for number in 1..=steps {
        let step = words.next_step()?;
        if let Step::Get { of: 0, name } = step {
            entries.add(name);
        }
        values
            .check(step, names)
            .map_err(|failure| failure.within(values.place(number, step, names)))?;
    }
    Ok(slots)
}

/// The values that the steps so far have made.
struct Values<'a> {
    /// Value 0 is the target.
    made: Vec<Made>,
    slots: u32,
    limits: &'a Limits,
}

impl Values<'_> {
    fn check(&mut self, step: Step<'_>, names: &[&str]) -> Result<(), Failure> {
        let depth = match step {
            Step::Get { of, name } => {
                let name = name_at(names, name)?;
                check_read(name)?;
                if of == 0 {
                    check_entry(name)?;
                }
                self.path_depth(of)?
            }
            Step::Apply { callee, arguments } => {
                if callee == 0 {
                    return Err(Failure::new(Code::Protocol, "the target itself is not a method"));
                }
                let depth = self.path_depth(callee)?;
                depth.max(self.nesting(arguments)?)
            }
            Step::Array { items } => self.items_depth(items)?,
            Step::Object { entries } => {
                let mut deepest = 0;
                let entries = entries.as_chunks::<2>().0;
                arguments(OBJECT, entries.len(), self.limits)?;
                for [name, argument] in entries {
                    name_at(names, *name)?;
                    deepest = self.argument_depth(*argument)?.max(deepest);
                }
                deepest
            }
        };
        nesting(depth, self.limits)?;
        let is_container = matches!(step, Step::Array { .. } | Step::Object { .. });
        let name = if let Step::Get { name, .. } = step { Some(name) } else { None };
        self.made.push(Made { depth, is_container, name });
        Ok(())
    }

    /// A step, with the name that the user wrote for it: of the property, or of the method that it calls.
    fn place(&self, number: u32, step: Step<'_>, names: &[&str]) -> String {
        let name = match step {
            Step::Get { name, .. } => Some(name),
            Step::Apply { callee, .. } => self.made(callee).ok().and_then(|made| made.name),
            Step::Array { .. } | Step::Object { .. } => None,
        };
        match name.and_then(|name| name_at(names, name).ok()) {
            Some(name) => format!("step {number}, '{name}'"),
            None => format!("step {number}"),
        }
    }

    /// The depth of a value that a step reads from or calls.
    fn path_depth(&self, value: u32) -> Result<u32, Failure> {
        let made = self.made(value)?;
        if made.is_container {
            let message =
                format!("value {value} was made for an argument: nothing is read from it");
            return Err(Failure::new(Code::Protocol, message));
        }
        Ok(made.depth)
    }

    fn nesting(&self, arguments: &[u32]) -> Result<u32, Failure> {
        self::arguments(APPLY, arguments.len(), self.limits)?;
        let mut deepest = 0;
        for argument in arguments {
            deepest = self.argument_depth(*argument)?.max(deepest);
        }
        Ok(deepest)
    }

    /// Unlike other arguments, the items of an array may be holes.
    fn items_depth(&self, items: &[u32]) -> Result<u32, Failure> {
        arguments(ARRAY, items.len(), self.limits)?;
        let mut deepest = 0;
        for item in items {
            if Argument::from_word(*item)? != Argument::Hole {
                deepest = self.argument_depth(*item)?.max(deepest);
            }
        }
        Ok(deepest)
    }

    fn argument_depth(&self, argument: u32) -> Result<u32, Failure> {
        match Argument::from_word(argument)? {
            Argument::Slot(number) if number < self.slots => Ok(0),
            Argument::Slot(number) => {
                let message = format!("slot {number} of a program with {} slots", self.slots);
                Err(Failure::new(Code::Protocol, message))
            }
            Argument::Value(0) => {
                Err(Failure::new(Code::Protocol, "the target itself is not an argument"))
            }
            Argument::Value(number) => Ok(self.depth(number)?.saturating_add(1)),
            Argument::Outcome => {
                Err(Failure::new(Code::Protocol, "an outcome has a place only in a handler"))
            }
            Argument::Hole => {
                Err(Failure::new(Code::Protocol, "a hole has a place only in an array"))
            }
        }
    }

    fn depth(&self, value: u32) -> Result<u32, Failure> {
        Ok(self.made(value)?.depth)
    }

    fn made(&self, value: u32) -> Result<&Made, Failure> {
        let index = usize::try_from(value).unwrap_or(usize::MAX);
        self.made.get(index).ok_or_else(|| {
            Failure::new(Code::Protocol, format!("value {value} is not computed before this step"))
        })
    }
}

/// One value.
struct Made {
    /// How deep its arguments nest.
    depth: u32,
    /// Whether it was made for an argument: then no step reads from it or calls it.
    is_container: bool,
    /// The index of the name by which it was read, if it was.
    name: Option<u32>,
}

fn name_at<'a>(names: &[&'a str], index: u32) -> Result<&'a str, Failure> {
    let position = usize::try_from(index).unwrap_or(usize::MAX);
    names
        .get(position)
        .copied()
        .ok_or_else(|| Failure::new(Code::Protocol, format!("the frame has no name {index}")))
}

/// Whether callers may read a name from the target itself, if its class has it.
#[must_use]
pub fn is_entry(name: &str) -> bool {
    let refused = [REFUSED, OF_CODE, NOT_AN_ENTRY];
    !refused.iter().any(|names| names.contains(&name)) && !name.starts_with(FACADE_PREFIX)
}

/// Whether callers may read a name from a Worker entrypoint, if its class has it.
#[must_use]
pub fn is_entry_of_a_worker(name: &str) -> bool {
    is_entry(name) && !NOT_AN_ENTRY_OF_A_WORKER.contains(&name)
}

fn check_read(name: &str) -> Result<(), Failure> {
    if REFUSED.contains(&name) {
        return Err(Failure::new(Code::NotCallable, "this name is refused"));
    }
    Ok(())
}

fn check_entry(name: &str) -> Result<(), Failure> {
    if !is_entry(name) && name != DURABLE_ENTRY {
        return Err(Failure::new(Code::NotCallable, "callers may not use a method of this name"));
    }
    Ok(())
}

/// Checks one measure.
///
/// # Errors
/// `limit-exceeded`.
pub fn within_limit(what: &str, measured: u32, limit: u32) -> Result<(), Failure> {
    if measured > limit {
        let message = format!("{measured} {what}, the limit is {limit}");
        return Err(Failure::new(Code::LimitExceeded, message));
    }
    Ok(())
}

fn saturate(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

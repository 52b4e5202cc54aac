//! What a program means beyond its steps, worked out once, when it is decoded: so that whoever runs it
//! reads no words by their position.

use crate::error::{Code, Failure};
use crate::program::{Argument, Step, Words};

/// What is known of a whole program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meaning {
    /// The call, if the program is one method call of the target with its slots as they come.
    pub method: Option<Method>,
    /// For each value, by its number: whether later steps read from it or call it, and use it in no other
    /// way. What is read from an RPC stub is such a value when it is a path, not a promise.
    pub followed: Vec<bool>,
}

/// One method call, as most programs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// The method's name, as an index into the names.
    pub name: u32,
    /// How many arguments it has: argument `n` is slot `n`.
    pub arguments: u32,
}

/// Works out what one program means.
///
/// # Errors
/// `protocol` where `words` is not one program.
pub fn meaning(words: &[u32]) -> Result<Meaning, Failure> {
    // A step takes a word at the least.
    let most = words.len();
    let mut words = Words::new(words);
    words.next_word()?;
    let steps = words.next_word()?;
    let values = usize::try_from(steps).unwrap_or(usize::MAX).min(most);
    let mut uses = vec![Uses::default(); values.saturating_add(1)];
    let method = if steps == 2 { one_method(words.clone())? } else { None };
    for _ in 0..steps {
        match words.next_step()? {
            Step::Get { of, .. } => uses_of(&mut uses, of)?.is_followed = true,
            Step::Apply { callee, arguments } => {
                uses_of(&mut uses, callee)?.is_followed = true;
                pass_on(&mut uses, arguments)?;
            }
            Step::Array { items } => pass_on(&mut uses, items)?,
            Step::Object { entries } => {
                for [_, argument] in entries.as_chunks::<2>().0 {
                    pass_on(&mut uses, &[*argument])?;
                }
            }
        }
    }
    let followed = uses.iter().map(|uses| uses.is_followed && !uses.is_passed_on).collect();
    Ok(Meaning { method, followed })
}

/// The call that two steps are, if they are one of the target itself and each argument is its own slot.
fn one_method(mut words: Words<'_>) -> Result<Option<Method>, Failure> {
    let (Step::Get { of: 0, name }, Step::Apply { callee: 1, arguments }) =
        (words.next_step()?, words.next_step()?)
    else {
        return Ok(None);
    };
    let mut count: u32 = 0;
    for argument in arguments {
        if Argument::from_word(*argument)? != Argument::Slot(count) {
            return Ok(None);
        }
        count = count.saturating_add(1);
    }
    Ok(Some(Method { name, arguments: count }))
}

/// How the later steps of a program use one value.
#[derive(Clone, Copy, Debug, Default)]
struct Uses {
    /// A step reads from it or calls it.
    is_followed: bool,
    /// It is an argument.
    is_passed_on: bool,
}

fn pass_on(uses: &mut [Uses], arguments: &[u32]) -> Result<(), Failure> {
    for argument in arguments {
        if let Argument::Value(number) = Argument::from_word(*argument)? {
            uses_of(uses, number)?.is_passed_on = true;
        }
    }
    Ok(())
}

fn uses_of(uses: &mut [Uses], value: u32) -> Result<&mut Uses, Failure> {
    let index = usize::try_from(value).unwrap_or(usize::MAX);
    uses.get_mut(index).ok_or_else(|| {
        Failure::new(Code::Protocol, format!("value {value} is not one of the program's"))
    })
}

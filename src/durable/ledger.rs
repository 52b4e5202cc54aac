//! The target's side: one method for each call, one outcome for each method.

use super::record::{Entry, Time, VERSION};
use super::schedule::SLACK;
use super::{Effect, Step};

/// The outcomes of the calls that an object has received are in its storage. This knows when to look through them.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ledger {
    /// How many methods run until the next sweep; not known in a life that has run none.
    until_sweep: Option<u32>,
    /// Where the next sweep goes on.
    swept: Option<String>,
}

impl Ledger {
    /// Decides about a call that came in. `known` is the version of the outcome that the ledger has of it.
    pub fn received(
        &mut self,
        row: &str,
        expires: Time,
        known: Option<u32>,
        is_running: bool,
        step: &mut Step,
    ) {
        let decision = match known {
            _ if is_running => Effect::Join,
            Some(VERSION) => Effect::Repeat,
            Some(_) => Effect::Refuse,
            None if step.now > expires.saturating_add(SLACK) => Effect::Late,
            None => {
                self.count(row, step);
                // A clock that steps back by the slack must not let a late repeat run.
                let expires = expires.saturating_add(SLACK).saturating_add(SLACK);
                Effect::Run { entry: Entry { version: VERSION, expires } }
            }
        };
        step.effects.push(decision);
    }

    /// A method is about to run, whose outcome will be one more.
    fn count(&mut self, row: &str, step: &mut Step) {
        let every = step.limits.sweep_after;
        let until_sweep = self.until_sweep.unwrap_or_else(|| self.first_sweep(row, step));
        self.until_sweep = Some(until_sweep.saturating_sub(1));
        if until_sweep <= 1 {
            self.until_sweep = Some(every);
            step.effects
                .push(Effect::Sweep { after: self.swept.clone(), limit: step.limits.sweep });
        }
    }

    /// Memory may be lost after a few calls, each time: chance decides after how many the first sweep comes, and
    /// whether it begins near the calls of a caller that is busy, or anywhere.
    fn first_sweep(&mut self, row: &str, step: &mut Step) -> u32 {
        let is_near = step.random.below(2) == 0;
        let anywhere = format!("{:032x}", step.random.wide());
        self.swept = Some(if is_near { row.to_owned() } else { anywhere });
        let first = step.random.below(u64::from(step.limits.sweep_after));
        u32::try_from(first).unwrap_or(0).saturating_add(1)
    }

    /// The caller has settled calls, and never sends them again.
    pub fn acknowledged(rows: Vec<String>, step: &mut Step) {
        if !rows.is_empty() {
            step.effects.push(Effect::Forget { rows });
        }
    }

    /// Looks through a part of the ledger.
    pub fn swept(&mut self, entries: &[(String, Entry)], more: bool, step: &mut Step) {
        let past = entries
            .iter()
            .filter(|(_, entry)| entry.version == VERSION && entry.expires < step.now)
            .map(|(row, _)| row.clone());
        let rows: Vec<String> = past.collect();
        self.swept = if more { entries.last().map(|(row, _)| row.clone()) } else { None };
        if !rows.is_empty() {
            step.effects.push(Effect::Forget { rows });
        }
    }
}

//! The target's side: one method for each call, one outcome for each method.

use std::collections::BTreeMap;

use super::record::{Entry, Time, VERSION, entry_of};
use super::schedule::SLACK;
use super::{Effect, Step};

/// The calls that an object has received: those that run. The outcomes of the others are in its storage.
#[derive(Clone, Debug, Default, Hash)]
pub struct Ledger {
    /// When the calls that run expire, by their rows.
    running: BTreeMap<String, Time>,
    /// How many outcomes are recorded until the next sweep; not known in a life that has recorded none.
    until_sweep: Option<u32>,
    /// Where the next sweep goes on.
    swept: Option<String>,
}

impl Ledger {
    /// How many methods run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.running.len()
    }

    /// Decides about a call that came in. `known` is what the ledger has of it.
    #[must_use]
    pub fn received(
        &mut self,
        from: &str,
        id: &str,
        expires: Time,
        known: Option<&Entry>,
        now: Time,
    ) -> Effect {
        let row = entry_of(from, id);
        if self.running.contains_key(&row) {
            return Effect::Join { row };
        }
        match known {
            Some(entry) if entry.version == VERSION => return Effect::Repeat { row },
            Some(_) => return Effect::Refuse,
            None => {}
        }
        if now > expires.saturating_add(SLACK) {
            return Effect::Late;
        }
        self.running.insert(row.clone(), expires);
        Effect::Run { row }
    }

    /// A method has ended: its outcome is recorded in this turn.
    pub fn ended(&mut self, row: &str, step: &mut Step) {
        let Some(expires) = self.running.remove(row) else { return };
        // A clock that steps back by the slack must not let a late repeat run.
        let expires = expires.saturating_add(SLACK).saturating_add(SLACK);
        step.effects.push(Effect::Record {
            row: row.to_owned(),
            entry: Entry { version: VERSION, expires },
        });
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
    pub fn acknowledged(from: &str, ids: &[String], step: &mut Step) {
        let rows: Vec<String> = ids.iter().map(|id| entry_of(from, id)).collect();
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

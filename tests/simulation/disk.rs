//! The storage of one object: rows that a turn writes are there at once, and are kept if the turn commits.

use std::collections::BTreeMap;
use std::rc::Rc;

use lumenize_call::durable::record::{Entry, Record, Time};

/// The kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    Calls,
    Counts,
    Letters,
    Ledger,
    /// What handlers write, by the ids of their calls.
    Marks,
    /// What methods write, by the rows of their calls.
    Effects,
    Alarm,
}

const TABLES: usize = 7;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    Call(Record),
    Letter(Record),
    Outcome(Entry),
    Number(u32),
    /// In a copy of a storage the alarm is there and never comes.
    Alarm {
        at: Time,
        comes: bool,
    },
}

/// The row of a call in the storage of its caller. A key has one row, whatever call it is.
pub fn row_of(id: &str) -> String {
    match id.split_once('.') {
        Some((_, key)) => format!("k:{key}"),
        None => format!("i:{id}"),
    }
}

/// The row of an outcome in the storage of its target.
pub fn entry_of(from: &str, id: &str) -> String {
    format!("{from}:{id}")
}

/// What a turn has changed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Change {
    pub table: Table,
    pub row: String,
    pub before: Option<Value>,
}

pub type Rows = BTreeMap<String, Value>;

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    /// Worlds that begin alike share them.
    tables: [Rc<Rows>; TABLES],
    journal: Vec<Change>,
}

impl Disk {
    pub fn rows(&self, table: Table) -> &Rows {
        &self.tables[table as usize]
    }

    fn table(&mut self, table: Table) -> &mut Rows {
        Rc::make_mut(&mut self.tables[table as usize])
    }

    pub fn get(&self, table: Table, row: &str) -> Option<&Value> {
        self.rows(table).get(row)
    }

    pub fn call(&self, row: &str) -> Option<&Record> {
        match self.get(Table::Calls, row) {
            Some(Value::Call(record)) => Some(record),
            _ => None,
        }
    }

    pub fn letter(&self, row: &str) -> Option<&Record> {
        match self.get(Table::Letters, row) {
            Some(Value::Letter(record)) => Some(record),
            _ => None,
        }
    }

    pub fn number(&self, table: Table, row: &str) -> u32 {
        match self.get(table, row) {
            Some(Value::Number(number)) => *number,
            _ => 0,
        }
    }

    pub fn alarm(&self) -> Option<(Time, bool)> {
        match self.get(Table::Alarm, "") {
            Some(Value::Alarm { at, comes }) => Some((*at, *comes)),
            _ => None,
        }
    }

    pub fn put(&mut self, table: Table, row: &str, value: Value) {
        let before = self.table(table).insert(row.to_owned(), value);
        self.journal.push(Change { table, row: row.to_owned(), before });
    }

    pub fn delete(&mut self, table: Table, row: &str) {
        if self.get(table, row).is_some()
            && let Some(before) = self.table(table).remove(row)
        {
            self.journal.push(Change { table, row: row.to_owned(), before: Some(before) });
        }
    }

    /// How much the turn has changed so far.
    pub fn changes(&self) -> usize {
        self.journal.len()
    }

    pub fn commit(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.journal)
    }

    /// Takes back what the turn has changed since then.
    pub fn roll_back(&mut self, changes: usize) {
        while self.journal.len() > changes
            && let Some(Change { table, row, before }) = self.journal.pop()
        {
            match before {
                Some(value) => self.table(table).insert(row, value),
                None => self.table(table).remove(&row),
            };
        }
    }

    /// Deletes everything, for good.
    pub fn wipe(&mut self) {
        *self = Self::default();
    }

    /// What a copy of this storage is like, under another id or put back later.
    pub fn copy(&self) -> Self {
        let mut copy = Self { tables: self.tables.clone(), journal: Vec::new() };
        if let Some(Value::Alarm { comes, .. }) = copy.table(Table::Alarm).get_mut("") {
            *comes = false;
        }
        copy
    }
}

//! One object: its storage, and what it has in memory until it crashes.

use std::collections::{BTreeMap, BTreeSet};

use lumenize_call::durable::record::{Entry, Time};
use lumenize_call::durable::{Limits, Machine, With};

use super::disk::Disk;
use super::watch::Watch;

#[derive(Clone, Debug)]
pub struct Object {
    pub name: String,
    pub disk: Disk,
    pub memory: Option<Memory>,
    /// How far its clock is from the true time.
    pub offset: i64,
    /// The latest time that it showed before it was set.
    pub latest: Time,
    /// Whether its code lacks the methods that others call.
    pub refuses: bool,
    /// Whether its code sends messages of a newer version.
    pub is_newer: bool,
    /// How often it has crashed.
    pub life: u32,
    /// How many effects are left until it crashes.
    pub fuse: Option<u32>,
    pub recent_starts: u32,
    pub started: Time,
    /// In which second it was woken last, and how often in that.
    pub wakes: (Time, u32),
    pub remembered: Option<Disk>,
    /// Outcomes that its ledger has had since its storage was wiped or put back.
    pub recorded: BTreeSet<String>,
}

/// Lost in a crash.
#[derive(Clone, Debug)]
pub struct Memory {
    pub machine: Machine,
    /// Attempts in flight, by their calls.
    pub attempts: BTreeMap<String, u32>,
    /// Calls of which an outcome has come.
    pub outcomes: BTreeSet<String>,
    /// Turns that handlers still take, by their calls.
    pub handlers: BTreeMap<String, (With, u32)>,
    pub methods: BTreeMap<String, Running>,
    pub watch: Watch,
}

/// A method that runs.
#[derive(Clone, Debug)]
pub struct Running {
    pub id: String,
    /// The head of its outcome.
    pub entry: Entry,
    /// Turns that it still takes.
    pub left: u32,
    /// Attempts that get its outcome.
    pub waiting: Vec<Attempt>,
}

/// One attempt of a call, as the network knows it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attempt {
    pub caller: usize,
    /// In which life of its caller.
    pub life: u32,
    pub id: String,
    pub number: u32,
}

impl Object {
    pub fn new(name: String) -> Self {
        Self {
            name,
            disk: Disk::default(),
            memory: None,
            offset: 0,
            latest: 0,
            refuses: false,
            is_newer: false,
            life: 0,
            fuse: None,
            recent_starts: 0,
            started: 0,
            wakes: (0, 0),
            remembered: None,
            recorded: BTreeSet::new(),
        }
    }
}

impl Memory {
    pub fn new(limits: &Limits, clock: Time) -> Self {
        Self {
            machine: Machine::new(limits.clone()),
            attempts: BTreeMap::new(),
            outcomes: BTreeSet::new(),
            handlers: BTreeMap::new(),
            methods: BTreeMap::new(),
            watch: Watch::new(clock),
        }
    }
}

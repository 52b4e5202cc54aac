//! Small worlds, of which every state is looked at.

use lumenize_call::durable::Limits;

use super::plan::{Action, Call, Faults, Handler, Method, Plan, SECOND, SMALL, Within};
use super::world::{Happening, World};

pub struct Small {
    pub name: &'static str,
    pub limits: Limits,
    /// What is done once, at any time.
    pub actions: Vec<Action>,
    /// Objects that are woken once more than they have asked for.
    pub woken: Vec<usize>,
    pub crashes: u64,
}

impl Small {
    pub fn world(&self) -> World {
        let mut world = World::new(&Plan {
            seed: 0,
            objects: 2,
            limits: self.limits.clone(),
            faults: Faults::default(),
            actions: self.actions.iter().map(|action| (0, action.clone())).collect(),
            is_quiet: false,
        });
        for object in &self.woken {
            world.schedule(0, Happening::SecondAlarm { object: *object });
        }
        world
    }
}

pub fn small_worlds() -> Vec<Small> {
    let small =
        |name, actions, crashes| Small { name, limits: SMALL, actions, woken: Vec::new(), crashes };
    let plain = call(1, Method::Synchronous, Handler::Synchronous);
    let slow = call(1, Method::WritesLast(1), Handler::Turns(1));
    let back = call(0, Method::WritesLast(1), Handler::Synchronous);
    vec![
        small("one call", vec![make(0, vec![slow])], 2),
        small("two calls of one turn", vec![make(0, vec![plain, slow])], 1),
        small("two calls to one target", vec![make(0, vec![plain]), make(0, vec![slow])], 1),
        small("a call each way", vec![make(0, vec![plain]), make(1, vec![back])], 1),
    ]
}

fn make(object: usize, calls: Vec<Call>) -> Action {
    Action::Make { object, calls, within: Within::Turn }
}

/// With a timeout in which it is sent twice.
fn call(target: usize, method: Method, handler: Handler) -> Call {
    Call { target, method, handler, timeout: 2 * SECOND, key: None }
}

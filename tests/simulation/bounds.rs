//! What a machine remembers beside its calls has bounds too.

use lumenize_call::durable::Limits;

use super::world::World;

impl World {
    /// Nothing but its text says how much a machine remembers.
    pub fn check_memory(&mut self, object: usize) {
        let Some(memory) = &self.objects[object].memory else { return };
        let text = format!("{:?}", memory.machine);
        let Limits { targets, acknowledged, .. } = self.limits;
        let failing = part(&text, "failing").matches(": ").count();
        let settled: Vec<_> = part(&text, "settled").split(": [").skip(1).collect();
        let told = settled.iter().map(|ids| ids.split(']').next().unwrap_or_default());
        let most = told.map(|ids| ids.matches('"').count() / 2).max().unwrap_or(0);
        self.check(failing <= targets, || format!("{failing} targets that fail are remembered"));
        self.check(settled.len() <= targets, || format!("{} targets are told", settled.len()));
        self.check(most <= acknowledged, || format!("a target is told of {most} calls"));
    }
}

fn part<'a>(text: &'a str, name: &str) -> &'a str {
    let rest = text.split_once(&format!("{name}: {{")).map_or("", |(_, rest)| rest);
    rest.split('}').next().unwrap_or_default()
}

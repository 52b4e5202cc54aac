//! A plan that fails, without whatever it fails without.

use super::plan::{Action, Faults, Plan};
use super::run;

/// More runs than this take too long to wait for.
const MOST_RUNS: u32 = 20_000;

/// A smaller plan has other luck: it is tried so often.
const LUCK: u64 = 16;

/// The smallest plan that was found, as text. What happens in it is printed.
pub fn smallest(mut plan: Plan) -> String {
    let mut runs = 0;
    while let Some(smaller) = smaller(&plan, &mut runs) {
        plan = smaller;
    }
    let failure = run(&plan, true).failure.unwrap_or_default();
    let Plan { objects, limits, faults, actions, .. } = plan;
    let actions: Vec<_> =
        actions.iter().map(|(time, action)| format!("{time} {action:?}")).collect();
    format!("shrunk: {failure}\n{objects} objects, {limits:?}\n{faults:?}\n{}", actions.join("\n"))
}

fn smaller(plan: &Plan, runs: &mut u32) -> Option<Plan> {
    let mut lucky = candidates(plan).flat_map(|smaller| {
        (0..LUCK).map(move |luck| Plan { seed: smaller.seed ^ luck << 40, ..smaller.clone() })
    });
    lucky.find(|smaller| {
        *runs += 1;
        *runs < MOST_RUNS && run(smaller, false).failure.is_some()
    })
}

/// The plan without one of its actions, calls or faults.
fn candidates(plan: &Plan) -> impl Iterator<Item = Plan> {
    let without_action = (0..plan.actions.len()).map(|index| {
        let mut smaller = plan.clone();
        smaller.actions.remove(index);
        smaller
    });
    let without_fault = faults(&plan.faults)
        .filter(|faults| *faults != plan.faults)
        .map(|faults| Plan { faults, ..plan.clone() });
    let without_call = (0..plan.actions.len()).flat_map(move |index| {
        let count = match &plan.actions[index].1 {
            Action::Make { calls, .. } if calls.len() > 1 => calls.len(),
            _ => 0,
        };
        (0..count).map(move |call| {
            let mut smaller = plan.clone();
            if let Action::Make { calls, .. } = &mut smaller.actions[index].1 {
                calls.remove(call);
            }
            smaller
        })
    });
    without_action.chain(without_fault).chain(without_call)
}

fn faults(faults: &Faults) -> impl Iterator<Item = Faults> {
    [
        Faults { drop: 0, ..*faults },
        Faults { repeat: 0, ..*faults },
        Faults { delay: 0, ..*faults },
        Faults { overload: 0, ..*faults },
        Faults { late_alarm: 0, ..*faults },
        Faults { second_alarm: 0, ..*faults },
        Faults { lost_alarm: 0, ..*faults },
    ]
    .into_iter()
}

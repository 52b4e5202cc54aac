//! What the documentation says in numbers is what Rust has.

use lumenize_call::limits::{
    CHAIN_ITEMS, ERROR_ERRORS, ERROR_PROPERTIES, ERROR_TEXT, Limits, MESSAGE_TYPESCRIPT,
};
use lumenize_call::pending;

/// The first three cells of each row of a table whose first cell is code.
fn rows(text: &str) -> Vec<[String; 3]> {
    let cells = |line: &str| -> Option<[String; 3]> {
        let mut cells = line.strip_prefix("| `")?.split('|').map(|cell| cell.trim().to_owned());
        let name = cells.next()?.trim_end_matches('`').to_owned();
        Some([name, cells.next()?, cells.next()?])
    };
    text.lines().filter_map(cells).collect()
}

/// As the documentation writes them: 1,048,576.
fn grouped(number: u32) -> String {
    let backwards: Vec<char> = number.to_string().chars().rev().collect();
    let groups: Vec<String> = backwards.chunks(3).map(|group| group.iter().collect()).collect();
    groups.join(",").chars().rev().collect()
}

#[test]
fn rule_28_every_limit_is_documented_with_its_numbers() {
    let text = std::fs::read_to_string("docs/limits.md").expect("it is there");
    let documented = rows(&text);
    let defaults = Limits::DEFAULT.words();
    let most = Limits::MOST.words();
    let limits: Vec<[String; 3]> = Limits::NAMES
        .iter()
        .zip(defaults.iter().zip(&most))
        .map(|(name, (default, most))| [(*name).to_owned(), grouped(*default), grouped(*most)])
        .collect();
    assert_eq!(documented[..limits.len()], limits);
}

#[test]
fn limits_of_a_message_are_documented_with_their_numbers() {
    let text = std::fs::read_to_string("docs/limits.md").expect("it is there");
    let documented = &rows(&text)[Limits::NAMES.len()..];
    let declared: Vec<(&str, String)> = MESSAGE_TYPESCRIPT
        .lines()
        .filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "))
        .map(|(name, number)| (name, number.replace('_', ",")))
        .collect();
    assert_eq!(declared.len(), 2);
    let documented: Vec<(&str, String)> =
        documented.iter().map(|[name, number, _]| (name.as_str(), number.clone())).collect();
    assert_eq!(documented, declared);
}

#[test]
fn limits_of_failures_and_of_chains_are_documented_with_their_numbers() {
    let text = std::fs::read_to_string("docs/limits.md").expect("it is there").replace("\n  ", " ");
    for said in [
        format!("carries {ERROR_ERRORS} errors"),
        format!("{} own properties", grouped(ERROR_PROPERTIES)),
        format!("{} UTF-16 code units each of message and stack", grouped(ERROR_TEXT)),
        format!("at most {} items", grouped(CHAIN_ITEMS)),
    ] {
        assert!(text.contains(&said), "{said}");
    }
}

#[test]
fn the_default_timeout_is_documented() {
    let text = std::fs::read_to_string("docs/limits.md").expect("it is there");
    let timeout = grouped(pending::DEFAULT_TIMEOUT_MS);
    assert!(text.contains(&format!("settles after {timeout} ms")));
}

#[test]
fn the_wire_format_states_the_default_limits() {
    let text = std::fs::read_to_string("docs/wire-format.md").expect("it is there");
    for number in Limits::DEFAULT.words() {
        let number = grouped(number);
        assert!(text.contains(&format!("({number})")), "{number}");
    }
}

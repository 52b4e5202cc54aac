//! The closed set of codes, and what TypeScript is told about it.

use lumenize_call::error::Code;
use lumenize_call::limits::Limits;
use lumenize_call::pending;

#[test]
fn rule_24_codes_are_distinct_and_declared_to_typescript() {
    let mut texts: Vec<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(texts.len(), 15);
    for text in &texts {
        assert!(Code::TYPESCRIPT.contains(&format!("| '{text}'")), "{text}");
    }
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Code::ALL.len());
}

#[test]
fn typescript_is_told_the_numbers_that_rust_uses() {
    let limit = format!("steps = {}", Limits::MOST.steps);
    assert!(Limits::TYPESCRIPT.contains(&limit));
    let timeout = format!("TimeoutMs = {}", pending::DEFAULT_TIMEOUT_MS);
    assert!(pending::TYPESCRIPT.contains(&timeout));
}

#[test]
fn rule_24_every_code_is_documented_and_no_other() {
    let document = std::fs::read_to_string("docs/errors.md").expect("it is there");
    let rows: Vec<&str> =
        document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(rows, codes);
}

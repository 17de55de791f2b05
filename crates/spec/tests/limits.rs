//! Input that is too much, or no input for us at all: one finding and never a panic. That each is refused before it costs
//! anything shows in these tests ending at all: an alias bomb that is expanded does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail by panicking")]

use std::fmt::Write as _;

use driftless_spec::{Finding, Strictness, parse, render};

const SHOP: &str = include_str!("data/good/shop.yaml");
const DOCS: &str = include_str!("data/good/docs.yaml");

fn only_finding(text: &str) -> Finding {
    let mut findings = parse(text, Strictness::Lenient).unwrap_err().findings;
    let rendered = render(&findings, text, "spec.yaml");
    assert!(rendered.len() < 2_000, "{rendered}");
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[test]
fn ten_megabytes_are_refused_at_once() {
    let finding = only_finding(&"a: 1\n".repeat(2 << 20));
    assert_eq!(finding.message, "the file has 10485760 bytes; a spec has at most 1048576");
    only_finding(&"x".repeat(10 << 20));
}

#[test]
fn an_alias_bomb_is_refused_by_its_size() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..30 {
        let below = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", [below.as_str(); 9].join(", ")).unwrap();
    }
    assert!(only_finding(&text).message.contains("counting each use of an alias"));
    // Few values, much text.
    let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(500_000), ["*a"; 5_000].join(", "));
    assert!(only_finding(&text).message.contains("counting each use of an alias"));
}

#[test]
fn deep_nesting_is_refused() {
    for text in
        ["[".repeat(100_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "a:\n - ".to_owned() + &"- ".repeat(40)]
    {
        let finding = only_finding(&text);
        assert!(finding.message.contains("nest") || finding.message.contains("YAML"), "{}", finding.message);
    }
}

#[test]
fn many_values_many_keys_and_many_environments_come_to_an_end() {
    let mut keys = String::from("apiVersion: driftless/v1\nkind: container\n");
    for index in 0..9_000 {
        writeln!(keys, "enviroments{index}: 1").unwrap();
    }
    assert!(parse(&keys, Strictness::Lenient).unwrap_err().findings.len() <= 101);
    let many = format!("{}{}", SHOP, "  - {name: dev, account: '1', region: x, after: [dev]}\n".repeat(1_800));
    assert!(parse(&many, Strictness::Lenient).unwrap_err().findings.len() <= 101);
}

/// A spec with so many services and environments, each of which names an ECS service and a parameter.
fn with(services: usize, environments: usize, more: &str) -> String {
    let mut text = String::from("apiVersion: driftless/v1\nkind: container\napp: shop\nservices:\n");
    (0..services).for_each(|index| writeln!(text, "  - name: s{index}").unwrap());
    text.push_str("environments:\n");
    for index in 0..environments {
        let place = "account: \"111111111111\", region: eu-west-1, cluster: main";
        writeln!(text, "  - {{name: e{index}, {place}{more}}}").unwrap();
    }
    text
}

#[test]
fn a_spec_that_names_more_than_one_transaction_takes_is_refused() {
    for (services, environments) in [(49, 1), (7, 7), (1, 49)] {
        let parsed = parse(&with(services, environments, ""), Strictness::Strict).unwrap();
        assert_eq!(parsed.spec.claims().len(), 98);
    }
    let finding = only_finding(&with(50, 1, ""));
    assert_eq!(finding.message, "the spec names 100 resources, one transaction takes 98; split the app");
    assert_eq!((finding.field.as_str(), finding.line), ("environments", 55));
    assert!(only_finding(&with(50, 50, "")).message.starts_with("the spec names 5000 resources"));
    // Services that share a parameter name it once.
    let shared = with(48, 2, ", parameter: \"/{app}/{env}/version\"");
    assert_eq!(parse(&shared, Strictness::Strict).unwrap().spec.claims().len(), 98);
}

#[test]
fn other_formats_get_one_clear_line() {
    for text in [
        include_str!("data/foreign/dc-sebt-portal.yaml"),
        include_str!("data/foreign/lobbying-tracker.yaml"),
        include_str!("data/foreign/sample-app.yaml"),
    ] {
        let finding = only_finding(text);
        assert!(finding.message.starts_with("this is an app spec of another format (codeforamerica shared services"));
        assert_eq!((finding.line, finding.column), (1, 1));
    }
    assert!(only_finding("services:\n  web: {image: x}\n").message.contains("Compose"));
    assert!(only_finding("apiVersion: apps/v1\nkind: Deployment\nmetadata: {}\n").message.contains("Kubernetes"));
}

/// A small generator of numbers (xorshift), so that each run tries the same texts.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

#[test]
fn no_text_makes_the_parser_panic() {
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        ":",
        "- ",
        "\n",
        "\t",
        "&a ",
        "*a",
        "!!int ",
        "<<",
        "\"",
        "'",
        "|",
        ">",
        "#",
        "---\n",
        "...\n",
        "%",
        "é",
        "\u{202e}",
        "\u{0}",
        "\u{feff}",
        "0123",
        "1e3",
        "yes",
        "~",
        "{app}",
        "{{ssm:x}}",
        "${x}",
        "99999999999999999999",
        "environments",
        "after",
        "dev",
        ",",
        " ",
        "?",
        "\r\n",
        "\u{2028}",
    ];
    let mut numbers = Numbers(0x5eed);
    for seed in [SHOP, DOCS] {
        for end in (0..seed.len()).filter(|end| seed.is_char_boundary(*end)).step_by(7) {
            survives(&seed[..end]);
        }
        for _ in 0..1_500 {
            let mut text: Vec<char> = seed.chars().collect();
            for _ in 0..=numbers.below(4) {
                let from = numbers.below(text.len());
                let to = (from + numbers.below(12)).min(text.len());
                let piece = pieces[numbers.below(pieces.len())];
                text.splice(from..to, piece.chars());
            }
            survives(&text.into_iter().collect::<String>());
        }
    }
}

fn survives(text: &str) {
    let findings = match parse(text, Strictness::Lenient) {
        Ok(parsed) => parsed.warnings,
        Err(errors) => {
            assert!(!errors.findings.is_empty());
            errors.findings
        }
    };
    let lines = text.split('\n').count();
    assert!(findings.iter().all(|f| f.line >= 1 && f.column >= 1 && f.line <= lines + 1), "{findings:?}");
    assert!(!render(&findings, text, "spec.yaml").contains('\u{1b}'));
}

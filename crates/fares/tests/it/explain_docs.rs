//! The page about explanations names every code and reason, and every fact that is really told has its row.

use crate::support::read_folder;
use fares::{Because, Value};

#[test]
fn the_page_names_every_fact_value_and_reason() {
    let page = String::from_utf8(read_folder("docs/fares")["explain.md"].clone()).unwrap();
    for because in Because::ALL {
        assert!(page.contains(&format!("| `{}` |", because.word())), "{}", because.word());
    }
    for policy in crate::worlds::worlds() {
        for seed in 0..40 {
            let legs = policy.some_legs(seed, 8);
            for explained in fares::explain(&policy.policy, &fares::Carried::default(), &legs) {
                for fact in &explained.facts {
                    let row = page.lines().find(|line| line.starts_with(&format!("| `{}` |", fact.code())));
                    let row = row.unwrap_or_else(|| panic!("no row for {}", fact.code()));
                    for (name, value) in fact.fields() {
                        assert!(row.contains(&format!("`{name}`")), "{} {name}", fact.code());
                        if name == "because" {
                            let Value::Text(word) = value else { panic!("{value:?}") };
                            assert!(Because::ALL.iter().any(|because| because.word() == word), "{word}");
                        }
                    }
                }
            }
        }
    }
}

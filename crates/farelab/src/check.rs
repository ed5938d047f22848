//! What is wrong with a policy, as its author reads it.

use fares::{Files, LoadError};
use serde_json::{Value, json};
use std::fmt;

/// What a policy's check found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings {
    /// The version's id, when the policy loads.
    pub policy: Option<String>,
    /// What keeps it from loading.
    pub errors: Vec<LoadError>,
    /// What its author should look at. A policy with errors is not looked at for these.
    pub warnings: Vec<LoadError>,
}

/// Checks a policy's files.
pub fn check(files: &Files) -> Findings {
    match fares::load(files) {
        Ok(policy) => Findings {
            policy: Some(policy.id().to_owned()),
            errors: Vec::new(),
            warnings: policy.warnings().to_vec(),
        },
        Err(errors) => Findings { policy: None, errors, warnings: Vec::new() },
    }
}

impl Findings {
    /// The findings as one object.
    pub fn json(&self) -> Value {
        let list = |found: &[LoadError]| -> Vec<Value> {
            let one = |found: &LoadError| {
                json!({
                    "file": found.file, "line": found.line, "column": found.field, "message": found.message,
                })
            };
            found.iter().map(one).collect()
        };
        json!({ "policy": self.policy, "errors": list(&self.errors), "warnings": list(&self.warnings) })
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for error in &self.errors {
            writeln!(f, "{}: {}", place(error), error.message)?;
        }
        for warning in &self.warnings {
            writeln!(f, "{}: warning: {}", place(warning), warning.message)?;
        }
        let (errors, warnings) = (self.errors.len(), self.warnings.len());
        match &self.policy {
            Some(policy) => write!(f, "{policy}: {errors} errors, {warnings} warnings"),
            None => write!(f, "{errors} errors, {warnings} warnings"),
        }
    }
}

/// `file:line column`, as far as it is known.
fn place(found: &LoadError) -> String {
    let line = if found.line == 0 { String::new() } else { format!(":{}", found.line) };
    let column = if found.field.is_empty() { String::new() } else { format!(" {}", found.field) };
    format!("{}{line}{column}", found.file)
}

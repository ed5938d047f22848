//! Tests over the code itself: the rules that no compiler knows. Each check is a function from a picture of the
//! repository to a list of complaints, so that it can be shown a bad sample as well as the real thing.

mod ci;
mod docs;
mod files;
mod floors;
mod rust;
mod tree;

/// Fails with all complaints at once.
fn none(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "{} complaints:\n  {}", complaints.len(), complaints.join("\n  "));
}

/// A check that has never failed proves nothing: the bad sample must give a complaint that names `what`.
fn complains(complaints: &[String], what: &str) {
    assert!(
        complaints.iter().any(|complaint| complaint.contains(what)),
        "no complaint of {what:?} in {complaints:?}"
    );
}

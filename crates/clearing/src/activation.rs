//! Which versions of the policy are in force after an activation in the log.

use fares::{Policies, Policy};
use primitives::{Code, PolicyActivation, Refusal};
use std::sync::Arc;

/// The versions an activation leads to. One that is repeated changes nothing; one that two people did not agree on, or that
/// cannot follow what is in force at its place in the log, is refused and changes nothing either.
pub fn activate(
    policies: &Policies,
    activation: &PolicyActivation,
    policy: &Arc<Policy>,
) -> Result<Policies, Refusal> {
    match &activation.approved_by {
        None => return Err(Refusal::new(Code::ApprovalMissing, "another person agrees first")),
        Some(checker) if *checker == activation.asked_by => {
            return Err(Refusal::new(Code::ApprovalSelf, "asked for and approved by the same person"));
        }
        Some(_) => {}
    }
    if policies.since().any(|(from, known)| (from, known.digest()) == (activation.from, activation.digest)) {
        return Ok(policies.clone());
    }
    let unfit = |detail: String| Err(Refusal::new(Code::PolicyUnfit, detail));
    if policies.digest() != activation.before {
        return unfit("other versions are in force than the two people saw".into());
    }
    policies.activate(Arc::clone(policy), activation.from).or_else(|error| unfit(error.to_string()))
}

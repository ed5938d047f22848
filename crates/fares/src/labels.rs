//! Names for people: what rows of a policy are called in a text that a rider reads.

use primitives::Text;
use std::collections::BTreeMap;

/// What is called something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Named {
    /// A network.
    Network,
    /// A fare product.
    Product,
    /// A window.
    Window,
    /// A surcharge.
    Surcharge,
    /// A campaign.
    Campaign,
    /// A cap.
    Cap,
    /// A rebate.
    Rebate,
}

/// The names of a policy, by kind and id. What has no name is not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Labels(BTreeMap<Named, BTreeMap<Text, String>>);

impl Labels {
    /// Keeps a name; the first one of an id stays.
    pub(crate) fn add(&mut self, kind: Named, id: Text, name: &str) {
        if !name.is_empty() {
            self.0.entry(kind).or_default().entry(id).or_insert_with(|| name.to_owned());
        }
    }

    pub(crate) fn get(&self, kind: Named, id: &str) -> Option<&str> {
        let names = self.0.get(&kind)?;
        Text::new(id).and_then(|id| names.get(&id)).map(String::as_str)
    }
}

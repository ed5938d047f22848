//! The attributes of one element: names that stand once, values unescaped.

use super::characters::{is_allowed, qualified};
use crate::limits::ATTRIBUTES_MAX;
use primitives::Code;
use quick_xml::escape::{resolve_xml_entity, unescape_with};
use std::borrow::Cow;
use std::ops::Range;

/// What is wrong with an element's attributes.
pub(super) struct Fault {
    pub code: Code,
    pub detail: &'static str,
}

const fn ill_formed(detail: &'static str) -> Fault {
    Fault { code: Code::FileXml, detail }
}

/// The attributes of the element that opened last. One buffer serves every element of a file.
#[derive(Default)]
pub(crate) struct Attributes {
    buffer: String,
    spans: Vec<(Range<usize>, Range<usize>)>,
}

impl Attributes {
    /// The value of an attribute without prefix.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let text = |span: &Range<usize>| self.buffer.get(span.clone()).unwrap_or_default();
        self.spans.iter().map(move |(name, value)| (text(name), text(value)))
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.spans.clear();
    }

    /// Reads what stands between an element's name and the end of its tag.
    pub(super) fn read(&mut self, raw: &str, length_max: usize) -> Result<(), Fault> {
        let mut rest = raw;
        loop {
            let unspaced = rest.trim_start_matches(is_space);
            if unspaced.is_empty() {
                return Ok(());
            }
            if unspaced.len() == rest.len() {
                return Err(ill_formed("attributes without white space between them"));
            }
            rest = self.read_one(unspaced, length_max)?;
        }
    }

    /// Reads one attribute and returns what follows it.
    fn read_one<'r>(&mut self, text: &'r str, length_max: usize) -> Result<&'r str, Fault> {
        let unfinished = || ill_formed("an attribute without quoted value");
        let (name, rest) = text.split_once('=').ok_or_else(unfinished)?;
        let name = name.trim_end_matches(is_space);
        if qualified(name).is_none() {
            return Err(ill_formed("an attribute name that is not a name"));
        }
        let rest = rest.trim_start_matches(is_space);
        let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(unfinished)?;
        let (value, rest) = rest.get(1..).and_then(|rest| rest.split_once(quote)).ok_or_else(unfinished)?;
        if value.len() > length_max {
            return Err(Fault { code: Code::TooLarge, detail: "an attribute longer than FIELD_BYTES_MAX" });
        }
        let value = unescape(value)?;
        if self.spans.len() >= ATTRIBUTES_MAX {
            return Err(Fault { code: Code::TooLarge, detail: "more attributes than ATTRIBUTES_MAX" });
        }
        if self.iter().any(|(known, _)| known == name) {
            return Err(ill_formed("the same attribute twice"));
        }
        let name = self.push(name);
        let value = self.push(&value);
        self.spans.push((name, value));
        Ok(rest)
    }

    fn push(&mut self, text: &str) -> Range<usize> {
        let start = self.buffer.len();
        self.buffer.push_str(text);
        start..self.buffer.len()
    }
}

const fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}

fn unescape(value: &str) -> Result<Cow<'_, str>, Fault> {
    if value.contains('<') {
        return Err(ill_formed("< in an attribute value"));
    }
    if !value.contains('&') {
        return Ok(Cow::Borrowed(value));
    }
    let unescaped = unescape_with(value, resolve_xml_entity)
        .map_err(|_| ill_formed("a reference to an unknown entity in an attribute value"))?;
    if !unescaped.chars().all(is_allowed) {
        return Err(ill_formed("a forbidden character in an attribute value"));
    }
    Ok(unescaped)
}

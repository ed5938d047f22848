//! Just enough XML to read one payment order and to write one statement. The house's own reader is not used here on
//! purpose: a bank would not use it either.

use crate::SimError;

/// An element: its local name, its attributes, its text and its children.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Reads a whole document.
    pub(super) fn parse(bytes: &[u8]) -> Result<Element, SimError> {
        let text = std::str::from_utf8(bytes).map_err(|_| broken("not UTF-8"))?;
        let mut open = vec![Element::default()];
        let mut rest = text.trim_start_matches('\u{feff}');
        while let Some(start) = rest.find('<') {
            let (before, tagged) = rest.split_at(start);
            if let Some(top) = open.last_mut() {
                top.text.push_str(&unescape(before)?);
            }
            let end = tagged.find('>').ok_or_else(|| broken("a tag does not end"))?;
            let tag = tagged.get(1..end).unwrap_or("");
            rest = tagged.get(end + 1..).unwrap_or("");
            if tag.starts_with('?') || tag.starts_with('!') {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                close(&mut open, local(name))?;
            } else {
                let empty = tag.strip_suffix('/');
                open.push(start_tag(empty.unwrap_or(tag))?);
                if empty.is_some() {
                    let name = open.last().map(|element| element.name.clone()).unwrap_or_default();
                    close(&mut open, &name)?;
                }
            }
        }
        match (open.pop(), open.is_empty()) {
            (Some(mut root), true) if root.children.len() == 1 => Ok(root.children.remove(0)),
            _ => Err(broken("not exactly one whole document")),
        }
    }

    /// The first element on a path of local names below this one.
    pub(super) fn at(&self, path: &str) -> Option<&Element> {
        path.split('/')
            .try_fold(self, |element, name| element.children.iter().find(|child| child.name == name))
    }

    /// The text on a path, trimmed.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.at(path).map(|element| element.text.trim())
    }

    /// The text on a path that must be there.
    pub(super) fn need(&self, path: &str) -> Result<&str, SimError> {
        self.text(path).filter(|text| !text.is_empty()).ok_or_else(|| broken(&format!("no {path}")))
    }

    /// An attribute.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The children with this local name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn broken(what: &str) -> SimError {
    SimError::Payout(what.to_owned())
}

fn local(name: &str) -> &str {
    let name = name.trim();
    name.rsplit(':').next().unwrap_or(name)
}

fn close(open: &mut Vec<Element>, name: &str) -> Result<(), SimError> {
    match (open.pop(), open.last_mut()) {
        (Some(done), Some(parent)) if done.name == name => parent.children.push(done),
        _ => return Err(broken(&format!("a tag {name} closes what is not open"))),
    }
    Ok(())
}

fn start_tag(tag: &str) -> Result<Element, SimError> {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    while let Some((key, value)) = rest.split_once('=') {
        let value = value.trim_start();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''));
        let quote = quote.ok_or_else(|| broken("an attribute without quotes"))?;
        let (inner, after) =
            value[1..].split_once(quote).ok_or_else(|| broken("an attribute does not end"))?;
        attributes.push((local(key).to_owned(), unescape(inner)?));
        rest = after;
    }
    Ok(Element { name: local(name).to_owned(), attributes, ..Element::default() })
}

fn unescape(text: &str) -> Result<String, SimError> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (entity, after) = after.split_once(';').ok_or_else(|| broken("an entity does not end"))?;
        let number = entity.strip_prefix("#x").map(|hex| u32::from_str_radix(hex, 16));
        let number = number.or_else(|| entity.strip_prefix('#').map(str::parse));
        plain.push(match (entity, number) {
            ("amp", _) => '&',
            ("lt", _) => '<',
            ("gt", _) => '>',
            ("quot", _) => '"',
            ("apos", _) => '\'',
            (_, Some(Ok(code))) => char::from_u32(code).ok_or_else(|| broken("an entity is no character"))?,
            _ => return Err(broken("an unknown entity")),
        });
        rest = after;
    }
    plain.push_str(rest);
    Ok(plain)
}

/// Text made safe to stand between tags.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

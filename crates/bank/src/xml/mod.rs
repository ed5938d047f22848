//! A walk over an XML file that trusts nothing: `quick-xml` splits it into events, and everything a reader of money
//! must not overlook is checked here, because `quick-xml` alone accepts a cut file, a second root, forbidden
//! characters and hands out the text of one element in pieces.

mod attributes;
mod characters;

use crate::limits::{Limits, NAMESPACES_MAX};
use crate::statement::FileRefusal;
pub(crate) use attributes::Attributes;
use primitives::Code;
use quick_xml::Reader;
use quick_xml::errors::{Error as XmlError, IllFormedError, SyntaxError};
use quick_xml::events::{BytesDecl, BytesRef, BytesStart, Event};

/// An element that opens.
pub(crate) struct Element<'e> {
    /// Its name without prefix.
    pub local: &'e str,
    /// True when it is in the namespace of the root element, whatever the prefix.
    pub ours: bool,
    /// Its attributes, unescaped.
    pub attributes: &'e Attributes,
    /// Where its tag begins.
    pub at: u64,
}

/// What takes the elements of a walk.
pub(crate) trait Sink {
    /// The root element's name and namespace, before it opens.
    fn root(&mut self, namespace: &str, local: &str, at: u64) -> Result<(), FileRefusal>;
    /// An element opens.
    fn open(&mut self, element: &Element<'_>) -> Result<(), FileRefusal>;
    /// An element closes; `text` is all its own text (not that of elements in it), `at` is where its tag began.
    fn close(&mut self, text: &str, at: u64) -> Result<(), FileRefusal>;
}

/// Walks over a whole file.
pub(crate) fn walk(file: &[u8], limits: &Limits, sink: &mut impl Sink) -> Result<(), FileRefusal> {
    if file.len() > limits.file_bytes {
        return Err(FileRefusal::at(Code::TooLarge, 0, "the file is larger than FILE_BYTES_MAX"));
    }
    let (text, skipped) = characters::decode(file)?;
    let mut walk = Walk::new(text, skipped, limits);
    loop {
        // The tag of an event begins where the event before it ended.
        walk.at = walk.reader.buffer_position().saturating_add(skipped);
        let event = match walk.reader.read_event() {
            Ok(event) => event,
            Err(error) => return Err(walk.syntax(&error)),
        };
        match event {
            Event::Start(start) => walk.start(&start, sink)?,
            Event::End(_) => walk.end(sink)?,
            Event::Text(text) => walk.text(&text)?,
            Event::CData(text) => walk.cdata(&text)?,
            Event::GeneralRef(reference) => walk.reference(&reference)?,
            Event::Decl(declaration) => walk.declaration(&declaration)?,
            Event::DocType(_) => return Err(walk.ill_formed("a DOCTYPE is never accepted")),
            Event::PI(instruction) if instruction.target().eq_ignore_ascii_case("xml") => {
                return Err(walk.ill_formed("a processing instruction with the reserved name xml"));
            }
            Event::PI(_) | Event::Comment(_) => {}
            // With empty elements expanded this event does not come; a change there must not go unseen.
            Event::Empty(_) => return Err(walk.ill_formed("an element that is neither opened nor closed")),
            Event::Eof => return walk.finish(),
        }
    }
}

/// A namespace declaration in force.
struct Binding {
    /// Elements open when it was made, its own included: it ends with that element.
    depth: usize,
    prefix: String,
    namespace: String,
    ours: bool,
}

/// An element that is open.
struct Open {
    at: u64,
    text_start: usize,
}

struct Walk<'x> {
    reader: Reader<&'x [u8]>,
    input: &'x str,
    limits: Limits,
    /// Bytes of the byte order mark, which the reader does not see.
    skipped: u64,
    at: u64,
    /// The texts of all open elements one behind the other; each element's own begins at its `text_start`.
    text: String,
    open: Vec<Open>,
    attributes: Attributes,
    bindings: Vec<Binding>,
    root_seen: bool,
}

impl<'x> Walk<'x> {
    fn new(input: &'x str, skipped: u64, limits: &Limits) -> Self {
        let mut reader = Reader::from_str(input);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.check_comments = true;
        Walk {
            reader,
            input,
            limits: *limits,
            skipped,
            at: skipped,
            text: String::new(),
            open: Vec::new(),
            attributes: Attributes::default(),
            bindings: Vec::new(),
            root_seen: false,
        }
    }

    fn ill_formed(&self, detail: impl Into<String>) -> FileRefusal {
        FileRefusal::at(Code::FileXml, self.at, detail)
    }

    fn too_large(&self, detail: &str) -> FileRefusal {
        FileRefusal::at(Code::TooLarge, self.at, detail)
    }

    fn start(&mut self, start: &BytesStart<'_>, sink: &mut impl Sink) -> Result<(), FileRefusal> {
        if self.open.is_empty() && self.root_seen {
            return Err(self.ill_formed("a second root element"));
        }
        if self.open.len() >= self.limits.depth {
            return Err(self.too_large("elements nested deeper than DEPTH_MAX"));
        }
        let name = start.name().into_inner();
        let Some((prefix, local)) = characters::qualified(name) else {
            return Err(self.ill_formed("an element name that is not a name"));
        };
        self.attributes.clear();
        let raw = start.attributes_raw();
        if !raw.is_empty() {
            self.attributes
                .read(raw, self.limits.field_bytes)
                .map_err(|fault| FileRefusal::at(fault.code, self.at, fault.detail))?;
            self.declare()?;
        }
        if !self.root_seen {
            self.root(prefix, local, sink)?;
        }
        let ours = match self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
            Some(binding) => binding.ours,
            None if prefix.is_empty() => false,
            None if prefix == "xml" => false,
            None => return Err(self.ill_formed("a prefix without namespace declaration")),
        };
        self.open.push(Open { at: self.at, text_start: self.text.len() });
        sink.open(&Element { local, ours, attributes: &self.attributes, at: self.at })
    }

    /// Notes the namespace declarations among the attributes, and refuses attribute prefixes nobody declared.
    fn declare(&mut self) -> Result<(), FileRefusal> {
        let depth = self.open.len().saturating_add(1);
        // The root's namespace is that of the first binding; see `root`.
        let root = self.bindings.iter().find(|binding| binding.ours).map(|binding| binding.namespace.clone());
        for (name, value) in self.attributes.iter() {
            let prefix = match name.split_once(':') {
                None if name == "xmlns" => "",
                Some(("xmlns", prefix)) if !value.is_empty() && prefix != "xml" && prefix != "xmlns" => {
                    prefix
                }
                Some(("xmlns", _)) => {
                    return Err(self.ill_formed("a namespace declaration that is not allowed"));
                }
                _ => continue,
            };
            if self.bindings.len() >= NAMESPACES_MAX {
                return Err(self.too_large("more namespace declarations than NAMESPACES_MAX"));
            }
            let ours = root.as_deref() == Some(value);
            self.bindings.push(Binding {
                depth,
                prefix: prefix.to_owned(),
                namespace: value.to_owned(),
                ours,
            });
        }
        let undeclared = self.attributes.iter().any(|(name, _)| match name.split_once(':') {
            None | Some(("xmlns" | "xml", _)) => false,
            Some((prefix, _)) => !self.bindings.iter().any(|binding| binding.prefix == prefix),
        });
        if undeclared {
            return Err(self.ill_formed("an attribute prefix without namespace declaration"));
        }
        Ok(())
    }

    fn root(&mut self, prefix: &str, local: &str, sink: &mut impl Sink) -> Result<(), FileRefusal> {
        self.root_seen = true;
        let namespace = match self.bindings.iter().find(|binding| binding.prefix == prefix) {
            Some(binding) => binding.namespace.clone(),
            None if prefix.is_empty() => String::new(),
            None => return Err(self.ill_formed("a prefix without namespace declaration")),
        };
        for binding in &mut self.bindings {
            binding.ours = binding.namespace == namespace;
        }
        sink.root(&namespace, local, self.at)
    }

    fn end(&mut self, sink: &mut impl Sink) -> Result<(), FileRefusal> {
        let Some(element) = self.open.pop() else {
            return Err(self.ill_formed("an end tag without its start tag"));
        };
        let depth = self.open.len();
        while self.bindings.last().is_some_and(|binding| binding.depth > depth) {
            self.bindings.pop();
        }
        let result = sink.close(&self.text[element.text_start..], element.at);
        self.text.truncate(element.text_start);
        result
    }

    fn text(&mut self, text: &str) -> Result<(), FileRefusal> {
        let bytes = text.as_bytes();
        let blank = bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
        let Some(element) = self.open.last() else {
            return if blank { Ok(()) } else { Err(self.ill_formed("text outside the root element")) };
        };
        // White space in front of a text is trimmed by every field, so the indents of a printed file cost nothing.
        if blank && self.text.len() == element.text_start {
            return Ok(());
        }
        if bytes.contains(&b']') && text.contains("]]>") {
            return Err(self.ill_formed("]]> in a text"));
        }
        self.append(text)
    }

    fn cdata(&mut self, text: &str) -> Result<(), FileRefusal> {
        if self.open.is_empty() {
            return Err(self.ill_formed("text outside the root element"));
        }
        self.append(text)
    }

    /// `&amp;` and `&#48;` come as events of their own and belong to the text around them.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), FileRefusal> {
        if self.open.is_empty() {
            return Err(self.ill_formed("text outside the root element"));
        }
        match characters::resolve(reference) {
            Some(character) => self.append(character.encode_utf8(&mut [0; 4])),
            None => Err(self.ill_formed("a reference to an unknown entity or a forbidden character")),
        }
    }

    fn append(&mut self, text: &str) -> Result<(), FileRefusal> {
        let start = self.open.last().map_or(0, |element| element.text_start);
        let length = self.text.len().saturating_sub(start).saturating_add(text.len());
        if length > self.limits.field_bytes {
            return Err(self.too_large("a text longer than FIELD_BYTES_MAX"));
        }
        self.text.push_str(text);
        Ok(())
    }

    fn declaration(&mut self, declaration: &BytesDecl<'_>) -> Result<(), FileRefusal> {
        if self.at != self.skipped {
            return Err(self.ill_formed("an XML declaration that is not at the beginning"));
        }
        let mut attributes = Attributes::default();
        let raw = declaration.strip_prefix("xml").unwrap_or_default();
        attributes
            .read(raw, self.limits.field_bytes)
            .map_err(|fault| FileRefusal::at(fault.code, self.at, fault.detail))?;
        let known = |(name, _): (&str, &str)| matches!(name, "version" | "encoding" | "standalone");
        if !attributes.iter().all(known) || attributes.iter().next() != Some(("version", "1.0")) {
            return Err(self.ill_formed("an XML declaration that is not of XML 1.0"));
        }
        match attributes.get("encoding") {
            Some(encoding) if !encoding.eq_ignore_ascii_case("UTF-8") => {
                Err(FileRefusal::at(Code::FileEncoding, self.at, "declared in an encoding other than UTF-8"))
            }
            _ => Ok(()),
        }
    }

    fn finish(&self) -> Result<(), FileRefusal> {
        let cut = |detail: &str| Err(FileRefusal::at(Code::FileTruncated, self.at, detail));
        if !self.root_seen {
            return cut("the file ends before its root element");
        }
        if !self.open.is_empty() {
            return cut("the file ends before its root element closes");
        }
        Ok(())
    }

    /// Tells a file that ends too early from one that is wrong where it goes on.
    fn syntax(&self, error: &XmlError) -> FileRefusal {
        let at = self.reader.error_position();
        let rest = usize::try_from(at).ok().and_then(|start| self.input.get(start..)).unwrap_or_default();
        let cut = match error {
            XmlError::Syntax(SyntaxError::InvalidBangMarkup) => {
                ["<!--", "<![CDATA[", "<!DOCTYPE"].iter().any(|markup| markup.starts_with(rest))
            }
            XmlError::Syntax(_) => true,
            XmlError::IllFormed(IllFormedError::UnclosedReference) => {
                !rest.bytes().skip(1).any(|byte| matches!(byte, b'&' | b'<'))
            }
            _ => false,
        };
        let code = if cut { Code::FileTruncated } else { Code::FileXml };
        // The library's own words may quote the file, so only ours are kept.
        let detail = match (cut, error) {
            (true, _) => "the file ends inside a tag, a comment, a reference or a CDATA section",
            (false, XmlError::IllFormed(IllFormedError::MismatchedEndTag { .. })) => {
                "an end tag that does not match its start tag"
            }
            (false, XmlError::IllFormed(IllFormedError::UnmatchedEndTag(_))) => {
                "an end tag without its start tag"
            }
            (false, XmlError::IllFormed(IllFormedError::DoubleHyphenInComment)) => "two hyphens in a comment",
            (false, _) => "markup that is not XML",
        };
        FileRefusal::at(code, at.saturating_add(self.skipped), detail)
    }
}

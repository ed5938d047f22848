//! Which bytes, characters and names an XML 1.0 file may hold.

use crate::statement::FileRefusal;
use primitives::Code;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::BytesRef;

const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];

/// The text of a file, and how many bytes of byte order mark stood in front of it.
pub(super) fn decode(file: &[u8]) -> Result<(&str, u64), FileRefusal> {
    let (bytes, skipped) = match file.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (rest, 3),
        None => (file, 0),
    };
    // UTF-16 without a mark is valid UTF-8 full of NULs: say what it is.
    if file.iter().take(4).any(|byte| *byte == 0)
        || file.starts_with(&[0xfe, 0xff])
        || file.starts_with(&[0xff, 0xfe])
    {
        return Err(FileRefusal::at(Code::FileEncoding, 0, "not UTF-8: it looks like UTF-16 or UTF-32"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = (error.valid_up_to() as u64).saturating_add(skipped);
        match error.error_len() {
            None => FileRefusal::at(Code::FileTruncated, at, "the file ends inside a character"),
            Some(_) => FileRefusal::at(Code::FileEncoding, at, "not UTF-8"),
        }
    })?;
    match forbidden(text.as_bytes()) {
        Some(position) => {
            let at = (position as u64).saturating_add(skipped);
            Err(FileRefusal::at(Code::FileXml, at, "a character that XML forbids"))
        }
        None => Ok((text, skipped)),
    }
}

const fn is_forbidden_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Where the first character stands that XML 1.0 forbids: controls, U+FFFE and U+FFFF.
fn forbidden(bytes: &[u8]) -> Option<usize> {
    const CHUNK: usize = 4_096;
    for (index, chunk) in bytes.chunks(CHUNK).enumerate() {
        // No early exit inside a chunk, so that the compiler can look at many bytes at once.
        let suspect =
            chunk.iter().fold(false, |found, byte| found | is_forbidden_control(*byte) | (*byte == 0xef));
        if !suspect {
            continue;
        }
        let start = index.saturating_mul(CHUNK);
        let position = (start..start.saturating_add(chunk.len())).find(|position| {
            let rest = bytes.get(*position..).unwrap_or_default();
            rest.first().is_some_and(|byte| is_forbidden_control(*byte))
                || rest.starts_with(&[0xef, 0xbf, 0xbe])
                || rest.starts_with(&[0xef, 0xbf, 0xbf])
        });
        if position.is_some() {
            return position;
        }
    }
    None
}

/// True for a character that XML 1.0 allows, also when it is written as a reference.
pub(super) const fn is_allowed(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => false,
        _ => true,
    }
}

/// The character of a predefined or numeric reference.
pub(super) fn resolve(reference: &BytesRef<'_>) -> Option<char> {
    match reference.resolve_char_ref() {
        Ok(Some(character)) => is_allowed(character).then_some(character),
        Ok(None) => resolve_xml_entity(reference).and_then(|text| text.chars().next()),
        Err(_) => None,
    }
}

/// What a byte may be in a name. Letters outside ASCII pass: no element we look for has one.
const NAME_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0usize;
    while byte < 256 {
        table[byte] = match byte as u8 {
            b'A'..=b'Z' | b'a'..=b'z' | b'_' | 0x80.. => BEGINS | GOES_ON,
            b'0'..=b'9' | b'-' | b'.' => GOES_ON,
            b':' => PARTS,
            _ => 0,
        };
        byte += 1;
    }
    table
};
const BEGINS: u8 = 1;
const GOES_ON: u8 = 2;
const PARTS: u8 = 4;

/// A name's prefix (empty when it has none) and its local part.
pub(super) fn qualified(name: &str) -> Option<(&str, &str)> {
    let mut colon = None;
    let mut expected = BEGINS;
    for (place, byte) in name.as_bytes().iter().enumerate() {
        let class = NAME_BYTES[usize::from(*byte)];
        if class & expected != 0 {
            expected = GOES_ON;
        } else if class == PARTS && expected == GOES_ON && colon.is_none() {
            colon = Some(place);
            expected = BEGINS;
        } else {
            return None;
        }
    }
    if expected == BEGINS {
        return None;
    }
    match colon {
        None => Some(("", name)),
        Some(colon) => Some((name.get(..colon)?, name.get(colon.checked_add(1)?..)?)),
    }
}

//! Vietnamese and other Latin letters without their marks, and the characters that payment networks carry.

/// Precomposed letters by their base letter. Marks that stand alone (NFD text) are dropped by [`base`].
const MARKED: &[(char, &str)] = &[
    ('A', "ÀÁÂÃÄÅĀĂĄẠẢẤẦẨẪẬẮẰẲẴẶ"),
    ('a', "àáâãäåāăąạảấầẩẫậắằẳẵặ"),
    ('C', "ÇĆĈĊČ"),
    ('c', "çćĉċč"),
    ('D', "ÐĎĐ"),
    ('d', "ðďđ"),
    ('E', "ÈÉÊËĒĔĖĘĚẸẺẼẾỀỂỄỆ"),
    ('e', "èéêëēĕėęěẹẻẽếềểễệ"),
    ('G', "ĜĞĠĢ"),
    ('g', "ĝğġģ"),
    ('I', "ÌÍÎÏĨĪĬĮİỈỊ"),
    ('i', "ìíîïĩīĭįıỉị"),
    ('L', "ĹĻĽŁ"),
    ('l', "ĺļľł"),
    ('N', "ÑŃŅŇ"),
    ('n', "ñńņň"),
    ('O', "ÒÓÔÕÖØŌŎŐƠỌỎỐỒỔỖỘỚỜỞỠỢ"),
    ('o', "òóôõöøōŏőơọỏốồổỗộớờởỡợ"),
    ('R', "ŔŖŘ"),
    ('r', "ŕŗř"),
    ('S', "ŚŜŞŠȘ"),
    ('s', "śŝşšș"),
    ('T', "ŢŤŦȚ"),
    ('t', "ţťŧț"),
    ('U', "ÙÚÛÜŨŪŬŮŰŲƯỤỦỨỪỬỮỰ"),
    ('u', "ùúûüũūŭůűųưụủứừửữự"),
    ('Y', "ÝŸŶỲỴỶỸ"),
    ('y', "ýÿŷỳỵỷỹ"),
    ('Z', "ŹŻŽ"),
    ('z', "źżž"),
];

/// A letter without its marks; `None` for a mark that stands alone. Characters without a base stay as they are.
pub(crate) fn base(character: char) -> Option<char> {
    if character.is_ascii() {
        return Some(character);
    }
    if ('\u{0300}'..='\u{036f}').contains(&character) {
        return None;
    }
    let found = MARKED.iter().find(|(_, marked)| marked.contains(character));
    Some(found.map_or(character, |(base, _)| *base))
}

/// A text fitted to what payment networks carry, and what that cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fitted {
    /// The text: letters, digits, space and `/ - ? : ( ) . , ' +`, trimmed, single spaces.
    pub text: String,
    /// True when a character other than an accent had to be replaced.
    pub replaced: bool,
    /// True when it was too long.
    pub cut: bool,
}

/// Fits a text to the SWIFT character set and to `length` characters: accents fall (đ becomes d), white space
/// becomes one space, `&` becomes `+`, `_` becomes `-`, everything else becomes a full stop.
pub fn fit(text: &str, length: usize) -> Fitted {
    let mut fitted = Fitted { text: String::with_capacity(text.len()), replaced: false, cut: false };
    for character in text.chars().filter_map(base) {
        let carried = match character {
            'A'..='Z' | 'a'..='z' | '0'..='9' => character,
            '/' | '-' | '?' | ':' | '(' | ')' | '.' | ',' | '\'' | '+' => character,
            space if space.is_whitespace() => {
                if !fitted.text.is_empty() && !fitted.text.ends_with(' ') {
                    fitted.text.push(' ');
                }
                continue;
            }
            other => {
                fitted.replaced = true;
                match other {
                    '&' => '+',
                    '_' | '‐' | '–' | '—' => '-',
                    '’' | '‘' => '\'',
                    _ => '.',
                }
            }
        };
        fitted.text.push(carried);
    }
    // A leading slash opens a code word in the older message formats that banks still translate to.
    let unslashed = fitted.text.trim_start_matches(['/', ' ']).len();
    let slashes = fitted.text.len().saturating_sub(unslashed);
    fitted.replaced |= slashes > 0;
    fitted.text.drain(..slashes);
    // Everything is ASCII here, so characters and bytes are the same.
    fitted.cut = fitted.text.trim_end().len() > length;
    fitted.text.truncate(length);
    fitted.text.truncate(fitted.text.trim_end().len());
    fitted
}

#[cfg(test)]
mod tests;

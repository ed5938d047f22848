//! Just enough of Rust's grammar to look at code without being fooled by what stands in strings and comments.

/// What [`mask`] blanks out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hide {
    /// The insides of strings and characters.
    Strings,
    /// Those, and comments.
    StringsAndComments,
}

/// The same text with the hidden parts as spaces; lines stay where they are.
pub fn mask(text: &str, hide: Hide) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let (end, hidden) = token(&chars, at, hide);
        for character in &chars[at..end] {
            out.push(if hidden && *character != '\n' { ' ' } else { *character });
        }
        at = end;
    }
    out
}

/// End of the string, character, comment or single character that starts at `at`, and whether it is hidden.
fn token(chars: &[char], at: usize, hide: Hide) -> (usize, bool) {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or(' ');
    match chars[at] {
        '/' if next(1) == '/' => {
            let end = (at..chars.len()).find(|index| chars[*index] == '\n').unwrap_or(chars.len());
            (end, hide == Hide::StringsAndComments)
        }
        '/' if next(1) == '*' => (block_comment(chars, at), hide == Hide::StringsAndComments),
        '"' => (string(chars, at), true),
        'r' if !is_word(chars, at) && (next(1) == '"' || next(1) == '#') => match raw_string(chars, at) {
            Some(end) => (end, true),
            None => (at + 1, false),
        },
        // A lifetime has no closing quote two or three characters on.
        '\'' if next(1) == '\\' => {
            let end = (at + 3..chars.len()).find(|index| chars[*index] == '\'');
            (end.map_or(chars.len(), |end| end + 1), true)
        }
        '\'' if next(2) == '\'' => (at + 3, true),
        _ => (at + 1, false),
    }
}

/// True when the character before belongs to the same word.
fn is_word(chars: &[char], at: usize) -> bool {
    // `br"…"` is a raw string too, so a `b` before is no word.
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_') && chars[at - 1] != 'b'
}

fn block_comment(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut index = at;
    while index < chars.len() {
        match (chars[index], chars.get(index + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                index += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                index += 2;
                if depth == 0 {
                    return index;
                }
            }
            _ => index += 1,
        }
    }
    chars.len()
}

fn string(chars: &[char], at: usize) -> usize {
    let mut index = at + 1;
    while index < chars.len() {
        match chars[index] {
            '\\' => index += 2,
            '"' => return index + 1,
            _ => index += 1,
        }
    }
    chars.len()
}

fn raw_string(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|character| **character == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mut index = at + 2 + hashes;
    while index < chars.len() {
        let closes = chars[index] == '"'
            && chars[index + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes;
        if closes {
            return Some(index + 1 + hashes);
        }
        index += 1;
    }
    Some(chars.len())
}

/// A function as it stands in a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Line of `fn`, from 1.
    pub line: usize,
    /// Lines from `fn` to the closing brace.
    pub lines: usize,
}

/// The functions with a body.
pub fn functions(text: &str) -> Vec<Function> {
    let code = mask(text, Hide::StringsAndComments);
    let mut found = Vec::new();
    for (start, _) in code.match_indices("fn ") {
        let before = code[..start].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
            continue;
        }
        let name: String =
            code[start + 3..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        if let (false, Some(end)) = (name.is_empty(), body_end(&code, start)) {
            let line = code[..start].matches('\n').count() + 1;
            found.push(Function { name, line, lines: code[start..end].matches('\n').count() + 1 });
        }
    }
    found
}

/// Where the body's closing brace stands; `None` for a declaration without a body.
fn body_end(code: &str, start: usize) -> Option<usize> {
    let (mut round, mut curly) = (0i32, 0i32);
    for (offset, character) in code[start..].char_indices() {
        match character {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                if curly == 0 {
                    return Some(start + offset);
                }
            }
            _ => {}
        }
    }
    None
}

#[test]
fn strings_and_comments_are_masked_and_lines_stay() {
    let check = |text: &str, hide, expect: &str| assert_eq!(mask(text, hide), expect, "{text}");
    check("a \"b{\" c", Hide::Strings, "a      c");
    check("a // b\nc", Hide::Strings, "a // b\nc");
    check("a // b\nc", Hide::StringsAndComments, "a     \nc");
    check("a/*/*x*/*/c", Hide::StringsAndComments, "a         c");
    check("r#\"x\"}\"# y", Hide::Strings, "         y");
    check("'{' '\\'' &'a str", Hide::Strings, "         &'a str");
    check("\"\\\"{\" z", Hide::Strings, "      z");
    check("for r in x", Hide::Strings, "for r in x");
}

#[test]
fn functions_are_found_with_their_length() {
    let text = "fn one() {\n  let x = \"}\";\n}\ntrait T {\n  fn two(&self);\n  fn three<'a>(f: fn(u8) -> u8) -> [u8; 2] {\n  }\n}\n";
    let check = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
    assert_eq!(functions(text), vec![check("one", 1, 3), check("three", 6, 2)]);
}

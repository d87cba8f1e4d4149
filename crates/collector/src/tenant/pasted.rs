//! What is wrong with a value that was pasted from a document, a mail or a web page: what a person does not see.

/// Pairs need not match: word processors and keyboards mix them.
const QUOTES: &[char] = &[
    '"', '\'', '`', '´', '‘', '’', '‚', '‛', '“', '”', '„', '‟', '′', '″', '«', '»', '‹', '›', '「', '」', '『', '』',
    '＂', '＇',
];

/// Invisible characters and enclosing quotation marks. Each problem follows the name of the value's key. Of the text it
/// holds the codes of invisible characters only, because the text may be a credential.
pub(super) fn problems(text: &str) -> Vec<String> {
    let mut invisible: Vec<char> = text.chars().filter(|character| is_invisible(*character)).collect();
    invisible.sort_unstable();
    invisible.dedup();
    let mut problems = Vec::new();
    if !invisible.is_empty() {
        let named: Vec<String> = invisible.into_iter().map(described).collect();
        let named = named.join(", ");
        problems.push(format!("contains invisible characters ({named}); type it, or paste it as plain text"));
    }
    // A value that was taken out of escaped JSON begins and ends with `\"`.
    let visible = without_invisible(text);
    let unescaped = visible.trim_matches(|character: char| character.is_whitespace() || character == '\\');
    if unescaped.chars().count() > 1 && unescaped.starts_with(QUOTES) && unescaped.ends_with(QUOTES) {
        problems.push("has quotation marks around it; remove them".to_owned());
    }
    problems
}

pub(super) fn without_invisible(text: &str) -> String {
    text.chars().filter(|character| !is_invisible(*character)).collect()
}

fn described(character: char) -> String {
    let name = match character {
        '\u{a0}' | '\u{2007}' | '\u{202f}' => "non-breaking space",
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero-width space",
        '\u{200c}' => "zero-width non-joiner",
        '\u{200d}' => "zero-width joiner",
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => "bidirectional mark",
        '\u{2060}' => "word joiner",
        '\u{feff}' => "byte order mark",
        _ if character.is_control() => "control character",
        _ if character.is_whitespace() => "white space",
        _ => "without visible form",
    };
    format!("U+{:04X} {name}", u32::from(character))
}

/// Control characters, white space other than the blank, and what Unicode calls ignorable by default
/// (`Default_Ignorable_Code_Point` of DerivedCoreProperties.txt), annotation marks and the empty Braille pattern.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || (character.is_whitespace() && character != ' ')
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

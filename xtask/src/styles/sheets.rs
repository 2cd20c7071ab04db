//! What a style sheet's text says, read without a parser: the classes it defines, the colours it spells out, the custom
//! properties it sets and reads.
//!
//! Comments and strings never count. A sheet is assumed to be well formed; the browser tests would show if it were not.

use std::collections::BTreeSet;

/// The sheet with comments and the contents of strings replaced by spaces; lines stay where they are.
pub(crate) fn code(css: &str) -> String {
    let mut code = String::with_capacity(css.len());
    let mut rest = css.chars().peekable();
    while let Some(sign) = rest.next() {
        match sign {
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                code.push_str("  ");
                rest.next();
                for inside in rest.by_ref() {
                    code.push(if inside == '\n' { '\n' } else { ' ' });
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
            }
            '"' | '\'' => {
                code.push(sign);
                let mut escaped = false;
                for inside in rest.by_ref() {
                    if inside == sign && !escaped {
                        break;
                    }
                    escaped = inside == '\\' && !escaped;
                    code.push(if inside == '\n' { '\n' } else { ' ' });
                }
                code.push(sign);
            }
            _ => code.push(sign),
        }
    }
    code
}

/// The classes that selectors of the sheet name.
pub(crate) fn classes(css: &str) -> BTreeSet<String> {
    let code = code(css);
    let mut classes = BTreeSet::new();
    let mut before = ' ';
    for (index, sign) in code.char_indices() {
        if sign == '.' && !before.is_ascii_alphanumeric() {
            let name = name_at(&code[index + 1..]);
            if !name.is_empty() && !name.starts_with(|first: char| first.is_ascii_digit()) {
                classes.insert(name);
            }
        } else if sign == '.' {
            // `b.strong` and `.a.b`: a class after a name; `file.css` is inside a string or an address and harmless.
            let name = name_at(&code[index + 1..]);
            if name.starts_with(|first: char| first.is_ascii_alphabetic()) {
                classes.insert(name);
            }
        }
        before = sign;
    }
    classes
}

/// The identifier at the start of this text, its escapes undone (`md\:flex` is `md:flex`).
fn name_at(text: &str) -> String {
    let mut name = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => name.extend(signs.next()),
            '-' | '_' => name.push(sign),
            _ if sign.is_ascii_alphanumeric() => name.push(sign),
            _ => break,
        }
    }
    name
}

/// The first colour that the sheet spells out instead of reading a custom property.
pub(crate) fn literal_colour(css: &str) -> Option<String> {
    const FUNCTIONS: &[&str] = &["rgb(", "rgba(", "hsl(", "hsla(", "hwb(", "lab(", "lch(", "oklab(", "oklch("];
    let code = code(css);
    code.char_indices().find_map(|(index, sign)| {
        let text = &code[index..];
        let fresh = !code[..index].ends_with(|before: char| before.is_ascii_alphanumeric() || before == '-');
        if sign == '#' {
            let digits: String = text[1..].chars().take_while(char::is_ascii_alphanumeric).collect();
            let hexadecimal = digits.chars().all(|digit| digit.is_ascii_hexdigit());
            let is_value = code[..index].rsplit(['{', ';', '}']).next().is_some_and(|part| part.contains(':'));
            return (hexadecimal && is_value && [3, 4, 6, 8].contains(&digits.len())).then(|| format!("#{digits}"));
        }
        let function = FUNCTIONS.iter().find(|function| fresh && text.starts_with(**function))?;
        // `oklch(from var(--x) …)` changes a role and spells out none.
        (!text[function.len()..].trim_start().starts_with("from "))
            .then(|| (*function).trim_end_matches('(').to_owned())
    })
}

/// The custom properties that the sheet sets.
pub(crate) fn properties_set(css: &str) -> BTreeSet<String> {
    let code = code(css);
    code.match_indices("--")
        .filter(|(index, _)| {
            let before = code[..*index].trim_end();
            before.is_empty() || before.ends_with(['{', ';', '}']) || before.ends_with("@property")
        })
        .map(|(index, _)| name_at(&code[index..]))
        .collect()
}

/// The custom properties that the sheet reads without a fallback, with the line of each, from 1.
pub(crate) fn properties_read(css: &str) -> Vec<(usize, String)> {
    let code = code(css);
    code.match_indices("var(")
        .filter_map(|(index, _)| {
            let text = code[index + 4..].trim_start();
            let name = name_at(text);
            let rest = text[name.len()..].trim_start();
            let line = code[..index].matches('\n').count() + 1;
            rest.starts_with(')').then_some((line, name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_read_from_selectors_only() {
        let css = "/* .gone */ .panel > b.strong:hover, .a.b { margin: .5em 1.5em; content: \".text\" } .md\\:flex{}";
        let expected = ["a", "b", "md:flex", "panel", "strong"].map(str::to_owned);
        assert_eq!(classes(css), BTreeSet::from(expected));
    }

    #[test]
    fn spelled_out_colours_are_found_and_derived_ones_are_not() {
        assert_eq!(literal_colour("a { color: #fff }"), Some("#fff".to_owned()));
        assert_eq!(literal_colour("a { color: oklch(0.5 0 0) }"), Some("oklch".to_owned()));
        assert_eq!(literal_colour("a { color: oklch(from var(--accent) l c h / 40%) }"), None);
        assert_eq!(literal_colour("#add { color: color-mix(in oklch, var(--text) 40%, transparent) }"), None);
        assert_eq!(literal_colour("/* #fff */ a { background: url(\"x#fff\") }"), None);
    }

    #[test]
    fn custom_properties_are_read_with_their_lines() {
        let css = ":root { --a: 1px; --b: var(--a) }\n.x { margin: var( --c ) var(--d, 2px) }";
        assert_eq!(properties_set(css), BTreeSet::from(["--a".to_owned(), "--b".to_owned()]));
        assert_eq!(properties_read(css), [(1, "--a".to_owned()), (2, "--c".to_owned())]);
    }
}

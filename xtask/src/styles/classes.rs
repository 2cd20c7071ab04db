//! The classes that a Rust source names: a reader of literals, on tokens, so comments and prose never count.
//!
//! Read are `class="…"`, `class=("…", condition)`, `class=(["…", "…"], condition)`, `class:name=condition`, the literals
//! of `class=expression` (of a `format!` there the whole words), `.class("…")`, `tw!("…")`, and the literals of a `const`
//! or `static` under a `// tw` line.
//! A class name is always written out: one that is put together at run time is not found.

use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, LineColumn, Literal, Spacing, TokenStream, TokenTree};

/// A class and the line it stands on, from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Class {
    /// The name, as in the `class` attribute.
    pub(crate) name: String,
    /// The line of the literal that holds it.
    pub(crate) line: usize,
}

/// Calls whose argument is the value of a `class=` expression rather than a question that it asks.
const PASSING: &[&str] = &["then_some", "then", "unwrap_or", "unwrap_or_else", "map_or", "Some", "into", "class"];

/// All classes that the source names, in order, with repetitions.
pub(crate) fn named_in(source: &str) -> Result<Vec<Class>> {
    let tokens: TokenStream = source.parse().map_err(|error| anyhow!("{error}"))?;
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let mut reader = Reader { lines: &lines, classes: Vec::new() };
    reader.read(tokens);
    Ok(reader.classes)
}

struct Reader<'a> {
    lines: &'a [&'a str],
    classes: Vec<Class>,
}

impl Reader<'_> {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, token) in tokens.iter().enumerate() {
            let rest = &tokens[index + 1..];
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(word) if word == "class" => self.attribute(word.span().end(), rest),
                TokenTree::Ident(word) if word == "tw" => {
                    if let [TokenTree::Punct(bang), TokenTree::Group(group), ..] = rest
                        && bang.as_char() == '!'
                    {
                        self.all(group.stream());
                    }
                }
                TokenTree::Ident(word)
                    if (word == "const" || word == "static") && self.marked(word.span().start().line) =>
                {
                    let item = rest.iter().take_while(|token| !is(token, ';')).cloned();
                    self.all(item.collect());
                }
                _ => {}
            }
        }
    }

    /// Whether a `// tw` comment stands on the line above an item (above its attributes' and `pub`'s line, too).
    fn marked(&self, line: usize) -> bool {
        line >= 2 && self.lines[line - 2] == "// tw"
    }

    /// What follows the word `class`, which ends at `end`.
    fn attribute(&mut self, end: LineColumn, rest: &[TokenTree]) {
        match rest {
            [TokenTree::Punct(colon), TokenTree::Ident(first), ..]
                if colon.as_char() == ':'
                    && colon.spacing() == Spacing::Alone
                    && colon.span().start() == end
                    && colon.span().end() == first.span().start() =>
            {
                self.directive(&rest[1..]);
            }
            [TokenTree::Punct(equals), value, ..]
                if equals.as_char() == '=' && equals.spacing() == Spacing::Alone && equals.span().start() == end =>
            {
                match value {
                    TokenTree::Literal(literal) => self.literal(literal),
                    TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => self.tuple(group),
                    _ => self.expression(&rest[1..]),
                }
            }
            [TokenTree::Group(group), ..] if group.delimiter() == Delimiter::Parenthesis => {
                if let Some(TokenTree::Literal(literal)) = group.stream().into_iter().next() {
                    self.literal(&literal);
                }
            }
            _ => {}
        }
    }

    /// `class:name-of-it=condition`, from the name on.
    fn directive(&mut self, rest: &[TokenTree]) {
        let line = rest[0].span().start().line;
        let mut name = String::new();
        for token in rest {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '=' => {
                    self.classes.push(Class { name, line });
                    return;
                }
                TokenTree::Ident(_) | TokenTree::Literal(_) => name.push_str(&token.to_string()),
                TokenTree::Punct(punct) if punct.as_char() == '-' => name.push('-'),
                _ => return,
            }
        }
    }

    /// `("names", condition)` or `(["names", "names"], condition)`: the names are before the comma.
    fn tuple(&mut self, group: &Group) {
        let names = group.stream().into_iter().take_while(|token| !is(token, ','));
        self.all(names.collect());
    }

    /// `class=expression`: up to the next attribute or the end of the tag.
    fn expression(&mut self, tokens: &[TokenTree]) {
        let end = tokens.iter().enumerate().position(|(index, token)| {
            let next = tokens.get(index + 1);
            let starts_attribute = matches!(token, TokenTree::Ident(_))
                && next.is_some_and(|next| (is(next, '=') || is(next, ':')) && alone(next));
            let ends_tag = is(token, '>') && !index.checked_sub(1).is_some_and(|before| joined(&tokens[before]));
            starts_attribute || ends_tag || is(token, ';') || is(token, ',')
        });
        self.values(&tokens[..end.unwrap_or(tokens.len())]);
    }

    /// The literals among these tokens that are a value of the expression: not what it compares with or matches on.
    fn values(&mut self, tokens: &[TokenTree]) {
        for (index, token) in tokens.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &tokens[before]);
            match token {
                TokenTree::Literal(literal) => {
                    let asked = before.is_some_and(|token| is(token, '='))
                        || tokens.get(index + 1).is_some_and(|token| joined(token) || is(token, '|'));
                    let arm = before.is_some_and(|token| is(token, '>'));
                    if !asked || arm {
                        self.literal(literal);
                    }
                }
                TokenTree::Group(group) if is_format(&tokens[..index]) => self.pattern(group),
                TokenTree::Group(group) => {
                    let passes = match (group.delimiter(), before) {
                        (Delimiter::Parenthesis, Some(TokenTree::Ident(name))) => {
                            PASSING.iter().any(|passing| name == passing)
                        }
                        // A macro's arguments are read where it is `tw!`.
                        (_, Some(TokenTree::Punct(punct))) if punct.as_char() == '!' => false,
                        (Delimiter::Bracket, Some(_)) => false,
                        _ => true,
                    };
                    if passes {
                        self.values(&group.stream().into_iter().collect::<Vec<_>>());
                    }
                }
                _ => {}
            }
        }
    }

    /// `format!("status status-{}", …)`: the words without a placeholder. The others are put together and not found.
    fn pattern(&mut self, group: &Group) {
        if let Some(TokenTree::Literal(literal)) = group.stream().into_iter().next() {
            let before = self.classes.len();
            self.literal(&literal);
            let whole = |class: &Class| !class.name.contains(['{', '}']);
            let words = self.classes.split_off(before);
            self.classes.extend(words.into_iter().filter(whole));
        }
    }

    /// Every literal, at any depth.
    fn all(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Literal(literal) => self.literal(&literal),
                TokenTree::Group(group) => self.all(group.stream()),
                _ => {}
            }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        let line = literal.span().start().line;
        let Some(text) = text_of(&literal.to_string()) else { return };
        let names = text.split_ascii_whitespace().map(|name| Class { name: name.to_owned(), line });
        self.classes.extend(names);
    }
}

/// What a string literal holds; `None` for any other literal. Classes need no escapes but a line's continuation.
fn text_of(literal: &str) -> Option<String> {
    if let Some(raw) = literal.strip_prefix('r') {
        let inner = raw.trim_matches('#');
        return Some(inner.strip_prefix('"')?.strip_suffix('"')?.to_owned());
    }
    Some(literal.strip_prefix('"')?.strip_suffix('"')?.replace("\\\n", " "))
}

/// Whether these tokens end in `format!`.
fn is_format(before: &[TokenTree]) -> bool {
    matches!(before, [.., TokenTree::Ident(name), TokenTree::Punct(bang)] if name == "format" && bang.as_char() == '!')
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn alone(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.spacing() == Spacing::Alone)
}

/// The first half of `==`, `!=`, `=>`, `->`, `>=` or `<=`.
fn joined(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(punct) if "=!-<".contains(punct.as_char()) && punct.spacing() == Spacing::Joint)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        named_in(source).unwrap().into_iter().map(|class| class.name).collect()
    }

    #[test]
    fn attributes_tuples_and_directives_name_classes() {
        let source = r#"
            fn page() { view! {
                <div class="panel  flex" id="not-a-class">
                    <b class=("strong", move || on.get()) class:is-open=open class:w-4=wide>"class of text"</b>
                    <i class=(["one", "two"], || name == "three")/>
                </div>
            } }"#;
        assert_eq!(names(source), ["panel", "flex", "strong", "is-open", "w-4", "one", "two"]);
    }

    #[test]
    fn expressions_give_their_values_but_not_their_questions() {
        let source = r#"view! {
            <a class=move || if tab.get() == "diff" { "tab tab-on" } else { "tab" } href="x">"y"</a>
            <b class=move || match kind.get().as_str() { "a" | "b" => "first", _ => "second" }/>
            <i class=move || open.get().then_some("open") title="no">"text"</i>
            <u class=name_of(status)/>
            <s class=format!("status status-{} glyph", word)>"{}"</s>
        }"#;
        assert_eq!(names(source), ["tab", "tab-on", "tab", "first", "second", "open", "status", "glyph"]);
    }

    #[test]
    fn marked_constants_and_the_macro_name_classes() {
        let source = "// tw\nconst ROW: &str = \"flex gap-2\";\nconst OTHER: &str = \"prose\";\n\
                      fn tone() -> &'static str { tw!(\"chip chip-ready\") }";
        assert_eq!(names(source), ["flex", "gap-2", "chip", "chip-ready"]);
    }

    #[test]
    fn types_comments_and_text_name_nothing() {
        let source = r#"
            // class="comment"
            struct Props { class: String }
            fn text(class: &'static str) -> &'static str { let class: &str = "x"; "class=\"inner\"" }"#;
        assert_eq!(names(source), Vec::<String>::new());
    }

    #[test]
    fn builders_and_continued_lines_name_classes_with_their_line() {
        let source = "fn x() {\n  div().class(\"panel\");\n  tw!(\"a \\\n    b\");\n}";
        let classes = named_in(source).unwrap();
        let expected = [("panel", 2), ("a", 3), ("b", 3)];
        assert_eq!(classes, expected.map(|(name, line)| Class { name: name.to_owned(), line }));
    }
}

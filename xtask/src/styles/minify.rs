//! A light minifier: comments go, white space shrinks to what separates words. Brotli does the rest.
//!
//! Strings stay as they are. Spaces that can matter (in selectors, in `calc`, after a colon) stay single.

/// The same sheet in fewer bytes.
pub(crate) fn minified(css: &str) -> String {
    let mut output = String::with_capacity(css.len());
    let mut rest = css.chars().peekable();
    let mut space = false;
    while let Some(sign) = rest.next() {
        match sign {
            '/' if rest.peek() == Some(&'*') => {
                rest.next();
                let mut last = ' ';
                for inside in rest.by_ref() {
                    if last == '*' && inside == '/' {
                        break;
                    }
                    last = inside;
                }
                space = true;
            }
            _ if sign.is_ascii_whitespace() => space = true,
            _ => {
                let separates = |sign: char| matches!(sign, '{' | '}' | ';' | ',');
                let after_separator = output.ends_with(separates) || output.is_empty();
                if space && !after_separator && !separates(sign) {
                    output.push(' ');
                }
                space = false;
                if sign == '}' && output.ends_with(';') {
                    output.pop();
                }
                output.push(sign);
                if sign == '"' || sign == '\'' {
                    copy_string(sign, &mut rest, &mut output);
                }
            }
        }
    }
    output
}

fn copy_string(quote: char, rest: &mut impl Iterator<Item = char>, output: &mut String) {
    let mut escaped = false;
    for inside in rest {
        output.push(inside);
        if inside == quote && !escaped {
            return;
        }
        escaped = inside == '\\' && !escaped;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_needless_spaces_go() {
        let css = "/* head */\n.a ,\n.b > .c {\n  margin: 0 auto; /* x */\n  width: calc(1px + 2px);\n}\n";
        assert_eq!(minified(css), ".a,.b > .c{margin: 0 auto;width: calc(1px + 2px)}");
    }

    #[test]
    fn strings_stay_as_they_are() {
        let css = r#"a::before { content: "  /* not a comment */ \" ; }"; }"#;
        assert_eq!(minified(css), r#"a::before{content: "  /* not a comment */ \" ; }"}"#);
    }

    #[test]
    fn minifying_twice_changes_nothing() {
        let once = minified("a { b : c } @media (width >= 768px) { .x:is(p, q) { d: e; } }");
        assert_eq!(minified(&once), once);
    }
}

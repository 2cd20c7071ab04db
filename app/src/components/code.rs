//! YAML with line numbers, anchors and a little colour.

use leptos::prelude::*;

/// One line as key, value and comment; leading space and dashes stay with the key.
#[derive(Debug, PartialEq, Eq)]
struct Parts<'a> {
    before: &'a str,
    key: &'a str,
    value: &'a str,
}

/// Splits `  - name: value` without understanding more of YAML than that: what does not look like a key is a value.
fn parts(line: &str) -> Parts<'_> {
    let start = line.len() - line.trim_start_matches([' ', '-']).len();
    let (before, rest) = line.split_at(start);
    let key_end = match rest.find(": ") {
        Some(at) => at + 1,
        None if rest.ends_with(':') => rest.len(),
        None => 0,
    };
    let plain = rest[..key_end].trim_end_matches(':').chars();
    let is_key = key_end > 0 && plain.clone().all(|c| c.is_alphanumeric() || matches!(c, '.' | '/' | '_' | '-' | '"'));
    let (key, value) = rest.split_at(if is_key { key_end } else { 0 });
    Parts { before, key, value }
}

fn value_class(value: &str) -> &'static str {
    let value = value.trim();
    match value {
        "true" | "false" | "null" | "{}" | "[]" => "code-value-number",
        _ if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-')) => {
            "code-value-number"
        }
        _ => "code-value-string",
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A scrolling box; each line can be linked to as `#L12`.
#[component]
pub(crate) fn CodeView(#[prop(into)] text: String, #[prop(into)] label: String) -> impl IntoView {
    let lines: Vec<_> = text
        .lines()
        .enumerate()
        .map(|(index, line)| {
            let number = index + 1;
            let Parts { before, key, value } = parts(line);
            view! {
                <div class="code-line" id=format!("L{number}")>
                    <a class="code-number" href=format!("#L{number}")>{number}</a>
                    <code>
                        // An empty text would be written as a space.
                        {some(before)}
                        {some(key).map(|key| view! { <span class="code-key">{key}</span> })}
                        {some(value).map(|text| view! { <span class=value_class(value)>{text}</span> })}
                    </code>
                </div>
            }
        })
        .collect();
    view! {
        <div class="code" tabindex="0" role="region" aria-label=label>
            {lines}
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_text_that_has_a_colon() {
        assert_eq!(parts("  - name: web"), Parts { before: "  - ", key: "name:", value: " web" });
        assert_eq!(parts("spec:"), Parts { before: "", key: "spec:", value: "" });
        assert_eq!(parts("  see here: there"), Parts { before: "  ", key: "", value: "see here: there" });
        assert_eq!(parts(""), Parts { before: "", key: "", value: "" });
    }
}

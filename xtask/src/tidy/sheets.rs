//! Style sheets: one place for literal colours, and no custom property that nobody sets.

use std::collections::BTreeSet;

use super::{Problem, Source};
use crate::styles::sheets;

const TOKENS: &str = "style/tokens.css";

fn style(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.path.starts_with("style/") && source.is(".css"))
}

/// Colours are spelled out in `style/tokens.css` only.
pub(super) fn colours(sources: &[Source]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for source in style(sources).filter(|source| source.path != TOKENS) {
        for (index, line) in sheets::code(&source.text).lines().enumerate() {
            if let Some(colour) = sheets::literal_colour(line) {
                problems.push(source.problem(index + 1, format!("`{colour}`: colours are literal in {TOKENS} only")));
            }
        }
    }
    problems
}

/// What a sheet reads without a fallback is set in a sheet, or is named in `style/README.md` as set by the markup.
pub(super) fn properties(sources: &[Source]) -> Vec<Problem> {
    let set: BTreeSet<String> = style(sources).flat_map(|source| sheets::properties_set(&source.text)).collect();
    let readme = sources.iter().find(|source| source.path == "style/README.md");
    let documented = readme.map(|source| source.text.as_str()).unwrap_or_default();
    let configuration = sources.iter().filter(|source| source.path == "style/encre.toml");
    let mut problems = Vec::new();
    for source in style(sources) {
        for (line, name) in sheets::properties_read(&source.text) {
            if !set.contains(&name) && !documented.contains(&format!("{name}:")) {
                problems.push(source.problem(line, format!("{name} is set nowhere")));
            }
        }
    }
    for source in configuration {
        for (index, line) in source.text.lines().enumerate() {
            let value = line.replace('"', " ");
            let unset = sheets::properties_read(&value).into_iter().filter(|(_, name)| !set.contains(name));
            problems.extend(unset.map(|(_, name)| source.problem(index + 1, format!("{name} is set nowhere"))));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::{places, source};

    #[test]
    fn only_the_tokens_spell_out_colours() {
        let text = "/* #fff */\n.a { color: #fff; }\n.b { color: var(--text); }\n";
        let sources = [source("style/tokens.css", text), source("style/components/a.css", text)];
        assert_eq!(places(&colours(&sources)), ["style/components/a.css:2"]);
    }

    #[test]
    fn a_property_must_be_set_by_a_sheet_or_documented() {
        let sources = [
            source("style/tokens.css", ":root { --text: 1px; }"),
            source("style/README.md", "rows take `style=\"--level: 2\"`"),
            source("style/a.css", ".a {\n margin: var(--text) var(--level) var(--gone) var(--soft, 1px);\n}"),
            source("style/encre.toml", "muted = \"var(--text)\"\nfaint = \"var(--missing)\"\n"),
        ];
        assert_eq!(places(&properties(&sources)), ["style/a.css:2", "style/encre.toml:2"]);
    }
}

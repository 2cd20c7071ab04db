//! The style sheet: the utility framework's reset, the tokens, the sheets of `style/`, and the utilities that the pages use.
//!
//! Every class in the pages' sources must be a utility of encre-css, be defined in a sheet, or stand in `extra.unstyled` of
//! `style/encre.toml`; anything else is a typing error and fails the build. A utility that brings a colour of its own
//! instead of a role fails as well. The order of layers is fixed: reset, tokens, base, components, pages, utilities.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use encre_css::{Config, Preflight};

use crate::digest;
use crate::repository::Repository;
use classes::Class;

pub(crate) mod classes;
#[cfg(test)]
mod contrast;
pub(crate) mod minify;
pub(crate) mod sheets;

const LAYERS: &[&str] = &["reset", "tokens", "base", "components", "pages", "utilities"];

/// Where a class was first seen, for messages: `path:line`.
type Places = BTreeMap<String, String>;

/// What the sheet is made of.
struct Parts {
    layers: Vec<(&'static str, String)>,
    utilities: Config,
    used: Places,
}

/// The whole sheet, minified. Addresses in `url(…)` are still those of the sources, relative to `style/`.
pub(crate) fn build(repository: &Repository) -> Result<String> {
    let parts = parts(repository)?;
    let problems = parts.problems();
    if !problems.is_empty() {
        let lines: Vec<String> = problems.iter().map(|(place, text)| format!("{place}: {text}")).collect();
        bail!("{} classes have no style:\n  {}", lines.len(), lines.join("\n  "));
    }
    // A class of ours may be called like a utility (`table-row`): our sheet means what it says, and nothing overrides it.
    let defined = parts.defined();
    let utilities = parts.used.keys().filter(|class| !defined.contains(*class)).map(String::as_str);
    let generated = encre_css::generate(utilities, &parts.utilities);
    let mut css = format!("@layer {};", LAYERS.join(","));
    let layers = parts.layers.iter().map(|(layer, css)| (*layer, css.as_str()));
    for (layer, text) in layers.chain([("utilities", generated.as_str())]) {
        css.push_str(&format!("@layer {layer}{{{text}}}"));
    }
    Ok(minify::minified(&css))
}

/// The classes of the pages that have no style: place and what is wrong.
pub(crate) fn check(repository: &Repository) -> Result<Vec<(String, String)>> {
    Ok(parts(repository)?.problems())
}

fn parts(repository: &Repository) -> Result<Parts> {
    let style = repository.path("style");
    let config = Config::from_file(style.join("encre.toml")).context("cannot read style/encre.toml")?;
    let layers = vec![
        ("reset", encre_css::generate([], &config)),
        ("tokens", sheet(&style.join("tokens.css"))?),
        ("base", sheet(&style.join("base.css"))?),
        ("components", folder(&style.join("components"))?),
        ("pages", folder(&style.join("pages"))?),
    ];
    Ok(Parts { layers, utilities: without_reset(config), used: used_classes(repository)? })
}

impl Parts {
    /// The classes that sheets of ours define.
    fn defined(&self) -> BTreeSet<String> {
        self.layers.iter().flat_map(|(_, css)| sheets::classes(css)).collect()
    }

    fn problems(&self) -> Vec<(String, String)> {
        problems(&self.used, &self.defined(), &self.utilities)
    }
}

fn without_reset(mut config: Config) -> Config {
    config.preflight = Preflight::new_none();
    config
}

fn sheet(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

/// All sheets of a folder by name. No sheet depends on the order within its folder.
fn folder(folder: &Path) -> Result<String> {
    let files = digest::files(&[folder.to_owned()])?;
    files.iter().filter(|file| file.extension().is_some_and(|end| end == "css")).map(|file| sheet(file)).collect()
}

/// Every class that the pages' sources name, with the first place.
fn used_classes(repository: &Repository) -> Result<Places> {
    let mut used = Places::new();
    for file in digest::files(&[repository.path("app/src")])? {
        if file.extension().is_none_or(|end| end != "rs") {
            continue;
        }
        let name = file.strip_prefix(repository.root()).unwrap_or(&file).display().to_string();
        let source = std::fs::read_to_string(&file).with_context(|| format!("cannot read {name}"))?;
        let classes = classes::named_in(&source).with_context(|| format!("cannot read {name} as Rust"))?;
        for Class { name: class, line } in classes {
            used.entry(class).or_insert_with(|| format!("{name}:{line}"));
        }
    }
    Ok(used)
}

fn problems(used: &Places, defined: &BTreeSet<String>, utilities: &Config) -> Vec<(String, String)> {
    let unstyled: BTreeSet<&str> = utilities
        .extra
        .get("unstyled")
        .and_then(|value| value.as_array())
        .map(|names| names.iter().filter_map(|name| name.as_str()).collect())
        .unwrap_or_default();
    let mut problems = Vec::new();
    for (class, place) in used {
        if defined.contains(class) || unstyled.contains(class.as_str()) {
            continue;
        }
        let css = encre_css::generate([class.as_str()], utilities);
        if css.is_empty() {
            problems.push((place.clone(), format!("`{class}` is no utility and no sheet in style/ defines it")));
        } else if let Some(colour) = sheets::literal_colour(&css) {
            let text = format!("`{class}` brings `{colour}`; use a colour of style/encre.toml");
            problems.push((place.clone(), text));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems_of(class: &str) -> Vec<(String, String)> {
        let mut config = without_reset(Config::default());
        config.theme.colors.add("muted", "var(--text-muted)");
        let used = Places::from([(class.to_owned(), "app/src/page.rs:7".to_owned())]);
        problems(&used, &BTreeSet::from(["panel".to_owned()]), &config)
    }

    #[test]
    fn utilities_and_classes_of_a_sheet_have_a_style() {
        for class in ["flex", "md:hidden", "hover:text-muted", "w-1/2", "grid-cols-[1fr_auto]", "panel"] {
            assert_eq!(problems_of(class), Vec::new(), "{class}");
        }
    }

    #[test]
    fn a_typing_error_is_named_with_its_place() {
        let text = "`flx` is no utility and no sheet in style/ defines it";
        assert_eq!(problems_of("flx"), [("app/src/page.rs:7".to_owned(), text.to_owned())]);
    }

    #[test]
    fn a_colour_that_is_no_role_is_refused() {
        assert_eq!(problems_of("text-red-500").len(), 1);
        assert_eq!(problems_of("bg-[#ff0000]").len(), 1);
    }
}

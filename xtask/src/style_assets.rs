//! The fonts and icons in `style/`: taken from their npm packages, kept in the repository with their licences.
//!
//! A build reads only what stands in `style/`, so it needs neither Node nor the network. These two commands refresh it,
//! by hand, when a version below changes. They never run as part of another command.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::command;
use crate::progress;
use crate::repository::Repository;

/// A published npm package, pinned.
struct NpmPackage {
    name: &'static str,
    version: &'static str,
}

/// A font: the one file of it that we ship, and the name of its licence beside it.
struct Font {
    package: NpmPackage,
    file: &'static str,
    licence: &'static str,
}

const FONTS: [Font; 2] = [
    Font {
        package: NpmPackage { name: "@fontsource-variable/inter", version: "5.3.0" },
        file: "inter-latin-wght-normal.woff2",
        licence: "inter.LICENSE",
    },
    Font {
        package: NpmPackage { name: "@fontsource-variable/jetbrains-mono", version: "5.3.0" },
        file: "jetbrains-mono-latin-wght-normal.woff2",
        licence: "jetbrains-mono.LICENSE",
    },
];

const LUCIDE: NpmPackage = NpmPackage { name: "lucide-static", version: "1.62.0" };

/// The icons taken from Lucide, by its names.
const ICONS: &[&str] = &[
    "activity",
    "anchor",
    "arrow-right",
    "bell",
    "box",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "chevrons-up-down",
    "circle-check",
    "circle-dashed",
    "circle-pause",
    "circle-question-mark",
    "circle-x",
    "clock",
    "copy",
    "diff",
    "download",
    "ellipsis",
    "external-link",
    "eye",
    "eye-off",
    "file-text",
    "funnel",
    "git-branch",
    "git-compare",
    "history",
    "image",
    "info",
    "key",
    "layers",
    "layout-grid",
    "link",
    "list",
    "loader-circle",
    "lock",
    "log-out",
    "menu",
    "monitor",
    "moon",
    "octagon-x",
    "package",
    "panel-left",
    "pause",
    "pencil",
    "play",
    "plus",
    "refresh-cw",
    "rotate-ccw",
    "search",
    "settings",
    "share-2",
    "shield-check",
    "star",
    "sun",
    "terminal",
    "trash-2",
    "triangle-alert",
    "unlink",
    "upload",
    "user",
    "users",
    "wrap-text",
    "x",
];

/// Icons of our own, in the same grid: name and content.
const OWN_ICONS: [(&str, &str); 2] = [
    (
        "drifted",
        concat!(
            r#"<path d="M2.7 10.3a2.41 2.41 0 0 0 0 3.41l7.59 7.59a2.41 2.41 0 0 0 3.41 0l7.59-7.59a2.41 2.41 0 0 0 0-3.41"#,
            r#"l-7.59-7.59a2.41 2.41 0 0 0-3.41 0Z"/><path d="M8.5 10.2h7"/><path d="M8.5 13.8h7"/><path d="m13.8 8-3.6 8"/>"#,
        ),
    ),
    (
        "flux",
        concat!(
            r#"<path d="M20.4 12a8.4 8.4 0 0 1-15 5.2"/><path d="M3.6 12a8.4 8.4 0 0 1 15-5.2"/>"#,
            r#"<path d="M18.9 2.7v4.4h-4.4"/><path d="M5.1 21.3v-4.4h4.4"/>"#,
        ),
    ),
];

/// Writes `style/fonts/*.woff2` and their licences anew.
pub(crate) fn fonts() -> Result<()> {
    let folder = Repository::here().path("style/fonts");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    for font in &FONTS {
        let package = Unpacked::fetch(&font.package)?;
        copy(&package.path("files").join(font.file), &folder.join(font.file))?;
        copy(&package.path("LICENSE"), &folder.join(font.licence))?;
        progress::note(&format!("{} {}", font.package.name, font.package.version));
    }
    Ok(())
}

/// Writes `style/icons.svg` and its licence anew.
pub(crate) fn icons() -> Result<()> {
    let style = Repository::here().path("style");
    let package = Unpacked::fetch(&LUCIDE)?;
    let mut symbols = Vec::with_capacity(ICONS.len() + OWN_ICONS.len());
    for name in ICONS {
        let file = package.path("icons").join(format!("{name}.svg"));
        let drawing = std::fs::read_to_string(&file).with_context(|| format!("Lucide has no icon {name}"))?;
        symbols.push((*name, content(&drawing).with_context(|| format!("icon {name}"))?));
    }
    symbols.extend(OWN_ICONS.map(|(name, content)| (name, content.to_owned())));
    let sprite = style.join("icons.svg");
    std::fs::write(&sprite, sheet(&mut symbols)).with_context(|| format!("cannot write {}", sprite.display()))?;
    copy(&package.path("LICENSE"), &style.join("icons.LICENSE"))?;
    progress::note(&format!("{} icons of {} {}", symbols.len(), LUCIDE.name, LUCIDE.version));
    Ok(())
}

/// A package in a temporary folder, which goes when this is dropped.
struct Unpacked {
    folder: tempfile::TempDir,
}

impl Unpacked {
    /// Fetches by npm, which knows the user's registry and checks the digest.
    fn fetch(package: &NpmPackage) -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
        let mut pack = Command::new("npm");
        pack.args(["pack", "--silent", "--pack-destination"]).arg(folder.path());
        let archive = command::capture(pack.arg(format!("{}@{}", package.name, package.version)))?;
        let Some(archive) = archive.lines().last().map(str::trim) else {
            bail!("npm named no archive for {}", package.name);
        };
        command::run(Command::new("tar").arg("xzf").arg(folder.path().join(archive)).arg("-C").arg(folder.path()))?;
        Ok(Self { folder })
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join("package").join(relative)
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).with_context(|| format!("the package has no {}", from.display()))?;
    std::fs::write(to, bytes).with_context(|| format!("cannot write {}", to.display()))
}

/// What stands between `<svg …>` and `</svg>`, on one line.
fn content(drawing: &str) -> Result<String> {
    let inner = drawing
        .split_once("<svg")
        .and_then(|(_, rest)| rest.split_once('>'))
        .and_then(|(_, rest)| rest.rsplit_once("</svg>"))
        .map(|(inner, _)| inner)
        .context("not an SVG drawing")?;
    Ok(inner.lines().map(str::trim).collect())
}

/// One file with a symbol for each icon, by name. Colour and stroke come from the class `icon` where a symbol is used.
fn sheet(symbols: &mut [(&str, String)]) -> String {
    symbols.sort_unstable();
    let mut sheet = format!(
        "<!-- Icons of Lucide {} (https://lucide.dev), ISC licence: icons.LICENSE. Written by `cargo xtask icons`. -->\n\
         <svg xmlns=\"http://www.w3.org/2000/svg\">\n",
        LUCIDE.version
    );
    for (name, content) in symbols.iter() {
        writeln!(sheet, r#"<symbol id="{name}" viewBox="0 0 24 24">{content}</symbol>"#)
            .expect("a String takes any text");
    }
    sheet.push_str("</svg>\n");
    sheet
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_gives_its_content_on_one_line() {
        let drawing =
            "<!-- licence -->\n<svg\n  width=\"24\"\n>\n  <path d=\"M1 2\" />\n  <circle r=\"1\" />\n</svg>\n";
        assert_eq!(content(drawing).unwrap(), r#"<path d="M1 2" /><circle r="1" />"#);
    }

    #[test]
    fn what_is_not_a_drawing_is_refused() {
        assert_eq!(content("<html></html>").unwrap_err().to_string(), "not an SVG drawing");
    }

    #[test]
    fn a_sheet_is_ordered_by_name() {
        let sheet = sheet(&mut [("b", "2".to_owned()), ("a", "1".to_owned())]);
        let symbols: Vec<_> = sheet.lines().filter(|line| line.starts_with("<symbol")).collect();
        assert_eq!(
            symbols,
            [r#"<symbol id="a" viewBox="0 0 24 24">1</symbol>"#, r#"<symbol id="b" viewBox="0 0 24 24">2</symbol>"#]
        );
    }

    #[test]
    fn the_sheet_in_the_repository_has_every_icon() {
        let sheet = std::fs::read_to_string(Repository::here().path("style/icons.svg")).unwrap();
        let names = ICONS.iter().copied().chain(OWN_ICONS.map(|(name, _)| name));
        let missing: Vec<_> = names.filter(|name| !sheet.contains(&format!(r#"id="{name}""#))).collect();
        assert_eq!(missing, [""; 0]);
    }
}

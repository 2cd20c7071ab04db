//! What the browser downloads: named after its content, compressed beforehand, listed in a manifest.
//!
//! The folder `target/site` is flat. A file's name carries 16 digits of its digest, so it may be kept for ever; `.br` and
//! `.gz` stand beside whatever compresses. `manifest.json` leads from stable names to files. Files of earlier builds go.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::digest;
use crate::progress;
use crate::repository::Repository;
use crate::wasm::Modules;

/// Largest initial WASM, in bytes after brotli.
pub(crate) const APP_BUDGET: u64 = 400 * 1024;
/// Largest worker WASM, in bytes after brotli.
pub(crate) const WORKER_BUDGET: u64 = 150 * 1024;

/// What the worker does with messages, put behind the code that wasm-bindgen writes.
const WORKER_ENTRY: &str = include_str!("../../frontend/worker/src/entry.js");

/// `manifest.json`: from a stable name (`app.js`) to the file (`app.0123456789abcdef.js`).
pub(crate) type Manifest = BTreeMap<String, String>;

/// The assets of one build.
#[derive(Debug)]
pub(crate) struct Site {
    folder: PathBuf,
    /// What the folder holds.
    pub(crate) manifest: Manifest,
}

impl Site {
    /// Writes all assets; files that are there already, by name and so by content, are not compressed again.
    pub(crate) fn write(repository: &Repository, modules: &Modules, css: &str) -> Result<Self> {
        let mut draft = Draft { files: BTreeMap::new() };
        let style = repository.path("style");
        for font in digest::files(&[style.join("fonts")])? {
            if font.extension().is_some_and(|end| end == "woff2") {
                let name = font.strip_prefix(&style).context("a font is under style/")?.display().to_string();
                draft.add(&name, read(&font)?);
            }
        }
        for picture in ["icons.svg", "favicon.svg"] {
            if style.join(picture).is_file() {
                draft.add(picture, read(&style.join(picture))?);
            }
        }
        let css = with_hashed_addresses(css, &draft.names())?;
        draft.add("style.css", css.into_bytes());
        draft.add("app.wasm", read(&modules.app.wasm)?);
        draft.add_split_app(modules)?;
        let worker_wasm = draft.add("worker.wasm", read(&modules.worker.wasm)?);
        let bound = read_text(&modules.worker.js)?;
        let entry = WORKER_ENTRY.replace("WORKER_WASM", &worker_wasm);
        draft.add("worker.js", format!("{bound}\n{entry}").into_bytes());
        draft.write(repository.site())
    }

    /// Bytes of an asset under its stable name: as it is, or compressed (`"br"`, `"gz"`).
    pub(crate) fn size(&self, name: &str, encoding: Option<&str>) -> Result<u64> {
        let file = self.manifest.get(name).with_context(|| format!("the site has no {name}"))?;
        let file = match encoding {
            Some(encoding) => format!("{file}.{encoding}"),
            None => file.clone(),
        };
        let path = self.folder.join(file);
        Ok(path.metadata().with_context(|| format!("cannot read {}", path.display()))?.len())
    }

    /// Reports the sizes that have a budget and fails over it.
    pub(crate) fn check_budget(&self) -> Result<()> {
        for (name, budget) in [("app.wasm", APP_BUDGET), ("worker.wasm", WORKER_BUDGET)] {
            let size = self.size(name, Some("br"))?;
            let figures = format!("{name}: {:.1} KB brotli of {} KB", kilobytes(size), budget / 1024);
            if size > budget {
                bail!("{figures}: over budget");
            }
            progress::note(&figures);
        }
        for name in self.manifest.keys().filter(|name| name.starts_with("chunks/")) {
            progress::note(&format!("{name}: {:.1} KB brotli", kilobytes(self.size(name, Some("br"))?)));
        }
        Ok(())
    }
}

/// 1 KB is 1024 bytes here, as in the budgets.
pub(crate) fn kilobytes(bytes: u64) -> f64 {
    bytes as f64 / 1024.0
}

/// Assets by stable name, before they are written.
struct Draft {
    files: BTreeMap<String, (String, Vec<u8>)>,
}

impl Draft {
    /// Returns the hashed name.
    fn add(&mut self, name: &str, content: Vec<u8>) -> String {
        let hashed = hashed_name(name, &digest::of_bytes(&content));
        self.files.insert(name.to_owned(), (hashed.clone(), content));
        hashed
    }

    /// Chunks, loader and main script.
    fn add_split_app(&mut self, modules: &Modules) -> Result<()> {
        let mut loader = read_text(&modules.app_split.loader())?;
        for chunk in modules.app_split.chunks()? {
            let file = chunk.file_name().and_then(|name| name.to_str()).context("chunks have plain names")?.to_owned();
            let hashed = self.add(&format!("chunks/{file}"), read(&chunk)?);
            loader = loader.replace(&format!("\"./{file}\""), &format!("\"./{hashed}\""));
        }
        let [main, loader] = named_scripts(&read_text(&modules.app.js)?, &loader);
        self.files.insert("app.js".to_owned(), main);
        self.files.insert("loader.js".to_owned(), loader);
        Ok(())
    }

    fn names(&self) -> Manifest {
        self.files.iter().map(|(name, (hashed, _))| (name.clone(), hashed.clone())).collect()
    }

    fn write(self, folder: PathBuf) -> Result<Site> {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let manifest = self.names();
        let written: Result<Vec<Vec<String>>> = std::thread::scope(|scope| {
            let writers: Vec<_> = self
                .files
                .values()
                .map(|(name, content)| scope.spawn(|| write_with_compressed(&folder, name, content)))
                .collect();
            writers.into_iter().map(|writer| writer.join().expect("compression does not panic")).collect()
        });
        let mut keep: BTreeSet<String> = written?.into_iter().flatten().collect();
        keep.insert("manifest.json".to_owned());
        remove_others(&folder, &keep)?;
        let json = serde_json::to_string_pretty(&manifest).context("a manifest is plain data")? + "\n";
        write_if_different(&folder.join("manifest.json"), json.as_bytes())?;
        Ok(Site { folder, manifest })
    }
}

/// `fonts/inter.woff2` becomes `inter.0123456789abcdef.woff2`.
fn hashed_name(name: &str, digest: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (stem, end) = file.rsplit_once('.').unwrap_or((file, "bin"));
    format!("{stem}.{}.{end}", &digest[..16])
}

/// Main script and loader under their hashed names. They import each other, so both carry the digest of the pair.
fn named_scripts(main: &str, loader: &str) -> [(String, Vec<u8>); 2] {
    let digest = digest::of_bytes(format!("{main}{loader}").as_bytes());
    let (main_name, loader_name) = (hashed_name("app.js", &digest), hashed_name("loader.js", &digest));
    // The loader's plain name also stands where the WASM looks its imports up; there it stays.
    let main = main.replace("from \"./loader.js\"", &format!("from \"./{loader_name}\""));
    let loader = loader.replace("from \"./app.js\"", &format!("from \"./{main_name}\""));
    [(main_name, main.into_bytes()), (loader_name, loader.into_bytes())]
}

/// Rewrites `url(fonts/inter.woff2)` to the hashed name. `data:` addresses and fragments stay.
fn with_hashed_addresses(css: &str, names: &Manifest) -> Result<String> {
    let mut output = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("url(") {
        let (before, from_address) = rest.split_at(start + 4);
        output.push_str(before);
        let end = from_address.find(')').context("a url( in the style sheet has no end")?;
        let address = from_address[..end].trim().trim_matches(['"', '\'']);
        if address.starts_with("data:") || address.starts_with('#') {
            output.push_str(&from_address[..end]);
        } else {
            let hashed = names.get(address.trim_start_matches("./"));
            output.push_str(hashed.with_context(|| format!("the style sheet names {address}, which style/ lacks"))?);
        }
        rest = &from_address[end..];
    }
    output.push_str(rest);
    Ok(output)
}

/// The names written: the file's and those of its compressed forms.
fn write_with_compressed(folder: &Path, name: &str, content: &[u8]) -> Result<Vec<String>> {
    let plain = folder.join(name);
    if name.ends_with(".woff2") {
        write_if_different(&plain, content)?;
        return Ok(vec![name.to_owned()]);
    }
    let (br, gz) = (format!("{name}.br"), format!("{name}.gz"));
    let complete = folder.join(&br).is_file() && folder.join(&gz).is_file();
    if !(complete && plain.is_file()) {
        write_if_different(&folder.join(&br), &brotli(content)?)?;
        write_if_different(&folder.join(&gz), &gzip(content)?)?;
        write_if_different(&plain, content)?;
    }
    Ok(vec![name.to_owned(), br, gz])
}

/// Brotli at its strongest.
pub(crate) fn brotli(content: &[u8]) -> Result<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, ..Default::default() };
    let mut output = Vec::new();
    brotli::BrotliCompress(&mut &*content, &mut output, &parameters).context("cannot compress with brotli")?;
    Ok(output)
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).context("cannot compress with gzip")?;
    encoder.finish().context("cannot compress with gzip")
}

fn remove_others(folder: &Path, keep: &BTreeSet<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        let kept = path.file_name().is_some_and(|name| keep.contains(name.to_string_lossy().as_ref()));
        if !kept && path.is_file() {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// Leaves the file's time alone when nothing changed, so that the server is not compiled again.
fn write_if_different(path: &Path, content: &[u8]) -> Result<()> {
    if std::fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    std::fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

fn read_text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(css: &str) -> Draft {
        let mut draft = Draft { files: BTreeMap::new() };
        draft.add("fonts/inter.woff2", b"font".to_vec());
        draft.add("style.css", css.as_bytes().to_vec());
        draft
    }

    #[test]
    fn names_carry_the_digest_and_lose_their_folder() {
        let digest = digest::of_bytes(b"font");
        assert_eq!(hashed_name("fonts/inter.woff2", &digest), format!("inter.{}.woff2", &digest[..16]));
    }

    #[test]
    fn addresses_in_the_sheet_lead_to_hashed_names() {
        let names = BTreeMap::from([("fonts/a.woff2".to_owned(), "a.1.woff2".to_owned())]);
        let css = "x{src: url(\"fonts/a.woff2\") format(\"woff2\")}y{background: url(data:image/png;base64,AA)}";
        let expected = "x{src: url(a.1.woff2) format(\"woff2\")}y{background: url(data:image/png;base64,AA)}";
        assert_eq!(with_hashed_addresses(css, &names).unwrap(), expected);
        let error = with_hashed_addresses("x{src: url(b.woff2)}", &names).unwrap_err();
        assert_eq!(error.to_string(), "the style sheet names b.woff2, which style/ lacks");
    }

    #[test]
    fn scripts_that_import_each_other_are_linked_by_their_hashed_names() {
        let main = "import * as a from \"./loader.js\"\nimports = { \"./loader.js\": a }";
        let [(main_name, main), (loader_name, loader)] = named_scripts(main, "import { initSync } from \"./app.js\";");
        let expected = format!("import * as a from \"./{loader_name}\"\nimports = {{ \"./loader.js\": a }}");
        assert_eq!(String::from_utf8(main).unwrap(), expected);
        assert_eq!(String::from_utf8(loader).unwrap(), format!("import {{ initSync }} from \"./{main_name}\";"));
    }

    #[test]
    fn a_changed_asset_gets_a_new_name_and_the_old_file_goes() {
        let folder = tempfile::tempdir().unwrap();
        let first = draft("a{}").write(folder.path().to_owned()).unwrap();
        let second = draft("b{}").write(folder.path().to_owned()).unwrap();
        assert_ne!(first.manifest, second.manifest);
        assert_eq!(first.manifest["fonts/inter.woff2"], second.manifest["fonts/inter.woff2"]);
        assert!(!folder.path().join(&first.manifest["style.css"]).exists());
        let style = &second.manifest["style.css"];
        for end in ["", ".br", ".gz"] {
            assert!(folder.path().join(format!("{style}{end}")).is_file(), "{end}");
        }
        assert!(!folder.path().join(format!("{}.br", second.manifest["fonts/inter.woff2"])).exists());
    }
}

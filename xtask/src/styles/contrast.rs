//! Contrast of the tokens, computed from `style/tokens.css`: a test, not a command.
//!
//! WCAG 2.2, 1.4.3 and 1.4.11: text 4.5 to 1, glyphs and outlines 3 to 1, on every surface that they may stand on, in
//! both themes. A colour is `oklch(L C H)`, `var(--NAME)` or `light-dark(COLOUR, COLOUR)`; any other form is an error.

use std::collections::BTreeMap;

use crate::repository::Repository;

const TEXT: f64 = 4.5;
const GLYPH: f64 = 3.0;

const SURFACES: [&str; 6] = ["page", "panel", "raised", "sunken", "hover", "selected"];
const STATUSES: [&str; 8] = ["ready", "progressing", "waiting", "failed", "stalled", "suspended", "drifted", "unknown"];
/// Where the words of a log line stand.
const LOG_GROUNDS: [&str; 4] = ["panel", "log-error-line", "hover", "selected"];
const LANES: std::ops::RangeInclusive<u32> = 1..=12;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    Light,
    Dark,
}

/// The custom properties of `tokens.css` by name; the first definition counts, later ones are for narrow windows.
struct Tokens(BTreeMap<String, String>);

impl Tokens {
    fn parse(css: &str) -> Self {
        let mut tokens = BTreeMap::new();
        for declaration in without_comments(css).split([';', '{', '}']) {
            if let Some((name, value)) = declaration.trim().strip_prefix("--").and_then(|text| text.split_once(':')) {
                tokens.entry(name.trim().to_owned()).or_insert_with(|| value.trim().to_owned());
            }
        }
        Self(tokens)
    }

    fn luminance(&self, name: &str, theme: Theme) -> f64 {
        let value = self.0.get(name).unwrap_or_else(|| panic!("no token --{name}"));
        self.luminance_of(value, theme)
    }

    fn luminance_of(&self, value: &str, theme: Theme) -> f64 {
        if let Some(name) = function(value, "var") {
            return self.luminance(name.trim_start_matches("--"), theme);
        }
        if let Some(pair) = function(value, "light-dark") {
            let (light, dark) = pair.split_at(top_level_comma(pair));
            return self.luminance_of(if theme == Theme::Light { light } else { &dark[1..] }.trim(), theme);
        }
        let parts = function(value, "oklch").unwrap_or_else(|| panic!("not a colour: {value}"));
        let numbers: Vec<f64> = parts.split_whitespace().map(|part| part.parse().unwrap()).collect();
        let [lightness, chroma, hue] = numbers[..] else { panic!("not an opaque colour: {value}") };
        luminance(lightness, chroma, hue)
    }

    /// WCAG's contrast ratio, from 1 to 21.
    fn contrast(&self, one: &str, other: &str, theme: Theme) -> f64 {
        let (one, other) = (self.luminance(one, theme), self.luminance(other, theme));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }
}

fn without_comments(css: &str) -> String {
    let mut pieces = css.split("/*");
    let first = pieces.next().unwrap_or_default().to_owned();
    first + &pieces.filter_map(|piece| piece.split_once("*/")).map(|(_, code)| code).collect::<String>()
}

/// What stands between the brackets of `name(…)`.
fn function<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    value.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')')
}

fn top_level_comma(text: &str) -> usize {
    let mut depth = 0;
    text.find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        letter == ',' && depth == 0
    })
    .expect("light-dark takes two colours")
}

/// Relative luminance of an OKLCH colour, clipped to sRGB. Matrices: <https://bottosson.github.io/posts/oklab/>.
fn luminance(lightness: f64, chroma: f64, hue: f64) -> f64 {
    let (b, a) = hue.to_radians().sin_cos();
    let (a, b) = (a * chroma, b * chroma);
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}

/// Every pair of tokens that meet on a page: what is drawn, on what, and the least contrast.
fn pairs() -> Vec<(String, String, f64)> {
    let mut pairs = Vec::new();
    let mut need = |drawn: &str, on: &str, least: f64| pairs.push((drawn.to_owned(), on.to_owned(), least));
    for surface in SURFACES {
        for text in ["text", "text-muted", "text-faint", "text-link", "accent-text"] {
            need(text, surface, TEXT);
        }
        for status in STATUSES {
            need(status, surface, GLYPH);
            need(&format!("{status}-text"), surface, TEXT);
        }
        need("line-focus", surface, GLYPH);
    }
    for status in STATUSES {
        need(&format!("{status}-text"), &format!("{status}-soft"), TEXT);
    }
    for (text, ground) in [
        ("text-on-accent", "accent"),
        ("text-on-accent", "accent-hover"),
        ("text-on-failed", "failed"),
        ("accent-text", "accent-soft"),
        ("diff-desired-text", "diff-desired-line"),
        ("diff-actual-text", "diff-actual-line"),
    ] {
        need(text, ground, TEXT);
    }
    for ground in ["desired-line", "desired-word", "actual-line", "actual-word", "moved", "masked"] {
        need("text", &format!("diff-{ground}"), TEXT);
    }
    need("text", "log-match", TEXT);
    need("text", "log-match-current", TEXT);
    need("control-line", "panel", GLYPH);
    need("control-line", "page", GLYPH);
    for ground in LOG_GROUNDS {
        for text in ["log-error", "log-warn", "log-info", "log-debug", "log-trace", "text-faint", "text-muted"] {
            need(text, ground, TEXT);
        }
        for lane in LANES {
            need(&format!("lane-{lane}-text"), ground, TEXT);
        }
    }
    for lane in LANES {
        need(&format!("lane-{lane}"), "panel", GLYPH);
    }
    for ground in ["panel", "sunken", "diff-desired-line", "diff-actual-line"] {
        for text in ["code-key", "code-string", "code-value", "code-comment"] {
            need(text, ground, TEXT);
        }
    }
    pairs
}

#[test]
fn white_on_black_has_the_greatest_contrast() {
    let tokens = Tokens::parse("/* --a: x; */ :root { --a: oklch(1 0 0); --b: light-dark(var(--a), oklch(0 0 0)); }");
    assert!((tokens.contrast("a", "b", Theme::Dark) - 21.0).abs() < 0.01);
    assert!((tokens.contrast("a", "b", Theme::Light) - 1.0).abs() < 0.01);
}

#[test]
fn what_is_drawn_stands_out_from_its_ground_in_both_themes() {
    let css = std::fs::read_to_string(Repository::here().path("style/tokens.css")).unwrap();
    let tokens = Tokens::parse(&css);
    let mut weak = Vec::new();
    for (drawn, on, least) in pairs() {
        for theme in [Theme::Light, Theme::Dark] {
            let ratio = tokens.contrast(&drawn, &on, theme);
            if ratio < least {
                weak.push(format!("{theme:?}: --{drawn} on --{on} has {ratio:.2}, needs {least}"));
            }
        }
    }
    assert_eq!(weak, [""; 0]);
}

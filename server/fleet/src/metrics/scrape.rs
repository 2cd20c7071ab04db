//! One answer to a scraper: which groups of metrics it wants, and the text of them piece by piece.

use std::sync::Arc;

use domain::metrics::Family;

use super::{Format, counters::COUNTERS, process, series, state};
use crate::engine::Engine;

/// Groups of metrics; a scraper that wants less asks for some of them, as with other exporters: `?collect[]=flux`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selection {
    /// `server`: this process and its engine.
    pub server: bool,
    /// `flux`: the `flux_*_info` series of every object.
    pub flux: bool,
    /// `gotk`: the series of controllers before Flux 2.1, five for each object.
    pub gotk: bool,
}

/// There is no such group.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no group of metrics {0:?}, only server, flux and gotk")]
pub struct UnknownGroup(pub String);

impl Selection {
    pub const ALL: Self = Self { server: true, flux: true, gotk: true };

    /// The groups with these names; all of them where none is named.
    ///
    /// # Errors
    /// [`UnknownGroup`].
    pub fn of_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownGroup> {
        let nothing = Self { server: false, flux: false, gotk: false };
        let mut selection = nothing;
        for word in words {
            match word {
                "server" => selection.server = true,
                "flux" => selection.flux = true,
                "gotk" => selection.gotk = true,
                other => return Err(UnknownGroup(other.to_owned())),
            }
        }
        Ok(if selection == nothing { Self::ALL } else { selection })
    }

    fn holds(self, family: Family) -> bool {
        if family.is_legacy() { self.gotk } else { self.flux }
    }
}

/// The text of a scrape. Objects are read when their piece is asked for, so that a slow reader holds one piece and no
/// lock.
pub struct Scrape(Box<dyn Iterator<Item = String> + Send>);

impl std::fmt::Debug for Scrape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scrape")
    }
}

impl Scrape {
    pub(crate) async fn of(engine: &Engine, format: Format, selection: Selection) -> Self {
        let mut own = String::new();
        if selection.server {
            for part in [&process::registry(), &state::registry(engine).await, COUNTERS.registry()] {
                own += &format.encode(part);
            }
        }
        let clusters: Arc<[_]> = engine.clusters.all().into();
        let families = Family::ALL.into_iter().filter(move |family| selection.holds(*family));
        let objects = families.flat_map(move |family| series::pieces(family, Arc::clone(&clusters)));
        let text = std::iter::once(own).chain(objects).chain(std::iter::once(format.end().to_owned()));
        Self(Box::new(text.filter(|piece| !piece.is_empty())))
    }
}

impl Iterator for Scrape {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        self.0.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scraper_gets_the_groups_that_it_names_or_all() {
        let nothing = Selection { server: false, flux: false, gotk: false };
        assert_eq!(Selection::of_words([]), Ok(Selection::ALL));
        assert_eq!(Selection::of_words(["flux"]), Ok(Selection { flux: true, ..nothing }));
        assert_eq!(Selection::of_words(["gotk", "server"]), Ok(Selection { gotk: true, server: true, ..nothing }));
        assert_eq!(Selection::of_words(["everything"]), Err(UnknownGroup("everything".to_owned())));
    }
}

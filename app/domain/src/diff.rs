//! Desired against actual: what Flux would change, why, who wrote what is there, and how it looks as text.
//!
//! *Desired* is what Flux would make of the object if it applied now; it stands on the left. *Actual* is the live
//! object, on the right. Nothing here talks to a cluster or reads a clock.
//!
//! The way of one object, each step a module:
//!
//! 1. [`normalise`] prepares what is sent to the dry-run as the controller does, and strips what both sides carry
//!    anyway;
//! 2. [`takeover`] corrects the dry-run's answer by what kustomize-controller does to other managers' fields before it
//!    applies, from [`fields`] (field sets), [`owner`] (managers) and [`path`](mod@path);
//! 3. [`ignore`] removes what the owner's ignore rules name, on both sides;
//! 4. [`verdict`] says what Flux would decide;
//! 5. [`mask`] replaces secret values by tokens, equal values by equal tokens: nothing before this step leaves the
//!    process;
//! 6. [`align`] brings list items into the same order, [`change`] lists the differences with class and blame;
//! 7. [`canonical`] prints each side as YAML with the path of every line;
//! 8. [`text`] compares the two texts for the screen, [`view`] writes them as a patch.
//!
//! Where there is no manifest, [`extract`] takes what the applier owns out of the live object; where there may be no
//! dry-run, [`overlay`] estimates its answer.
//!
//! Steps 1 to 5 need the feature `native` where they decode or match patterns; 6 to 8 also run in the browser.

pub mod align;
pub mod canonical;
pub mod change;
pub mod extract;
pub mod fields;
#[cfg(feature = "native")]
pub mod ignore;
#[cfg(feature = "native")]
pub mod mask;
#[cfg(feature = "native")]
pub mod normalise;
pub mod overlay;
pub mod owner;
pub mod path;
pub mod takeover;
pub mod text;
pub mod verdict;
pub mod view;

//! Icons: one sprite, one symbol a name.

use std::sync::Arc;

use leptos::prelude::*;

use crate::platform;

/// Symbols of the sprite that pages use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Check,
    ChevronDown,
    ChevronUp,
    CircleCheck,
    CircleDashed,
    CirclePause,
    Clock,
    Copy,
    Diff,
    Download,
    Drifted,
    Flux,
    Grid,
    Info,
    Layers,
    List,
    Loader,
    LogOut,
    Menu,
    Monitor,
    Moon,
    OctagonX,
    Package,
    Pause,
    Play,
    Plus,
    Refresh,
    Rotate,
    Search,
    Shield,
    Sun,
    Terminal,
    Trash,
    Triangle,
    Unlink,
    X,
}

impl Glyph {
    fn symbol(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::ChevronDown => "chevron-down",
            Self::ChevronUp => "chevron-up",
            Self::CircleCheck => "circle-check",
            Self::CircleDashed => "circle-dashed",
            Self::CirclePause => "circle-pause",
            Self::Clock => "clock",
            Self::Copy => "copy",
            Self::Diff => "diff",
            Self::Download => "download",
            Self::Drifted => "drifted",
            Self::Flux => "flux",
            Self::Grid => "layout-grid",
            Self::Info => "info",
            Self::Layers => "layers",
            Self::List => "list",
            Self::Loader => "loader-circle",
            Self::LogOut => "log-out",
            Self::Menu => "menu",
            Self::Monitor => "monitor",
            Self::Moon => "moon",
            Self::OctagonX => "octagon-x",
            Self::Package => "package",
            Self::Pause => "pause",
            Self::Play => "play",
            Self::Plus => "plus",
            Self::Refresh => "refresh-cw",
            Self::Rotate => "rotate-ccw",
            Self::Search => "search",
            Self::Shield => "shield-check",
            Self::Sun => "sun",
            Self::Terminal => "terminal",
            Self::Trash => "trash-2",
            Self::Triangle => "triangle-alert",
            Self::Unlink => "unlink",
            Self::X => "x",
        }
    }
}

/// Address of the sprite.
#[derive(Clone)]
struct Sprite(Arc<str>);

/// Called by the root only.
pub(crate) fn provide_icons() {
    provide_context(Sprite(platform::assets().icons_svg.unwrap_or_default().into()));
}

/// Decoration beside a word; screen readers pass it over.
#[component]
pub(crate) fn Icon(glyph: Glyph, #[prop(default = "icon")] class: &'static str) -> impl IntoView {
    let Sprite(sprite) = expect_context();
    let href = format!("{sprite}#{}", glyph.symbol());
    view! {
        <svg class=class aria-hidden="true">
            <use_ href=href></use_>
        </svg>
    }
}

//! What the browser has and the server has not, and the other way round, behind equal signatures.
//!
//! The only place that knows which of the two it is compiled for. On the server the browser's half does nothing:
//! effects and event handlers never run there, so nothing depends on it.

#[cfg(feature = "hydrate")]
mod browser;
#[cfg(not(feature = "hydrate"))]
mod server;

#[cfg(feature = "hydrate")]
pub(crate) use browser::{
    Socket, assets, copy, css_length, download, in_worker, jitter, keep_theme, matches_media, now, preload, read_file,
    set_status, show_theme, theme,
};
#[cfg(not(feature = "hydrate"))]
pub(crate) use server::{
    Socket, assets, copy, css_length, download, in_worker, jitter, keep_theme, matches_media, now, preload, read_file,
    set_status, show_theme, theme,
};

/// Name of the cookie that keeps the theme, so that the server renders the right one.
pub(crate) const THEME_COOKIE: &str = "theme";

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    /// Value of `data-theme` on the document; absent for the system's.
    pub(crate) fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }

    pub(crate) fn word(self) -> &'static str {
        self.attribute().unwrap_or("system")
    }

    pub(crate) fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// Of a cookie header or `document.cookie`.
    fn of_cookies(cookies: &str) -> Self {
        let value = cookies.split(';').find_map(|item| item.trim().strip_prefix(THEME_COOKIE)?.strip_prefix('='));
        match value {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }
}

/// What happens to a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "nothing happens to the sockets of the server's half"))]
pub(crate) enum SocketEvent {
    Opened,
    Text(String),
    /// Nothing follows. The code is the peer's, 1006 where it said nothing.
    Closed {
        code: u16,
    },
}

#[cfg(test)]
mod tests {
    use super::Theme;

    #[test]
    fn the_theme_is_found_among_other_cookies() {
        assert_eq!(Theme::of_cookies("a=b; theme=dark; c=d"), Theme::Dark);
        assert_eq!(Theme::of_cookies("mytheme=dark"), Theme::System);
        assert_eq!(Theme::of_cookies("theme=pink"), Theme::System);
    }
}

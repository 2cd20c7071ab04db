//! What every handler gets, and who is calling.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use fleet::services::Services;
use tokio_util::sync::CancellationToken;

use super::assets::Assets;
use super::error::Failure;
use crate::cli::AuthMode;

#[derive(Clone)]
pub struct AppState {
    pub services: Services,
    pub auth: AuthMode,
    pub assets: Arc<Assets>,
    /// Name of the session cookie; see [`super::sign_in`].
    pub cookie: Arc<str>,
    /// Whether the cookie may travel over TLS only.
    pub secure_cookie: bool,
    /// Cancelled when the server begins to drain; sockets end then.
    pub stopping: CancellationToken,
}

impl AppState {
    #[must_use]
    pub fn new(
        services: Services,
        auth: AuthMode,
        assets: Assets,
        address: SocketAddr,
        stopping: CancellationToken,
    ) -> Self {
        let secure_cookie = !address.ip().is_loopback();
        // Browsers share cookies between the ports of a host and refuse `__Host-` on plain HTTP: on loopback the port is in the name.
        let cookie = if secure_cookie {
            "__Host-flux-orchestrator".into()
        } else {
            format!("flux-orchestrator-{}", address.port()).into()
        };
        Self { services, auth, assets: Arc::new(assets), cookie, secure_cookie, stopping }
    }
}

/// The session token of a request, for signing out and for checking a socket's session again.
#[derive(Clone, Debug)]
pub struct SessionCookie(pub String);

/// Puts the [`Caller`] of the request into its extensions, where there is one.
pub async fn identify(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let remote = remote_address(request.extensions().get::<ConnectInfo<SocketAddr>>());
    let token = CookieJar::from_headers(request.headers()).get(&state.cookie).map(|cookie| cookie.value().to_owned());
    if let Some(caller) = caller(&state, token.as_deref(), remote).await {
        request.extensions_mut().insert(caller);
    }
    if let Some(token) = token {
        request.extensions_mut().insert(SessionCookie(token));
    }
    next.run(request).await
}

/// Who stands behind a session token, now.
pub async fn caller(state: &AppState, token: Option<&str>, remote: Option<IpAddr>) -> Option<Caller> {
    match state.auth {
        AuthMode::None => Some(Caller::unauthenticated_admin()),
        AuthMode::Local => state.services.caller_of_session(token?, remote).await,
    }
}

fn remote_address(info: Option<&ConnectInfo<SocketAddr>>) -> Option<IpAddr> {
    info.map(|ConnectInfo(address)| address.ip())
}

/// The caller of a request that needs one; refused with 401 where nobody is signed in.
pub struct SignedIn(pub Caller);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts.extensions.get::<Caller>().cloned().map(Self).ok_or_else(|| {
            Failure(ApiError::new(
                ErrorCode::Unauthenticated,
                "Sign in first, or send a session cookie with the request.",
            ))
        })
    }
}

/// Address of the peer, if the listener knows it (a router in a test does not).
pub struct Remote(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Remote {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(remote_address(parts.extensions.get::<ConnectInfo<SocketAddr>>())))
    }
}

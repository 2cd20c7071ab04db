//! What every handler gets, and who is calling.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap};
use axum::middleware::Next;
use axum::response::Response;
use axum_extra::extract::CookieJar;
use domain::error::{ApiError, ErrorCode};
use fleet::access::Caller;
use fleet::services::Services;
use secrecy::{ExposeSecret as _, SecretString};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::admin::FirstSync;
use super::arrival::{Arrival, Edge};
use super::assets::Assets;
use super::error::{Failure, REQUEST_ID};
use crate::cli::AuthMode;

#[derive(Clone)]
pub struct AppState {
    pub services: Services,
    pub auth: AuthMode,
    pub assets: Arc<Assets>,
    /// What the operator said about the network; the listener counts its connections there.
    pub edge: Arc<Edge>,
    pub first_sync: Arc<FirstSync>,
    /// Cancelled first when the server is told to end: it is not ready any more, and still takes requests.
    pub draining: CancellationToken,
    /// Cancelled when nothing new is taken any more; sockets end then.
    pub stopping: CancellationToken,
    /// The open sockets, which outlive the connections that they began as.
    pub sockets: TaskTracker,
}

impl AppState {
    #[must_use]
    pub fn new(
        services: Services,
        auth: AuthMode,
        assets: Assets,
        edge: Arc<Edge>,
        stopping: CancellationToken,
    ) -> Self {
        Self {
            services,
            auth,
            assets: Arc::new(assets),
            edge,
            first_sync: Arc::default(),
            draining: CancellationToken::new(),
            stopping,
            sockets: TaskTracker::new(),
        }
    }
}

/// What a request shows of its sender: for signing out, and to ask again while a socket stands.
#[derive(Clone, Debug)]
pub enum Presented {
    /// The value of the session cookie.
    Session(SecretString),
    /// What follows `Authorization: Bearer`.
    Token(SecretString),
}

impl Presented {
    /// A request with an API token never counts as its browser's session, whatever the token is worth.
    fn of(headers: &HeaderMap, arrival: &Arrival) -> Option<Self> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        // A proxy may send its own credentials in another scheme.
        if let Some((scheme, token)) = authorization.and_then(|value| value.split_once(' '))
            && scheme.eq_ignore_ascii_case("bearer")
        {
            return Some(Self::Token(token.trim().into()));
        }
        let cookies = CookieJar::from_headers(headers);
        cookies.get(&arrival.cookie_name()).map(|cookie| Self::Session(cookie.value().into()))
    }
}

/// Puts the [`Caller`] of the request into its extensions, where there is one.
pub async fn identify(State(state): State<AppState>, arrival: Arrival, mut request: Request, next: Next) -> Response {
    let remote = remote_address(request.extensions().get::<ConnectInfo<SocketAddr>>());
    let presented = Presented::of(request.headers(), &arrival);
    if let Some(caller) = caller(&state, presented.as_ref(), remote).await {
        let id = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
        request.extensions_mut().insert(Caller { request_id: id, ..caller });
    }
    if let Some(presented) = presented {
        request.extensions_mut().insert(presented);
    }
    next.run(request).await
}

/// Who stands behind a session or an API token, now.
pub async fn caller(state: &AppState, presented: Option<&Presented>, remote: Option<IpAddr>) -> Option<Caller> {
    match state.auth {
        AuthMode::None => Some(Caller::unauthenticated_admin()),
        AuthMode::Local => match presented? {
            Presented::Session(token) => state.services.caller_of_session(token.expose_secret(), remote).await,
            Presented::Token(token) => state.services.caller_of_token(token, remote).await,
        },
    }
}

/// The caller of a page or a server function: a person in front of a browser, never a program with an API token.
#[must_use]
pub fn person(extensions: &Extensions) -> Option<&Caller> {
    extensions.get::<Caller>().filter(|caller| caller.token().is_none())
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
            let message = match parts.extensions.get::<Presented>() {
                Some(Presented::Token(_)) => {
                    "This is no API token, or it has expired, was revoked, or its user is gone."
                }
                Some(Presented::Session(_)) => "The session has ended. Sign in again.",
                None => "Sign in first, or send an API token with the request.",
            };
            Failure(ApiError::new(ErrorCode::Unauthenticated, message))
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

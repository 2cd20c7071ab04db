//! A database for one test: a file, or a database on the server that the environment names.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use fleet::clock::Clock;
use fleet::store::{KeySource, Retention, Store, StoreConfig};
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, QueryResult, Statement};
use secrecy::SecretString;
use tempfile::TempDir;
use url::Url;

/// A key of 32 bytes, all zero but the first.
pub(crate) const KEY: &str = "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
/// Another one.
pub(crate) const OTHER_KEY: &str = "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const FILE: &str = "flux.db";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    Postgres,
    MariaDb,
}

impl Kind {
    /// SQLite, and the servers that the environment names.
    pub(crate) fn at_hand() -> Vec<Self> {
        [Self::Sqlite, Self::Postgres, Self::MariaDb]
            .into_iter()
            .filter(|kind| kind.variable().is_none_or(|name| std::env::var_os(name).is_some()))
            .collect()
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgresql",
            Self::MariaDb => "mariadb",
        }
    }

    fn variable(self) -> Option<&'static str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres => Some("STORE_POSTGRES_URL"),
            Self::MariaDb => Some("STORE_MARIADB_URL"),
        }
    }

    /// The server, as its administrator reaches it.
    fn server(self) -> Url {
        let name = self.variable().unwrap();
        std::env::var(name).unwrap().parse().unwrap()
    }
}

/// Clones are the same database; the folder goes with the last of them.
#[derive(Clone)]
pub(crate) struct Database {
    pub(crate) kind: Kind,
    url: String,
    folder: Arc<TempDir>,
}

impl Database {
    pub(crate) async fn fresh(kind: Kind) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let url = if kind == Kind::Sqlite {
            url_in(folder.path())
        } else {
            let name = format!("store_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let admin = connect(kind.server().as_str()).await;
            admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
            admin.close().await.unwrap();
            let mut url = kind.server();
            url.set_path(&name);
            url.to_string()
        };
        Self { kind, url, folder }
    }

    /// Removes the database from its server. All connections must be closed.
    pub(crate) async fn remove(self) {
        if self.kind != Kind::Sqlite {
            let url: Url = self.url.parse().unwrap();
            let name = url.path().trim_start_matches('/');
            let force = if self.kind == Kind::Postgres { " WITH (FORCE)" } else { "" };
            let admin = connect(self.kind.server().as_str()).await;
            admin.execute_unprepared(&format!("DROP DATABASE {name}{force}")).await.unwrap();
            admin.close().await.unwrap();
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Waits until nobody is connected: a server notices a moment later that a client was killed, and ends by then what
    /// that client had sent.
    pub(crate) async fn wait_until_unused(&self) {
        let url: Url = self.url.parse().unwrap();
        let name = url.path().trim_start_matches('/');
        let connections = match self.kind {
            Kind::Sqlite => return,
            Kind::Postgres => format!("SELECT count(*) AS others FROM pg_stat_activity WHERE datname = '{name}'"),
            Kind::MariaDb => {
                format!("SELECT count(*) AS others FROM information_schema.processlist WHERE db = '{name}'")
            }
        };
        let admin = connect(self.kind.server().as_str()).await;
        loop {
            let statement = Statement::from_string(admin.get_database_backend(), connections.as_str());
            let row = admin.query_one_raw(statement).await.unwrap().unwrap();
            if row.try_get::<i64>("", "others").unwrap() == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
        admin.close().await.unwrap();
    }

    /// The URL with another host and these parameters.
    pub(crate) fn url_with(&self, host: &str, parameters: &[(&str, &str)]) -> String {
        let mut url: Url = self.url.parse().unwrap();
        url.set_host(Some(host)).unwrap();
        url.query_pairs_mut().clear().extend_pairs(parameters);
        url.to_string()
    }

    /// A folder of the test's own; the SQLite file is in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The key is given, so that it is the same everywhere; the time is 1 s after the beginning.
    pub(crate) fn config(&self) -> StoreConfig {
        StoreConfig {
            url: self.url.clone(),
            key: value(KEY),
            clock: Clock::new(|| 1_000),
            retention: Retention::default(),
        }
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.config()).await.unwrap()
    }

    /// A connection beside the store, which makes an SQLite file that is not there.
    pub(crate) async fn connect(&self) -> DatabaseConnection {
        let parameter = if self.kind == Kind::Sqlite { "?mode=rwc" } else { "" };
        connect(&format!("{}{parameter}", self.url)).await
    }

    /// Runs statements that change something.
    pub(crate) async fn execute(&self, statements: &[String]) {
        let connection = self.connect().await;
        for statement in statements {
            connection.execute_unprepared(statement).await.unwrap();
        }
        connection.close().await.unwrap();
    }

    /// The first column of all rows.
    pub(crate) async fn texts(&self, select: &str) -> Vec<String> {
        let connection = self.connect().await;
        let statement = Statement::from_string(connection.get_database_backend(), select);
        let rows: Vec<QueryResult> = connection.query_all_raw(statement).await.unwrap();
        connection.close().await.unwrap();
        rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
    }
}

pub(crate) fn value(key: &str) -> KeySource {
    KeySource::Value(SecretString::from(key))
}

pub(crate) fn url_in(folder: &Path) -> String {
    format!("sqlite://{}", folder.join(FILE).display())
}

/// One connection.
pub(crate) async fn connect(url: &str) -> DatabaseConnection {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

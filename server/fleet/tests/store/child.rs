//! A process of its own that writes to a store until it is killed, and says on standard output what was acknowledged.
//!
//! It is this program again, told by `STORE_CHILD` what to do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdout, Command, ExitCode, Stdio};

use fleet::store::{Store, StoreConfig};
use serde_json::json;

use crate::database::{Database, KEY, value};
use crate::samples::{audit, baseline, cluster, cluster_state, state};

const WORK: &str = "STORE_CHILD";
const URL: &str = "STORE_CHILD_URL";
/// Where to go on: a round of the writer, or the key that the rotation starts from.
const START: &str = "STORE_CHILD_START";
/// Objects of one round.
pub(crate) const OBJECTS: usize = 40;

/// What the child does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Rounds of rows without end.
    Write,
    /// One rotation of the key.
    Rotate,
}

impl Work {
    const ALL: [Self; 2] = [Self::Write, Self::Rotate];

    fn word(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Rotate => "rotate",
        }
    }
}

/// The child's whole life, if this process is one.
pub(crate) fn run() -> Option<ExitCode> {
    let word = std::env::var(WORK).ok()?;
    let work = Work::ALL.into_iter().find(|work| work.word() == word).unwrap();
    let (url, start) = (std::env::var(URL).unwrap(), std::env::var(START).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        match work {
            Work::Write => write(url, start.parse().unwrap()).await,
            Work::Rotate => {
                say("ready");
                let (old, new) = start.split_once(' ').unwrap();
                Store::rotate_key(&url, &value(old), &value(new)).await.unwrap();
                say("rotated");
            }
        }
    });
    Some(ExitCode::SUCCESS)
}

/// Each line is one thing that the store has acknowledged.
async fn write(url: String, start: i64) {
    let clock = fleet::clock::Clock::new(|| 1_000);
    let store = Store::open(StoreConfig { url, key: value(KEY), clock, retention: Default::default() }).await.unwrap();
    for round in start.. {
        let id = format!("cluster-{round}");
        store.clusters().insert(&cluster(&id)).await.unwrap();
        say(&format!("cluster {round}"));
        let objects = (0..OBJECTS).map(|n| state(&id, &format!("web-{n}"), json!({"round": round})));
        store.objects().upsert_batch(objects.collect()).await;
        store.objects().flush().await;
        say(&format!("objects {round}"));
        store.cluster_states().put(cluster_state(&id, round)).await.unwrap();
        store.baselines().put(&baseline(&id, "main@sha1:1", json!({"round": round}))).await.unwrap();
        say(&format!("baseline {round}"));
        store.audit().insert(audit(round)).await.unwrap();
        say(&format!("audit {round}"));
        if round >= 2 {
            let old = format!("cluster-{}", round - 2);
            say(&format!("removing {}", round - 2));
            store.clusters().delete(&old.as_str().into()).await.unwrap();
            say(&format!("removed {}", round - 2));
        }
    }
}

/// A line that is out before the next statement begins.
fn say(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").and_then(|()| output.flush()).unwrap();
}

/// A child at work.
pub(crate) struct Running {
    process: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Running {
    pub(crate) fn start(work: Work, database: &Database, start: &str) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.env(WORK, work.word()).env(URL, database.url()).env(START, start);
        let mut process = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The next lines; fewer if the child has ended.
    pub(crate) fn read(&mut self, count: usize) -> Vec<String> {
        self.lines.by_ref().take(count).map(Result::unwrap).collect()
    }

    /// Ends it by SIGKILL, wherever it is, and returns what it had said by then.
    pub(crate) fn kill(mut self) -> Vec<String> {
        self.process.kill().unwrap();
        let rest = self.lines.by_ref().map(Result::unwrap).collect();
        self.process.wait().unwrap();
        rest
    }
}

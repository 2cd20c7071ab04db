//! Containers in memory, for tests of the way from the reader to the session: whatever a kubelet and a network can do,
//! under a clock that a test moves.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{self, TryStreamExt};
use jiff::Timestamp;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::logs::container::{Container, Pod, PodContainer, Run, RunPhase};
use crate::logs::scope::ScopeView;
use crate::logs::select::{NamespaceAccess, Place, Selection};
use crate::logs::upstream::{LogBytes, LogRequest, Start, Upstream, UpstreamError};

/// A log file, and the requests that read it.
pub(super) struct SyntheticContainer {
    files: Mutex<Files>,
    changed: watch::Sender<u64>,
    /// Counts the ends of streams; odd ends are clean, as a lying proxy makes them.
    cuts: watch::Sender<u64>,
    /// How long the first byte takes.
    delay: Duration,
    opened: AtomicUsize,
}

struct Files {
    current: Vec<(Timestamp, String)>,
    previous: Vec<(Timestamp, String)>,
    notices: Vec<Vec<u8>>,
    run: Run,
}

impl SyntheticContainer {
    pub(super) fn new(delay: Duration) -> Arc<Self> {
        let run = Run { phase: RunPhase::Running, restarts: 0, readable: true };
        Arc::new(Self {
            files: Mutex::new(Files { current: Vec::new(), previous: Vec::new(), notices: Vec::new(), run }),
            changed: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            delay,
            opened: AtomicUsize::new(0),
        })
    }

    pub(super) fn write(&self, time: Timestamp, text: &str) {
        self.files().current.push((time, text.to_owned()));
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// The kubelet speaks in the stream itself, as it does when it runs out of watches.
    pub(super) fn say(&self, notice: &str) {
        self.files().notices.push(format!("{notice}\n").into_bytes());
        self.changed.send_modify(|changes| *changes += 1);
    }

    /// Ends all streams: every other time cleanly.
    pub(super) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// The file is rotated while nobody reads.
    pub(super) fn rotate(&self) {
        self.files().current.clear();
    }

    /// The container is started again.
    pub(super) fn restart(&self) {
        let mut files = self.files();
        files.previous = std::mem::take(&mut files.current);
        files.run.restarts += 1;
    }

    pub(super) fn finish(&self) {
        self.files().run.phase = RunPhase::Finished;
        self.cut();
    }

    pub(super) fn opened(&self) -> usize {
        self.opened.load(Ordering::SeqCst)
    }

    pub(super) fn run(&self) -> Run {
        self.files().run.clone()
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap()
    }

    /// The place in the file after which a request reads, and the lines up to now.
    fn read(&self, request: LogRequest) -> (usize, Vec<u8>) {
        let files = self.files();
        let lines = if request.previous { &files.previous } else { &files.current };
        let skip = match request.start {
            Start::Tail(tail) => lines.len().saturating_sub(tail as usize),
            Start::Since(_) | Start::Beginning => 0,
        };
        let since = |time: &Timestamp| !matches!(request.start, Start::Since(second) if *time < second);
        let bytes = lines[skip..].iter().filter(|(time, _)| since(time)).flat_map(|(time, text)| bytes(*time, text));
        (lines.len(), bytes.collect())
    }

    fn since(&self, place: usize) -> (usize, Vec<u8>) {
        let mut files = self.files();
        let notices = std::mem::take(&mut files.notices).concat();
        let new = files.current.get(place..).unwrap_or_default();
        let lines = new.iter().flat_map(|(time, text)| bytes(*time, text));
        (files.current.len(), lines.chain(notices).collect())
    }
}

fn bytes(time: Timestamp, text: &str) -> Vec<u8> {
    format!("{time:.9} {text}\n").into_bytes()
}

/// What a log request reads from.
struct Upstreamed(Arc<SyntheticContainer>);

impl Upstream for Upstreamed {
    fn open(&self, request: LogRequest) -> BoxFuture<'_, Result<LogBytes, UpstreamError>> {
        Box::pin(async move {
            self.0.opened.fetch_add(1, Ordering::SeqCst);
            sleep(self.0.delay).await;
            let (place, first) = self.0.read(request);
            let (changed, cuts) = (self.0.changed.subscribe(), self.0.cuts.subscribe());
            let start = (Some(first), place, changed, cuts, Arc::clone(&self.0));
            let stream =
                stream::try_unfold(start, move |(first, place, mut changed, mut cuts, container)| async move {
                    if let Some(first) = first.filter(|bytes| !bytes.is_empty()) {
                        return Ok(Some((first, (None, place, changed, cuts, container))));
                    }
                    if !request.follow {
                        return Ok(None);
                    }
                    loop {
                        tokio::select! {
                            biased;
                            Ok(()) = cuts.changed() => {
                                let clean = *cuts.borrow() % 2 == 1;
                                return if clean { Ok(None) } else { Err(std::io::Error::other("connection reset")) };
                            }
                            Ok(()) = changed.changed() => {
                                let (place, new) = container.since(place);
                                if !new.is_empty() {
                                    return Ok(Some((new, (None, place, changed, cuts, container))));
                                }
                            }
                        }
                    }
                });
            let bytes: LogBytes = Box::pin(stream.into_async_read());
            Ok(bytes)
        })
    }

    fn look(&self) -> BoxFuture<'_, Result<Run, UpstreamError>> {
        Box::pin(async move { Ok(self.0.run()) })
    }
}

/// A namespace whose pods have one container each, named after their pod.
pub(super) struct SyntheticNamespace {
    containers: Mutex<BTreeMap<String, Arc<SyntheticContainer>>>,
    views: watch::Sender<ScopeView>,
    allowed: AtomicBool,
}

impl SyntheticNamespace {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            containers: Mutex::default(),
            views: watch::Sender::new(ScopeView { known: true, ..ScopeView::default() }),
            allowed: AtomicBool::new(true),
        })
    }

    pub(super) fn add(&self, pod: &str, delay: Duration) -> Arc<SyntheticContainer> {
        let container = SyntheticContainer::new(delay);
        self.containers.lock().unwrap().insert(pod.to_owned(), Arc::clone(&container));
        self.tell(pod);
        container
    }

    /// The pod watch sees what the container is doing.
    pub(super) fn tell(&self, pod: &str) {
        let run = self.containers.lock().unwrap()[pod].run();
        let containers = vec![PodContainer { name: "main".to_owned(), run }];
        let (uid, name) = (pod.to_owned(), pod.to_owned());
        let pod = Pod { uid: uid.clone(), namespace: "shop".to_owned(), name, containers };
        self.views.send_modify(|view| {
            Arc::make_mut(&mut view.pods).insert(uid, pod);
        });
    }

    pub(super) fn forbid(&self) {
        self.allowed.store(false, Ordering::SeqCst);
    }

    /// All of this namespace, on a cluster of this name.
    pub(super) fn place(self: &Arc<Self>, cluster: &str) -> Place {
        let access: Arc<dyn NamespaceAccess> = Arc::clone(self) as Arc<dyn NamespaceAccess>;
        Place { cluster: cluster.into(), cluster_name: cluster.to_owned(), namespace: "shop".to_owned(), access }
    }
}

impl NamespaceAccess for SyntheticNamespace {
    fn is_allowed(&self) -> bool {
        self.allowed.load(Ordering::SeqCst)
    }

    fn list<'a>(&'a self, _selector: &'a str) -> BoxFuture<'a, Result<(Vec<Pod>, usize), UpstreamError>> {
        Box::pin(async move { Ok((self.views.borrow().pods.values().cloned().collect(), 0)) })
    }

    fn watch(&self, _selector: &str) -> watch::Receiver<ScopeView> {
        self.views.subscribe()
    }

    fn upstream(&self, container: &Container) -> Arc<dyn Upstream> {
        Arc::new(Upstreamed(Arc::clone(&self.containers.lock().unwrap()[&container.pod_name])))
    }
}

pub(super) fn selection(places: Vec<Place>, tail: u32) -> Selection {
    Selection { places, problems: Vec::new(), selector: String::new(), tail, authorized: Vec::new() }
}

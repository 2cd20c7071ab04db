//! The containers of one session: who joined, who left, and what state each is in.
//!
//! Fed with the latest view of each place's pods; a container is read as soon as it has a log, until the hub says that
//! it ended. Numbers are given once and never again. What is told is a state: a frame goes out when it differs from the
//! last one about the same thing.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use domain::problem::ProblemKind;
use domain::protocol::logs::{LogSource, NumberedSource, ServerFrame, SourceState};

use crate::logs::container::{Container, ContainerKey, Run, RunPhase};
use crate::logs::hub::{HubReader, Hubs};
use crate::logs::ring::{Arrived, Condition, Wake};
use crate::logs::scope::{MAX_PODS, ScopeView};
use crate::logs::select::Place;

/// Containers of one session.
const MAX_SOURCES: usize = 1024;

pub(super) struct Sources {
    hubs: Hubs,
    tail: u32,
    wake: Arc<Wake>,
    places: Vec<PlaceState>,
    known: BTreeMap<u32, Source>,
    numbers: HashMap<ContainerKey, u32>,
    next: u32,
    ended: usize,
    covered: Option<ServerFrame>,
}

struct PlaceState {
    place: Place,
    /// The cluster has answered, or failed to.
    known: bool,
    /// The viewer may not read here any more.
    closed: bool,
    told: Option<(SourceState, String)>,
    /// Containers that found no room.
    omitted: usize,
}

struct Source {
    place: usize,
    container: Container,
    /// Absent while there is nothing to read.
    reader: Option<HubReader>,
    caught_up: bool,
    /// The pod is not in the view any more.
    departed: bool,
    told: Option<(SourceState, String)>,
}

impl Sources {
    pub(super) fn new(hubs: Hubs, tail: u32, wake: Arc<Wake>, places: Vec<Place>) -> Self {
        let places = places
            .into_iter()
            .map(|place| PlaceState { place, known: false, closed: false, told: None, omitted: 0 })
            .collect();
        let (known, numbers) = (BTreeMap::new(), HashMap::new());
        Self { hubs, tail, wake, places, known, numbers, next: 1, ended: 0, covered: None }
    }

    /// Nothing is expected of what stood in the log files any more: every place has answered, every container was read
    /// to its present end.
    pub(super) fn are_caught_up(&self) -> bool {
        self.places.iter().all(|state| state.known || state.closed)
            && self.known.values().all(|source| source.reader.is_none() || source.caught_up)
    }

    /// Lines can come from one container only.
    pub(super) fn is_single(&self) -> bool {
        self.known.values().filter(|source| source.reader.is_some()).count() <= 1
    }

    /// Takes the latest pods of a place.
    pub(super) fn observe(&mut self, place: usize, view: &ScopeView, frames: &mut VecDeque<ServerFrame>) {
        if !view.known || self.places[place].closed {
            return;
        }
        self.places[place].known = true;
        self.places[place].omitted = 0;
        let mut joined = Vec::new();
        let mut runs = Vec::new();
        let cluster = self.places[place].place.cluster.clone();
        for pod in view.pods.values() {
            for own in &pod.containers {
                let container = pod.container(&cluster, &own.name);
                let number = match self.numbers.get(&container.key) {
                    Some(number) => *number,
                    None if self.known.len() >= MAX_SOURCES => {
                        self.places[place].omitted += 1;
                        continue;
                    }
                    None => self.add(place, container, &mut joined),
                };
                runs.push((number, own.run.clone()));
            }
        }
        if !joined.is_empty() {
            frames.push_back(ServerFrame::Sources { sources: joined });
        }
        for (number, run) in &runs {
            self.observe_run(*number, run, frames);
        }
        self.part(place, view, frames);
        self.tell_place(place, view, frames);
    }

    fn add(&mut self, place: usize, container: Container, joined: &mut Vec<NumberedSource>) -> u32 {
        let number = self.next;
        self.next += 1;
        joined.push(NumberedSource { number, source: source_of(&self.places[place].place, &container) });
        self.numbers.insert(container.key.clone(), number);
        let source = Source { place, container, reader: None, caught_up: false, departed: false, told: None };
        self.known.insert(number, source);
        number
    }

    /// Starts to read a container that has a log, and passes on what the watch says about the others.
    fn observe_run(&mut self, number: u32, run: &Run, frames: &mut VecDeque<ServerFrame>) {
        let Some(source) = self.known.get_mut(&number) else { return };
        source.departed = false;
        if let Some(reader) = &source.reader {
            reader.observe(run);
            return;
        }
        // What has been read to its end stays so.
        if matches!(source.told, Some((SourceState::Ended | SourceState::Forbidden, _))) {
            return;
        }
        if !run.readable {
            let (state, message) = match &run.phase {
                RunPhase::Waiting(reason) => (SourceState::Waiting, reason.clone()),
                RunPhase::Running | RunPhase::Finished => (SourceState::Ended, String::new()),
            };
            tell(number, source, state, message, frames);
            return;
        }
        let place = &self.places[source.place].place;
        let upstream = || place.access.upstream(&source.container);
        match self.hubs.join(&source.container, run, self.tail, (number, Arc::clone(&self.wake)), upstream) {
            Ok(reader) => {
                if reader.shortened {
                    let message = "older lines are not held any more".to_owned();
                    tell(number, source, SourceState::Streaming, message, frames);
                }
                source.reader = Some(reader);
            }
            Err(full) => tell(number, source, SourceState::Failed, full.to_string(), frames),
        }
    }

    /// Containers whose pods are gone end when their streams do.
    fn part(&mut self, place: usize, view: &ScopeView, frames: &mut VecDeque<ServerFrame>) {
        let gone: Vec<u32> = self
            .known
            .iter_mut()
            .filter(|(_, source)| source.place == place && !view.pods.contains_key(&source.container.key.pod))
            .filter_map(|(number, source)| {
                source.departed = true;
                source.reader.is_none().then_some(*number)
            })
            .collect();
        for number in gone {
            if let Some(source) = self.known.get_mut(&number) {
                tell(number, source, SourceState::Ended, "the pod is gone".to_owned(), frames);
            }
            self.forget(number);
        }
    }

    fn tell_place(&mut self, place: usize, view: &ScopeView, frames: &mut VecDeque<ServerFrame>) {
        let state = &mut self.places[place];
        let left_out = state.omitted + view.omitted;
        let now = match &view.problem {
            Some((kind, message)) => Some((state_of(*kind), message.clone())),
            None if left_out > 0 => Some((
                SourceState::Failed,
                format!(
                    "{left_out} more pods or containers are not streamed: the limit is {MAX_PODS} pods in a \
                         namespace and {MAX_SOURCES} containers in a view"
                ),
            )),
            None => None,
        };
        if now == state.told {
            return;
        }
        let (shown, message) = now.clone().unwrap_or((SourceState::Streaming, "the cluster answers again".to_owned()));
        let message = format!("{} / {}: {message}", state.place.cluster, state.place.namespace);
        frames.push_back(ServerFrame::Status { source: None, state: shown, message });
        state.told = now;
    }

    /// Reads on from a container, and tells what state it is in. True if more is there.
    pub(super) fn read(
        &mut self,
        number: u32,
        bytes: usize,
        into: &mut VecDeque<Arrived>,
        frames: &mut VecDeque<ServerFrame>,
    ) -> bool {
        let Some(source) = self.known.get_mut(&number) else { return false };
        let Some(reader) = &source.reader else { return false };
        let (more, condition) = reader.read(bytes, into);
        let Condition { state, message, caught_up } = condition;
        source.caught_up = caught_up;
        let over = matches!(state, SourceState::Ended | SourceState::Forbidden | SourceState::Failed);
        // The end is told once the ring has been read.
        if over && (more || !into.is_empty()) {
            return true;
        }
        tell(number, source, state, message, frames);
        if over {
            source.reader = None;
            if source.departed {
                self.forget(number);
            }
        }
        more
    }

    /// The viewer may not read these places any more; names the containers that were.
    pub(super) fn close_forbidden(&mut self, frames: &mut VecDeque<ServerFrame>) -> Vec<u32> {
        let mut closed = Vec::new();
        for (index, state) in self.places.iter_mut().enumerate() {
            if state.closed || state.place.access.is_allowed() {
                continue;
            }
            state.closed = true;
            let message =
                format!("{} / {}: you may not read logs here any more", state.place.cluster, state.place.namespace);
            frames.push_back(ServerFrame::Status { source: None, state: SourceState::Forbidden, message });
            closed.extend(self.known.iter().filter(|(_, source)| source.place == index).map(|(number, _)| *number));
        }
        for number in &closed {
            if let Some(source) = self.known.get_mut(number) {
                source.reader = None;
                tell(*number, source, SourceState::Forbidden, "you may not read logs here any more".to_owned(), frames);
            }
        }
        closed
    }

    pub(super) fn are_all_closed(&self) -> bool {
        !self.places.is_empty() && self.places.iter().all(|state| state.closed)
    }

    /// How much of the selection is streamed; from now on that is known to the viewer.
    pub(super) fn tell_coverage(&mut self) -> ServerFrame {
        let now = self.coverage();
        self.covered = Some(now.clone());
        now
    }

    pub(super) fn is_coverage_new(&self) -> bool {
        self.covered.as_ref() != Some(&self.coverage())
    }

    fn coverage(&self) -> ServerFrame {
        let (mut streaming, mut waiting, mut forbidden, mut failed, mut ended) = (0, 0, 0, 0, self.ended);
        let places = self.places.iter().filter_map(|state| state.told.as_ref());
        let sources = self.known.values().filter_map(|source| source.told.as_ref());
        for (state, _) in places.chain(sources) {
            *match state {
                SourceState::Streaming => &mut streaming,
                SourceState::Waiting | SourceState::Reconnecting => &mut waiting,
                SourceState::Forbidden => &mut forbidden,
                SourceState::Failed => &mut failed,
                SourceState::Ended => &mut ended,
            } += 1;
        }
        ServerFrame::Coverage { streaming, waiting, forbidden, failed, ended }
    }

    fn forget(&mut self, number: u32) {
        if let Some(source) = self.known.remove(&number) {
            self.numbers.remove(&source.container.key);
            self.ended += 1;
        }
    }
}

fn tell(number: u32, source: &mut Source, state: SourceState, message: String, frames: &mut VecDeque<ServerFrame>) {
    if source.told.as_ref().is_none_or(|(told, words)| *told != state || *words != message) {
        source.told = Some((state, message.clone()));
        frames.push_back(ServerFrame::Status { source: Some(number), state, message });
    }
}

pub(crate) fn source_of(place: &Place, container: &Container) -> LogSource {
    LogSource {
        cluster_id: place.cluster.clone(),
        cluster_name: place.cluster_name.clone(),
        namespace: container.namespace.clone(),
        pod_name: container.pod_name.clone(),
        container: container.key.container.clone(),
    }
}

pub(super) fn state_of(kind: ProblemKind) -> SourceState {
    match kind {
        ProblemKind::Forbidden => SourceState::Forbidden,
        ProblemKind::Unreachable | ProblemKind::Stale => SourceState::Reconnecting,
        _ => SourceState::Failed,
    }
}

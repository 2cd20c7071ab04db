//! SIGINT and SIGTERM: the first begins the orderly end, the second ends the process where it stands.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What the exit code is then, as a shell would have it after SIGTERM.
const AT_ONCE: i32 = 143;

/// Who asked for the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// A person at the terminal.
    Interrupt,
    /// The platform, which may still send requests for a moment.
    Terminate,
}

pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// From now on no signal ends the process by itself.
    ///
    /// # Errors
    /// When the system does not take the handlers.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The first signal. After it a task waits for the second, which ends the process.
    pub(super) async fn first(mut self) -> Ending {
        let ending = self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("stopping at once, at a second signal");
            std::process::exit(AT_ONCE);
        });
        ending
    }

    async fn next(&mut self) -> Ending {
        tokio::select! {
            _ = self.interrupt.recv() => Ending::Interrupt,
            _ = self.terminate.recv() => Ending::Terminate,
        }
    }
}

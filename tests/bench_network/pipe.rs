//! Bytes between two connections, moved by the kernel without a copy: what the network takes, who downloads does not have.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that a pipe holds: few enough that a slow connection flows evenly, and that anybody may have many pipes.
const PIPE_BYTES: usize = 128 << 10;

/// As many pipes as this process may have.
pub(crate) struct Pipes {
    room: Arc<Semaphore>,
    empty: Mutex<Vec<Ends>>,
}

impl Pipes {
    pub(crate) fn new(most: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(most)), empty: Mutex::default() }
    }

    /// Waits until there is one.
    pub(crate) async fn take(&self) -> anyhow::Result<Pipe> {
        let room = Arc::clone(&self.room).acquire_owned().await?;
        let empty = self.lock().pop();
        Ok(Pipe { ends: empty.map_or_else(Ends::new, Ok)?, _room: room })
    }

    /// Takes back one that is empty.
    pub(crate) fn give_back(&self, pipe: Pipe) {
        self.lock().push(pipe.ends);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Ends>> {
        self.empty.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The descriptors of a pipe.
struct Ends {
    inlet: OwnedFd,
    outlet: OwnedFd,
}

impl Ends {
    fn new() -> io::Result<Self> {
        let (outlet, inlet) = pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC)?;
        // One that stays smaller will do.
        _ = fcntl_setpipe_size(&inlet, PIPE_BYTES);
        Ok(Self { inlet, outlet })
    }
}

/// Holds what is on its way.
pub(crate) struct Pipe {
    ends: Ends,
    _room: OwnedSemaphorePermit,
}

impl Pipe {
    /// Waits for bytes of a connection; returns how many an empty pipe took of them, 0 at the end.
    pub(crate) async fn fill(&self, from: &TcpStream) -> io::Result<usize> {
        from.async_io(Interest::READABLE, || flow(from, &self.ends.inlet, PIPE_BYTES)).await
    }

    /// Gives so many of its bytes to a connection.
    pub(crate) async fn drain(&self, to: &TcpStream, mut bytes: usize) -> io::Result<()> {
        while bytes > 0 {
            bytes -= to.async_io(Interest::WRITABLE, || flow(&self.ends.outlet, to, bytes)).await?;
        }
        Ok(())
    }
}

fn flow(from: impl AsFd, to: impl AsFd, bytes: usize) -> io::Result<usize> {
    Ok(splice(from, None, to, None, bytes, SpliceFlags::NONBLOCK)?)
}

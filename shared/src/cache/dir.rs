//! Folders held open, and what is done in them by name.
//!
//! A path may lead somewhere else from one moment to the next, for another worker may discard a partial and begin a new
//! one, or somebody may put a symlink in place of a folder. What is done relative to an open folder stays within it, and
//! names inside the cache are never followed through symlinks.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, BufWriter, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::{At, CacheError};

/// A folder that is held open.
#[derive(Debug)]
pub(super) struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// Folders that are removed nest no deeper than this.
const MAX_DEPTH: usize = 512;

/// The unit of `st_blocks`, whatever the file system's own is.
pub(super) const BLOCK_BYTES: u64 = 512;

/// Ends the names of files in the making.
pub(super) const TMP: &str = ".tmp";

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

impl Dir {
    /// Opens a folder by its path and follows symlinks, for the operator may have put the cache anywhere.
    pub(super) fn open(path: &Path) -> Result<Self, CacheError> {
        let fd = rustix::io::retry_on_intr(|| rustix::fs::open(path, FOLDER, Mode::empty())).at("open", path)?;
        Ok(Self { fd, path: path.to_owned() })
    }

    /// The same; none if there is nothing at the path.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, CacheError> {
        match Self::open(path) {
            Ok(folder) => Ok(Some(folder)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Opens a folder by its path, after creating it and those above if necessary.
    pub(super) fn make(path: &Path) -> Result<Self, CacheError> {
        // It is there but for the first time.
        if let Ok(folder) = Self::open(path) {
            return Ok(folder);
        }
        match std::fs::create_dir_all(path) {
            Ok(()) => Self::open(path),
            Err(error) if matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory) => {
                Err(CacheError::Conflict { path: path.to_owned(), expected: "a folder" })
            }
            Err(error) => Err(CacheError::new("create", path, error)),
        }
    }

    /// A folder in this one; none if there is nothing of that name.
    pub(super) fn child(&self, name: &str) -> Result<Option<Self>, CacheError> {
        self.open_child(name, FOLDER | OFlags::NOFOLLOW)
    }

    fn open_child(&self, name: &str, flags: OFlags) -> Result<Option<Self>, CacheError> {
        let path = self.path_of(name);
        match rustix::io::retry_on_intr(|| rustix::fs::openat(&self.fd, name, flags, Mode::empty())) {
            Ok(fd) => Ok(Some(Self { fd, path })),
            Err(Errno::NOENT) => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => Err(CacheError::Conflict { path, expected: "a folder" }),
            Err(error) => Err(CacheError::new("open", path, error)),
        }
    }

    /// A folder in this one, created if necessary, with a mode by the umask.
    pub(super) fn make_child(&self, name: &str) -> Result<Self, CacheError> {
        self.make_with(name, FOLDER | OFlags::NOFOLLOW)
    }

    /// The same, but a symlink to a folder does: the operator may have put it elsewhere.
    pub(super) fn make_entry(&self, name: &str) -> Result<Self, CacheError> {
        self.make_with(name, FOLDER)
    }

    fn make_with(&self, name: &str, flags: OFlags) -> Result<Self, CacheError> {
        if let Some(child) = self.open_child(name, flags)? {
            return Ok(child);
        }
        match rustix::fs::mkdirat(&self.fd, name, Mode::from_raw_mode(0o777)) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(error) => return Err(CacheError::new("create", self.path_of(name), error)),
        }
        self.open_child(name, flags)?.ok_or_else(|| CacheError::new("open", self.path_of(name), Errno::NOENT))
    }

    /// Opens a file in this folder; a created one gets its mode by the umask, so that other users may read it.
    pub(super) fn open_file(&self, name: &str, flags: OFlags) -> Result<File, CacheError> {
        self.open_file_with_mode(name, flags, 0o666)
    }

    /// Opens a file in this folder; a created one gets the given mode, less the umask.
    pub(super) fn open_file_with_mode(&self, name: &str, flags: OFlags, mode: u32) -> Result<File, CacheError> {
        // Without NONBLOCK, a pipe that somebody has put there would be waited for.
        let all = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let open = || rustix::fs::openat(&self.fd, name, all, Mode::from_raw_mode(mode));
        let path = self.path_of(name);
        let file = rustix::io::retry_on_intr(open).map(File::from).at("open", &path)?;
        let is_new = flags.contains(OFlags::CREATE | OFlags::EXCL);
        if is_new || file.metadata().at("inspect", &path)?.is_file() {
            Ok(file)
        } else {
            Err(CacheError::Conflict { path, expected: "a file" })
        }
    }

    /// Reads a file in this folder, and of one that is too long only the beginning.
    pub(super) fn read(&self, name: &str, max_bytes: u64) -> Result<Vec<u8>, CacheError> {
        let mut bytes = Vec::new();
        let file = self.open_file(name, OFlags::RDONLY)?;
        file.take(max_bytes).read_to_end(&mut bytes).at("read", &self.path_of(name))?;
        Ok(bytes)
    }

    /// Writes a whole file under a name of its own, synced, for a rename to its place. Returns the name.
    pub(super) fn write_private(
        &self,
        purpose: &str,
        write: impl FnOnce(&mut BufWriter<&File>) -> io::Result<()>,
    ) -> Result<String, CacheError> {
        let name = unique_name(purpose, TMP)?;
        let path = self.path_of(&name);
        let file = self.open_file(&name, OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL)?;
        let mut buffered = BufWriter::new(&file);
        let written = write(&mut buffered)
            .and_then(|()| buffered.flush())
            .at("write", &path)
            .and_then(|()| file.sync_all().at("sync", &path));
        if written.is_err() {
            self.remove_file(&name)?;
        }
        written.map(|()| name)
    }

    /// What lies under a name, itself rather than what it points to; none if nothing does.
    pub(super) fn stat(&self, name: &str) -> Result<Option<Stat>, CacheError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(CacheError::new("inspect", self.path_of(name), error)),
        }
    }

    /// Whether a name still leads to this very file or folder.
    pub(super) fn holds(&self, name: &str, file: impl AsFd) -> Result<bool, CacheError> {
        let path = self.path_of(name);
        let own = rustix::fs::fstat(file).at("inspect", &path)?;
        let there = self.stat(name)?;
        Ok(there.is_some_and(|there| (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino)))
    }

    /// Moves an entry, replacing what lies there. The error tells "nothing to move" by `is_not_found`.
    pub(super) fn rename(&self, name: &str, to: &Self, new_name: &str) -> Result<(), CacheError> {
        match rustix::fs::renameat(&self.fd, name, &to.fd, new_name) {
            Ok(()) => Ok(()),
            Err(Errno::ISDIR) => Err(CacheError::Conflict { path: to.path_of(new_name), expected: "a file" }),
            Err(Errno::NOTDIR) => Err(CacheError::Conflict { path: to.path_of(new_name), expected: "a folder" }),
            Err(Errno::NOENT) => Err(CacheError::new("move", self.path_of(name), Errno::NOENT)),
            Err(error) => Err(CacheError::new("move a file to", to.path_of(new_name), error)),
        }
    }

    /// Gives a file a second name. The plain error is for the caller to judge: not every volume has hard links.
    pub(super) fn hard_link(&self, name: &str, to: &Self, new_name: &str) -> Result<(), Errno> {
        rustix::fs::linkat(&self.fd, name, &to.fd, new_name, AtFlags::empty())
    }

    /// Creates a symlink with exactly this target.
    pub(super) fn symlink(&self, target: &str, name: &str) -> Result<(), CacheError> {
        self.try_symlink(target, name).at("create the symlink", &self.path_of(name))
    }

    /// The same, with the system's error.
    pub(super) fn try_symlink(&self, target: &str, name: &str) -> Result<(), Errno> {
        rustix::fs::symlinkat(target, &self.fd, name)
    }

    /// Where a symlink points to, as text; none if there is none of that name.
    pub(super) fn read_link(&self, name: &str) -> Option<String> {
        let target = rustix::fs::readlinkat(&self.fd, name, Vec::new()).ok()?;
        target.into_string().ok()
    }

    /// Removes a file or symlink, if it is there.
    pub(super) fn remove_file(&self, name: &str) -> Result<(), CacheError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(CacheError::new("remove", self.path_of(name), error)),
        }
    }

    /// Removes a folder with all that is in it, if it is there; returns the bytes that it took up. Symlinks are removed, not
    /// followed.
    pub(super) fn remove_folder(&self, name: &str) -> Result<u64, CacheError> {
        let Some(stat) = self.stat(name)? else { return Ok(0) };
        if !is_folder(&stat) {
            return self.remove_file(name).map(|()| occupied_bytes(&stat));
        }
        let freed = match self.child(name)? {
            Some(folder) => folder.remove_entries(MAX_DEPTH)?,
            None => 0,
        };
        self.unlink(name, AtFlags::REMOVEDIR).map(|()| freed)
    }

    /// One that cannot be removed keeps none of the others: on NFS, a file that somebody here has open leaves a name behind.
    fn remove_entries(&self, depth_left: usize) -> Result<u64, CacheError> {
        let mut freed = Ok(0);
        for entry in rustix::fs::Dir::read_from(&self.fd).at("list", &self.path)? {
            let entry = entry.at("list", &self.path)?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let removed = self.remove_entry(name, depth_left);
            freed = freed.and_then(|freed| removed.map(|more| freed + more));
        }
        freed
    }

    fn remove_entry(&self, name: &CStr, depth_left: usize) -> Result<u64, CacheError> {
        let path = self.path.join(OsStr::from_bytes(name.to_bytes()));
        let stat = match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(0),
            stat => stat.at("inspect", &path)?,
        };
        if !is_folder(&stat) {
            return self.unlink(name, AtFlags::empty()).map(|()| occupied_bytes(&stat));
        }
        if depth_left == 0 {
            return Err(CacheError::Conflict { path, expected: "a folder of at most 512 levels" });
        }
        let freed = match rustix::fs::openat(&self.fd, name, FOLDER | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(fd) => Self { fd, path }.remove_entries(depth_left - 1)?,
            Err(Errno::NOENT) => return Ok(0),
            Err(error) => return Err(CacheError::new("open", path, error)),
        };
        self.unlink(name, AtFlags::REMOVEDIR).map(|()| freed)
    }

    fn unlink(&self, name: impl rustix::path::Arg + Copy, flags: AtFlags) -> Result<(), CacheError> {
        match rustix::fs::unlinkat(&self.fd, name, flags) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(CacheError::new("remove", self.path_of(&name.to_string_lossy()), error)),
        }
    }

    /// The folder that a relative path leads to but for its last name, and that name; none if there is no such folder.
    pub(super) fn parent_of<'a>(&self, path: &'a str) -> Result<Option<(Self, &'a str)>, CacheError> {
        let (folders, name) = path.rsplit_once('/').map_or(("", path), |(folders, name)| (folders, name));
        let mut parent = self.again()?;
        for folder in folders.split('/').filter(|folder| !folder.is_empty()) {
            match parent.child(folder) {
                Ok(Some(child)) => parent = child,
                Ok(None) | Err(CacheError::Conflict { .. }) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some((parent, name)))
    }

    /// The same folder once more.
    fn again(&self) -> Result<Self, CacheError> {
        let fd = self.fd.try_clone().at("open", &self.path)?;
        Ok(Self { fd, path: self.path.clone() })
    }

    /// The names of all entries; those that are not UTF-8 are not ours and left out.
    pub(super) fn names(&self) -> Result<Vec<String>, CacheError> {
        self.names_and_rest().map(|(names, _)| names)
    }

    /// The names of all entries, and whether there are others that are not UTF-8.
    pub(super) fn names_and_rest(&self) -> Result<(Vec<String>, bool), CacheError> {
        let (mut names, mut has_others) = (Vec::new(), false);
        for entry in rustix::fs::Dir::read_from(&self.fd).at("list", &self.path)? {
            let entry = entry.at("list", &self.path)?;
            match entry.file_name().to_str() {
                Ok("." | "..") => {}
                Ok(name) => names.push(name.to_owned()),
                Err(_) => has_others = true,
            }
        }
        Ok((names, has_others))
    }

    /// Makes renames and new entries in this folder survive a loss of power.
    pub(super) fn sync(&self) -> Result<(), CacheError> {
        self.try_sync().at("sync", &self.path)
    }

    /// The same, with the system's error.
    pub(super) fn try_sync(&self) -> Result<(), Errno> {
        match rustix::fs::fsync(&self.fd) {
            // Some network and FUSE volumes refuse to sync folders, for their servers commit names at once.
            Ok(()) | Err(Errno::INVAL | Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Its path, for messages.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The path of an entry, for messages.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

impl AsFd for Dir {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether an entry is a folder.
pub(super) fn is_folder(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Directory
}

/// Whether an entry is a symlink.
pub(super) fn is_symlink(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::Symlink
}

/// When an entry was last changed. Times before 1970 count as 1970.
pub(super) fn modified(stat: &Stat) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_mtime).unwrap_or(0))
}

/// When an entry was last read, as far as the volume notes it.
pub(super) fn accessed(stat: &Stat) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(stat.st_atime).unwrap_or(0))
}

/// How much of the volume an entry takes up: less than its size where it has holes. Folders and symlinks count for nothing.
pub(super) fn occupied_bytes(stat: &Stat) -> u64 {
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return 0;
    }
    let size_bytes = u64::try_from(stat.st_size).unwrap_or(0);
    match u64::try_from(stat.st_blocks).unwrap_or(0).saturating_mul(BLOCK_BYTES) {
        // Some volumes give no number of blocks, or not at once.
        0 => size_bytes,
        reserved => size_bytes.min(reserved),
    }
}

/// A name that nobody else uses, with `ending` behind it.
pub(super) fn unique_name(start: &str, ending: &str) -> Result<String, CacheError> {
    let random = getrandom::u64()
        .map_err(|error| io::Error::other(error.to_string()))
        .at("get random bytes for the name of", Path::new(start))?;
    Ok(format!("{start}.{random:016x}{ending}"))
}

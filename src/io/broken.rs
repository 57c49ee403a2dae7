//! Why a geographic file can't be read, and where.

use crate::crs::CrsError;
use crate::model::said::Said;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file that can't be read.
#[derive(Debug, thiserror::Error)]
pub enum BrokenFile {
    /// The operating system refused.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// Truncated, damaged, or not of the format its name claims.
    #[error("{}{}: {}", path.display(), Offset(*offset), what.en)]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Bytes from the start of the (uncompressed) file, when known.
        offset: Option<u64>,
        /// What is wrong there.
        what: Said,
    },
    /// A sound file of a kind that isn't read.
    #[error("{}: {}", path.display(), what.en)]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it has that isn't read, and the way out.
        what: Said,
    },
    /// Its coordinate system can't be used.
    #[error("{}: {source}", path.display())]
    Crs {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CrsError,
    },
}

struct Offset(Option<u64>);

impl fmt::Display for Offset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |offset| write!(f, " at byte {offset}"))
    }
}

impl BrokenFile {
    pub(super) fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Unreadable { path: path.to_owned(), source }
    }

    pub(super) fn damaged(path: &Path, offset: Option<u64>, what: impl Into<Said>) -> Self {
        Self::Damaged { path: path.to_owned(), offset, what: what.into() }
    }

    pub(super) fn unsupported(path: &Path, what: impl Into<Said>) -> Self {
        Self::Unsupported { path: path.to_owned(), what: what.into() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::Damaged { path, .. }
            | Self::Unsupported { path, .. }
            | Self::Crs { path, .. } => path,
        }
    }
}

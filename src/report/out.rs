//! Where outputs go: into place all together or not at all, never over something without being told to.
//!
//! A new folder is written beside its final name and renamed. A folder that exists (it may be a mount
//! point or hold other people's files) is filled from a hidden folder inside it: old outputs step aside,
//! new ones move in, and every step is undone when a later one fails.

use crate::model::said::{Bilingual, Said};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

/// Why outputs couldn't be written.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The output is there already.
    #[error("{} exists already; choose another name, or pass --overwrite", .0.display())]
    Exists(PathBuf),
    /// A file stands where a folder should.
    #[error("{} is a file, not a folder", .0.display())]
    NotAFolder(PathBuf),
    /// The place can't be written to.
    #[error("{} can't be written: {source}", path.display())]
    Denied {
        /// The place.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Writing failed half-way; nothing was changed.
    #[error("writing {} failed: {source}; nothing was changed", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file to be read back (a plan's folder) is missing or not what it should be.
    #[error("{}: {}", path.display(), reason.en)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Said,
    },
    /// The workbook couldn't be made.
    #[error("the workbook can't be made: {0}")]
    Workbook(String),
}

impl Bilingual for ReportError {
    fn zh(&self) -> String {
        match self {
            Self::Exists(path) => format!("{} 已存在；请换一个名称，或加 --overwrite", path.display()),
            Self::NotAFolder(path) => format!("{} 是文件，不是文件夹", path.display()),
            Self::Denied { path, source } => format!("无法写入 {}：{}", path.display(), source.zh()),
            Self::Failed { path, source } => {
                format!("写入 {} 失败：{}；未作任何更改", path.display(), source.zh())
            }
            Self::Unreadable { path, reason } => format!("{}：{}", path.display(), reason.zh),
            Self::Workbook(why) => format!("无法生成工作簿：{why}"),
        }
    }
}

impl ReportError {
    /// Whether a file that was to be read back is there, but broken.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        matches!(self, Self::Unreadable { path, .. } if path.is_file())
    }

    fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::Denied { path, source }
            }
            io::ErrorKind::NotADirectory => Self::NotAFolder(path),
            _ => Self::Failed { path, source },
        }
    }
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OutputFile {
    /// Name within the folder, with `/`.
    pub name: String,
    /// Length in bytes.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut s, b| {
        let _ = write!(s, "{b:02x}");
        s
    })
}

/// Bytes of a long file that are read at once.
const CHUNK: usize = 1 << 20;

/// SHA-256 (hexadecimal) and length of a file, for the manifest.
///
/// # Errors
/// [`ReportError::Unreadable`] when it can't be read.
pub fn file_digest(path: &Path) -> Result<(String, u64), ReportError> {
    let unreadable =
        |e: io::Error| ReportError::Unreadable { path: path.to_path_buf(), reason: Said::from(&e) };
    let mut file = File::open(path).map_err(unreadable)?;
    let mut hash = Sha256::new();
    let mut bytes = 0;
    let mut take = |part: &[u8]| {
        hash.update(part);
        bytes += part.len() as u64;
    };
    if file.metadata().map_err(unreadable)?.len() < 8 * CHUNK as u64 {
        let mut all = Vec::new();
        file.read_to_end(&mut all).map_err(unreadable)?;
        take(&all);
    } else {
        // One thread reads while this one counts.
        std::thread::scope(|s| {
            let (full, filled) = mpsc::sync_channel::<io::Result<Vec<u8>>>(2);
            let (empty, emptied) = mpsc::channel::<Vec<u8>>();
            s.spawn(move || {
                loop {
                    let mut part = emptied.try_recv().unwrap_or_default();
                    part.clear();
                    let read = (&file).take(CHUNK as u64).read_to_end(&mut part);
                    if matches!(read, Ok(0)) || full.send(read.map(|_| part)).is_err() {
                        return;
                    }
                }
            });
            for part in filled {
                let part = part?;
                take(&part);
                // The reader may be done already.
                let _ = empty.send(part);
            }
            Ok(())
        })
        .map_err(unreadable)?;
    }
    Ok((hex(&hash.finalize()), bytes))
}

/// Writes through to a file and keeps its digest.
struct Hashing {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let n = self.file.write(buf)?;
        self.hash.update(&buf[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A folder of outputs under construction. Dropped without [`commit`](Self::commit), it leaves no trace.
pub struct OutFolder {
    target: PathBuf,
    staging: tempfile::TempDir,
    existed: bool,
    files: Vec<OutputFile>,
}

/// The file that lists all others; it goes in last.
pub const MANIFEST: &str = "manifest.json";

/// Tells before any work is done whether a folder can be written, as far as that can be told without
/// touching anything.
///
/// # Errors
/// [`ReportError::Exists`] or [`ReportError::NotAFolder`].
pub fn probe(target: &Path, overwrite: bool) -> Result<(), ReportError> {
    let mut ancestors = target.ancestors();
    match fs::metadata(target) {
        Ok(m) if !m.is_dir() => return Err(ReportError::NotAFolder(target.to_path_buf())),
        Ok(_) if !overwrite && fs::read_dir(target).is_ok_and(|mut e| e.next().is_some()) => {
            return Err(ReportError::Exists(target.to_path_buf()));
        }
        _ => {}
    }
    match ancestors.find(|a| a.exists()) {
        Some(a) if !a.as_os_str().is_empty() && !a.is_dir() => Err(ReportError::NotAFolder(a.to_path_buf())),
        _ => Ok(()),
    }
}

impl OutFolder {
    /// Begins a folder. An existing one must be empty, unless `overwrite`.
    ///
    /// # Errors
    /// [`ReportError::Exists`], [`ReportError::NotAFolder`] or [`ReportError::Denied`].
    pub fn create(target: &Path, overwrite: bool) -> Result<Self, ReportError> {
        let existed = match fs::metadata(target) {
            Ok(m) if !m.is_dir() => return Err(ReportError::NotAFolder(target.to_path_buf())),
            Ok(_) => {
                let mut entries = fs::read_dir(target).map_err(|e| ReportError::at(target, e))?;
                if entries.next().is_some() && !overwrite {
                    return Err(ReportError::Exists(target.to_path_buf()));
                }
                true
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(ReportError::at(target, e)),
        };
        let place = if existed {
            target.to_path_buf()
        } else {
            let parent = match target.parent() {
                Some(p) if !p.as_os_str().is_empty() => p.to_path_buf(),
                _ => PathBuf::from("."),
            };
            fs::create_dir_all(&parent).map_err(|e| ReportError::at(&parent, e))?;
            parent
        };
        let staging = tempfile::Builder::new()
            .prefix(".covplan-new-")
            .tempdir_in(&place)
            .map_err(|e| ReportError::at(&place, e))?;
        fs::create_dir(inner(&staging)).map_err(|e| ReportError::at(&place, e))?;
        Ok(Self { target: target.to_path_buf(), staging, existed, files: Vec::new() })
    }

    /// Writes one file through a buffer; `name` may hold `/`.
    ///
    /// # Errors
    /// Whatever the disk or `fill` refuses.
    pub fn file<E: Into<FillError>>(
        &mut self,
        name: &str,
        fill: impl FnOnce(&mut (dyn Write + Send)) -> Result<(), E>,
    ) -> Result<(), ReportError> {
        let path = inner(&self.staging).join(name);
        let shown = self.target.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| ReportError::at(&shown, e))?;
        }
        let file = File::create(&path).map_err(|e| ReportError::at(&shown, e))?;
        let mut out = BufWriter::with_capacity(1 << 18, Hashing { file, hash: Sha256::new(), bytes: 0 });
        fill(&mut out).map_err(|e| match e.into() {
            FillError::Io(e) => ReportError::at(&shown, e),
            FillError::Report(e) => e,
        })?;
        let done = out.into_inner().map_err(|e| ReportError::at(&shown, e.into_error()))?;
        self.files.push(OutputFile {
            name: name.to_owned(),
            bytes: done.bytes,
            sha256: hex(&done.hash.finalize()),
        });
        Ok(())
    }

    /// Where a file stands that a writer fills by itself, until [`adopt`](Self::adopt) takes it in.
    #[must_use]
    pub fn place(&self, name: &str) -> PathBuf {
        inner(&self.staging).join(name)
    }

    /// Takes in a file that was written to its [`place`](Self::place).
    ///
    /// # Errors
    /// When it can't be read back.
    pub fn adopt(&mut self, name: &str) -> Result<(), ReportError> {
        let (sha256, bytes) = file_digest(&self.place(name))?;
        self.files.push(OutputFile { name: name.to_owned(), bytes, sha256 });
        Ok(())
    }

    /// What has been written so far.
    #[must_use]
    pub fn files(&self) -> &[OutputFile] {
        &self.files
    }

    /// Moves everything into place.
    ///
    /// # Errors
    /// When a move fails; the folder is then as it was.
    pub fn commit(self) -> Result<Vec<OutputFile>, ReportError> {
        if self.existed { self.commit_into() } else { self.commit_as() }
    }

    fn commit_as(self) -> Result<Vec<OutputFile>, ReportError> {
        let Self { target, staging, files, .. } = self;
        fs::rename(inner(&staging), &target).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists | io::ErrorKind::DirectoryNotEmpty => {
                ReportError::Exists(target.clone())
            }
            _ => ReportError::at(&target, e),
        })?;
        Ok(files)
    }

    fn commit_into(self) -> Result<Vec<OutputFile>, ReportError> {
        let Self { target, staging, files, .. } = self;
        let aside = tempfile::Builder::new()
            .prefix(".covplan-old-")
            .tempdir_in(&target)
            .map_err(|e| ReportError::at(&target, e))?;
        let mut leaving: Vec<String> = files.iter().map(|f| f.name.clone()).collect();
        leaving.extend(outputs_of(&target));
        leaving.sort();
        leaving.dedup();

        let mut moves = Moves::default();
        let run = |moves: &mut Moves| -> Result<(), (PathBuf, io::Error)> {
            for name in &leaving {
                let from = target.join(name);
                if fs::symlink_metadata(&from).is_ok() {
                    moves.rename(&from, &aside.path().join(name)).map_err(|e| (from, e))?;
                }
            }
            let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|f| f.name == MANIFEST);
            for f in first.into_iter().chain(last) {
                let to = target.join(&f.name);
                moves.rename(&inner(&staging).join(&f.name), &to).map_err(|e| (to, e))?;
            }
            Ok(())
        };
        if let Err((path, e)) = run(&mut moves) {
            if moves.undo().is_err() {
                // Old outputs that can't go back stay where they stepped aside: nothing is lost.
                let _ = aside.keep();
            }
            return Err(ReportError::at(&path, e));
        }
        Ok(files)
    }
}

/// What `fill` may fail with.
pub enum FillError {
    /// The disk.
    Io(io::Error),
    /// Anything else.
    Report(ReportError),
}

impl From<io::Error> for FillError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

impl From<ReportError> for FillError {
    fn from(e: ReportError) -> Self {
        Self::Report(e)
    }
}

/// The folder that is filled: temporary folders are closed to other users, the one inside is as open as
/// the user's other folders.
fn inner(staging: &tempfile::TempDir) -> PathBuf {
    staging.path().join("out")
}

#[derive(Default)]
struct Moves(Vec<(PathBuf, PathBuf)>);

impl Moves {
    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::rename(from, to)?;
        self.0.push((from.to_path_buf(), to.to_path_buf()));
        Ok(())
    }

    fn undo(&mut self) -> io::Result<()> {
        while let Some((from, to)) = self.0.pop() {
            fs::rename(to, from)?;
        }
        Ok(())
    }
}

/// Outputs of an earlier run, by its manifest: they leave with it, so that no stale layer stays behind.
fn outputs_of(folder: &Path) -> Vec<String> {
    let Ok(text) = fs::read_to_string(folder.join(MANIFEST)) else { return Vec::new() };
    let Ok(manifest) = serde_json::from_str::<serde_json::Value>(&text) else { return Vec::new() };
    let ours = manifest["schema"].as_str().is_some_and(|s| s.starts_with("covplan/manifest/"));
    let names = manifest["outputs"].as_array().filter(|_| ours).into_iter().flatten();
    let mut names: Vec<String> = names
        .filter_map(|o| o["name"].as_str())
        // A manifest that was tampered with must not reach outside the folder.
        .filter(|n| {
            !n.is_empty() && Path::new(n).components().all(|c| matches!(c, std::path::Component::Normal(_)))
        })
        .map(str::to_owned)
        .collect();
    if ours {
        names.push(MANIFEST.to_owned());
    }
    names
}

/// Writes a single file: beside its final name first, then renamed.
///
/// # Errors
/// [`ReportError::Exists`] without `overwrite`; whatever the disk or `fill` refuses.
pub fn write_file(
    target: &Path,
    overwrite: bool,
    fill: impl FnOnce(&mut (dyn Write + Send)) -> io::Result<()>,
) -> Result<(), ReportError> {
    if !overwrite && fs::symlink_metadata(target).is_ok() {
        return Err(ReportError::Exists(target.to_path_buf()));
    }
    let parent = match target.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let staging = tempfile::Builder::new()
        .prefix(".covplan-new-")
        .tempdir_in(parent)
        .map_err(|e| ReportError::at(parent, e))?;
    let path = staging.path().join("file");
    let fail = |e| ReportError::at(target, e);
    let mut out = BufWriter::new(File::create(&path).map_err(fail)?);
    fill(&mut out).map_err(fail)?;
    out.into_inner().map_err(|e| fail(e.into_error()))?;
    fs::rename(&path, target).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &mut OutFolder, name: &str, text: &str) {
        folder.file(name, |w| w.write_all(text.as_bytes())).unwrap();
    }

    fn manifest(names: &[&str]) -> String {
        let outputs: Vec<_> = names.iter().map(|n| serde_json::json!({ "name": n })).collect();
        serde_json::json!({ "schema": "covplan/manifest/1", "outputs": outputs }).to_string()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut n: Vec<String> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        n.sort();
        n
    }

    #[test]
    fn a_folder_appears_whole_or_not_at_all() {
        let base = tempfile::tempdir().unwrap();
        let target = base.path().join("deep/out");
        let mut f = OutFolder::create(&target, false).unwrap();
        put(&mut f, "a.txt", "abc");
        assert!(!target.exists());
        let files = f.commit().unwrap();
        assert_eq!(names(&target), ["a.txt"]);
        assert_eq!(files[0].sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(file_digest(&target.join("a.txt")).unwrap(), (files[0].sha256.clone(), 3));
        drop(OutFolder::create(&base.path().join("other"), false).unwrap());
        assert_eq!(names(base.path()), ["deep"]);
    }

    /// Long files are read by a thread of its own: no byte is lost, and none counted twice.
    #[test]
    fn long_files_have_the_digest_of_their_bytes() {
        let base = tempfile::tempdir().unwrap();
        let path = base.path().join("long");
        for length in [8 * CHUNK - 1, 8 * CHUNK, 9 * CHUNK + 17] {
            let all: Vec<u8> = (0..length).map(|i| (i * 31 + i / 255) as u8).collect();
            fs::write(&path, &all).unwrap();
            assert_eq!(file_digest(&path).unwrap(), (hex(&Sha256::digest(&all)), length as u64));
        }
    }

    #[test]
    fn overwriting_takes_only_our_own_outputs() {
        let base = tempfile::tempdir().unwrap();
        let target = base.path().join("out");
        let mut f = OutFolder::create(&target, false).unwrap();
        put(&mut f, "old.txt", "1");
        put(&mut f, "both.txt", "1");
        put(&mut f, MANIFEST, &manifest(&["old.txt", "both.txt", "../keep.txt"]));
        f.commit().unwrap();
        fs::write(target.join("mine.txt"), "mine").unwrap();
        fs::write(base.path().join("keep.txt"), "keep").unwrap();

        assert!(matches!(OutFolder::create(&target, false), Err(ReportError::Exists(_))));
        let mut f = OutFolder::create(&target, true).unwrap();
        put(&mut f, "both.txt", "2");
        put(&mut f, MANIFEST, &manifest(&["both.txt"]));
        f.commit().unwrap();
        assert_eq!(names(&target), ["both.txt", "manifest.json", "mine.txt"]);
        assert_eq!(fs::read_to_string(target.join("both.txt")).unwrap(), "2");
        assert!(base.path().join("keep.txt").exists());
    }

    #[test]
    fn a_failure_half_way_changes_nothing() {
        let base = tempfile::tempdir().unwrap();
        let target = base.path().join("out");
        let mut f = OutFolder::create(&target, false).unwrap();
        put(&mut f, "a.txt", "old");
        put(&mut f, "b.txt", "old");
        f.commit().unwrap();
        let mut f = OutFolder::create(&target, true).unwrap();
        put(&mut f, "a.txt", "new");
        put(&mut f, "b.txt", "new");
        // The second new file vanishes before it can move in.
        fs::remove_file(inner(&f.staging).join("b.txt")).unwrap();
        assert!(f.commit().is_err());
        assert_eq!(names(&target), ["a.txt", "b.txt"]);
        assert_eq!(fs::read_to_string(target.join("a.txt")).unwrap(), "old");
        assert_eq!(fs::read_to_string(target.join("b.txt")).unwrap(), "old");
    }

    #[test]
    fn a_file_is_no_folder() {
        let base = tempfile::tempdir().unwrap();
        let file = base.path().join("f");
        fs::write(&file, "").unwrap();
        assert!(matches!(OutFolder::create(&file, true), Err(ReportError::NotAFolder(_))));
        assert!(OutFolder::create(&file.join("sub"), true).is_err());
        assert!(matches!(write_file(&file, false, |w| w.write_all(b"x")), Err(ReportError::Exists(_))));
        write_file(&file, true, |w| w.write_all(b"x")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"x");
    }
}

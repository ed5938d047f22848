//! A policy's files, from a folder or a zip.
//!
//! A zip is a stranger's file: what it says about its own sizes is not believed, only what comes out of it is counted.

use crate::limits::{ENTRY_BYTES_MAX, POLICY_BYTES_MAX, ZIP_BYTES_MAX, ZIP_ENTRIES_MAX};
use fares::Files;
use fares::format::IGNORED_FILES;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// Why a policy's files could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The disk says no.
    #[error("{path}")]
    Io {
        /// What was read.
        path: String,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// It is not a zip, or one that cannot be unpacked.
    #[error("{path} cannot be unpacked")]
    Zip {
        /// What was read.
        path: String,
        /// What the unpacker says.
        #[source]
        source: zip::result::ZipError,
    },
    /// It is larger than a limit.
    #[error("{path} is beyond a limit: {limit}")]
    Limit {
        /// What was read.
        path: String,
        /// The limit, in words.
        limit: String,
    },
    /// There is no policy in it, or more than one.
    #[error("{path}: {what}")]
    Shape {
        /// What was read.
        path: String,
        /// What is wrong.
        what: String,
    },
}

/// The files of the policy at a path: the `.txt` files of a folder, or those of a zip, where they may lie in one folder.
/// Files of GTFS that say nothing about a price are not read.
pub fn read(path: &Path) -> Result<Files, FeedError> {
    let name = path.display().to_string();
    if path.is_dir() {
        return read_folder(path, &name);
    }
    let file = File::open(path).map_err(|source| FeedError::Io { path: name.clone(), source })?;
    let bytes = file.metadata().map_err(|source| FeedError::Io { path: name.clone(), source })?.len();
    if bytes > ZIP_BYTES_MAX {
        return Err(FeedError::Limit { path: name, limit: format!("a zip of {ZIP_BYTES_MAX} bytes") });
    }
    read_zip(file, &name, BOUNDS)
}

/// The policy in a folder, and then its other versions: the folders beside it whose names begin with its name and `_`, by
/// name.
pub fn read_versions(folder: &Path) -> Result<Vec<Files>, FeedError> {
    let io = |source| FeedError::Io { path: folder.display().to_string(), source };
    let mut versions = vec![read(folder)?];
    if let (Some(beside), Some(name)) = (folder.parent(), folder.file_name()) {
        let beginning = format!("{}_", name.to_string_lossy());
        let entries = std::fs::read_dir(beside).map_err(io)?.collect::<Result<Vec<_>, _>>().map_err(io)?;
        let of_name = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&beginning);
        let mut others: Vec<_> =
            entries.iter().filter(|entry| of_name(entry)).map(|entry| entry.path()).collect();
        others.sort();
        for other in others.iter().filter(|other| other.is_dir()) {
            versions.push(read(other)?);
        }
    }
    Ok(versions)
}

pub(crate) fn read_zip(bytes: impl Read + Seek, name: &str, bounds: Bounds) -> Result<Files, FeedError> {
    let zip_error = |source| FeedError::Zip { path: name.to_owned(), source };
    let mut archive = ZipArchive::new(bytes).map_err(zip_error)?;
    if archive.len() > bounds.entries {
        let limit = format!("a zip of {} entries", bounds.entries);
        return Err(FeedError::Limit { path: name.to_owned(), limit });
    }
    let names = archive.file_names().collect::<Result<Vec<_>, _>>().map_err(zip_error)?;
    let folder = folder_of(names.iter().map(AsRef::as_ref), name)?;
    let mut collected = Collected::new(name, bounds);
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).map_err(zip_error)?;
        let path = entry.name().map_err(zip_error)?.into_owned();
        let Some(file) = path.strip_prefix(&folder).filter(|file| is_wanted(file)) else { continue };
        if entry.is_file() {
            collected.add(file, &mut entry)?;
        }
    }
    collected.finish()
}

fn read_folder(path: &Path, name: &str) -> Result<Files, FeedError> {
    let io_error = |path: &Path, source| FeedError::Io { path: path.display().to_string(), source };
    let mut collected = Collected::new(name, BOUNDS);
    for entry in std::fs::read_dir(path).map_err(|source| io_error(path, source))? {
        let file = entry.map_err(|source| io_error(path, source))?.path();
        let short = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if file.is_file() && is_wanted(&short) {
            let mut bytes = File::open(&file).map_err(|source| io_error(&file, source))?;
            collected.add(&short, &mut bytes)?;
        }
    }
    collected.finish()
}

fn is_wanted(file: &str) -> bool {
    file.ends_with(".txt") && !file.contains(['/', '\\']) && !IGNORED_FILES.contains(&file)
}

/// The folder inside a zip that holds the `.txt` files, with its slash; empty when they lie at the top.
fn folder_of<'a>(names: impl Iterator<Item = &'a str>, archive: &str) -> Result<String, FeedError> {
    let mut folders: BTreeSet<&str> = BTreeSet::new();
    for name in names.filter(|name| name.ends_with(".txt")) {
        let folder = name.rfind('/').map_or("", |slash| &name[..=slash]);
        // What macOS adds to a zip is no second policy.
        if !folder.starts_with("__MACOSX/") {
            folders.insert(folder);
        }
    }
    if folders.contains("") {
        return Ok(String::new());
    }
    let mut tops = folders.iter().filter(|folder| folder.matches('/').count() == 1);
    match (tops.next(), tops.next()) {
        (Some(folder), None) => Ok((*folder).to_owned()),
        (None, _) => Err(no_policy(archive)),
        (Some(_), Some(_)) => {
            let what = "it holds .txt files in more than one folder".to_owned();
            Err(FeedError::Shape { path: archive.to_owned(), what })
        }
    }
}

fn no_policy(path: &str) -> FeedError {
    FeedError::Shape { path: path.to_owned(), what: "it holds no policy (no .txt files)".to_owned() }
}

/// How much may come out of a folder or a zip.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) entries: usize,
    pub(crate) entry_bytes: u64,
    pub(crate) policy_bytes: u64,
}

pub(crate) const BOUNDS: Bounds =
    Bounds { entries: ZIP_ENTRIES_MAX, entry_bytes: ENTRY_BYTES_MAX, policy_bytes: POLICY_BYTES_MAX };

/// Files read so far, and how many bytes they are together.
struct Collected<'a> {
    name: &'a str,
    bounds: Bounds,
    files: Files,
    bytes: u64,
}

impl<'a> Collected<'a> {
    fn new(name: &'a str, bounds: Bounds) -> Self {
        Collected { name, bounds, files: Files::new(), bytes: 0 }
    }

    fn add(&mut self, file: &str, content: &mut impl Read) -> Result<(), FeedError> {
        let path = || format!("{}: {file}", self.name);
        let Bounds { entry_bytes, policy_bytes, .. } = self.bounds;
        let left = policy_bytes.saturating_sub(self.bytes);
        let mut bytes = Vec::new();
        // One byte more than is allowed is enough to know.
        let allowed = entry_bytes.min(left).saturating_add(1);
        let read = content.take(allowed).read_to_end(&mut bytes);
        let read = read.map_err(|source| FeedError::Io { path: path(), source })? as u64;
        if read > entry_bytes {
            return Err(FeedError::Limit { path: path(), limit: format!("a file of {entry_bytes} bytes") });
        }
        if read > left {
            let limit = format!("files of {policy_bytes} bytes together");
            return Err(FeedError::Limit { path: self.name.to_owned(), limit });
        }
        self.bytes += read;
        self.files.insert(file.to_owned(), bytes);
        Ok(())
    }

    fn finish(self) -> Result<Files, FeedError> {
        if self.files.is_empty() { Err(no_policy(self.name)) } else { Ok(self.files) }
    }
}

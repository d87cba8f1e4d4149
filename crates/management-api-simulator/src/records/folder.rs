//! Reads folders of records: `{ContentType}.jsonl` and `{ContentType}.jsonl.gz`.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use bytes::Bytes;
use flate2::read::MultiGzDecoder;

use crate::CONTENT_TYPES;

/// The records of each file, one per line, without empty lines. Ordered by file name.
pub(crate) fn read_records(folder: &Path) -> io::Result<Vec<(&'static str, Vec<Bytes>)>> {
    let entries = fs::read_dir(folder).map_err(|error| cannot_read(folder, &error))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()
        .map_err(|error| cannot_read(folder, &error))?;
    paths.sort();
    let mut found = Vec::new();
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let (stem, compressed) = match (name.strip_suffix(".jsonl"), name.strip_suffix(".jsonl.gz")) {
            (Some(stem), _) => (stem, false),
            (None, Some(stem)) => (stem, true),
            (None, None) => continue,
        };
        let Some(content_type) = CONTENT_TYPES.into_iter().find(|&known| known == stem) else {
            return Err(cannot_use(
                path,
                &format!("{stem:?} is not a content type: expected one of {CONTENT_TYPES:?}"),
            ));
        };
        found.push((content_type, lines(path, compressed).map_err(|error| cannot_read(path, &error))?));
    }
    if found.is_empty() {
        return Err(cannot_use(folder, "it contains no file {ContentType}.jsonl or {ContentType}.jsonl.gz"));
    }
    Ok(found)
}

fn lines(path: &Path, compressed: bool) -> io::Result<Vec<Bytes>> {
    let file = File::open(path)?;
    let bytes: Box<dyn Read> = if compressed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    BufReader::new(bytes)
        .split(b'\n')
        .map(|line| line.map(|line| Bytes::copy_from_slice(line.trim_ascii())))
        .filter(|line| line.as_ref().map_or(true, |line| !line.is_empty()))
        .collect()
}

fn cannot_read(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

fn cannot_use(path: &Path, problem: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("cannot use {}: {problem}", path.display()))
}

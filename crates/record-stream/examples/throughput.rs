//! Measures the throughput of the stream on recorded audit records, and of two baselines in the same run.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement, run by hand")]

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use flate2::{Compression, read::MultiGzDecoder, write::GzEncoder};
use record_stream::RecordStream;
use serde_json::value::RawValue;

/// The approximate size of the whole array, in bytes.
const BODY: usize = 200_000_000;
/// The approximate number of bytes that an HTTP client delivers at a time.
const PIECE: usize = 16 * 1024;
const LEVELS: [u32; 3] = [1, 3, 6];

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).unwrap_or_default();
    let records = read_records(Path::new(&folder));
    if records.is_empty() {
        eprintln!("usage: throughput FOLDER    (FOLDER holds *.jsonl.gz, one record per line)");
        return ExitCode::from(2);
    }
    println!("{} records, repeated", records.len());

    let (mut stream, mut bytes_taken, mut elapsed) = (RecordStream::new(), 0, Duration::ZERO);
    generate(&records, b"[", b",", b"]", |piece| {
        let start = Instant::now();
        bytes_taken += stream.push(piece).unwrap().len();
        elapsed += start.elapsed();
    });
    let start = Instant::now();
    let summary = stream.finish().unwrap();
    elapsed += start.elapsed();
    assert_eq!(summary.bytes_out, (bytes_taken + summary.tail.len()) as u64);
    report("RecordStream", elapsed, summary.bytes_in, summary.bytes_out);
    println!("  memory: {}", peak_memory());

    for level in LEVELS {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        let (mut bytes_in, mut elapsed) = (0, Duration::ZERO);
        generate(&records, b"", b"\n", b"\n", |piece| {
            bytes_in += piece.len() as u64;
            let start = Instant::now();
            encoder.write_all(piece).unwrap();
            elapsed += start.elapsed();
        });
        let start = Instant::now();
        let bytes_out = encoder.finish().unwrap().len() as u64;
        elapsed += start.elapsed();
        report(&format!("flate2 alone, level {level}"), elapsed, bytes_in, bytes_out);
    }

    let mut body = Vec::new();
    generate(&records, b"[", b",", b"]", |piece| body.extend_from_slice(piece));
    for level in LEVELS {
        let start = Instant::now();
        let values: Vec<&RawValue> = serde_json::from_slice(&body).unwrap();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
        for value in values {
            encoder.write_all(value.get().as_bytes()).unwrap();
            encoder.write_all(b"\n").unwrap();
        }
        let bytes_out = encoder.finish().unwrap().len() as u64;
        let title = format!("serde_json whole, then level {level}");
        report(&title, start.elapsed(), body.len() as u64, bytes_out);
    }
    println!("  memory: {}", peak_memory());
    ExitCode::SUCCESS
}

/// Repeats the records and passes them to `read` in pieces, so that the whole array is never in memory.
fn generate(records: &[String], open: &[u8], comma: &[u8], close: &[u8], mut read: impl FnMut(&[u8])) {
    let mut piece = open.to_vec();
    let mut length = 0;
    for record in records.iter().cycle() {
        piece.extend_from_slice(record.as_bytes());
        if piece.len() >= PIECE {
            length += piece.len();
            if length >= BODY {
                break;
            }
            read(&piece);
            piece.clear();
        }
        piece.extend_from_slice(comma);
    }
    piece.extend_from_slice(close);
    read(&piece);
}

fn read_records(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(".jsonl.gz"));
    files.sort();
    let mut text = String::new();
    for file in files {
        let mut lines = MultiGzDecoder::new(File::open(file).unwrap());
        lines.read_to_string(&mut text).unwrap();
    }
    text.lines().map(str::to_owned).collect()
}

fn report(title: &str, elapsed: Duration, bytes_in: u64, bytes_out: u64) {
    let speed = bytes_in as f64 / 1e6 / elapsed.as_secs_f64();
    println!("{title:30} {speed:5.0} MB/s  {bytes_in} -> {bytes_out} bytes in {elapsed:.2?}");
}

/// The peak resident set size, as reported by the kernel.
fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or_else(|| "unknown".to_owned(), |peak| peak.trim().to_owned())
}

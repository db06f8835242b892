//! Measuring: medians of interleaved repetitions, shown against a limit.

use std::time::{Duration, Instant};

/// How long `work` takes.
pub fn time<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Instant::now();
    std::hint::black_box(work());
    start.elapsed()
}

/// The median of durations.
pub fn median(mut durations: Vec<Duration>) -> Duration {
    durations.sort_unstable();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// Medians of two works that are run in turns, so that whatever else the machine does hits both.
pub fn interleaved(
    rounds: usize,
    mut first: impl FnMut() -> Duration,
    mut second: impl FnMut() -> Duration,
) -> (Duration, Duration) {
    let (mut firsts, mut seconds) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        firsts.push(first());
        seconds.push(second());
    }
    (median(firsts), median(seconds))
}

/// One line of a report: what was measured, the figure and its limit.
#[derive(Debug)]
pub struct Line {
    /// What was measured.
    pub what: String,
    /// The figure with its unit.
    pub figure: String,
    /// The limit with its unit; none where the figure is only for the reader.
    pub limit: Option<String>,
    /// Whether the figure is within the limit.
    pub holds: bool,
}

impl Line {
    /// A ratio against a limit.
    pub fn ratio(what: &str, ours: Duration, theirs: Duration, limit: f64) -> Line {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        Line {
            what: what.to_owned(),
            figure: format!("{ratio:.2}  ({} / {})", show(ours), show(theirs)),
            limit: Some(format!("{limit:.2}")),
            holds: ratio <= limit,
        }
    }

    /// A time against a limit.
    pub fn time(what: &str, took: Duration, limit: Duration) -> Line {
        Line {
            what: what.to_owned(),
            figure: show(took),
            limit: Some(show(limit)),
            holds: took <= limit,
        }
    }

    /// A figure for the reader.
    pub fn note(what: &str, figure: String) -> Line {
        Line { what: what.to_owned(), figure, limit: None, holds: true }
    }
}

/// A duration in its natural unit.
pub fn show(duration: Duration) -> String {
    let micros = duration.as_secs_f64() * 1e6;
    match micros {
        _ if micros < 1000.0 => format!("{micros:.1} µs"),
        _ if micros < 1_000_000.0 => format!("{:.2} ms", micros / 1000.0),
        _ => format!("{:.2} s", micros / 1_000_000.0),
    }
}

/// Prints a report; whether all limits hold.
pub fn report(title: &str, lines: &[Line]) -> bool {
    println!("\n{title}");
    for line in lines {
        let limit = line.limit.as_deref().map(|limit| format!("at most {limit}"));
        let mark = match (&line.limit, line.holds) {
            (None, _) => " ",
            (_, true) => "✓",
            (_, false) => "✗",
        };
        println!("  {mark} {:<58} {:<34} {}", line.what, line.figure, limit.unwrap_or_default());
    }
    lines.iter().all(|line| line.holds)
}

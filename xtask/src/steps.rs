//! A run's named steps, in order, each with how long it took; the first failure ends the run.

use std::time::{Duration, Instant};

use crate::failure::Outcome;

/// The steps that are done.
#[derive(Default)]
pub struct Steps {
    done: Vec<(&'static str, Duration)>,
}

impl Steps {
    /// Announces a step, does its work and notes the time that it took.
    ///
    /// # Errors
    ///
    /// The work's own failure, preceded by the step's name.
    pub fn run(&mut self, name: &'static str, work: impl FnOnce() -> Outcome<()>) -> Outcome<()> {
        println!("\n=== {name}");
        let start = Instant::now();
        work().map_err(|failure| failure.within(&format!("step \"{name}\" failed")))?;
        let taken = start.elapsed();
        println!("=== {name}: done in {:.1} s", taken.as_secs_f64());
        self.done.push((name, taken));
        Ok(())
    }

    /// Prints every step with its time.
    pub fn print_summary(&self) {
        let total: Duration = self.done.iter().map(|(_, taken)| *taken).sum();
        println!("\nAll {} steps passed:", self.done.len());
        for (name, taken) in &self.done {
            println!("  {:>7.1} s  {name}", taken.as_secs_f64());
        }
        println!("  {:>7.1} s  in all", total.as_secs_f64());
    }
}

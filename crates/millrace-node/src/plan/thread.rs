//! What a plan's own thread is given and gives back.
//!
//! The plan itself moves over: it goes out with the first task and comes home when it is asked for,
//! so that whatever needs it runs as it does without a thread, and nothing of it is shared.

use arrow_array::StringArray;
use millrace_core::batch::{Batch, Emission};
use millrace_core::plan::{NodeTally, Plan, SinkSchema};
use millrace_ring::{Limits, Worker};

use super::refusal::broken;
use crate::emit::weigh;
use crate::failure::{Failure, Result, core_error, guard};
use crate::intake::{Fresh, Taken};

/// What has come and gone so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stats {
    pub(crate) late_rows: u64,
    pub(crate) evicted_groups: u64,
    /// The work of each node, and whether it runs at all.
    pub(crate) tallies: Vec<(NodeTally, bool)>,
}

impl Stats {
    pub(crate) fn of(plan: &Plan) -> Self {
        Self {
            late_rows: plan.late_rows(),
            evicted_groups: plan.evicted_groups(),
            tallies: (plan.tallies().iter().enumerate())
                .map(|(node, tally)| (*tally, plan.runs(node)))
                .collect(),
        }
    }
}

/// A plan that travels.
#[derive(Debug)]
pub(crate) struct Resident {
    pub(crate) plan: Box<Plan>,
    /// A call of it ended in a panic: its state may be incomplete.
    pub(crate) is_broken: bool,
}

/// What there is to do.
#[derive(Debug)]
pub(crate) enum Work {
    Batch(Taken),
    Words {
        input: usize,
        text: String,
    },
    /// Rows that were decoded.
    Decoded {
        input: usize,
        batch: Batch,
    },
    Flush,
    /// Give the plan back.
    Return,
    #[cfg(test)]
    Panic,
}

/// One step of the thread.
#[derive(Debug)]
pub(crate) struct Task {
    /// The plan, where it comes along.
    pub(crate) plan: Option<Resident>,
    /// The time from here on.
    pub(crate) now: Option<i64>,
    /// Strings for its dictionaries.
    pub(crate) fresh: Fresh,
    pub(crate) work: Work,
}

/// What came of a task.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) outcome: std::result::Result<Vec<Emission>, Fault>,
    /// All strings of each dictionary, where any may have grown.
    pub(crate) strings: Vec<StringArray>,
    pub(crate) stats: Stats,
    /// The plan, where it was asked for.
    pub(crate) plan: Option<Resident>,
}

/// An error on its way to JavaScript's thread.
#[derive(Debug)]
pub(crate) struct Fault {
    code: &'static str,
    message: String,
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self {
            code: failure.status,
            message: failure.reason.clone(),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::new(fault.code, fault.message)
    }
}

/// The thread of one plan.
pub(crate) type PlanThread = Worker<Task, Done>;

/// Starts a thread that runs what it is given, and calls `wake` when results have come.
pub(crate) fn start(
    limits: Limits,
    sinks: Vec<SinkSchema>,
    wake: impl Fn() + Send + 'static,
) -> Result<PlanThread> {
    let mut host = Host {
        resident: None,
        sinks,
    };
    let run = move |task| {
        let done = host.run(task);
        let weight = done
            .outcome
            .as_ref()
            .map_or(0, |emissions| weigh(&host.sinks, emissions));
        (done, weight)
    };
    Worker::start("millrace plan", limits, run, wake).map_err(|error| {
        Failure::new(
            "ERR_NO_THREAD",
            format!("Cannot start the thread of a plan: {error}"),
        )
    })
}

/// The thread's side.
struct Host {
    resident: Option<Resident>,
    sinks: Vec<SinkSchema>,
}

impl Host {
    fn run(&mut self, task: Task) -> Done {
        if task.plan.is_some() {
            self.resident = task.plan;
        }
        let mut emissions = Vec::new();
        let outcome = match (&mut self.resident, task.work) {
            (resident, Work::Return) => {
                let mut plan = resident.take();
                let learned = plan
                    .as_mut()
                    .map_or(Ok(()), |resident| resident.learn(&task.fresh));
                let stats = plan
                    .as_ref()
                    .map_or_else(Stats::default, |resident| Stats::of(&resident.plan));
                return Done {
                    outcome: learned.map(|()| emissions).map_err(Fault::from),
                    strings: Vec::new(),
                    stats,
                    plan,
                };
            }
            (None, _) => Err(Failure::new(
                "ERR_INTERNAL",
                "the thread has no plan".to_owned(),
            )),
            (Some(resident), work) => {
                if let Some(now) = task.now {
                    resident.plan.set_now(now);
                }
                resident
                    .learn(&task.fresh)
                    .and_then(|()| resident.run(work, &mut emissions))
            }
        };
        let plan = self.resident.as_ref().map(|resident| &resident.plan);
        Done {
            outcome: outcome.map(|()| emissions).map_err(Fault::from),
            strings: plan.map_or_else(Vec::new, |plan| {
                (0..)
                    .map_while(|dictionary| plan.dictionary(dictionary).cloned())
                    .collect()
            }),
            stats: plan.map_or_else(Stats::default, |plan| Stats::of(plan)),
            plan: None,
        }
    }
}

impl Resident {
    /// Takes new strings in, whatever becomes of the rows.
    fn learn(&mut self, fresh: &Fresh) -> Result<()> {
        let plan = &mut self.plan;
        guard("emit", || {
            fresh.iter().try_for_each(|(dictionary, strings)| {
                plan.extend_dictionary(*dictionary, strings)
                    .map_err(core_error)
            })
        })
    }

    fn run(&mut self, work: Work, emissions: &mut Vec<Emission>) -> Result<()> {
        let action = match work {
            Work::Decoded { .. } => "read",
            Work::Words { .. } => "emit words",
            Work::Flush => "flush",
            _ => "emit",
        };
        if self.is_broken {
            return Err(broken(action));
        }
        self.is_broken = true;
        let plan = &mut self.plan;
        let result = guard(action, || {
            let result = match work {
                Work::Batch(taken) => {
                    let input = taken.input;
                    taken
                        .complete(plan)
                        .and_then(|batch| plan.push(input, batch, emissions))
                        .map_err(core_error)
                }
                Work::Words { input, text } => plan
                    .words(input, &text)
                    .and_then(|batch| plan.push(input, batch, emissions))
                    .map_err(core_error),
                Work::Decoded { input, batch } => {
                    plan.push(input, batch, emissions).map_err(core_error)
                }
                Work::Flush => plan.flush(emissions).map_err(core_error),
                Work::Return => Ok(()),
                #[cfg(test)]
                Work::Panic => panic!("on purpose"),
            };
            Ok(result)
        });
        // Of the two, only a panic leaves the plan in a state that is not known.
        let result = result?;
        self.is_broken = false;
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: &str = r#"{
      "inputs": [{ "name": "x", "columns": [{ "name": "x", "type": "f64" }] }],
      "nodes": [
        { "op": "input", "input": 0 },
        { "op": "project", "expr": { "col": "x", "of": 0 } },
        { "op": "aggregate", "input": 1, "aggs": [{ "fn": "sum", "column": { "of": 1 } }] },
        { "op": "sink", "input": 2 }
      ]
    }"#;

    fn worker(plan: &Plan) -> PlanThread {
        let limits = Limits {
            items: 4,
            weight: 1000,
        };
        start(limits, plan.sinks().to_vec(), || {}).unwrap()
    }

    fn task(plan: Option<Resident>, work: Work) -> Task {
        Task {
            plan,
            now: None,
            fresh: Fresh::new(),
            work,
        }
    }

    fn resident(plan: Plan) -> Option<Resident> {
        Some(Resident {
            plan: Box::new(plan),
            is_broken: false,
        })
    }

    #[test]
    fn a_panic_is_an_error_and_the_plan_comes_home_marked() {
        let plan = Plan::from_json(SPEC).unwrap();
        let mut thread = worker(&plan);
        thread.submit(task(resident(plan), Work::Flush), 0);
        thread.submit(task(None, Work::Panic), 0);
        thread.submit(task(None, Work::Flush), 0);
        thread.submit(task(None, Work::Return), 0);
        assert!(thread.wait().unwrap().outcome.is_ok());
        let panicked = thread.wait().unwrap().outcome.unwrap_err();
        assert_eq!(panicked.code, "ERR_INTERNAL");
        assert!(panicked.message.ends_with("on purpose"), "{panicked:?}");
        let refused = thread.wait().unwrap().outcome.unwrap_err();
        assert_eq!(refused.code, "ERR_INVALID_STATE");
        let home = thread.wait().unwrap().plan.unwrap();
        assert!(home.is_broken);
        assert!(!thread.is_dead());
    }

    #[test]
    fn work_without_a_plan_is_an_error() {
        let plan = Plan::from_json(SPEC).unwrap();
        let mut thread = worker(&plan);
        thread.submit(task(None, Work::Flush), 0);
        let error = thread.wait().unwrap().outcome.unwrap_err();
        assert_eq!(error.code, "ERR_INTERNAL");
        thread.submit(task(None, Work::Return), 0);
        assert!(thread.wait().unwrap().plan.is_none());
    }
}

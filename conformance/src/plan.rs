//! The plan of a run: which programs, with which start methods, an implementation is put to, and which
//! clauses it declares not to be about it.

use procession_contract::{Call, Manifest, Method, Step};

use crate::clause::{Clause, Level};
use crate::clauses::claims;
use crate::program::{Methods, Program};
use crate::verdict::Verdict;

/// Which clauses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these areas; all if empty.
    pub areas: Vec<String>,
    /// Only these clauses; all if empty.
    pub clauses: Vec<String>,
    /// Only these levels; all if empty.
    pub levels: Vec<Level>,
}

impl Selection {
    /// Whether a clause is selected.
    pub fn has(&self, clause: &Clause) -> bool {
        (self.areas.is_empty() || self.areas.iter().any(|area| area == clause.area()))
            && (self.clauses.is_empty() || self.clauses.iter().any(|id| id == clause.id))
            && (self.levels.is_empty() || self.levels.contains(&clause.level))
    }
}

/// One run to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The index of the clause in the plan.
    pub clause: usize,
    /// The program.
    pub program: Program,
    /// The start method.
    pub method: Method,
}

/// What is to be run, and what is settled without a run.
#[derive(Debug)]
pub struct Plan {
    /// The clauses, in the suite's order.
    pub clauses: Vec<&'static Clause>,
    /// The runs.
    pub jobs: Vec<Job>,
    /// Verdicts that the manifest settles: index of the clause, and why.
    pub settled: Vec<(usize, Verdict)>,
}

impl Plan {
    /// Plans the selected clauses for an implementation that says this of itself.
    pub fn new(clauses: &[&'static Clause], selection: &Selection, manifest: &Manifest, seed: u64) -> Plan {
        let clauses: Vec<&'static Clause> =
            clauses.iter().copied().filter(|clause| selection.has(clause)).collect();
        let mut plan = Plan { clauses: Vec::new(), jobs: Vec::new(), settled: Vec::new() };
        for (index, clause) in clauses.iter().enumerate() {
            if let Some(claim) = clause.claims.iter().find(|claim| !claims::made_by(manifest, claim)) {
                plan.settled.push((index, Verdict::Unsupported(format!("it does not claim `{claim}`"))));
                continue;
            }
            for program in (clause.programs)(seed) {
                match methods(&program, manifest) {
                    Ok(methods) => plan.jobs.extend(methods.into_iter().map(|method| Job {
                        clause: index,
                        program: program.clone(),
                        method,
                    })),
                    Err(lacks) => plan.settled.push((index, Verdict::Unsupported(lacks))),
                }
            }
        }
        plan.clauses = clauses;
        plan
    }
}

/// The start methods with which a program is run, or what the implementation lacks for it.
pub fn methods(program: &Program, manifest: &Manifest) -> Result<Vec<Method>, String> {
    let lines = || program.roles.iter().flat_map(|role| &role.lines);
    let created = lines().filter_map(|line| match &line.step.call {
        Call::Create { object } => Some(&**object),
        _ => None,
    });
    let mut objects = program.objects.iter().chain(created);
    if let Some(object) = objects.find(|object| !manifest.offers_object(&object.kind)) {
        return Err(format!("it does not offer a {}", object.kind.name()));
    }
    let mut steps = lines().map(|line| &line.step);
    if let Some(step) = steps.find(|step| !manifest.offers_call(program.kind_of(&step.on), &call_name(step)))
    {
        return Err(match program.kind_of(&step.on) {
            "" => format!("it does not offer `{}`", call_name(step)),
            kind => format!("it does not offer `{}` on a {kind}", call_name(step)),
        });
    }
    let own = program.roles.iter().filter_map(|role| role.worker.method);
    let mut named = own.chain(program.objects.iter().filter_map(|object| object.method));
    if let Some(method) = named.find(|method| !manifest.offers_method(*method)) {
        return Err(format!("it does not offer the start method {}", method.name()));
    }
    let offered = |methods: &[Method]| -> Vec<Method> {
        methods.iter().copied().filter(|method| manifest.offers_method(*method)).collect()
    };
    let (methods, wanted): (Vec<Method>, &[Method]) = match &program.methods {
        Methods::Preferred => (manifest.methods.first().copied().into_iter().collect(), &[]),
        Methods::Each => (manifest.methods.clone(), &[]),
        Methods::Among(wanted) => (offered(wanted), wanted),
        Methods::Only(wanted) if offered(wanted).len() == wanted.len() => (wanted.clone(), wanted),
        Methods::Only(wanted) => (Vec::new(), wanted),
    };
    if methods.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|method| method.name()).collect();
        return Err(format!("it does not offer the start methods {}", names.join(", ")));
    }
    Ok(methods)
}

/// The name of a step's call, as manifests list it.
pub fn call_name(step: &Step) -> String {
    name_of(&step.call)
}

/// The name of a call, as manifests list it.
pub fn name_of(call: &Call) -> String {
    let value = serde_json::to_value(call).expect("a call is plain data");
    value["do"].as_str().expect("a call is tagged by its name").to_string()
}

//! The tables that ARCHITECTURE.md mirrors.

/// What each module of the engine may import, besides `error`. Modules stand in `lib.rs` from the ground up.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    ("description", &[]),
    ("json_number", &[]),
    ("trial_id", &[]),
    ("journal_error", &[]),
    ("outcome", &["json_number"]),
    ("error", &["journal_error", "outcome", "trial_id"]),
    ("drawing", &[]),
    ("lbfgs", &[]),
    ("linalg", &[]),
    ("normal", &[]),
    ("pattern", &[]),
    ("process_group", &[]),
    ("rng", &[]),
    ("significant", &[]),
    ("stable_hash", &[]),
    ("cube", &["significant"]),
    ("sobol", &["rng"]),
    ("maximize", &["rng", "cube", "sobol", "lbfgs"]),
    ("objective", &[]),
    ("space", &["cube", "significant"]),
    ("trial", &["json_number", "outcome", "trial_id", "space"]),
    ("limits", &["trial"]),
    ("acquisition", &["description", "normal"]),
    ("gp", &["linalg", "lbfgs", "rng", "cube"]),
    ("stopping", &["objective", "limits", "trial"]),
    (
        "strategy",
        &[
            "description",
            "json_number",
            "trial_id",
            "rng",
            "normal",
            "sobol",
            "cube",
            "maximize",
            "gp",
            "acquisition",
        ],
    ),
    (
        "study",
        &[
            "json_number",
            "rng",
            "cube",
            "space",
            "objective",
            "limits",
            "trial",
            "stopping",
            "strategy",
        ],
    ),
    (
        "journal",
        &[
            "journal_error",
            "rng",
            "stable_hash",
            "process_group",
            "space",
            "objective",
            "trial",
            "strategy",
            "study",
        ],
    ),
    (
        "ask_tell",
        &["cube", "space", "objective", "limits", "trial", "stopping", "strategy", "study"],
    ),
    ("evaluator", &["space", "trial", "pattern", "process_group"]),
    ("tune", &["rng", "cube", "limits", "trial", "strategy", "stopping", "study", "evaluator"]),
    (
        "conformance",
        &[
            "rng",
            "cube",
            "space",
            "objective",
            "limits",
            "trial",
            "acquisition",
            "strategy",
            "study",
            "evaluator",
            "tune",
        ],
    ),
];

pub(crate) fn may_import(module: &str) -> Option<&'static [&'static str]> {
    MAY_IMPORT.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// The packages, from the ground up.
pub(crate) const PACKAGES_ROWS: &str =
    "surmise ← surmise-sagemaker, surmise-bench, surmise-report ← surmise-cli";

/// Foreign crates that only one file of a package may name; with a star at the end, files whose names begin so.
pub(crate) const DOORS: &[(&str, &str, &str)] = &[
    ("surmise", "faer", "linalg/faer.rs"),
    ("surmise", "ndarray_linalg", "linalg/lapack.rs"),
    ("surmise", "lax", "linalg/lapack.rs"),
    ("surmise", "pulp", "linalg/vector.rs"),
    ("surmise", "rand", "rng.rs"),
    ("surmise", "rand_distr", "rng.rs"),
    ("surmise", "libm", "normal.rs"),
    ("surmise", "sobol_burley", "sobol.rs"),
    ("surmise", "fancy_regex", "pattern.rs"),
    ("surmise", "rustix", "process_group.rs"),
    ("surmise", "serde_path_to_error", "ask_tell/messages.rs"),
    ("surmise", "indicatif", "tune/progress_bar.rs"),
    ("surmise", "tracing", "tune/trace.rs"),
    ("surmise_sagemaker", "aws_config", "evaluator/sdk/client.rs"),
    ("surmise_sagemaker", "aws_sdk_sagemaker", "evaluator/sdk/*"),
    ("surmise_sagemaker", "aws_sdk_sagemakermetrics", "evaluator/sdk/*"),
    ("surmise_sagemaker", "aws_sdk_cloudwatchlogs", "evaluator/sdk/*"),
    ("surmise_sagemaker", "httpdate", "fake/http.rs"),
    ("surmise_sagemaker", "hyper", "fake/http.rs"),
    ("surmise_sagemaker", "hyper_util", "fake/http.rs"),
    ("surmise_sagemaker", "http_body_util", "fake/http.rs"),
    ("surmise_bench", "forust_ml", "learner.rs"),
    ("surmise_report", "maud", "page/*"),
    ("surmise_cli", "forust_ml", ""),
];

/// Lines that a file may have, tests included.
pub(crate) const LONGEST: usize = 500;

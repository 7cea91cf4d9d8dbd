//! The modules that each module may import, and the only file that may name each heavy foreign
//! crate.

/// The modules of the engine that each module may import, besides `error`, in the order of
/// `lib.rs`.
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
    ("significant_digits", &[]),
    ("stable_hash", &[]),
    ("unit_cube", &["significant_digits"]),
    ("sobol", &["rng"]),
    ("maximize", &["rng", "unit_cube", "sobol", "lbfgs"]),
    ("objective", &[]),
    ("space", &["unit_cube", "significant_digits"]),
    ("trial", &["json_number", "outcome", "trial_id", "space"]),
    ("limits", &["trial"]),
    ("acquisition", &["description", "normal"]),
    ("gp", &["linalg", "lbfgs", "rng", "unit_cube"]),
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
            "unit_cube",
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
            "unit_cube",
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
        &["unit_cube", "space", "objective", "limits", "trial", "stopping", "strategy", "study"],
    ),
    ("evaluator", &["space", "trial", "pattern", "process_group"]),
    (
        "tune",
        &["rng", "unit_cube", "limits", "trial", "strategy", "stopping", "study", "evaluator"],
    ),
    (
        "conformance",
        &[
            "rng",
            "unit_cube",
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
    ("guide", &[]),
];

pub(crate) fn may_import(module: &str) -> Option<&'static [&'static str]> {
    MAY_IMPORT.iter().find(|(name, _)| *name == module).map(|(_, allowed)| *allowed)
}

/// The packages in the order of their imports.
pub(crate) const PACKAGE_ORDER: &str =
    "surmise ← surmise-sagemaker, surmise-bench, surmise-report ← surmise-cli";

/// Foreign crates with the only file of a package that may name them.
///
/// A star at the end of a path allows all files whose paths begin with the part before it. An empty
/// path allows no file.
pub(crate) const FOREIGN_CRATES: &[(&str, &str, &str)] = &[
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
    ("surmise_bench", "forust_ml", "gradient_boosting.rs"),
    ("surmise_report", "maud", "page/*"),
    ("surmise_cli", "forust_ml", ""),
];

/// The maximum number of lines of a file, tests included.
pub(crate) const MAX_LINES: usize = 500;

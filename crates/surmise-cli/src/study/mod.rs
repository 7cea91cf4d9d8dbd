//! The options that describe a study, their parsers, and the command with its placeholders.

mod range;

mod configuration;
mod diagnostics;
mod differences;
mod metric;

mod options;
mod template;

pub(crate) use self::configuration::{parse_configuration, parse_value};
pub(crate) use self::diagnostics::{TextDiagnostics, render};
pub(crate) use self::differences::{describe_option_change, is_limit_change, with_option_names};
pub(crate) use self::metric::{step_pattern, value_pattern};
pub(crate) use self::options::{
    NO_METRIC, NewStudy, StrategyName, StudyBase, StudyOptions, parse_duration,
};
pub(crate) use self::range::{Diagnostic, parse_range};
pub(crate) use self::template::{Template, quote};

//! What the command line says of a study: ranges, objective, limits, and the command whose placeholders they fill.

mod range;

mod differences;
mod faults;
mod metric;
mod values;

mod options;
mod template;

pub(crate) use self::differences::{as_option, is_harmless, with_option_names};
pub(crate) use self::faults::{FaultyText, shown};
pub(crate) use self::metric::{step_pattern, value_pattern};
pub(crate) use self::options::{
    NO_METRIC, NewStudy, StrategyName, StudyBase, StudyOptions, parse_duration,
};
pub(crate) use self::range::{Fault, parse_range};
pub(crate) use self::template::{Template, quoted};
pub(crate) use self::values::{parse_configuration, parse_value};

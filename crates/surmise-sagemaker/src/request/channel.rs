//! `InputDataConfig`: the channels through which data comes.

use super::declare::{choices, structure};
use crate::shape::Shape;

pub(crate) const S3_URI: Shape =
    Shape::like(0, 1024, "(https|s3)://([^/]+)/?(.*)", "s3:// or https://, a bucket and a key");
const DATASET: &str = r"(arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/DataSet\/[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}(\/\d{1,4}.\d{1,4}.\d{1,4})?";

structure! {
    /// A named source of data.
    pub struct Channel in "Channel" {
        required {
            /// Its name; the container finds it below.
            name: String = "ChannelName",
                Shape::like(1, 64, r"[A-Za-z0-9\.\-_]+", "made of letters, digits and . - _");
            /// Where the data is.
            source: DataSource = "DataSource", DataSource::SHAPE;
        }
        optional {
            /// The MIME type of the data.
            content_type: String = "ContentType", Shape::line(0, 256);
            /// How the data is packed.
            compression: CompressionType = "CompressionType", CompressionType::SHAPE;
            /// What each object is wrapped into.
            record_wrapper: RecordWrapper = "RecordWrapperType", RecordWrapper::SHAPE;
            /// How the data comes, if not as the algorithm says.
            input_mode: TrainingInputMode = "InputMode", TrainingInputMode::SHAPE;
            /// How the data is shuffled.
            shuffle: ShuffleConfig = "ShuffleConfig", ShuffleConfig::SHAPE;
        }
    }
}

structure! {
    /// Where data is: exactly one of these.
    pub struct DataSource in "DataSource" {
        required {}
        optional {
            /// In S3.
            s3: S3DataSource = "S3DataSource", S3DataSource::SHAPE;
            /// In a file system.
            file_system: FileSystemDataSource = "FileSystemDataSource", FileSystemDataSource::SHAPE;
            /// In a hub.
            dataset: DatasetSource = "DatasetSource", DatasetSource::SHAPE;
        }
    }
}

structure! {
    /// Data in S3.
    pub struct S3DataSource in "S3DataSource" {
        required {
            /// What the address means.
            data_type: S3DataType = "S3DataType", S3DataType::SHAPE;
            /// The address.
            uri: String = "S3Uri", S3_URI;
        }
        optional {
            /// How objects are shared out among machines.
            distribution: S3DataDistribution = "S3DataDistributionType", S3DataDistribution::SHAPE;
            /// Attributes of an augmented manifest that are used.
            attribute_names: Vec<String> = "AttributeNames", Shape::list(&Shape::line(1, 256), 0, 16);
            /// Groups of machines that get the data.
            instance_group_names: Vec<String> = "InstanceGroupNames", Shape::list(&Shape::line(1, 64), 0, 5);
            /// Consent to a model's licence.
            model_access: ModelAccessConfig = "ModelAccessConfig", ModelAccessConfig::SHAPE;
            /// A model in a private hub.
            hub_access: HubAccessConfig = "HubAccessConfig", HubAccessConfig::SHAPE;
        }
    }
}

choices! {
    /// What an address in S3 means.
    pub enum S3DataType {
        /// A list of objects.
        ManifestFile = "ManifestFile",
        /// All objects whose names begin so.
        S3Prefix = "S3Prefix",
        /// A list of objects with attributes, as JSON lines.
        AugmentedManifestFile = "AugmentedManifestFile",
        /// Conversations.
        Converse = "Converse",
    }
}

choices! {
    /// How objects are shared out among machines.
    pub enum S3DataDistribution {
        /// Every machine gets all.
        FullyReplicated = "FullyReplicated",
        /// Every machine gets its share.
        ShardedByS3Key = "ShardedByS3Key",
    }
}

structure! {
    /// Consent to a model's licence.
    pub struct ModelAccessConfig in "ModelAccessConfig" {
        required {
            /// Whether it is given.
            accept_eula: bool = "AcceptEula", Shape::Boolean;
        }
        optional {}
    }
}

structure! {
    /// A model in a private hub.
    pub struct HubAccessConfig in "HubAccessConfig" {
        required {
            /// Its ARN.
            hub_content_arn: String = "HubContentArn", Shape::line(0, 255);
        }
        optional {}
    }
}

structure! {
    /// Data in a file system.
    pub struct FileSystemDataSource in "FileSystemDataSource" {
        required {
            /// Which one.
            id: String = "FileSystemId",
                Shape::like(11, 21, "(fs-[0-9a-f]{8,})", "fs- and eight or more hexadecimal digits");
            /// Whether it may be written to.
            access_mode: FileSystemAccessMode = "FileSystemAccessMode", FileSystemAccessMode::SHAPE;
            /// Of which kind it is.
            file_system_type: FileSystemType = "FileSystemType", FileSystemType::SHAPE;
            /// Where in it.
            directory_path: String = "DirectoryPath", Shape::line(0, 4096);
        }
        optional {}
    }
}

choices! {
    /// Whether a file system may be written to.
    pub enum FileSystemAccessMode {
        /// It may.
        ReadWrite = "rw",
        /// It may not.
        ReadOnly = "ro",
    }
}

choices! {
    /// Of which kind a file system is.
    pub enum FileSystemType {
        /// Elastic File System.
        Efs = "EFS",
        /// Lustre.
        FsxLustre = "FSxLustre",
    }
}

structure! {
    /// Data in a hub.
    pub struct DatasetSource in "DatasetSource" {
        required {
            /// Its ARN.
            arn: String = "DatasetArn", Shape::like(0, 2048, DATASET, "the ARN of a data set in a hub");
        }
        optional {}
    }
}

choices! {
    /// How data is packed.
    pub enum CompressionType {
        /// Not at all.
        None = "None",
        /// By gzip.
        Gzip = "Gzip",
    }
}

choices! {
    /// What each object is wrapped into.
    pub enum RecordWrapper {
        /// Nothing.
        None = "None",
        /// A record.
        RecordIo = "RecordIO",
    }
}

structure! {
    /// How data is shuffled.
    pub struct ShuffleConfig in "ShuffleConfig" {
        required {
            /// By this seed.
            seed: i64 = "Seed", Shape::Long;
        }
        optional {}
    }
}

choices! {
    /// How data comes.
    pub enum TrainingInputMode {
        /// As a stream.
        Pipe = "Pipe",
        /// As files, copied first.
        File = "File",
        /// As files, fetched when they are read.
        FastFile = "FastFile",
    }
}

//! `InputDataConfig`: the data channels of a training job.

use super::declare::{choices, structure};
use crate::shape::Shape;

pub(crate) const S3_URI: Shape =
    Shape::pattern(0, 1024, "(https|s3)://([^/]+)/?(.*)", "s3:// or https://, a bucket and a key");
const DATASET: &str = concat!(
    r"(arn:[a-z0-9-\.]{1,63}:sagemaker:\w+(?:-\w+)+:(\d{12}|aws):hub-content\/)",
    r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}\/DataSet\/",
    r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,63}(\/\d{1,4}.\d{1,4}.\d{1,4})?"
);

structure! {
    /// A named source of training data.
    pub struct Channel in "Channel" {
        required {
            /// The name of the channel, and of its folder in the container.
            name: String = "ChannelName",
                Shape::pattern(1, 64, r"[A-Za-z0-9\.\-_]+", "made of letters, digits and . - _");
            /// The location of the data.
            source: DataSource = "DataSource", DataSource::SHAPE;
        }
        optional {
            /// The MIME type of the data.
            content_type: String = "ContentType", Shape::line(0, 256);
            /// The compression of the data.
            compression: CompressionType = "CompressionType", CompressionType::SHAPE;
            /// The format into which SageMaker wraps each object.
            record_wrapper: RecordWrapper = "RecordWrapperType", RecordWrapper::SHAPE;
            /// The input mode of this channel, if it differs from that of the algorithm.
            input_mode: TrainingInputMode = "InputMode", TrainingInputMode::SHAPE;
            /// The seed for shuffling the data.
            shuffle: ShuffleConfig = "ShuffleConfig", ShuffleConfig::SHAPE;
        }
    }
}

structure! {
    /// The location of data; exactly one of the members must be set.
    pub struct DataSource in "DataSource" {
        required {}
        optional {
            /// Data in Amazon S3.
            s3: S3DataSource = "S3DataSource", S3DataSource::SHAPE;
            /// Data in a file system.
            file_system: FileSystemDataSource = "FileSystemDataSource", FileSystemDataSource::SHAPE;
            /// A data set in a hub.
            dataset: DatasetSource = "DatasetSource", DatasetSource::SHAPE;
        }
    }
}

structure! {
    /// Data in Amazon S3.
    pub struct S3DataSource in "S3DataSource" {
        required {
            /// The meaning of the URI: a prefix, or the URI of a manifest.
            data_type: S3DataType = "S3DataType", S3DataType::SHAPE;
            /// The S3 URI of the data.
            uri: String = "S3Uri", S3_URI;
        }
        optional {
            /// The distribution of objects to the instances.
            distribution: S3DataDistribution = "S3DataDistributionType", S3DataDistribution::SHAPE;
            /// The attributes of an augmented manifest that the job uses.
            attribute_names: Vec<String> = "AttributeNames",
                Shape::list(&Shape::line(1, 256), 0, 16);
            /// The instance groups that get the data.
            instance_group_names: Vec<String> = "InstanceGroupNames",
                Shape::list(&Shape::line(1, 64), 0, 5);
            /// The acceptance of a model's license.
            model_access: ModelAccessConfig = "ModelAccessConfig", ModelAccessConfig::SHAPE;
            /// The model in a private hub.
            hub_access: HubAccessConfig = "HubAccessConfig", HubAccessConfig::SHAPE;
        }
    }
}

choices! {
    /// The meaning of an S3 URI.
    pub enum S3DataType {
        /// The URI is that of a manifest, which lists objects.
        ManifestFile = "ManifestFile",
        /// The URI is a prefix of the keys of all objects.
        S3Prefix = "S3Prefix",
        /// The URI is that of a manifest in JSON lines, which lists objects with attributes.
        AugmentedManifestFile = "AugmentedManifestFile",
        /// The URI is that of conversations in the format of the Converse API.
        Converse = "Converse",
    }
}

choices! {
    /// The distribution of objects to the instances of a training job.
    pub enum S3DataDistribution {
        /// Every instance gets all objects.
        FullyReplicated = "FullyReplicated",
        /// Every instance gets a part of the objects.
        ShardedByS3Key = "ShardedByS3Key",
    }
}

structure! {
    /// The acceptance of a model's license.
    pub struct ModelAccessConfig in "ModelAccessConfig" {
        required {
            /// Whether you accept the end-user license agreement.
            accept_eula: bool = "AcceptEula", Shape::Boolean;
        }
        optional {}
    }
}

structure! {
    /// A model in a private hub.
    pub struct HubAccessConfig in "HubAccessConfig" {
        required {
            /// The ARN of the model.
            hub_content_arn: String = "HubContentArn", Shape::line(0, 255);
        }
        optional {}
    }
}

structure! {
    /// Data in a file system.
    pub struct FileSystemDataSource in "FileSystemDataSource" {
        required {
            /// The id of the file system.
            id: String = "FileSystemId",
                Shape::pattern(
                    11, 21, "(fs-[0-9a-f]{8,})", "fs- and eight or more hexadecimal digits",
                );
            /// Whether jobs may write to the file system.
            access_mode: FileSystemAccessMode = "FileSystemAccessMode", FileSystemAccessMode::SHAPE;
            /// The type of the file system.
            file_system_type: FileSystemType = "FileSystemType", FileSystemType::SHAPE;
            /// The path of the directory in the file system.
            directory_path: String = "DirectoryPath", Shape::line(0, 4096);
        }
        optional {}
    }
}

choices! {
    /// Whether jobs may write to a file system.
    pub enum FileSystemAccessMode {
        /// Jobs may read and write.
        ReadWrite = "rw",
        /// Jobs may only read.
        ReadOnly = "ro",
    }
}

choices! {
    /// The type of a file system.
    pub enum FileSystemType {
        /// Amazon Elastic File System (EFS).
        Efs = "EFS",
        /// Amazon `FSx` for Lustre.
        FsxLustre = "FSxLustre",
    }
}

structure! {
    /// A data set in a hub.
    pub struct DatasetSource in "DatasetSource" {
        required {
            /// The ARN of the data set.
            arn: String = "DatasetArn",
                Shape::pattern(0, 2048, DATASET, "the ARN of a data set in a hub");
        }
        optional {}
    }
}

choices! {
    /// The compression of training data.
    pub enum CompressionType {
        /// The data is not compressed.
        None = "None",
        /// The data is compressed by gzip.
        Gzip = "Gzip",
    }
}

choices! {
    /// The format into which SageMaker wraps each object of a channel.
    pub enum RecordWrapper {
        /// SageMaker passes the objects unchanged.
        None = "None",
        /// SageMaker wraps each object into a `RecordIO` record.
        RecordIo = "RecordIO",
    }
}

structure! {
    /// The configuration of shuffling the data of a channel.
    pub struct ShuffleConfig in "ShuffleConfig" {
        required {
            /// The seed of the order.
            seed: i64 = "Seed", Shape::Long;
        }
        optional {}
    }
}

choices! {
    /// How a container gets training data.
    pub enum TrainingInputMode {
        /// SageMaker streams the data through a named pipe.
        Pipe = "Pipe",
        /// SageMaker copies all files before training starts.
        File = "File",
        /// SageMaker streams each file when the program reads it.
        FastFile = "FastFile",
    }
}

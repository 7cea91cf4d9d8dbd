//! The images of SageMaker's own algorithms.

/// The image repositories of algorithms whose metrics SageMaker defines.
///
/// From the image registry of the SageMaker Python SDK (August 2026). `LightGBM`, `CatBoost`,
/// `TabTransformer` and `AutoGluon` are not among them, because they use the images of frameworks.
const REPOSITORIES: [&str; 18] = [
    "blazingtext",
    "factorization-machines",
    "forecasting-deepar",
    "image-classification",
    "ipinsights",
    "kmeans",
    "knn",
    "lda",
    "linear-learner",
    "ntm",
    "object-detection",
    "object2vec",
    "pca",
    "randomcutforest",
    "sagemaker-xgboost",
    "semantic-segmentation",
    "seq2seq",
    "xgboost",
];

/// The accounts of these images in all regions, from the same registry.
const ACCOUNTS: &str = "\
    104374241257 106583098589 108575199400 121021644041 124985052026 141502667606 156387875391 \
    174872318107 190319476487 204372634319 224300973850 226302683700 237065988967 246618743249 \
    249704162688 257386234256 257758044811 258307448986 266724342769 272398656194 281123927165 \
    286214385809 293181348795 297031611018 306986355934 341280168497 351501993468 353608530281 \
    354813040037 366743142698 382416733822 387376663083 390948362332 404615174143 414596584902 \
    433757028032 438346466558 450853457545 451049120500 455444449433 469771592824 475088953585 \
    490574956308 492215442770 495149712605 501404015308 510948584623 514117268639 522234722520 \
    544295431143 566113047672 628508329040 632365934929 633353088612 644912444149 651117190479 \
    659782779980 662702820516 664544806723 669576153137 680994064768 683313688378 685385470294 \
    712309505854 720646828776 737474898029 746614075791 749696950732 764974769150 765400339828 \
    766337827248 783357654285 801668240914 811284229777 813361260812 825641698319 833128469047 \
    835164637446 855470959533 867004704886 898809789911 951798379941 978288397137 991648021394 \
    999678624901 999911452149";

/// The kind of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Image {
    /// The image of a built-in algorithm.
    BuiltIn(&'static str),
    /// An image with the name of a built-in algorithm, in an account that is not SageMaker's.
    Namesake(&'static str),
    /// The image of any other algorithm.
    Other,
}

/// Returns the kind of the image with this path.
pub(crate) fn image_kind(path: &str) -> Image {
    let Some((registry, path)) = path.split_once('/') else { return Image::Other };
    let account = registry.split('.').next().unwrap_or_default();
    // The hosts of ECR are dkr.ecr, dkr.ecr-fips and, with IPv6, dkr-ecr.
    let host = registry.get(account.len()..).unwrap_or_default();
    let is_ecr = host.starts_with(".dkr.ecr") || host.starts_with(".dkr-ecr");
    let repository = path.split(['@', ':']).next().unwrap_or_default();
    match REPOSITORIES.iter().find(|name| **name == repository) {
        Some(name) if is_ecr && ACCOUNTS.split(' ').any(|it| it == account) => Image::BuiltIn(name),
        Some(name) => Image::Namesake(name),
        None => Image::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_images_are_detected_by_their_path() {
        let xgboost = "sagemaker-xgboost";
        for (path, expected) in [
            (
                "433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest",
                Image::BuiltIn("xgboost"),
            ),
            ("404615174143.dkr.ecr.us-east-2.amazonaws.com/knn", Image::BuiltIn("knn")),
            (
                "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
                Image::BuiltIn(xgboost),
            ),
            (
                "683313688378.dkr.ecr-fips.us-east-1.amazonaws.com/sagemaker-xgboost@sha256:ab",
                Image::BuiltIn(xgboost),
            ),
            ("683313688378.dkr-ecr.us-east-1.on.aws/sagemaker-xgboost", Image::BuiltIn(xgboost)),
            (
                "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/linear-learner:1",
                Image::BuiltIn("linear-learner"),
            ),
            (
                "111122223333.dkr.ecr.us-east-1.amazonaws.com/xgboost:mine",
                Image::Namesake("xgboost"),
            ),
            ("registry.example.com/xgboost", Image::Namesake("xgboost")),
            ("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0", Image::Other),
            ("433757028032.dkr.ecr.us-west-2.amazonaws.com/team/xgboost", Image::Other),
            ("xgboost:latest", Image::Other),
            ("", Image::Other),
        ] {
            assert_eq!(image_kind(path), expected, "{path}");
        }
        assert_eq!(ACCOUNTS.split(' ').filter(|account| account.len() == 12).count(), 86);
        assert_eq!(ACCOUNTS.split(' ').count(), 86);
    }
}

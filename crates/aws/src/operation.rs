//! Every call that this crate sends to a workload account. The list is also what the IAM policies of the roles allow.

use crate::classify::Codes;
use crate::counting::Kind;
use crate::limits::Bucket;

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As IAM names it.
    pub(crate) name: &'static str,
    /// Whether it changes something.
    pub(crate) kind: Kind,
    /// The rate that it shares with others. None for calls on objects: what S3 takes (thousands per second and prefix) is
    /// far more than the bytes in flight allow, which the caller bounds.
    pub(crate) bucket: Option<Bucket>,
    /// How its failures are read.
    pub(crate) codes: Codes,
}

const fn read(name: &'static str, bucket: Bucket) -> Operation {
    Operation { name, kind: Kind::Read, bucket: Some(bucket), codes: Codes::Common }
}

const fn change(name: &'static str, bucket: Bucket) -> Operation {
    Operation { name, kind: Kind::Change, bucket: Some(bucket), codes: Codes::Common }
}

/// A call on a bucket.
const fn s3(name: &'static str, kind: Kind) -> Operation {
    Operation { name, kind, bucket: None, codes: Codes::S3 }
}

pub(crate) const DESCRIBE_SERVICES: Operation = read("ecs:DescribeServices", Bucket::ServiceRead);
pub(crate) const DESCRIBE_TASK_DEFINITION: Operation = read("ecs:DescribeTaskDefinition", Bucket::TaskDefinitionRead);
pub(crate) const LIST_TASK_DEFINITIONS: Operation = read("ecs:ListTaskDefinitions", Bucket::TaskDefinitionRead);
pub(crate) const LIST_SERVICE_DEPLOYMENTS: Operation = read("ecs:ListServiceDeployments", Bucket::ServiceDeployment);
pub(crate) const DESCRIBE_SERVICE_DEPLOYMENTS: Operation =
    read("ecs:DescribeServiceDeployments", Bucket::ServiceDeployment);
pub(crate) const DESCRIBE_SERVICE_REVISIONS: Operation = read("ecs:DescribeServiceRevisions", Bucket::ServiceRevision);
pub(crate) const LIST_TASKS: Operation = read("ecs:ListTasks", Bucket::TaskRead);
pub(crate) const DESCRIBE_TASKS: Operation = read("ecs:DescribeTasks", Bucket::TaskRead);
pub(crate) const GET_PARAMETERS: Operation = read("ssm:GetParameters", Bucket::ParameterRead);
pub(crate) const DESCRIBE_IMAGES: Operation = read("ecr:DescribeImages", Bucket::ImageRead);
pub(crate) const GET_CALLER_IDENTITY: Operation = read("sts:GetCallerIdentity", Bucket::Identity);

pub(crate) const REGISTER_TASK_DEFINITION: Operation =
    change("ecs:RegisterTaskDefinition", Bucket::TaskDefinitionModify);
pub(crate) const UPDATE_SERVICE: Operation = change("ecs:UpdateService", Bucket::ServiceModify);
pub(crate) const PUT_PARAMETER: Operation = change("ssm:PutParameter", Bucket::ParameterWrite);
pub(crate) const GET_INVALIDATION: Operation = read("cloudfront:GetInvalidation", Bucket::InvalidationRead);
pub(crate) const CREATE_INVALIDATION: Operation = change("cloudfront:CreateInvalidation", Bucket::Invalidation);

pub(crate) const LIST_OBJECTS: Operation = s3("s3:ListObjectsV2", Kind::Read);
pub(crate) const HEAD_OBJECT: Operation = s3("s3:HeadObject", Kind::Read);
pub(crate) const GET_OBJECT: Operation = s3("s3:GetObject", Kind::Read);
pub(crate) const PUT_OBJECT: Operation = s3("s3:PutObject", Kind::Change);
pub(crate) const COPY_OBJECT: Operation = s3("s3:CopyObject", Kind::Change);
pub(crate) const DELETE_OBJECT: Operation = s3("s3:DeleteObject", Kind::Change);
pub(crate) const CREATE_MULTIPART_UPLOAD: Operation = s3("s3:CreateMultipartUpload", Kind::Change);
pub(crate) const UPLOAD_PART: Operation = s3("s3:UploadPart", Kind::Change);
pub(crate) const COMPLETE_MULTIPART_UPLOAD: Operation = s3("s3:CompleteMultipartUpload", Kind::Change);
pub(crate) const ABORT_MULTIPART_UPLOAD: Operation = s3("s3:AbortMultipartUpload", Kind::Change);

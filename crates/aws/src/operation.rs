//! Every call that this crate sends to a workload account. The list is also what the IAM policies of the roles allow.

use crate::counting::Kind;
use crate::limits::Bucket;

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    /// As IAM names it.
    pub(crate) name: &'static str,
    /// Whether it changes something.
    pub(crate) kind: Kind,
    /// The rate that it shares with others.
    pub(crate) bucket: Bucket,
}

const fn read(name: &'static str, bucket: Bucket) -> Operation {
    Operation { name, kind: Kind::Read, bucket }
}

const fn change(name: &'static str, bucket: Bucket) -> Operation {
    Operation { name, kind: Kind::Change, bucket }
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

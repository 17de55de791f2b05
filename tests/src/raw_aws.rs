//! Calls to an emulator as they are on the wire, for setting worlds up and for breaking records by hand. The SDK would drop
//! what it does not know, and would not send what it finds wrong.
//!
//! **Refuses:** to be used against AWS: the requests carry no real signature.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use driftless_domain::Place;

/// The services that speak JSON, with the prefix of their operations.
#[derive(Debug, Clone, Copy)]
pub enum Service {
    /// ECS.
    Ecs,
    /// SSM.
    Ssm,
    /// ECR.
    Ecr,
    /// DynamoDB.
    DynamoDb,
}

impl Service {
    /// Its name, the prefix of its operations, and its version of JSON.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Ecs => ("ecs", "AmazonEC2ContainerServiceV20141113", "1.1"),
            Self::Ssm => ("ssm", "AmazonSSM", "1.1"),
            Self::Ecr => ("ecr", "AmazonEC2ContainerRegistry_V20150921", "1.1"),
            Self::DynamoDb => ("dynamodb", "DynamoDB_20120810", "1.0"),
        }
    }
}

/// An endpoint, spoken to directly.
#[derive(Debug, Clone)]
pub struct RawAws {
    url: String,
    http: reqwest::Client,
}

impl RawAws {
    /// The endpoint at this address.
    #[must_use]
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), http: reqwest::Client::new() }
    }

    /// Sends one operation and gives its answer.
    ///
    /// # Errors
    /// When it cannot be sent, or the answer is not a success; the error then begins with AWS's code.
    pub async fn call(&self, place: &Place, service: Service, operation: &str, body: &Value) -> Result<Value> {
        let Place { account, region, role: _ } = place;
        let (name, prefix, json) = service.words();
        let scope = format!("{account}/20260101/{region}/{name}/aws4_request");
        let answer = self
            .http
            .post(&self.url)
            .header("content-type", format!("application/x-amz-json-{json}"))
            .header("x-amz-target", format!("{prefix}.{operation}"))
            .header("x-amz-date", "20260101T000000Z")
            .header(
                "authorization",
                format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=00"),
            )
            .body(body.to_string())
            .send()
            .await
            .with_context(|| format!("{name}:{operation}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        let value: Value = serde_json::from_str(&text).with_context(|| format!("{name}:{operation}: {text}"))?;
        if !status.is_success() {
            let code = value["__type"].as_str().and_then(|code| code.rsplit('#').next()).unwrap_or("no code");
            bail!("{code}: {} ({name}:{operation})", value["message"].as_str().unwrap_or(&text));
        }
        Ok(value)
    }
}

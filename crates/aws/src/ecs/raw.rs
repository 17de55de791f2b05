//! The bodies of requests and answers as they are on the wire. The SDK's types drop every field that is newer than they
//! are, so a task definition never passes through them (S15).

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_ecs::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_sdk_ecs::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ecs::error::BoxError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Map, Value};

/// Keeps the body of the answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured(Arc<Mutex<Option<Vec<u8>>>>);

impl Captured {
    /// The body of the last answer, as a JSON object.
    pub(super) fn json(&self) -> Option<Map<String, Value>> {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        serde_json::from_slice(&body).ok()
    }
}

impl Intercept for Captured {
    fn name(&self) -> &'static str {
        "Captured"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().body().bytes().map(<[u8]>::to_vec);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body;
        Ok(())
    }
}

/// Sends this body instead of the one that the SDK wrote. It happens before signing, so the signature covers it.
#[derive(Debug)]
pub(super) struct Replaced(Vec<u8>);

impl Replaced {
    pub(super) fn with(body: &Value) -> Self {
        Self(body.to_string().into_bytes())
    }
}

impl Intercept for Replaced {
    fn name(&self) -> &'static str {
        "Replaced"
    }

    fn modify_before_signing(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request_mut();
        request.headers_mut().insert("content-length", self.0.len().to_string());
        *request.body_mut() = SdkBody::from(self.0.clone());
        Ok(())
    }
}

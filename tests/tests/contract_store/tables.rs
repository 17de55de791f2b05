//! Tables to test with.

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use driftless_aws::{Accounts, CallCounter, DynamoStore, Endpoint};
use driftless_tests::emulator::place;
use driftless_tests::raw_aws::{RawAws, Service};

/// A DynamoDB in this process, spoken to through a socket.
pub(crate) struct Dynoxide {
    endpoint: String,
    _stop: oneshot::Sender<()>,
}

impl Dynoxide {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let database = dynoxide::Database::memory().unwrap();
        let (stop, stopped) = oneshot::channel();
        tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database, async move {
            // Stopped, or dropped: either way it is over.
            let _ = stopped.await;
        }));
        Self { endpoint, _stop: stop }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

/// A table, through the adapter and by hand.
pub(crate) struct Table {
    pub(crate) store: DynamoStore,
    name: String,
    raw: RawAws,
}

impl Table {
    pub(crate) fn at(endpoint: &str, name: &str) -> Self {
        let accounts = Accounts::at(Endpoint { url: endpoint.to_owned() }, None);
        let store = DynamoStore::connect(&accounts, &crate::region(), name, CallCounter::default());
        Self { store, name: name.to_owned(), raw: RawAws::at(endpoint) }
    }

    /// Somebody sets an attribute in the console.
    pub(crate) async fn set(&self, pk: &str, sk: &str, attribute: &str, value: Value) {
        self.update(pk, sk, attribute, "SET #a = :v", Some(value)).await;
    }

    /// Somebody removes an attribute in the console.
    pub(crate) async fn remove(&self, pk: &str, sk: &str, attribute: &str) {
        self.update(pk, sk, attribute, "REMOVE #a", None).await;
    }

    /// Somebody copies an item to another key.
    pub(crate) async fn copy(&self, from: &str, to: &str, sk: &str) {
        let mut item = self.item(from, sk).await;
        item["pk"] = json!({"S": to});
        self.call("PutItem", json!({"Item": item})).await;
    }

    /// An item as it is.
    pub(crate) async fn item(&self, pk: &str, sk: &str) -> Value {
        let key = json!({"pk": {"S": pk}, "sk": {"S": sk}});
        self.call("GetItem", json!({"Key": key, "ConsistentRead": true})).await["Item"].take()
    }

    /// Any call on this table.
    pub(crate) async fn call(&self, operation: &str, mut body: Value) -> Value {
        body["TableName"] = json!(self.name);
        let owner = place(Endpoint::OWN_ACCOUNT).unwrap();
        self.raw.call(&owner, Service::DynamoDb, operation, &body).await.unwrap()
    }

    async fn update(&self, pk: &str, sk: &str, attribute: &str, expression: &str, value: Option<Value>) {
        let mut body = json!({
            "Key": {"pk": {"S": pk}, "sk": {"S": sk}},
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {"#a": attribute},
        });
        if let Some(value) = value {
            body["ExpressionAttributeValues"] = json!({":v": value});
        }
        self.call("UpdateItem", body).await;
    }
}

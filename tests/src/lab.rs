//! A laboratory: an app in a simulated AWS, its records in memory, and a controller that can be run, killed and started
//! again, all on tokio's paused clock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use driftless_domain::{
    Actor, Artifact, Binding, Content, EnvName, Generation, ImageRef, Reason, ServiceBinding, ServiceName, Status, Tag,
    Target, TaskDefArn, TaskDefinition,
};
use driftless_observe::LiveState;
use driftless_reconcile::{Controller, Ended, Settings, Sole, Tenure, once};
use driftless_releases::{
    ControllerStore, DeployRequest, Deployed, Event, ReadRecords as _, announce, apply_spec, deploy,
};
use driftless_sim::{Breaker, Call, Faults, MemoryStore, ServiceOptions, SimClock, World};
use serde_json::json;

/// How often a laboratory's controller looks at everything again.
pub const RESYNC: Duration = Duration::from_secs(60);

/// One app, `shop`, in one simulated world.
#[derive(Clone)]
pub struct Lab {
    /// The time.
    pub clock: SimClock,
    /// The AWS.
    pub world: World,
    /// The records, as the controller reaches them.
    pub store: MemoryStore,
    /// The records, as the API reaches them: its calls are neither counted nor broken.
    pub api: MemoryStore,
    /// The app's spec.
    pub spec: driftless_spec::AppSpec,
}

/// A spec of `shop` with these services in these environments, each environment in an account of its own.
#[must_use]
pub fn spec_text(services: &[&str], envs: &[&str]) -> String {
    let mut text = String::from("apiVersion: driftless/v1\nkind: container\napp: shop\nservices:\n");
    for service in services {
        text += &format!("  - name: {service}\n");
    }
    text += "environments:\n";
    for (index, env) in envs.iter().enumerate() {
        text += &format!(
            "  - name: {env}\n    account: \"{:012}\"\n    region: eu-west-1\n    cluster: main\n",
            111_111_111_111_u64 * (index as u64 % 9 + 1)
        );
    }
    text
}

/// The image of a service in a build that is called by a letter: all its digest is that letter.
#[must_use]
pub fn image(service: &str, letter: char) -> ImageRef {
    format!("registry.example/shop/{service}@sha256:{}", letter.to_string().repeat(64)).parse().unwrap()
}

/// The tag of such a build.
#[must_use]
pub fn tag(letter: char) -> Tag {
    Tag::parse(format!("sha-{}", letter.to_string().repeat(7))).unwrap()
}

/// A target of `shop`.
#[must_use]
pub fn target(env: &str) -> Target {
    Target::parse(&format!("shop/{env}")).unwrap()
}

impl Lab {
    /// The app with one service `web` in one environment `dev`.
    pub async fn new(seed: u64) -> Self {
        Self::with(seed, &["web"], &["dev"], ServiceOptions { desired_count: 2, ..ServiceOptions::default() }).await
    }

    /// The app with these services in these environments: spec applied, and infrastructure there.
    pub async fn with(seed: u64, services: &[&str], envs: &[&str], options: ServiceOptions) -> Self {
        let clock = SimClock::new();
        let world = World::new(seed, clock.clone());
        let store = MemoryStore::beside(&world);
        let api = store.acting_as("api", &Faults::new(seed));
        let text = spec_text(services, envs);
        let spec = driftless_spec::parse(&text, driftless_spec::Strictness::Strict).unwrap().spec;
        apply_spec(&api, &spec.app, &text, None, actor(), clock.now()).await.unwrap();
        let lab = Self { clock, world, store, api, spec };
        for env in envs {
            lab.build_infrastructure(env, &options);
        }
        lab
    }

    fn build_infrastructure(&self, env: &str, options: &ServiceOptions) {
        let binding = self.binding(env);
        for service in &binding.services {
            self.world.create_cluster(&binding.place, &service.cluster);
            let base = self.register_base(env, service.name.as_str(), "v1");
            self.world.create_service(&binding.place, &service.cluster, &service.service, &base, options.clone());
        }
        self.world.clear_history();
        self.world.reset_counts();
    }

    /// Infrastructure registers a revision of the service's family.
    pub fn register_base(&self, env: &str, service: &str, mode: &str) -> TaskDefArn {
        let binding = self.binding(env);
        let bound = bound(&binding, service);
        let document = json!({
            "family": bound.service.as_str(), "networkMode": "awsvpc", "cpu": "256", "memory": "512",
            "requiresCompatibilities": ["FARGATE"],
            "containerDefinitions": [
                {"name": service, "image": "infrastructure/first:1", "portMappings": [{"containerPort": 80}],
                 "environment": [{"name": "MODE", "value": mode}, {"name": "B", "value": "2"}, {"name": "A", "value": "1"}],
                 "secrets": [{"name": "S", "valueFrom": "arn:aws:ssm:::parameter/s"}]},
                {"name": "log", "image": "infrastructure/log:1", "essential": false},
            ],
        });
        let tags = BTreeMap::from([("owner".to_owned(), "platform".to_owned())]);
        self.world.register_by_infrastructure(&binding.place, document, tags)
    }

    /// Another app in the same world: spec applied, and infrastructure there.
    pub async fn another_app(&self, text: &str, options: ServiceOptions) -> Self {
        let spec = driftless_spec::parse(text, driftless_spec::Strictness::Strict).unwrap().spec;
        apply_spec(&self.api, &spec.app, text, None, actor(), self.clock.now()).await.unwrap();
        let lab = Self { spec, ..self.clone() };
        for environment in &lab.spec.environments {
            lab.build_infrastructure(environment.name.as_str(), &options);
        }
        lab
    }

    /// Applies another text of the app's spec.
    pub async fn apply(&self, text: &str) {
        apply_spec(&self.api, &self.spec.app, text, None, actor(), self.clock.now()).await.unwrap();
    }

    /// Somebody registers a revision of the service's family with another image, as a copy of what runs.
    pub fn register_other(&self, env: &str, service: &str) -> TaskDefArn {
        let runs = self.runs(env, service);
        let mut document = serde_json::Value::Object(runs.document.as_json().clone());
        document["containerDefinitions"][0]["image"] = "somebody/else:1".into();
        self.world.person_registers(&self.binding(env).place, document, runs.tags).unwrap()
    }

    /// What an environment is bound to.
    #[must_use]
    pub fn binding(&self, env: &str) -> Binding {
        self.spec.binding(&EnvName::parse(env).unwrap()).unwrap()
    }

    /// Announces the build that is called by a letter.
    pub async fn announce(&self, letter: char) {
        let driftless_spec::Kind::Container(app) = &self.spec.kind else { panic!("a container app") };
        let images = app.services.iter().map(|one| (one.name.clone(), image(one.name.as_str(), letter))).collect();
        let artifact = Artifact {
            app: self.spec.app.clone(),
            tag: tag(letter),
            content: Content::Container { images },
            git_sha: None,
            branch: None,
            announced_by: actor(),
            announced_at: self.clock.now(),
        };
        announce(&self.api, artifact).await.unwrap();
    }

    /// Asks for the build in an environment.
    pub async fn deploy(&self, env: &str, letter: char) -> Deployed {
        self.announce(letter).await;
        self.deploy_to(&EnvName::parse(env).unwrap(), letter).await
    }

    /// Asks for an announced build in an environment.
    pub async fn deploy_to(&self, env: &EnvName, letter: char) -> Deployed {
        let request = DeployRequest {
            target: Target::new(self.spec.app.clone(), env.clone()),
            tag: tag(letter),
            expected: None,
            by: actor(),
            reason: Reason::parse("a test asks for it").unwrap(),
            at: self.clock.now(),
        };
        deploy(&self.api, request).await.unwrap()
    }

    /// A controller of this laboratory, as a new process.
    #[must_use]
    pub fn controller(&self) -> Controller {
        self.controller_over(Arc::new(self.world.clone()), Arc::new(self.store.clone()), Arc::new(Sole))
    }

    /// A controller that sees the world, the records and its tenure through these.
    #[must_use]
    pub fn controller_over(
        &self,
        state: Arc<dyn LiveState>,
        store: Arc<dyn ControllerStore>,
        tenure: Arc<dyn Tenure>,
    ) -> Controller {
        let settings = Settings { holder: "lab".to_owned(), resync: RESYNC, seed: 7 };
        let clock = Arc::new(self.clock.clone());
        Controller::new(store, state, Arc::new(self.world.clone()), clock, tenure, settings)
    }

    /// Runs a controller for a stretch of virtual time. When it crashes, a new one is started.
    pub async fn run_for(&self, time: Duration) {
        self.run_with(time, &|| self.controller()).await;
    }

    /// The same with controllers made by a function.
    pub async fn run_with(&self, time: Duration, make: &(dyn Fn() -> Controller + Sync)) {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let faults = self.world.faults().clone();
        let alarm = tokio::time::sleep(time);
        tokio::pin!(alarm);
        loop {
            let running = make().run(stopped.clone());
            tokio::select! {
                _ = running => panic!("the controller ended by itself"),
                () = faults.crashed() => faults.restart(),
                () = &mut alarm => break,
            }
        }
        drop(stop);
    }

    /// One `reconcile --once` by a new process.
    pub async fn once(&self) -> Vec<Ended> {
        once(&self.controller(), None).await.unwrap()
    }

    /// A target of this app.
    #[must_use]
    pub fn target(&self, env: &str) -> Target {
        Target::new(self.spec.app.clone(), EnvName::parse(env).unwrap())
    }

    /// The status of an environment.
    pub async fn status(&self, env: &str) -> Option<Status> {
        let loaded = self.api.load(&[self.target(env)]).await.unwrap();
        loaded.into_iter().next().and_then(|one| one.status.valid()).map(|status| status.record)
    }

    /// The history of an environment, oldest first.
    pub async fn events(&self, env: &str) -> Vec<Event> {
        let mut events = self.api.history(&self.target(env), 1000).await.unwrap();
        events.reverse();
        events
    }

    /// What the service really runs.
    #[must_use]
    pub fn runs(&self, env: &str, service: &str) -> TaskDefinition {
        let binding = self.binding(env);
        let one = bound(&binding, service);
        let live = self.world.service(&binding.place, &one.cluster, &one.service).unwrap();
        let revisions = self.world.revisions_of(&binding.place, &live.task_definition.family());
        revisions.into_iter().find(|revision| revision.arn == live.task_definition).unwrap()
    }

    /// The image that the service really runs.
    #[must_use]
    pub fn runs_image(&self, env: &str, service: &str) -> String {
        let container = bound(&self.binding(env), service).container;
        self.runs(env, service).document.image_of(&container).unwrap().to_owned()
    }

    /// What the version parameter really says.
    #[must_use]
    pub fn parameter(&self, env: &str, service: &str) -> Option<String> {
        let binding = self.binding(env);
        self.world.parameter(&binding.place, &bound(&binding, service).parameter)
    }

    /// Somebody points the service to another revision.
    pub fn point_elsewhere(&self, env: &str, service: &str, to: &TaskDefArn) {
        let binding = self.binding(env);
        let one = bound(&binding, service);
        self.world.person_points_service(&binding.place, &one.cluster, &one.service, to);
    }

    /// Somebody edits the version parameter.
    pub fn edit_parameter(&self, env: &str, service: &str, value: &str) {
        let binding = self.binding(env);
        self.world.person_edits_parameter(&binding.place, &bound(&binding, service).parameter, value);
    }

    /// Our calls of one operation that took effect.
    #[must_use]
    pub fn effects(&self, operation: &str) -> Vec<Call> {
        let took = |call: &Call| match &call.outcome {
            driftless_sim::Outcome::Done => true,
            driftless_sim::Outcome::Failed { took_effect, .. } => *took_effect,
        };
        let calls = self.world.history().into_iter();
        calls.filter(|call| call.actor == "driftless" && call.operation == operation && took(call)).collect()
    }

    /// How many revisions of the service's family carry our tags.
    #[must_use]
    pub fn our_revisions(&self, env: &str, service: &str) -> usize {
        let binding = self.binding(env);
        let family = driftless_domain::TaskFamily::parse(bound(&binding, service).service.as_str()).unwrap();
        let revisions = self.world.revisions_of(&binding.place, &family);
        revisions.iter().filter(|revision| revision.has_our_tags()).count()
    }

    /// Fails the test if the monitor saw an invariant broken.
    pub fn assert_no_violation(&self) {
        let violations = self.world.violations();
        assert!(violations.is_empty(), "{violations:#?}");
    }

    /// Fails the test unless the environment runs the build, everywhere that counts.
    pub async fn assert_lives(&self, env: &str, letter: char, context: &str) {
        let status = self.status(env).await.unwrap_or_else(|| panic!("{context}: no status"));
        let converged = status.converged.as_ref().map(|one| one.tag.clone());
        assert_eq!(converged, Some(tag(letter)), "{context}: {} / {}", status.plan, status.reason);
        assert_eq!(status.plan, "converged", "{context}");
        for service in &self.binding(env).services {
            let name = service.name.as_str();
            assert_eq!(self.runs_image(env, name), image(name, letter).to_string(), "{context}");
            assert_eq!(self.parameter(env, name), Some(tag(letter).to_string()), "{context}");
        }
    }
}

/// A service of a binding.
///
/// # Panics
/// When there is no such service.
#[must_use]
pub fn bound(binding: &Binding, service: &str) -> ServiceBinding {
    let name = ServiceName::parse(service).unwrap();
    binding.services.iter().find(|one| one.name == name).unwrap().clone()
}

/// A service whose circuit breaker is as given.
#[must_use]
pub fn with_breaker(circuit_breaker: Breaker) -> ServiceOptions {
    ServiceOptions { desired_count: 2, circuit_breaker, ..ServiceOptions::default() }
}

/// A generation.
#[must_use]
pub fn generation(number: u64) -> Generation {
    Generation(number)
}

fn actor() -> Actor {
    Actor::parse("ci").unwrap()
}

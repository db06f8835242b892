//! On whose behalf something runs.

use serde::{Deserialize, Serialize};

/// The user agent of the core while it seeds. The rows that a database starts with are on record,
/// and yet neither entries of the model's audit table nor versions: both begin with what is done to
/// them.
pub(crate) const SEEDING: &str = "freehold seed";

/// Who acts, and where. A host makes one when it vouches for somebody; authentication returns one.
///
/// # Example
///
/// ```
/// use freehold_core::Actor;
///
/// let user = Actor::user("0197a3f0-0000-7000-8000-000000000001");
/// let member = user.clone().in_tenant("0197a3f0-0000-7000-8000-000000000002");
/// assert_eq!(user.tenant, None);
/// assert_eq!(member.principal, user.principal);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    /// Who.
    pub principal: Principal,
    /// The id of the tenant that they work in; none for a session of the user alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The id of the sub-tenant that they are held to, where the model has sub-tenants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub narrowed_to: Option<String>,
    /// Where they are.
    #[serde(default, skip_serializing_if = "Origin::is_unknown")]
    pub origin: Origin,
}

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    /// The person with this id.
    User(String),
    /// The program with the API key of this id.
    ApiKey(String),
    /// The core itself, or the host's own background work.
    System,
}

/// Where a call came from, as far as the host knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The caller's IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// The caller's user agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Actor {
    /// A person, in no tenant yet.
    pub fn user(id: impl Into<String>) -> Actor {
        Actor::of(Principal::User(id.into()))
    }

    /// A program with an API key; its tenant is the key's.
    pub fn api_key(id: impl Into<String>) -> Actor {
        Actor::of(Principal::ApiKey(id.into()))
    }

    /// The core itself.
    pub fn system() -> Actor {
        Actor::of(Principal::System)
    }

    /// The same actor, working in a tenant.
    #[must_use]
    pub fn in_tenant(self, id: impl Into<String>) -> Actor {
        Actor { tenant: Some(id.into()), ..self }
    }

    /// The same actor, held to one sub-tenant.
    #[must_use]
    pub fn narrowed_to(self, id: impl Into<String>) -> Actor {
        Actor { narrowed_to: Some(id.into()), ..self }
    }

    /// The same actor, calling from somewhere.
    #[must_use]
    pub fn from(self, origin: Origin) -> Actor {
        Actor { origin, ..self }
    }

    /// The core itself while it seeds.
    pub(crate) fn seeding() -> Actor {
        let origin = Origin { user_agent: Some(SEEDING.to_owned()), ..Origin::default() };
        Actor::system().from(origin)
    }

    /// Whether it is the core itself while it seeds.
    pub(crate) fn is_seeding(&self) -> bool {
        self.principal == Principal::System && self.origin.user_agent.as_deref() == Some(SEEDING)
    }

    fn of(principal: Principal) -> Actor {
        Actor { principal, tenant: None, narrowed_to: None, origin: Origin::default() }
    }
}

impl Origin {
    fn is_unknown(&self) -> bool {
        *self == Origin::default()
    }
}

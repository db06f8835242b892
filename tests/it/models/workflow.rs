//! What the AI Workflow Platform's document says.

use super::live::{Facts, OnDelete::*};

pub const FACTS: Facts = Facts {
    model: "workflow",
    tenancy: ("tenants", "tenant_id"),
    tables: &[
        "tenants",
        "users",
        "permissions",
        "workflows",
        "workflow_versions",
        "executions",
        "execution_logs",
    ],
    global: &[],
    enums: &[("users.role", &["ADMIN", "USER", "VIEWER"])],
    columns: &[
        ("users", &["email", "role", "is_active"]),
        ("permissions", &["user_id", "resource", "action"]),
        ("workflows", &["version", "status", "is_active", "definition"]),
        ("workflow_versions", &["workflow_id", "version", "definition"]),
        ("executions", &["workflow_id", "status"]),
        ("execution_logs", &["execution_id", "level", "message"]),
    ],
    unique: &[
        ("permissions", &["user_id", "resource", "action"]),
        ("workflow_versions", &["workflow_id", "version"]),
        ("users", &["email"]),
    ],
    indexes: &[
        // Foreign keys.
        ("users", &[]),
        ("permissions", &[]),
        ("permissions", &["user_id"]),
        ("workflows", &[]),
        ("workflows", &["user_id"]),
        ("workflow_versions", &[]),
        ("workflow_versions", &["workflow_id"]),
        ("workflow_versions", &["user_id"]),
        ("executions", &[]),
        ("executions", &["workflow_id"]),
        ("executions", &["user_id"]),
        ("execution_logs", &[]),
        ("execution_logs", &["execution_id"]),
        // Frequently queried: e-mail (below and as a unique key), status, activity.
        ("users", &["is_active"]),
        ("workflows", &["status"]),
        ("workflows", &["is_active"]),
        ("executions", &["status"]),
    ],
    cross_tenant: &[("users", &["email"]), ("tenants", &["is_active"])],
    relations: &[
        ("permissions.user_id", "users", Cascades),
        ("workflow_versions.workflow_id", "workflows", Cascades),
        ("executions.workflow_id", "workflows", Cascades),
        ("execution_logs.execution_id", "executions", Cascades),
    ],
    json: &["workflows.definition", "workflow_versions.definition", "executions.input"],
    encrypted: &[],
    secret: &["users.password_hash"],
    soft_delete: &[],
    migrations: &["V20250101090000__init"],
    rows: &[("tenants", 1), ("users", 2), ("permissions", 14), ("workflows", 1)],
    people: &[("admin@example.com ADMIN", "admin123"), ("demo@example.com USER", "demo123")],
};

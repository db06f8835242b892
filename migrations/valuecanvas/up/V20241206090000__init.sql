-- The first schema: all tables.

-- One row is one organization: a tenant with its tier, features and limits.
CREATE TABLE organizations (
  id TEXT NOT NULL
    CONSTRAINT organizations_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT organizations_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT organizations_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  tier TEXT NOT NULL DEFAULT 'FREE'
    CONSTRAINT organizations_tier_enum CHECK (tier IN ('FREE', 'PRO', 'ENTERPRISE')),
  features TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT organizations_features_object CHECK (json_valid(features) AND json_type(features) = 'object'),
  limits TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT organizations_limits_object CHECK (json_valid(limits) AND json_type(limits) = 'object'),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT organizations_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  billing_email TEXT
    CONSTRAINT organizations_billing_email_length CHECK (length(billing_email) <= 254),
  logo_url TEXT
    CONSTRAINT organizations_logo_url_length CHECK (length(logo_url) <= 1024),
  created_at TEXT NOT NULL
    CONSTRAINT organizations_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT organizations_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT organizations_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id)
) STRICT;

-- One row is one person of one organization, with the role held there.
CREATE TABLE users (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT users_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT users_email_length CHECK (length(email) <= 254),
  name TEXT NOT NULL
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 120),
  password_hash TEXT
    CONSTRAINT users_password_hash_length CHECK (length(password_hash) <= 255),
  role TEXT NOT NULL DEFAULT 'MEMBER'
    CONSTRAINT users_role_enum CHECK (role IN ('ADMIN', 'MANAGER', 'MEMBER')),
  status TEXT NOT NULL DEFAULT 'INVITED'
    CONSTRAINT users_status_enum CHECK (status IN ('ACTIVE', 'INACTIVE', 'INVITED', 'SUSPENDED')),
  email_verified_at TEXT
    CONSTRAINT users_email_verified_at_timestamp CHECK (email_verified_at GLOB '????-??-??T??:??:??.???Z'),
  avatar_url TEXT
    CONSTRAINT users_avatar_url_length CHECK (length(avatar_url) <= 1024),
  job_title TEXT
    CONSTRAINT users_job_title_length CHECK (length(job_title) <= 120),
  preferences TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT users_preferences_object CHECK (json_valid(preferences) AND json_type(preferences) = 'object'),
  last_login_at TEXT
    CONSTRAINT users_last_login_at_timestamp CHECK (last_login_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT users_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT users_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT users_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;

-- One row is one key with which a service signs in on a person's behalf.
CREATE TABLE api_keys (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT api_keys_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT api_keys_name_length CHECK (length(name) BETWEEN 1 AND 120),
  key_prefix TEXT NOT NULL
    CONSTRAINT api_keys_key_prefix_length CHECK (length(key_prefix) BETWEEN 4 AND 32),
  key_hash TEXT NOT NULL
    CONSTRAINT api_keys_key_hash_length CHECK (length(key_hash) <= 255),
  rate_limit INTEGER
    CONSTRAINT api_keys_rate_limit_integer CHECK (rate_limit BETWEEN 1 AND 9007199254740991),
  last_used_at TEXT
    CONSTRAINT api_keys_last_used_at_timestamp CHECK (last_used_at GLOB '????-??-??T??:??:??.???Z'),
  expires_at TEXT
    CONSTRAINT api_keys_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  revoked_at TEXT
    CONSTRAINT api_keys_revoked_at_timestamp CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z'),
  user_id TEXT NOT NULL,
  permissions TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT api_keys_permissions_array CHECK (json_valid(permissions) AND json_type(permissions) = 'array')
    CONSTRAINT api_keys_permissions_length CHECK (json_array_length(permissions) <= 10),
  created_at TEXT NOT NULL
    CONSTRAINT api_keys_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE
) STRICT;

-- One row is one entry of the audit trail: who did what to which row, from where.
CREATE TABLE audit_logs (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT audit_logs_id_uuid CHECK (length(id) = 36),
  user_id TEXT,
  action TEXT NOT NULL
    CONSTRAINT audit_logs_action_length CHECK (length(action) BETWEEN 1 AND 120),
  resource_type TEXT NOT NULL
    CONSTRAINT audit_logs_resource_type_length CHECK (length(resource_type) BETWEEN 1 AND 120),
  resource_id TEXT
    CONSTRAINT audit_logs_resource_id_length CHECK (length(resource_id) <= 120),
  changes TEXT
    CONSTRAINT audit_logs_changes_object CHECK (json_valid(changes) AND json_type(changes) = 'object'),
  ip_address TEXT
    CONSTRAINT audit_logs_ip_address_length CHECK (length(ip_address) <= 45),
  user_agent TEXT
    CONSTRAINT audit_logs_user_agent_length CHECK (length(user_agent) <= 512),
  created_at TEXT NOT NULL
    CONSTRAINT audit_logs_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
) STRICT;

-- One row is one AI agent that an organization has set up.
CREATE TABLE agents (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT agents_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT agents_name_length CHECK (length(name) BETWEEN 1 AND 120),
  type TEXT NOT NULL
    CONSTRAINT agents_type_enum CHECK (type IN ('opportunity', 'target', 'realization', 'expansion', 'integrity')),
  description TEXT
    CONSTRAINT agents_description_length CHECK (length(description) <= 2000),
  configuration TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT agents_configuration_object CHECK (json_valid(configuration) AND json_type(configuration) = 'object'),
  version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT agents_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT agents_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT agents_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT agents_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT agents_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
) STRICT;

-- One row is one run of an agent.
CREATE TABLE executions (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT executions_id_uuid CHECK (length(id) = 36),
  agent_id TEXT NOT NULL,
  status TEXT NOT NULL DEFAULT 'PENDING'
    CONSTRAINT executions_status_enum CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  agent_version INTEGER
    CONSTRAINT executions_agent_version_integer CHECK (agent_version BETWEEN 1 AND 9007199254740991),
  input TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT executions_input_object CHECK (json_valid(input) AND json_type(input) = 'object'),
  output TEXT
    CONSTRAINT executions_output_json CHECK (json_valid(output)),
  error TEXT
    CONSTRAINT executions_error_length CHECK (length(error) <= 10000),
  tokens_used INTEGER
    CONSTRAINT executions_tokens_used_integer CHECK (tokens_used BETWEEN 0 AND 9007199254740991),
  cost INTEGER
    CONSTRAINT executions_cost_decimal_12_6 CHECK (cost BETWEEN 0 AND 999999999999),
  started_at TEXT
    CONSTRAINT executions_started_at_timestamp CHECK (started_at GLOB '????-??-??T??:??:??.???Z'),
  finished_at TEXT
    CONSTRAINT executions_finished_at_timestamp CHECK (finished_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT executions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT executions_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, agent_id) REFERENCES agents (organization_id, id) ON DELETE CASCADE,
  CONSTRAINT finished_after_start CHECK (finished_at IS NULL OR finished_at >= started_at),
  CONSTRAINT failure_has_error CHECK (status <> 'FAILED' OR error IS NOT NULL)
) STRICT;

-- One row is one canvas template: the schema that canvases are made from.
CREATE TABLE models (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT models_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT models_name_length CHECK (length(name) BETWEEN 1 AND 120),
  description TEXT
    CONSTRAINT models_description_length CHECK (length(description) <= 2000),
  schema TEXT NOT NULL
    CONSTRAINT models_schema_object CHECK (json_valid(schema) AND json_type(schema) = 'object'),
  version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT models_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  is_published INTEGER NOT NULL DEFAULT 0
    CONSTRAINT models_is_published_boolean CHECK (is_published IN (0, 1)),
  published_at TEXT
    CONSTRAINT models_published_at_timestamp CHECK (published_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT models_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT models_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT models_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  CONSTRAINT published_has_time CHECK (is_published = 0 OR published_at IS NOT NULL)
) STRICT;

-- One row is one canvas that a person filled in.
CREATE TABLE canvases (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT canvases_id_uuid CHECK (length(id) = 36),
  model_id TEXT NOT NULL,
  user_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT canvases_name_length CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT
    CONSTRAINT canvases_description_length CHECK (length(description) <= 2000),
  data TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT canvases_data_object CHECK (json_valid(data) AND json_type(data) = 'object'),
  visibility TEXT NOT NULL DEFAULT 'PRIVATE'
    CONSTRAINT canvases_visibility_enum CHECK (visibility IN ('PRIVATE', 'ORGANIZATION', 'PUBLIC')),
  version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT canvases_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  created_at TEXT NOT NULL
    CONSTRAINT canvases_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT canvases_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT canvases_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, model_id) REFERENCES models (organization_id, id),
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
) STRICT;

-- One row shares one canvas with one person.
CREATE TABLE canvas_shares (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT canvas_shares_id_uuid CHECK (length(id) = 36),
  canvas_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  permission TEXT NOT NULL DEFAULT 'VIEW'
    CONSTRAINT canvas_shares_permission_enum CHECK (permission IN ('VIEW', 'COMMENT', 'EDIT')),
  shared_by_id TEXT,
  expires_at TEXT
    CONSTRAINT canvas_shares_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT canvas_shares_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, canvas_id) REFERENCES canvases (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, shared_by_id) REFERENCES users (organization_id, id)
) STRICT, WITHOUT ROWID;

-- One row is one version of a canvas.
CREATE TABLE canvas_versions (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT canvas_versions_id_uuid CHECK (length(id) = 36),
  version INTEGER NOT NULL
    CONSTRAINT canvas_versions_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  changes TEXT
    CONSTRAINT canvas_versions_changes_json CHECK (json_valid(changes)),
  canvas_id TEXT NOT NULL,
  user_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT canvas_versions_name_length CHECK (length(name) BETWEEN 1 AND 200),
  data TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT canvas_versions_data_object CHECK (json_valid(data) AND json_type(data) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT canvas_versions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, canvas_id) REFERENCES canvases (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES users (organization_id, id)
) STRICT;

CREATE INDEX organizations_created_at_cross_idx
ON organizations (created_at);

CREATE UNIQUE INDEX organizations_slug_key
ON organizations (slug)
WHERE deleted_at IS NULL;

CREATE INDEX organizations_tier_cross_idx
ON organizations (tier);

CREATE INDEX users_created_at_idx
ON users (organization_id, created_at);

CREATE INDEX users_email_cross_idx
ON users (email);

CREATE UNIQUE INDEX users_email_key
ON users (organization_id, email)
WHERE deleted_at IS NULL;

CREATE INDEX users_role_idx
ON users (organization_id, role);

CREATE INDEX users_status_idx
ON users (organization_id, status);

CREATE INDEX api_keys_expires_at_idx
ON api_keys (organization_id, expires_at);

CREATE INDEX api_keys_key_prefix_cross_idx
ON api_keys (key_prefix);

CREATE INDEX api_keys_user_id_idx
ON api_keys (organization_id, user_id);

CREATE INDEX audit_logs_action_created_at_idx
ON audit_logs (organization_id, action, created_at DESC);

CREATE INDEX audit_logs_created_at_idx
ON audit_logs (organization_id, created_at DESC);

CREATE INDEX audit_logs_resource_type_resource_id_created_at_idx
ON audit_logs (organization_id, resource_type, resource_id, created_at DESC);

CREATE INDEX audit_logs_user_id_created_at_idx
ON audit_logs (organization_id, user_id, created_at DESC);

CREATE INDEX agents_created_at_idx
ON agents (organization_id, created_at);

CREATE INDEX agents_is_active_idx
ON agents (organization_id, is_active);

CREATE UNIQUE INDEX agents_name_key
ON agents (organization_id, name)
WHERE deleted_at IS NULL;

CREATE INDEX agents_type_is_active_idx
ON agents (organization_id, type, is_active);

CREATE INDEX executions_agent_id_created_at_idx
ON executions (organization_id, agent_id, created_at DESC);

CREATE INDEX executions_created_at_idx
ON executions (organization_id, created_at DESC);

CREATE INDEX executions_status_created_at_idx
ON executions (organization_id, status, created_at DESC);

CREATE INDEX models_created_at_idx
ON models (organization_id, created_at);

CREATE INDEX models_is_published_idx
ON models (organization_id, is_published);

CREATE UNIQUE INDEX models_name_key
ON models (organization_id, name)
WHERE deleted_at IS NULL;

CREATE INDEX canvases_created_at_idx
ON canvases (organization_id, created_at);

CREATE INDEX canvases_model_id_idx
ON canvases (organization_id, model_id);

CREATE INDEX canvases_updated_at_idx
ON canvases (organization_id, updated_at DESC);

CREATE INDEX canvases_user_id_updated_at_idx
ON canvases (organization_id, user_id, updated_at DESC);

CREATE INDEX canvases_visibility_idx
ON canvases (organization_id, visibility);

CREATE UNIQUE INDEX canvas_shares_canvas_id_user_id_key
ON canvas_shares (organization_id, canvas_id, user_id);

CREATE INDEX canvas_shares_shared_by_id_idx
ON canvas_shares (organization_id, shared_by_id);

CREATE INDEX canvas_shares_user_id_idx
ON canvas_shares (organization_id, user_id);

CREATE UNIQUE INDEX canvas_versions_canvas_id_version_key
ON canvas_versions (organization_id, canvas_id, version);

CREATE INDEX canvas_versions_created_at_idx
ON canvas_versions (organization_id, created_at);

CREATE INDEX canvas_versions_user_id_idx
ON canvas_versions (organization_id, user_id);

CREATE TRIGGER audit_logs_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE audit_logs
  SET user_id = NULL
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
END;

CREATE TRIGGER canvas_shares_shared_by_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE canvas_shares
  SET shared_by_id = NULL
  WHERE organization_id = OLD.organization_id AND shared_by_id = OLD.id;
END;

CREATE TRIGGER canvas_versions_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE canvas_versions
  SET user_id = NULL
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
END;

CREATE TRIGGER canvases_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE canvases
  SET user_id = NULL
  WHERE organization_id = OLD.organization_id AND user_id = OLD.id;
END;

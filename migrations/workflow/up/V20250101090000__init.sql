-- The first schema: all tables.

-- One row is one tenant; nobody sees another's data.
CREATE TABLE tenants (
  id TEXT NOT NULL
    CONSTRAINT tenants_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT tenants_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT tenants_is_active_boolean CHECK (is_active IN (0, 1)),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT tenants_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT tenants_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT tenants_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id)
) STRICT;

-- One row is one account of one tenant, with the role held there.
CREATE TABLE users (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT users_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT users_email_length CHECK (length(email) <= 254),
  name TEXT NOT NULL
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 120),
  password_hash TEXT
    CONSTRAINT users_password_hash_length CHECK (length(password_hash) <= 255),
  role TEXT NOT NULL DEFAULT 'USER'
    CONSTRAINT users_role_enum CHECK (role IN ('ADMIN', 'USER', 'VIEWER')),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT users_is_active_boolean CHECK (is_active IN (0, 1)),
  last_login_at TEXT
    CONSTRAINT users_last_login_at_timestamp CHECK (last_login_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT users_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT users_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row allows one person one action on one kind of resource.
CREATE TABLE permissions (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT permissions_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  resource TEXT NOT NULL
    CONSTRAINT permissions_resource_length CHECK (length(resource) BETWEEN 1 AND 120),
  action TEXT NOT NULL
    CONSTRAINT permissions_action_length CHECK (length(action) BETWEEN 1 AND 120),
  created_at TEXT NOT NULL
    CONSTRAINT permissions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row is one workflow with its current definition.
CREATE TABLE workflows (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT workflows_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT workflows_name_length CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT
    CONSTRAINT workflows_description_length CHECK (length(description) <= 2000),
  status TEXT NOT NULL DEFAULT 'DRAFT'
    CONSTRAINT workflows_status_enum CHECK (status IN ('DRAFT', 'ACTIVE', 'PAUSED', 'ARCHIVED')),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT workflows_is_active_boolean CHECK (is_active IN (0, 1)),
  version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT workflows_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  definition TEXT NOT NULL
    CONSTRAINT workflows_definition_object CHECK (json_valid(definition) AND json_type(definition) = 'object'),
  user_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT workflows_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT workflows_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

-- One row is one version of a workflow.
CREATE TABLE workflow_versions (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT workflow_versions_id_uuid CHECK (length(id) = 36),
  version INTEGER NOT NULL
    CONSTRAINT workflow_versions_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  changes TEXT
    CONSTRAINT workflow_versions_changes_json CHECK (json_valid(changes)),
  workflow_id TEXT NOT NULL,
  user_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT workflow_versions_name_length CHECK (length(name) BETWEEN 1 AND 200),
  definition TEXT NOT NULL
    CONSTRAINT workflow_versions_definition_object CHECK (json_valid(definition) AND json_type(definition) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT workflow_versions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

-- One row is one run of a workflow.
CREATE TABLE executions (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT executions_id_uuid CHECK (length(id) = 36),
  workflow_id TEXT NOT NULL,
  workflow_version INTEGER NOT NULL
    CONSTRAINT executions_workflow_version_integer CHECK (workflow_version BETWEEN 1 AND 9007199254740991),
  user_id TEXT,
  status TEXT NOT NULL DEFAULT 'PENDING'
    CONSTRAINT executions_status_enum CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED')),
  trigger_type TEXT NOT NULL DEFAULT 'MANUAL'
    CONSTRAINT executions_trigger_type_enum CHECK (trigger_type IN ('MANUAL', 'SCHEDULE', 'WEBHOOK', 'API')),
  input TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT executions_input_object CHECK (json_valid(input) AND json_type(input) = 'object'),
  output TEXT
    CONSTRAINT executions_output_json CHECK (json_valid(output)),
  error TEXT
    CONSTRAINT executions_error_length CHECK (length(error) <= 10000),
  started_at TEXT
    CONSTRAINT executions_started_at_timestamp CHECK (started_at GLOB '????-??-??T??:??:??.???Z'),
  finished_at TEXT
    CONSTRAINT executions_finished_at_timestamp CHECK (finished_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT executions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT executions_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, workflow_id) REFERENCES workflows (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
  CONSTRAINT finished_after_start CHECK (finished_at IS NULL OR finished_at >= started_at),
  CONSTRAINT failure_has_error CHECK (status <> 'FAILED' OR error IS NOT NULL)
) STRICT;

-- One row is one line that a run logged.
CREATE TABLE execution_logs (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT execution_logs_id_uuid CHECK (length(id) = 36),
  execution_id TEXT NOT NULL,
  level TEXT NOT NULL DEFAULT 'INFO'
    CONSTRAINT execution_logs_level_enum CHECK (level IN ('DEBUG', 'INFO', 'WARN', 'ERROR')),
  step TEXT
    CONSTRAINT execution_logs_step_length CHECK (length(step) <= 120),
  message TEXT NOT NULL
    CONSTRAINT execution_logs_message_length CHECK (length(message) BETWEEN 1 AND 10000),
  data TEXT
    CONSTRAINT execution_logs_data_json CHECK (json_valid(data)),
  created_at TEXT NOT NULL
    CONSTRAINT execution_logs_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, execution_id) REFERENCES executions (tenant_id, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX tenants_is_active_cross_idx
ON tenants (is_active);

CREATE UNIQUE INDEX tenants_slug_key
ON tenants (slug);

CREATE INDEX users_email_cross_idx
ON users (email);

CREATE UNIQUE INDEX users_email_key
ON users (tenant_id, email);

CREATE INDEX users_is_active_idx
ON users (tenant_id, is_active);

CREATE INDEX users_role_idx
ON users (tenant_id, role);

CREATE INDEX permissions_user_id_idx
ON permissions (tenant_id, user_id);

CREATE UNIQUE INDEX permissions_user_id_resource_action_key
ON permissions (tenant_id, user_id, resource, action);

CREATE INDEX workflows_is_active_idx
ON workflows (tenant_id, is_active);

CREATE UNIQUE INDEX workflows_name_key
ON workflows (tenant_id, name);

CREATE INDEX workflows_status_idx
ON workflows (tenant_id, status);

CREATE INDEX workflows_updated_at_idx
ON workflows (tenant_id, updated_at DESC);

CREATE INDEX workflows_user_id_idx
ON workflows (tenant_id, user_id);

CREATE INDEX workflow_versions_user_id_idx
ON workflow_versions (tenant_id, user_id);

CREATE INDEX workflow_versions_workflow_id_idx
ON workflow_versions (tenant_id, workflow_id);

CREATE UNIQUE INDEX workflow_versions_workflow_id_version_key
ON workflow_versions (tenant_id, workflow_id, version);

CREATE INDEX executions_created_at_idx
ON executions (tenant_id, created_at DESC);

CREATE INDEX executions_status_idx
ON executions (tenant_id, status);

CREATE INDEX executions_user_id_idx
ON executions (tenant_id, user_id);

CREATE INDEX executions_workflow_id_created_at_idx
ON executions (tenant_id, workflow_id, created_at DESC);

CREATE INDEX executions_workflow_id_idx
ON executions (tenant_id, workflow_id);

CREATE INDEX execution_logs_execution_id_created_at_idx
ON execution_logs (tenant_id, execution_id, created_at);

CREATE INDEX execution_logs_execution_id_idx
ON execution_logs (tenant_id, execution_id);

CREATE INDEX execution_logs_level_idx
ON execution_logs (tenant_id, level);

CREATE TRIGGER executions_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE executions
  SET user_id = NULL
  WHERE tenant_id = OLD.tenant_id AND user_id = OLD.id;
END;

CREATE TRIGGER workflow_versions_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE workflow_versions
  SET user_id = NULL
  WHERE tenant_id = OLD.tenant_id AND user_id = OLD.id;
END;

CREATE TRIGGER workflows_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE workflows
  SET user_id = NULL
  WHERE tenant_id = OLD.tenant_id AND user_id = OLD.id;
END;

-- The first schema: all core tables with their relations, indexes, enums and cascading references.

-- One row is one tenant organization.
CREATE TABLE tenants (
  id TEXT NOT NULL
    CONSTRAINT tenants_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT tenants_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  status TEXT NOT NULL DEFAULT 'ACTIVE'
    CONSTRAINT tenants_status_enum CHECK (status IN ('ACTIVE', 'TRIAL', 'SUSPENDED')),
  encryption_key TEXT
    CONSTRAINT tenants_encryption_key_length CHECK (length(encryption_key) <= 512),
  encryption_key_version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT tenants_encryption_key_version_integer CHECK (encryption_key_version BETWEEN 1 AND 9007199254740991),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT tenants_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT tenants_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT tenants_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id)
) STRICT;

-- One row is one person of one tenant, with the role held there.
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
  role TEXT NOT NULL DEFAULT 'STAKEHOLDER'
    CONSTRAINT users_role_enum CHECK (role IN ('ADMIN', 'PROJECT_MANAGER', 'STAKEHOLDER')),
  status TEXT NOT NULL DEFAULT 'ACTIVE'
    CONSTRAINT users_status_enum CHECK (status IN ('ACTIVE', 'INACTIVE', 'SUSPENDED')),
  preferences TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT users_preferences_object CHECK (json_valid(preferences) AND json_type(preferences) = 'object'),
  last_login_at TEXT
    CONSTRAINT users_last_login_at_timestamp CHECK (last_login_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT users_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT users_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- One row is one project whose gaps are watched.
CREATE TABLE projects (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT projects_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 200),
  description TEXT
    CONSTRAINT projects_description_length CHECK (length(description) <= 5000),
  status TEXT NOT NULL DEFAULT 'PLANNING'
    CONSTRAINT projects_status_enum CHECK (status IN ('PLANNING', 'ACTIVE', 'ON_HOLD', 'COMPLETED', 'CANCELLED')),
  manager_id TEXT,
  goals TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT projects_goals_list CHECK (json_valid(goals) AND json_type(goals) = 'array'),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT projects_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  budget INTEGER
    CONSTRAINT projects_budget_decimal_14_2 CHECK (budget BETWEEN 0 AND 99999999999999),
  starts_on TEXT
    CONSTRAINT projects_starts_on_date CHECK (starts_on GLOB '????-??-??'),
  ends_on TEXT
    CONSTRAINT projects_ends_on_date CHECK (ends_on GLOB '????-??-??'),
  created_at TEXT NOT NULL
    CONSTRAINT projects_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT projects_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, manager_id) REFERENCES users (tenant_id, id),
  CONSTRAINT ends_after_start CHECK (ends_on IS NULL OR starts_on IS NULL OR ends_on >= starts_on)
) STRICT;

-- One row is one stakeholder of one project; not everybody has an account.
CREATE TABLE project_stakeholders (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT project_stakeholders_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  user_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT project_stakeholders_name_length CHECK (length(name) BETWEEN 1 AND 120),
  email TEXT
    CONSTRAINT project_stakeholders_email_length CHECK (length(email) <= 254),
  role TEXT NOT NULL DEFAULT 'INFORMED'
    CONSTRAINT project_stakeholders_role_enum CHECK (role IN ('SPONSOR', 'OWNER', 'CONTRIBUTOR', 'REVIEWER', 'INFORMED')),
  influence TEXT NOT NULL DEFAULT 'MEDIUM'
    CONSTRAINT project_stakeholders_influence_enum CHECK (influence IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  interest TEXT NOT NULL DEFAULT 'MEDIUM'
    CONSTRAINT project_stakeholders_interest_enum CHECK (interest IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  preferences TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT project_stakeholders_preferences_object CHECK (json_valid(preferences) AND json_type(preferences) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT project_stakeholders_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT project_stakeholders_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

-- One row is one gap between where a project is and where it ought to be.
CREATE TABLE gaps (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT gaps_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  title TEXT NOT NULL
    CONSTRAINT gaps_title_length CHECK (length(title) BETWEEN 1 AND 200),
  description TEXT
    CONSTRAINT gaps_description_length CHECK (length(description) <= 5000),
  type TEXT NOT NULL
    CONSTRAINT gaps_type_enum CHECK (type IN ('RESOURCE', 'PROCESS', 'COMMUNICATION', 'TECHNOLOGY', 'SKILL', 'TIMELINE', 'BUDGET', 'QUALITY')),
  severity TEXT NOT NULL DEFAULT 'MEDIUM'
    CONSTRAINT gaps_severity_enum CHECK (severity IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  status TEXT NOT NULL DEFAULT 'IDENTIFIED'
    CONSTRAINT gaps_status_enum CHECK (status IN ('IDENTIFIED', 'ANALYZING', 'IN_PROGRESS', 'RESOLVED', 'CLOSED')),
  current_state TEXT
    CONSTRAINT gaps_current_state_length CHECK (length(current_state) <= 5000),
  target_state TEXT
    CONSTRAINT gaps_target_state_length CHECK (length(target_state) <= 5000),
  root_cause_analysis TEXT
    CONSTRAINT gaps_root_cause_analysis_object CHECK (json_valid(root_cause_analysis) AND json_type(root_cause_analysis) = 'object'),
  impact TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT gaps_impact_object CHECK (json_valid(impact) AND json_type(impact) = 'object'),
  tags TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT gaps_tags_array CHECK (json_valid(tags) AND json_type(tags) = 'array')
    CONSTRAINT gaps_tags_length CHECK (json_array_length(tags) <= 20),
  confidence REAL
    CONSTRAINT gaps_confidence_range CHECK (confidence BETWEEN 0.0 AND 1.0),
  assignee_id TEXT,
  resolved_at TEXT
    CONSTRAINT gaps_resolved_at_timestamp CHECK (resolved_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT gaps_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT gaps_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, assignee_id) REFERENCES users (tenant_id, id),
  CONSTRAINT resolved_has_time CHECK (status <> 'RESOLVED' OR resolved_at IS NOT NULL)
) STRICT;

-- One row is one forecast about a project.
CREATE TABLE predictions (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT predictions_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  gap_id TEXT,
  type TEXT NOT NULL
    CONSTRAINT predictions_type_enum CHECK (type IN ('EMERGING_GAP', 'TIMELINE', 'BUDGET', 'RESOURCE', 'QUALITY', 'RISK')),
  title TEXT NOT NULL
    CONSTRAINT predictions_title_length CHECK (length(title) BETWEEN 1 AND 200),
  description TEXT
    CONSTRAINT predictions_description_length CHECK (length(description) <= 5000),
  status TEXT NOT NULL DEFAULT 'ACTIVE'
    CONSTRAINT predictions_status_enum CHECK (status IN ('ACTIVE', 'CONFIRMED', 'DISMISSED', 'EXPIRED')),
  impact TEXT NOT NULL DEFAULT 'MEDIUM'
    CONSTRAINT predictions_impact_enum CHECK (impact IN ('LOW', 'MEDIUM', 'HIGH', 'CRITICAL')),
  probability REAL NOT NULL
    CONSTRAINT predictions_probability_range CHECK (probability BETWEEN 0.0 AND 1.0),
  confidence REAL NOT NULL
    CONSTRAINT predictions_confidence_range CHECK (confidence BETWEEN 0.0 AND 1.0),
  factors TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT predictions_factors_list CHECK (json_valid(factors) AND json_type(factors) = 'array'),
  recommendations TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT predictions_recommendations_list CHECK (json_valid(recommendations) AND json_type(recommendations) = 'array'),
  model_version TEXT
    CONSTRAINT predictions_model_version_length CHECK (length(model_version) <= 60),
  predicted_for TEXT
    CONSTRAINT predictions_predicted_for_timestamp CHECK (predicted_for GLOB '????-??-??T??:??:??.???Z'),
  expires_at TEXT
    CONSTRAINT predictions_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT predictions_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT predictions_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, project_id) REFERENCES projects (tenant_id, id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, gap_id) REFERENCES gaps (tenant_id, id)
) STRICT;

-- One row is one connection to an external tool.
CREATE TABLE integrations (
  tenant_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT integrations_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT integrations_name_length CHECK (length(name) BETWEEN 1 AND 120),
  type TEXT NOT NULL
    CONSTRAINT integrations_type_enum CHECK (type IN ('JIRA', 'ASANA', 'TRELLO', 'MONDAY', 'MICROSOFT_PROJECT', 'SLACK', 'GITHUB', 'CUSTOM')),
  status TEXT NOT NULL DEFAULT 'PENDING'
    CONSTRAINT integrations_status_enum CHECK (status IN ('ACTIVE', 'INACTIVE', 'ERROR', 'PENDING')),
  configuration TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT integrations_configuration_object CHECK (json_valid(configuration) AND json_type(configuration) = 'object'),
  encrypted_credentials TEXT,
  sync_interval_minutes INTEGER NOT NULL DEFAULT 60
    CONSTRAINT integrations_sync_interval_minutes_integer CHECK (sync_interval_minutes BETWEEN 1 AND 43200),
  last_sync_at TEXT
    CONSTRAINT integrations_last_sync_at_timestamp CHECK (last_sync_at GLOB '????-??-??T??:??:??.???Z'),
  last_error TEXT
    CONSTRAINT integrations_last_error_length CHECK (length(last_error) <= 5000),
  created_at TEXT NOT NULL
    CONSTRAINT integrations_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT integrations_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
) STRICT;

-- One row is one entry of the audit trail: who did what to which resource, from where.
CREATE TABLE audit_logs (
  tenant_id TEXT NOT NULL,
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
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id)
) STRICT;

CREATE INDEX tenants_created_at_cross_idx
ON tenants (created_at);

CREATE UNIQUE INDEX tenants_slug_key
ON tenants (slug);

CREATE INDEX tenants_status_cross_idx
ON tenants (status);

CREATE INDEX tenants_updated_at_cross_idx
ON tenants (updated_at);

CREATE INDEX users_created_at_idx
ON users (tenant_id, created_at);

CREATE INDEX users_email_cross_idx
ON users (email);

CREATE UNIQUE INDEX users_email_key
ON users (tenant_id, email);

CREATE INDEX users_role_idx
ON users (tenant_id, role);

CREATE INDEX users_role_status_idx
ON users (tenant_id, role, status);

CREATE INDEX users_status_idx
ON users (tenant_id, status);

CREATE INDEX users_updated_at_idx
ON users (tenant_id, updated_at);

CREATE INDEX projects_created_at_idx
ON projects (tenant_id, created_at);

CREATE INDEX projects_manager_id_status_idx
ON projects (tenant_id, manager_id, status);

CREATE UNIQUE INDEX projects_name_key
ON projects (tenant_id, name);

CREATE INDEX projects_status_idx
ON projects (tenant_id, status);

CREATE INDEX projects_status_updated_at_idx
ON projects (tenant_id, status, updated_at DESC);

CREATE INDEX projects_updated_at_idx
ON projects (tenant_id, updated_at);

CREATE INDEX project_stakeholders_created_at_idx
ON project_stakeholders (tenant_id, created_at);

CREATE INDEX project_stakeholders_project_id_role_idx
ON project_stakeholders (tenant_id, project_id, role);

CREATE UNIQUE INDEX project_stakeholders_project_id_user_id_key
ON project_stakeholders (tenant_id, project_id, user_id);

CREATE INDEX project_stakeholders_updated_at_idx
ON project_stakeholders (tenant_id, updated_at);

CREATE INDEX project_stakeholders_user_id_idx
ON project_stakeholders (tenant_id, user_id);

CREATE INDEX gaps_assignee_id_status_idx
ON gaps (tenant_id, assignee_id, status);

CREATE INDEX gaps_created_at_idx
ON gaps (tenant_id, created_at);

CREATE INDEX gaps_project_id_severity_idx
ON gaps (tenant_id, project_id, severity);

CREATE INDEX gaps_project_id_status_idx
ON gaps (tenant_id, project_id, status);

CREATE INDEX gaps_severity_status_idx
ON gaps (tenant_id, severity, status);

CREATE INDEX gaps_status_idx
ON gaps (tenant_id, status);

CREATE INDEX gaps_type_idx
ON gaps (tenant_id, type);

CREATE INDEX gaps_updated_at_idx
ON gaps (tenant_id, updated_at);

CREATE INDEX predictions_created_at_idx
ON predictions (tenant_id, created_at);

CREATE INDEX predictions_gap_id_idx
ON predictions (tenant_id, gap_id);

CREATE INDEX predictions_impact_status_idx
ON predictions (tenant_id, impact, status);

CREATE INDEX predictions_predicted_for_idx
ON predictions (tenant_id, predicted_for);

CREATE INDEX predictions_project_id_status_idx
ON predictions (tenant_id, project_id, status);

CREATE INDEX predictions_project_id_type_idx
ON predictions (tenant_id, project_id, type);

CREATE INDEX predictions_status_idx
ON predictions (tenant_id, status);

CREATE INDEX predictions_updated_at_idx
ON predictions (tenant_id, updated_at);

CREATE INDEX integrations_created_at_idx
ON integrations (tenant_id, created_at);

CREATE UNIQUE INDEX integrations_name_key
ON integrations (tenant_id, name);

CREATE INDEX integrations_status_idx
ON integrations (tenant_id, status);

CREATE INDEX integrations_status_last_sync_at_idx
ON integrations (tenant_id, status, last_sync_at);

CREATE INDEX integrations_type_status_idx
ON integrations (tenant_id, type, status);

CREATE INDEX integrations_updated_at_idx
ON integrations (tenant_id, updated_at);

CREATE INDEX audit_logs_action_created_at_idx
ON audit_logs (tenant_id, action, created_at);

CREATE INDEX audit_logs_created_at_idx
ON audit_logs (tenant_id, created_at);

CREATE INDEX audit_logs_resource_type_resource_id_created_at_idx
ON audit_logs (tenant_id, resource_type, resource_id, created_at);

CREATE INDEX audit_logs_user_id_created_at_idx
ON audit_logs (tenant_id, user_id, created_at);

CREATE TRIGGER audit_logs_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE audit_logs
  SET user_id = NULL
  WHERE tenant_id = OLD.tenant_id AND user_id = OLD.id;
END;

CREATE TRIGGER gaps_assignee_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE gaps
  SET assignee_id = NULL
  WHERE tenant_id = OLD.tenant_id AND assignee_id = OLD.id;
END;

CREATE TRIGGER predictions_gap_id_set_null
AFTER DELETE ON gaps BEGIN
  UPDATE predictions
  SET gap_id = NULL
  WHERE tenant_id = OLD.tenant_id AND gap_id = OLD.id;
END;

CREATE TRIGGER project_stakeholders_user_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE project_stakeholders
  SET user_id = NULL
  WHERE tenant_id = OLD.tenant_id AND user_id = OLD.id;
END;

CREATE TRIGGER projects_manager_id_set_null
AFTER DELETE ON users BEGIN
  UPDATE projects
  SET manager_id = NULL
  WHERE tenant_id = OLD.tenant_id AND manager_id = OLD.id;
END;

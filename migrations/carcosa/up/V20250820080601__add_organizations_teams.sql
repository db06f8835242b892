-- Organizations and teams. Whoever owns something becomes the owner of an organization, with one
-- team that holds the projects. Ids are those of the people, times are copied: every copy of a
-- database gets the same rows.

-- One row is one organization: the tenant, which pays and holds the infrastructure.
CREATE TABLE organizations (
  id TEXT NOT NULL
    CONSTRAINT organizations_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT organizations_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT organizations_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  owner_id TEXT NOT NULL,
  description TEXT
    CONSTRAINT organizations_description_length CHECK (length(description) <= 1000),
  billing_email TEXT
    CONSTRAINT organizations_billing_email_length CHECK (length(billing_email) <= 254),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT organizations_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT organizations_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT organizations_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id),
  FOREIGN KEY (owner_id) REFERENCES users (id)
) STRICT;

-- One row says that one person belongs to one organization, and as what.
CREATE TABLE organization_members (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT organization_members_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'MEMBER'
    CONSTRAINT organization_members_role_enum CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
  created_at TEXT NOT NULL
    CONSTRAINT organization_members_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT organization_members_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row is one team of an organization: it manages projects and owns buckets.
CREATE TABLE teams (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT teams_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT teams_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT teams_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  description TEXT
    CONSTRAINT teams_description_length CHECK (length(description) <= 1000),
  created_at TEXT NOT NULL
    CONSTRAINT teams_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT teams_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row says that one member of the organization is in one team; leaving the one leaves the other.
CREATE TABLE team_members (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT team_members_id_uuid CHECK (length(id) = 36),
  team_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'MEMBER'
    CONSTRAINT team_members_role_enum CHECK (role IN ('LEAD', 'MEMBER', 'VIEWER')),
  created_at TEXT NOT NULL
    CONSTRAINT team_members_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT team_members_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, user_id) REFERENCES organization_members (organization_id, user_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row invites one address into an organization, and into a team if one is named.
CREATE TABLE invitations (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT invitations_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT invitations_email_length CHECK (length(email) <= 254),
  token_hash TEXT NOT NULL
    CONSTRAINT invitations_token_hash_length CHECK (length(token_hash) <= 255),
  expires_at TEXT NOT NULL
    CONSTRAINT invitations_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  accepted_at TEXT
    CONSTRAINT invitations_accepted_at_timestamp CHECK (accepted_at GLOB '????-??-??T??:??:??.???Z'),
  role TEXT NOT NULL DEFAULT 'MEMBER'
    CONSTRAINT invitations_role_enum CHECK (role IN ('OWNER', 'ADMIN', 'MEMBER', 'VIEWER')),
  team_id TEXT,
  invited_by_id TEXT,
  revoked_at TEXT
    CONSTRAINT invitations_revoked_at_timestamp CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT invitations_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (invited_by_id) REFERENCES users (id) ON DELETE SET NULL,
  CONSTRAINT accepted_or_revoked CHECK (accepted_at IS NULL OR revoked_at IS NULL)
) STRICT, WITHOUT ROWID;

-- An owner is whoever has a project, a bucket, or an entry in the audit trail outside any project.
INSERT INTO organizations (id, name, slug, owner_id, created_at, updated_at)
SELECT id, name, 'org-' || id, id, created_at, updated_at
FROM users
WHERE id IN (
  SELECT owner_id FROM projects
  UNION SELECT owner_id FROM buckets
  UNION SELECT user_id FROM audit_logs WHERE project_id IS NULL
);

INSERT INTO organization_members (organization_id, id, user_id, role, created_at, updated_at)
SELECT id, id, owner_id, 'OWNER', created_at, updated_at FROM organizations;

INSERT INTO teams (organization_id, id, name, slug, created_at, updated_at)
SELECT id, id, 'Default', 'default', created_at, updated_at FROM organizations;

INSERT INTO team_members (organization_id, id, team_id, user_id, role, created_at, updated_at)
SELECT id, id, id, owner_id, 'LEAD', created_at, updated_at FROM organizations;

-- One row is one storage bucket and the credentials for it.
CREATE TABLE new_buckets (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT buckets_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT buckets_name_length CHECK (length(name) BETWEEN 1 AND 120),
  bucket_name TEXT NOT NULL
    CONSTRAINT buckets_bucket_name_length CHECK (length(bucket_name) BETWEEN 3 AND 63),
  provider TEXT NOT NULL DEFAULT 'S3'
    CONSTRAINT buckets_provider_enum CHECK (provider IN ('S3', 'R2', 'B2', 'GCS', 'MINIO')),
  region TEXT
    CONSTRAINT buckets_region_length CHECK (length(region) <= 60),
  endpoint TEXT
    CONSTRAINT buckets_endpoint_length CHECK (length(endpoint) <= 1024),
  encrypted_access_key TEXT,
  encrypted_secret_key TEXT,
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT buckets_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT buckets_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT buckets_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO new_buckets (
  organization_id, id, name, bucket_name, provider, region, endpoint, encrypted_access_key,
  encrypted_secret_key, is_active, created_at, updated_at
)
SELECT
  owner_id, id, name, bucket_name, provider, region, endpoint, encrypted_access_key,
  encrypted_secret_key, is_active, created_at, updated_at
FROM buckets;

DROP TABLE buckets;
ALTER TABLE new_buckets RENAME TO buckets;

CREATE UNIQUE INDEX buckets_bucket_name_provider_key
ON buckets (organization_id, bucket_name, provider);

CREATE INDEX buckets_provider_idx
ON buckets (organization_id, provider);

-- One row is one application of a team, with its keys, files and sub-tenants.
CREATE TABLE new_projects (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT projects_id_uuid CHECK (length(id) = 36),
  team_id TEXT NOT NULL,
  bucket_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT projects_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  description TEXT
    CONSTRAINT projects_description_length CHECK (length(description) <= 1000),
  settings TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT projects_settings_object CHECK (json_valid(settings) AND json_type(settings) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT projects_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT projects_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, bucket_id) REFERENCES buckets (organization_id, id)
) STRICT;

INSERT INTO new_projects (
  organization_id, id, team_id, bucket_id, name, slug, description, settings, created_at,
  updated_at
)
SELECT
  owner_id, id, owner_id, bucket_id, name, slug, description, settings, created_at, updated_at
FROM projects;

DROP TABLE projects;
ALTER TABLE new_projects RENAME TO projects;

CREATE INDEX projects_bucket_id_idx
ON projects (organization_id, bucket_id);

CREATE INDEX projects_team_id_idx
ON projects (organization_id, team_id);

CREATE UNIQUE INDEX projects_team_id_slug_key
ON projects (organization_id, team_id, slug);

-- One row is one key with which a program works in one project.
CREATE TABLE new_api_keys (
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
  project_id TEXT NOT NULL,
  user_id TEXT,
  permissions TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT api_keys_permissions_array CHECK (json_valid(permissions) AND json_type(permissions) = 'array')
    CONSTRAINT api_keys_permissions_length CHECK (json_array_length(permissions) <= 17),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT api_keys_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT api_keys_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT api_keys_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

INSERT INTO new_api_keys (
  organization_id, id, name, key_prefix, key_hash, rate_limit, last_used_at, expires_at,
  revoked_at, project_id, user_id, permissions, is_active, created_at, updated_at
)
SELECT
  p.organization_id, x.id, x.name, x.key_prefix, x.key_hash, x.rate_limit, x.last_used_at,
  x.expires_at, x.revoked_at, x.project_id, x.user_id, x.permissions, x.is_active, x.created_at,
  x.updated_at
FROM api_keys x
JOIN projects p ON p.id = x.project_id;

DROP TABLE api_keys;
ALTER TABLE new_api_keys RENAME TO api_keys;

CREATE INDEX api_keys_is_active_idx
ON api_keys (organization_id, is_active);

CREATE INDEX api_keys_key_prefix_cross_idx
ON api_keys (key_prefix);

CREATE INDEX api_keys_project_id_idx
ON api_keys (organization_id, project_id);

CREATE INDEX api_keys_user_id_cross_idx
ON api_keys (user_id);

CREATE INDEX api_keys_user_id_idx
ON api_keys (organization_id, user_id);

-- One row is one client of a project, whose files are kept apart from the others'.
CREATE TABLE new_tenants (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT tenants_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  name TEXT NOT NULL
    CONSTRAINT tenants_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT tenants_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  external_id TEXT
    CONSTRAINT tenants_external_id_length CHECK (length(external_id) BETWEEN 1 AND 200),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT tenants_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT tenants_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT tenants_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT tenants_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE
) STRICT;

INSERT INTO new_tenants (
  organization_id, id, project_id, name, slug, external_id, metadata, is_active, created_at,
  updated_at
)
SELECT
  p.organization_id, x.id, x.project_id, x.name, x.slug, x.external_id, x.metadata, x.is_active,
  x.created_at, x.updated_at
FROM tenants x
JOIN projects p ON p.id = x.project_id;

DROP TABLE tenants;
ALTER TABLE new_tenants RENAME TO tenants;

CREATE UNIQUE INDEX tenants_project_id_external_id_key
ON tenants (organization_id, project_id, external_id);

CREATE UNIQUE INDEX tenants_project_id_id_key
ON tenants (organization_id, project_id, id);

CREATE UNIQUE INDEX tenants_project_id_slug_key
ON tenants (organization_id, project_id, slug);

-- One row is one upload session and how far it got.
CREATE TABLE new_uploads (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT uploads_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  user_id TEXT,
  tenant_id TEXT,
  filename TEXT NOT NULL
    CONSTRAINT uploads_filename_length CHECK (length(filename) BETWEEN 1 AND 255),
  path TEXT NOT NULL
    CONSTRAINT uploads_path_length CHECK (length(path) BETWEEN 1 AND 1024),
  mime_type TEXT NOT NULL
    CONSTRAINT uploads_mime_type_length CHECK (length(mime_type) <= 255),
  size_bytes INTEGER NOT NULL
    CONSTRAINT uploads_size_bytes_integer CHECK (size_bytes BETWEEN 0 AND 9007199254740991),
  received_bytes INTEGER NOT NULL DEFAULT 0
    CONSTRAINT uploads_received_bytes_integer CHECK (received_bytes BETWEEN 0 AND 9007199254740991),
  status TEXT NOT NULL DEFAULT 'PENDING'
    CONSTRAINT uploads_status_enum CHECK (status IN ('PENDING', 'UPLOADING', 'COMPLETED', 'FAILED', 'CANCELLED', 'EXPIRED')),
  error TEXT
    CONSTRAINT uploads_error_length CHECK (length(error) <= 1000),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT uploads_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  expires_at TEXT
    CONSTRAINT uploads_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  completed_at TEXT
    CONSTRAINT uploads_completed_at_timestamp CHECK (completed_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT uploads_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT uploads_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
  FOREIGN KEY (organization_id, project_id, tenant_id) REFERENCES tenants (organization_id, project_id, id) ON DELETE CASCADE,
  CONSTRAINT received_within_size CHECK (received_bytes <= size_bytes),
  CONSTRAINT completed_has_time CHECK (status <> 'COMPLETED' OR completed_at IS NOT NULL)
) STRICT;

INSERT INTO new_uploads (
  organization_id, id, project_id, user_id, tenant_id, filename, path, mime_type, size_bytes,
  received_bytes, status, error, metadata, expires_at, completed_at, created_at, updated_at
)
SELECT
  p.organization_id, x.id, x.project_id, x.user_id, x.tenant_id, x.filename, x.path, x.mime_type,
  x.size_bytes, x.received_bytes, x.status, x.error, x.metadata, x.expires_at, x.completed_at,
  x.created_at, x.updated_at
FROM uploads x
JOIN projects p ON p.id = x.project_id;

DROP TABLE uploads;
ALTER TABLE new_uploads RENAME TO uploads;

CREATE INDEX uploads_project_id_idx
ON uploads (organization_id, project_id);

CREATE INDEX uploads_project_id_tenant_id_idx
ON uploads (organization_id, project_id, tenant_id);

CREATE INDEX uploads_status_idx
ON uploads (organization_id, status);

CREATE INDEX uploads_user_id_cross_idx
ON uploads (user_id);

CREATE INDEX uploads_user_id_idx
ON uploads (organization_id, user_id);

-- One row is one stored file; the bytes live in the project's bucket.
CREATE TABLE new_files (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT files_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  upload_id TEXT,
  tenant_id TEXT,
  path TEXT NOT NULL
    CONSTRAINT files_path_length CHECK (length(path) BETWEEN 1 AND 1024),
  filename TEXT NOT NULL
    CONSTRAINT files_filename_length CHECK (length(filename) BETWEEN 1 AND 255),
  mime_type TEXT NOT NULL
    CONSTRAINT files_mime_type_length CHECK (length(mime_type) <= 255),
  size_bytes INTEGER NOT NULL
    CONSTRAINT files_size_bytes_integer CHECK (size_bytes BETWEEN 0 AND 9007199254740991),
  checksum TEXT
    CONSTRAINT files_checksum_length CHECK (length(checksum) <= 64),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT files_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT files_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT files_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, upload_id) REFERENCES uploads (organization_id, id),
  FOREIGN KEY (organization_id, project_id, tenant_id) REFERENCES tenants (organization_id, project_id, id) ON DELETE CASCADE
) STRICT;

INSERT INTO new_files (
  organization_id, id, project_id, upload_id, tenant_id, path, filename, mime_type, size_bytes,
  checksum, metadata, created_at, updated_at
)
SELECT
  p.organization_id, x.id, x.project_id, x.upload_id, x.tenant_id, x.path, x.filename,
  x.mime_type, x.size_bytes, x.checksum, x.metadata, x.created_at, x.updated_at
FROM files x
JOIN projects p ON p.id = x.project_id;

DROP TABLE files;
ALTER TABLE new_files RENAME TO files;

CREATE INDEX files_project_id_idx
ON files (organization_id, project_id);

CREATE INDEX files_project_id_tenant_id_idx
ON files (organization_id, project_id, tenant_id);

CREATE UNIQUE INDEX files_project_id_tenant_id_path_key
ON files (organization_id, project_id, ifnull(tenant_id, x''), path);

CREATE INDEX files_tenant_id_idx
ON files (organization_id, tenant_id);

CREATE INDEX files_upload_id_idx
ON files (organization_id, upload_id);

-- One row is one named image transformation of a project.
CREATE TABLE new_transforms (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT transforms_id_uuid CHECK (length(id) = 36),
  project_id TEXT NOT NULL,
  name TEXT NOT NULL
    CONSTRAINT transforms_name_length CHECK (length(name) BETWEEN 1 AND 63),
  width INTEGER
    CONSTRAINT transforms_width_integer CHECK (width BETWEEN 1 AND 16384),
  height INTEGER
    CONSTRAINT transforms_height_integer CHECK (height BETWEEN 1 AND 16384),
  fit TEXT NOT NULL DEFAULT 'COVER'
    CONSTRAINT transforms_fit_enum CHECK (fit IN ('COVER', 'CONTAIN', 'FILL', 'INSIDE', 'OUTSIDE')),
  format TEXT NOT NULL DEFAULT 'WEBP'
    CONSTRAINT transforms_format_enum CHECK (format IN ('AVIF', 'WEBP', 'JPEG', 'PNG')),
  quality INTEGER NOT NULL DEFAULT 80
    CONSTRAINT transforms_quality_integer CHECK (quality BETWEEN 1 AND 100),
  options TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT transforms_options_object CHECK (json_valid(options) AND json_type(options) = 'object'),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT transforms_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT transforms_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT transforms_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id) ON DELETE CASCADE
) STRICT;

INSERT INTO new_transforms (
  organization_id, id, project_id, name, width, height, fit, format, quality, options, is_active,
  created_at, updated_at
)
SELECT
  p.organization_id, x.id, x.project_id, x.name, x.width, x.height, x.fit, x.format, x.quality,
  x.options, x.is_active, x.created_at, x.updated_at
FROM transforms x
JOIN projects p ON p.id = x.project_id;

DROP TABLE transforms;
ALTER TABLE new_transforms RENAME TO transforms;

CREATE UNIQUE INDEX transforms_project_id_name_key
ON transforms (organization_id, project_id, name);

-- One row is one entry of the audit trail of all operations.
CREATE TABLE new_audit_logs (
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
  team_id TEXT,
  project_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT audit_logs_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL,
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id),
  FOREIGN KEY (organization_id, project_id) REFERENCES projects (organization_id, id)
) STRICT;

INSERT INTO new_audit_logs (
  organization_id, id, user_id, action, resource_type, resource_id, changes, ip_address,
  user_agent, team_id, project_id, created_at
)
SELECT
  coalesce(p.organization_id, x.user_id), x.id, x.user_id, x.action, x.resource_type,
  x.resource_id, x.changes, x.ip_address, x.user_agent, p.team_id, x.project_id, x.created_at
FROM audit_logs x
LEFT JOIN projects p ON p.id = x.project_id;

DROP TABLE audit_logs;
ALTER TABLE new_audit_logs RENAME TO audit_logs;

CREATE INDEX audit_logs_action_idx
ON audit_logs (organization_id, action);

CREATE INDEX audit_logs_created_at_idx
ON audit_logs (organization_id, created_at);

CREATE INDEX audit_logs_project_id_idx
ON audit_logs (organization_id, project_id);

CREATE INDEX audit_logs_team_id_idx
ON audit_logs (organization_id, team_id);

CREATE INDEX audit_logs_user_id_cross_idx
ON audit_logs (user_id);

CREATE INDEX audit_logs_user_id_idx
ON audit_logs (organization_id, user_id);

CREATE INDEX organizations_owner_id_cross_idx
ON organizations (owner_id);

CREATE UNIQUE INDEX organizations_slug_key
ON organizations (slug);

CREATE INDEX organization_members_user_id_cross_idx
ON organization_members (user_id);

CREATE UNIQUE INDEX organization_members_user_id_key
ON organization_members (organization_id, user_id);

CREATE UNIQUE INDEX teams_slug_key
ON teams (organization_id, slug);

CREATE INDEX team_members_team_id_idx
ON team_members (organization_id, team_id);

CREATE UNIQUE INDEX team_members_team_id_user_id_key
ON team_members (organization_id, team_id, user_id);

CREATE INDEX team_members_user_id_idx
ON team_members (organization_id, user_id);

CREATE INDEX invitations_email_cross_idx
ON invitations (email);

CREATE INDEX invitations_expires_at_idx
ON invitations (organization_id, expires_at);

CREATE INDEX invitations_invited_by_id_cross_idx
ON invitations (invited_by_id);

CREATE INDEX invitations_team_id_idx
ON invitations (organization_id, team_id);

CREATE TRIGGER audit_logs_project_id_set_null
AFTER DELETE ON projects BEGIN
  UPDATE audit_logs
  SET project_id = NULL
  WHERE organization_id = OLD.organization_id AND project_id = OLD.id;
END;

CREATE TRIGGER audit_logs_team_id_set_null
AFTER DELETE ON teams BEGIN
  UPDATE audit_logs
  SET team_id = NULL
  WHERE organization_id = OLD.organization_id AND team_id = OLD.id;
END;

CREATE TRIGGER files_upload_id_set_null
AFTER DELETE ON uploads BEGIN
  UPDATE files
  SET upload_id = NULL
  WHERE organization_id = OLD.organization_id AND upload_id = OLD.id;
END;

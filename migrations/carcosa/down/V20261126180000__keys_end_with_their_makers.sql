-- Keys stay when their maker's account goes, and forget who it was.

-- api_keys is made anew: SQLite can't change all of this in place.
CREATE TABLE _rebuild_api_keys (
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
INSERT INTO _rebuild_api_keys (organization_id, id, name, key_prefix, key_hash, rate_limit, last_used_at, expires_at, revoked_at, project_id, user_id, permissions, is_active, created_at, updated_at)
  SELECT organization_id, id, name, key_prefix, key_hash, rate_limit, last_used_at, expires_at, revoked_at, project_id, user_id, permissions, is_active, created_at, updated_at
  FROM api_keys;
DROP TABLE api_keys;
ALTER TABLE _rebuild_api_keys RENAME TO api_keys;

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

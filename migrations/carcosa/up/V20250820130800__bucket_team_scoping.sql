-- Every bucket gets the team that owns it: the team of the oldest project that uses the bucket, or
-- else the organization's oldest team. An organization with buckets and no team gets one.

INSERT INTO teams (organization_id, id, name, slug, created_at, updated_at)
SELECT id, id, 'Default', 'default', created_at, updated_at
FROM organizations
WHERE id IN (SELECT organization_id FROM buckets)
  AND id NOT IN (SELECT organization_id FROM teams);

-- One row is one storage bucket and the credentials for it.
CREATE TABLE new_buckets (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT buckets_id_uuid CHECK (length(id) = 36),
  owner_team_id TEXT NOT NULL,
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
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, owner_team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

INSERT INTO new_buckets (
  organization_id, id, owner_team_id, name, bucket_name, provider, region, endpoint,
  encrypted_access_key, encrypted_secret_key, is_active, created_at, updated_at
)
SELECT
  x.organization_id, x.id,
  coalesce(
    (
      SELECT p.team_id FROM projects p
      WHERE p.organization_id = x.organization_id AND p.bucket_id = x.id
      ORDER BY p.created_at, p.id
      LIMIT 1
    ),
    (
      SELECT t.id FROM teams t
      WHERE t.organization_id = x.organization_id
      ORDER BY t.created_at, t.id
      LIMIT 1
    )
  ),
  x.name, x.bucket_name, x.provider, x.region, x.endpoint, x.encrypted_access_key,
  x.encrypted_secret_key, x.is_active, x.created_at, x.updated_at
FROM buckets x;

DROP TABLE buckets;
ALTER TABLE new_buckets RENAME TO buckets;

CREATE UNIQUE INDEX buckets_owner_team_id_bucket_name_provider_key
ON buckets (organization_id, owner_team_id, bucket_name, provider);

CREATE INDEX buckets_owner_team_id_idx
ON buckets (organization_id, owner_team_id);

CREATE INDEX buckets_provider_idx
ON buckets (organization_id, provider);

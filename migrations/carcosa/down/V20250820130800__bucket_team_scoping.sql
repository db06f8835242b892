-- Buckets belong to the organization again; which team owned one is lost. Where two teams know one
-- bucket by a row each, the oldest stays, and all projects that use one of them use that.

UPDATE projects
SET bucket_id = (
  SELECT k.id
  FROM buckets b
  JOIN buckets k
    ON k.organization_id = b.organization_id
    AND k.bucket_name = b.bucket_name
    AND k.provider = b.provider
  WHERE b.organization_id = projects.organization_id AND b.id = projects.bucket_id
  ORDER BY k.created_at, k.id
  LIMIT 1
)
WHERE bucket_id IS NOT NULL;

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
  x.organization_id, x.id, x.name, x.bucket_name, x.provider, x.region, x.endpoint,
  x.encrypted_access_key, x.encrypted_secret_key, x.is_active, x.created_at, x.updated_at
FROM buckets x
WHERE id = (
  SELECT k.id
  FROM buckets k
  WHERE k.organization_id = x.organization_id
    AND k.bucket_name = x.bucket_name
    AND k.provider = x.provider
  ORDER BY k.created_at, k.id
  LIMIT 1
);

DROP TABLE buckets;
ALTER TABLE new_buckets RENAME TO buckets;

CREATE UNIQUE INDEX buckets_bucket_name_provider_key
ON buckets (organization_id, bucket_name, provider);

CREATE INDEX buckets_provider_idx
ON buckets (organization_id, provider);

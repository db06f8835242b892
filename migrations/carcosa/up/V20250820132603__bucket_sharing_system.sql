-- Buckets can be shared with teams. A team whose projects use another team's bucket already gets the
-- access that they need; the row's id is that of the first of these projects.

-- One row shares one bucket with one more team.
CREATE TABLE bucket_team_access (
  organization_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT bucket_team_access_id_uuid CHECK (length(id) = 36),
  bucket_id TEXT NOT NULL,
  team_id TEXT NOT NULL,
  access_level TEXT NOT NULL DEFAULT 'READ_ONLY'
    CONSTRAINT bucket_team_access_access_level_enum CHECK (access_level IN ('READ_ONLY', 'READ_WRITE', 'ADMIN')),
  granted_by_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT bucket_team_access_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT bucket_team_access_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (organization_id, id),
  FOREIGN KEY (organization_id) REFERENCES organizations (id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, bucket_id) REFERENCES buckets (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id) ON DELETE CASCADE,
  FOREIGN KEY (granted_by_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX bucket_team_access_bucket_id_idx
ON bucket_team_access (organization_id, bucket_id);

CREATE UNIQUE INDEX bucket_team_access_bucket_id_team_id_key
ON bucket_team_access (organization_id, bucket_id, team_id);

CREATE INDEX bucket_team_access_granted_by_id_cross_idx
ON bucket_team_access (granted_by_id);

CREATE INDEX bucket_team_access_team_id_idx
ON bucket_team_access (organization_id, team_id);

INSERT INTO bucket_team_access (
  organization_id, id, bucket_id, team_id, access_level, granted_by_id, created_at, updated_at
)
SELECT
  p.organization_id, min(p.id), p.bucket_id, p.team_id, 'READ_WRITE', o.owner_id,
  min(p.created_at), min(p.created_at)
FROM projects p
JOIN buckets b ON b.organization_id = p.organization_id AND b.id = p.bucket_id
JOIN organizations o ON o.id = p.organization_id
WHERE b.owner_team_id <> p.team_id
GROUP BY p.organization_id, p.bucket_id, p.team_id, o.owner_id;

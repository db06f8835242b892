/** The table with its keys and indexes, for contenders that can't start from the file. */
export const schema = `
  CREATE TABLE files (
    organization_id TEXT NOT NULL, id TEXT NOT NULL, project_id TEXT NOT NULL, upload_id TEXT,
    tenant_id TEXT, path TEXT NOT NULL, filename TEXT NOT NULL, mime_type TEXT NOT NULL,
    size_bytes BIGINT NOT NULL, checksum TEXT, metadata TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (organization_id, id)
  );
  CREATE INDEX files_project_id ON files (organization_id, project_id);
  CREATE INDEX files_upload_id ON files (organization_id, upload_id);
  CREATE INDEX files_tenant_id ON files (organization_id, tenant_id);
  CREATE UNIQUE INDEX files_path ON files (organization_id, project_id, path);
`;

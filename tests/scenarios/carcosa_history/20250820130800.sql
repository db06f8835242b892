-- Two teams of Acme own a bucket of the same name each, and Engineering uses Marketing's.
INSERT INTO buckets (organization_id, id, owner_team_id, name, bucket_name, provider, is_active, created_at, updated_at) VALUES
  ('01980000-0000-7000-8000-001000000001', '01980000-0000-7000-8000-000200000031', '01980000-0000-7000-8000-001200000001', 'Logs', 'acme-logs', 'S3', 1, '2025-08-20T13:00:00.000Z', '2025-08-20T13:00:00.000Z'),
  ('01980000-0000-7000-8000-001000000001', '01980000-0000-7000-8000-000200000032', '01980000-0000-7000-8000-001200000002', 'Logs', 'acme-logs', 'S3', 1, '2025-08-20T14:00:00.000Z', '2025-08-20T14:00:00.000Z');
INSERT INTO projects (organization_id, id, team_id, bucket_id, name, slug, settings, created_at, updated_at) VALUES
  ('01980000-0000-7000-8000-001000000001', '01980000-0000-7000-8000-000300000031', '01980000-0000-7000-8000-001200000001', '01980000-0000-7000-8000-000200000032', 'Reports', 'reports', '{}', '2025-08-20T14:00:00.000Z', '2025-08-20T14:00:00.000Z');

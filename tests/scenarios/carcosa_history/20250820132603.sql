-- Engineering reads a bucket of Marketing's that none of its projects uses yet.
INSERT INTO bucket_team_access (organization_id, id, bucket_id, team_id, access_level, granted_by_id, created_at, updated_at) VALUES
  ('01980000-0000-7000-8000-001000000001', '01980000-0000-7000-8000-001500000001', '01980000-0000-7000-8000-000200000031', '01980000-0000-7000-8000-001200000002', 'READ_ONLY', '01980000-0000-7000-8000-000100000001', '2025-08-20T15:00:00.000Z', '2025-08-20T15:00:00.000Z');

-- A key that a person made, and one that another key made.
INSERT INTO api_keys (organization_id, id, project_id, user_id, name, key_prefix, key_hash, permissions, is_active, created_at, updated_at) VALUES
  ('01980000-0000-7000-8000-000100000001', '01980000-0000-7000-8000-000800000041', '01980000-0000-7000-8000-000300000001', '01980000-0000-7000-8000-000100000001', 'Manager', 'ck_live_41', 'hash-41', '["api_keys:manage"]', 1, '2026-11-26T18:00:00.000Z', '2026-11-26T18:00:00.000Z'),
  ('01980000-0000-7000-8000-000100000001', '01980000-0000-7000-8000-000800000042', '01980000-0000-7000-8000-000300000001', NULL, 'Managed', 'ck_live_42', 'hash-42', '[]', 1, '2026-11-26T18:00:00.000Z', '2026-11-26T18:00:00.000Z');

-- A key with permissions, beside those that were there before keys had any.
INSERT INTO api_keys (id, project_id, user_id, name, key_prefix, key_hash, is_active, created_at, updated_at, permissions) VALUES
  ('01980000-0000-7000-8000-000800000011', '01980000-0000-7000-8000-000300000002', '01980000-0000-7000-8000-000100000001', 'Reader', 'ck_live_11', 'hash-11', 1, '2025-08-19T10:00:00.000Z', '2025-08-19T10:00:00.000Z', '["files:read","tenants:read"]'),
  ('01980000-0000-7000-8000-000800000012', '01980000-0000-7000-8000-000300000002', NULL, 'Nothing', 'ck_live_12', 'hash-12', 1, '2025-08-19T10:00:00.000Z', '2025-08-19T10:00:00.000Z', '[]');

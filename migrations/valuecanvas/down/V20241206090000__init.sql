-- Drops everything; all rows are lost.

DROP TRIGGER audit_logs_user_id_set_null;
DROP TRIGGER canvas_shares_shared_by_id_set_null;
DROP TRIGGER canvas_versions_user_id_set_null;
DROP TRIGGER canvases_user_id_set_null;
DROP TABLE canvas_versions;
DROP TABLE canvas_shares;
DROP TABLE canvases;
DROP TABLE models;
DROP TABLE executions;
DROP TABLE agents;
DROP TABLE audit_logs;
DROP TABLE api_keys;
DROP TABLE users;
DROP TABLE organizations;

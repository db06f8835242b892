-- Drops everything; all rows are lost.

DROP TRIGGER executions_user_id_set_null;
DROP TRIGGER workflow_versions_user_id_set_null;
DROP TRIGGER workflows_user_id_set_null;
DROP TABLE execution_logs;
DROP TABLE executions;
DROP TABLE workflow_versions;
DROP TABLE workflows;
DROP TABLE permissions;
DROP TABLE users;
DROP TABLE tenants;

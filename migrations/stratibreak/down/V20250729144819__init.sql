-- Drops everything; all rows are lost.

DROP TRIGGER audit_logs_user_id_set_null;
DROP TRIGGER gaps_assignee_id_set_null;
DROP TRIGGER predictions_gap_id_set_null;
DROP TRIGGER project_stakeholders_user_id_set_null;
DROP TRIGGER projects_manager_id_set_null;
DROP TABLE audit_logs;
DROP TABLE integrations;
DROP TABLE predictions;
DROP TABLE gaps;
DROP TABLE project_stakeholders;
DROP TABLE projects;
DROP TABLE users;
DROP TABLE tenants;

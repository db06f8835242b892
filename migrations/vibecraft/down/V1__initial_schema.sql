-- Drops everything; all rows are lost.

DROP TRIGGER project_prompts_parent_id_set_null;
DROP TABLE ai_providers;
DROP TABLE project_settings;
DROP TABLE project_assets;
DROP TABLE project_knowledge;
DROP TABLE project_prompts;
DROP TABLE project_members;
DROP TABLE projects;
DROP TABLE users;

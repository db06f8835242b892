-- The first schema: people, projects and what is in them.

-- One row is one person's profile.
CREATE TABLE users (
  id TEXT NOT NULL
    CONSTRAINT users_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT users_email_length CHECK (length(email) <= 254),
  name TEXT NOT NULL
    CONSTRAINT users_name_length CHECK (length(name) BETWEEN 1 AND 120),
  password_hash TEXT
    CONSTRAINT users_password_hash_length CHECK (length(password_hash) <= 255),
  avatar_url TEXT
    CONSTRAINT users_avatar_url_length CHECK (length(avatar_url) <= 1024),
  bio TEXT
    CONSTRAINT users_bio_length CHECK (length(bio) <= 500),
  timezone TEXT NOT NULL DEFAULT 'UTC'
    CONSTRAINT users_timezone_length CHECK (length(timezone) <= 64),
  preferences TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT users_preferences_object CHECK (json_valid(preferences) AND json_type(preferences) = 'object'),
  last_login_at TEXT
    CONSTRAINT users_last_login_at_timestamp CHECK (last_login_at GLOB '????-??-??T??:??:??.???Z'),
  created_at TEXT NOT NULL
    CONSTRAINT users_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT users_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id)
) STRICT;

-- One row is one project workspace: a tenant.
CREATE TABLE projects (
  id TEXT NOT NULL
    CONSTRAINT projects_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT projects_name_length CHECK (length(name) BETWEEN 1 AND 120),
  user_id TEXT NOT NULL,
  description TEXT
    CONSTRAINT projects_description_length CHECK (length(description) <= 2000),
  status TEXT NOT NULL DEFAULT 'ACTIVE'
    CONSTRAINT projects_status_enum CHECK (status IN ('ACTIVE', 'ARCHIVED')),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT projects_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT projects_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT projects_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id)
) STRICT;

-- One row says that one person works in one project, and as what.
CREATE TABLE project_members (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT project_members_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  role TEXT NOT NULL DEFAULT 'VIEWER'
    CONSTRAINT project_members_role_enum CHECK (role IN ('OWNER', 'ADMIN', 'EDITOR', 'VIEWER')),
  invited_by_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT project_members_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT project_members_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (project_id, id),
  FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
  FOREIGN KEY (invited_by_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT, WITHOUT ROWID;

-- One row is one message of a project's conversations with an AI.
CREATE TABLE project_prompts (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT project_prompts_id_uuid CHECK (length(id) = 36),
  conversation_id TEXT NOT NULL
    CONSTRAINT project_prompts_conversation_id_uuid CHECK (length(conversation_id) = 36),
  parent_id TEXT,
  user_id TEXT,
  role TEXT NOT NULL DEFAULT 'USER'
    CONSTRAINT project_prompts_role_enum CHECK (role IN ('SYSTEM', 'USER', 'ASSISTANT')),
  content TEXT NOT NULL
    CONSTRAINT project_prompts_content_length CHECK (length(content) BETWEEN 1 AND 200000),
  provider TEXT
    CONSTRAINT project_prompts_provider_enum CHECK (provider IN ('OPENAI', 'ANTHROPIC', 'GOOGLE', 'MISTRAL', 'OLLAMA', 'CUSTOM')),
  model TEXT
    CONSTRAINT project_prompts_model_length CHECK (length(model) <= 120),
  tokens_used INTEGER
    CONSTRAINT project_prompts_tokens_used_integer CHECK (tokens_used BETWEEN 0 AND 9007199254740991),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT project_prompts_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  created_at TEXT NOT NULL
    CONSTRAINT project_prompts_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (project_id, id),
  FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (project_id, parent_id) REFERENCES project_prompts (project_id, id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

-- One row is one document of a project's knowledge base.
CREATE TABLE project_knowledge (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT project_knowledge_id_uuid CHECK (length(id) = 36),
  title TEXT NOT NULL
    CONSTRAINT project_knowledge_title_length CHECK (length(title) BETWEEN 1 AND 200),
  type TEXT NOT NULL DEFAULT 'DOCUMENT'
    CONSTRAINT project_knowledge_type_enum CHECK (type IN ('DOCUMENT', 'NOTE', 'LINK', 'FILE')),
  content TEXT NOT NULL DEFAULT ''
    CONSTRAINT project_knowledge_content_length CHECK (length(content) <= 1000000),
  source_url TEXT
    CONSTRAINT project_knowledge_source_url_length CHECK (length(source_url) <= 2048),
  tags TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT project_knowledge_tags_array CHECK (json_valid(tags) AND json_type(tags) = 'array')
    CONSTRAINT project_knowledge_tags_length CHECK (json_array_length(tags) <= 50),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT project_knowledge_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  user_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT project_knowledge_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT project_knowledge_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (project_id, id),
  FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

-- One row is one uploaded file; the bytes live in the file store.
CREATE TABLE project_assets (
  project_id TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT project_assets_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT project_assets_name_length CHECK (length(name) BETWEEN 1 AND 255),
  path TEXT NOT NULL
    CONSTRAINT project_assets_path_length CHECK (length(path) BETWEEN 1 AND 1024),
  type TEXT NOT NULL DEFAULT 'OTHER'
    CONSTRAINT project_assets_type_enum CHECK (type IN ('IMAGE', 'VIDEO', 'AUDIO', 'DOCUMENT', 'CODE', 'OTHER')),
  mime_type TEXT NOT NULL
    CONSTRAINT project_assets_mime_type_length CHECK (length(mime_type) <= 255),
  size_bytes INTEGER NOT NULL
    CONSTRAINT project_assets_size_bytes_integer CHECK (size_bytes BETWEEN 0 AND 9007199254740991),
  checksum TEXT
    CONSTRAINT project_assets_checksum_length CHECK (length(checksum) <= 64),
  width INTEGER
    CONSTRAINT project_assets_width_integer CHECK (width BETWEEN 1 AND 9007199254740991),
  height INTEGER
    CONSTRAINT project_assets_height_integer CHECK (height BETWEEN 1 AND 9007199254740991),
  metadata TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT project_assets_metadata_object CHECK (json_valid(metadata) AND json_type(metadata) = 'object'),
  user_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT project_assets_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT project_assets_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (project_id, id),
  FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

-- One row is one setting of a project.
CREATE TABLE project_settings (
  project_id TEXT NOT NULL,
  key TEXT NOT NULL
    CONSTRAINT project_settings_key_length CHECK (length(key) BETWEEN 1 AND 120),
  value TEXT NOT NULL
    CONSTRAINT project_settings_value_json CHECK (json_valid(value)),
  updated_by_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT project_settings_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT project_settings_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (project_id, key),
  FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE,
  FOREIGN KEY (updated_by_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

-- One row is one AI provider that a person has set up with a key of their own.
CREATE TABLE ai_providers (
  id TEXT NOT NULL
    CONSTRAINT ai_providers_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  provider TEXT NOT NULL
    CONSTRAINT ai_providers_provider_enum CHECK (provider IN ('OPENAI', 'ANTHROPIC', 'GOOGLE', 'MISTRAL', 'OLLAMA', 'CUSTOM')),
  name TEXT NOT NULL
    CONSTRAINT ai_providers_name_length CHECK (length(name) BETWEEN 1 AND 120),
  encrypted_api_key TEXT,
  base_url TEXT
    CONSTRAINT ai_providers_base_url_length CHECK (length(base_url) <= 1024),
  default_model TEXT
    CONSTRAINT ai_providers_default_model_length CHECK (length(default_model) <= 120),
  configuration TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT ai_providers_configuration_object CHECK (json_valid(configuration) AND json_type(configuration) = 'object'),
  is_active INTEGER NOT NULL DEFAULT 1
    CONSTRAINT ai_providers_is_active_boolean CHECK (is_active IN (0, 1)),
  created_at TEXT NOT NULL
    CONSTRAINT ai_providers_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT ai_providers_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX users_created_at_idx
ON users (created_at);

CREATE UNIQUE INDEX users_email_key
ON users (email);

CREATE INDEX projects_created_at_cross_idx
ON projects (created_at);

CREATE INDEX projects_name_cross_idx
ON projects (name);

CREATE INDEX projects_status_cross_idx
ON projects (status);

CREATE INDEX projects_user_id_updated_at_cross_idx
ON projects (user_id, updated_at DESC);

CREATE INDEX project_members_created_at_idx
ON project_members (project_id, created_at);

CREATE INDEX project_members_invited_by_id_cross_idx
ON project_members (invited_by_id);

CREATE INDEX project_members_role_idx
ON project_members (project_id, role);

CREATE INDEX project_members_user_id_cross_idx
ON project_members (user_id);

CREATE UNIQUE INDEX project_members_user_id_key
ON project_members (project_id, user_id);

CREATE INDEX project_prompts_conversation_id_created_at_idx
ON project_prompts (project_id, conversation_id, created_at);

CREATE INDEX project_prompts_created_at_idx
ON project_prompts (project_id, created_at DESC);

CREATE INDEX project_prompts_parent_id_idx
ON project_prompts (project_id, parent_id);

CREATE INDEX project_prompts_role_idx
ON project_prompts (project_id, role);

CREATE INDEX project_prompts_user_id_created_at_idx
ON project_prompts (project_id, user_id, created_at DESC);

CREATE INDEX project_prompts_user_id_cross_idx
ON project_prompts (user_id);

CREATE INDEX project_knowledge_created_at_idx
ON project_knowledge (project_id, created_at DESC);

CREATE INDEX project_knowledge_title_idx
ON project_knowledge (project_id, title);

CREATE INDEX project_knowledge_type_idx
ON project_knowledge (project_id, type);

CREATE INDEX project_knowledge_updated_at_idx
ON project_knowledge (project_id, updated_at DESC);

CREATE INDEX project_knowledge_user_id_cross_idx
ON project_knowledge (user_id);

CREATE INDEX project_knowledge_user_id_idx
ON project_knowledge (project_id, user_id);

CREATE INDEX project_assets_created_at_idx
ON project_assets (project_id, created_at DESC);

CREATE INDEX project_assets_name_idx
ON project_assets (project_id, name);

CREATE UNIQUE INDEX project_assets_path_key
ON project_assets (project_id, path);

CREATE INDEX project_assets_size_bytes_idx
ON project_assets (project_id, size_bytes);

CREATE INDEX project_assets_type_created_at_idx
ON project_assets (project_id, type, created_at DESC);

CREATE INDEX project_assets_user_id_cross_idx
ON project_assets (user_id);

CREATE INDEX project_assets_user_id_idx
ON project_assets (project_id, user_id);

CREATE INDEX project_settings_updated_at_idx
ON project_settings (project_id, updated_at);

CREATE INDEX project_settings_updated_by_id_cross_idx
ON project_settings (updated_by_id);

CREATE INDEX ai_providers_created_at_idx
ON ai_providers (created_at);

CREATE INDEX ai_providers_provider_idx
ON ai_providers (provider);

CREATE INDEX ai_providers_user_id_is_active_idx
ON ai_providers (user_id, is_active);

CREATE UNIQUE INDEX ai_providers_user_id_name_key
ON ai_providers (user_id, name);

CREATE TRIGGER project_prompts_parent_id_set_null
AFTER DELETE ON project_prompts BEGIN
  UPDATE project_prompts
  SET parent_id = NULL
  WHERE project_id = OLD.project_id AND parent_id = OLD.id;
END;

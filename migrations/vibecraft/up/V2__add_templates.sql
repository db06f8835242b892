-- Templates, which belong to no project.

-- One row is one reusable template; public ones are for everybody, others for their maker.
CREATE TABLE templates (
  id TEXT NOT NULL
    CONSTRAINT templates_id_uuid CHECK (length(id) = 36),
  user_id TEXT,
  name TEXT NOT NULL
    CONSTRAINT templates_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT templates_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  type TEXT NOT NULL
    CONSTRAINT templates_type_enum CHECK (type IN ('PROJECT', 'PROMPT', 'KNOWLEDGE', 'ASSET')),
  description TEXT
    CONSTRAINT templates_description_length CHECK (length(description) <= 2000),
  content TEXT NOT NULL
    CONSTRAINT templates_content_object CHECK (json_valid(content) AND json_type(content) = 'object'),
  tags TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT templates_tags_array CHECK (json_valid(tags) AND json_type(tags) = 'array')
    CONSTRAINT templates_tags_length CHECK (json_array_length(tags) <= 20),
  is_public INTEGER NOT NULL DEFAULT 0
    CONSTRAINT templates_is_public_boolean CHECK (is_public IN (0, 1)),
  usage_count INTEGER NOT NULL DEFAULT 0
    CONSTRAINT templates_usage_count_integer CHECK (usage_count BETWEEN 0 AND 9007199254740991),
  created_at TEXT NOT NULL
    CONSTRAINT templates_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT templates_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id),
  FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE SET NULL
) STRICT;

CREATE INDEX templates_created_at_idx
ON templates (created_at DESC);

CREATE INDEX templates_is_public_usage_count_idx
ON templates (is_public, usage_count DESC);

CREATE INDEX templates_name_idx
ON templates (name);

CREATE UNIQUE INDEX templates_slug_key
ON templates (slug);

CREATE INDEX templates_type_is_public_idx
ON templates (type, is_public);

CREATE INDEX templates_user_id_idx
ON templates (user_id);

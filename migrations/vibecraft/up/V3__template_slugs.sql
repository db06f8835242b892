-- Anybody may make templates: makers, who don't see each other's, may give the same slug.

DROP INDEX templates_slug_key;

CREATE INDEX templates_slug_idx
ON templates (slug);

-- Slugs are one for all again.
-- MAY FAIL: templates.slug: several templates may have the same

DROP INDEX templates_slug_idx;

CREATE UNIQUE INDEX templates_slug_key
ON templates (slug);

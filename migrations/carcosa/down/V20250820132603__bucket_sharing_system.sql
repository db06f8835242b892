-- Drops what was shared with whom; projects keep the buckets that they use.

DROP TABLE bucket_team_access;

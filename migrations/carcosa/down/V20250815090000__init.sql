-- Drops everything; all rows are lost.

DROP TABLE audit_logs;
DROP TABLE transforms;
DROP TABLE files;
DROP TABLE uploads;
DROP TABLE tenants;
DROP TABLE api_keys;
DROP TABLE projects;
DROP TABLE buckets;
DROP TABLE users;

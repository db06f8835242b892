-- Drops everything; all rows are lost.

DROP TRIGGER clients_guardian_id_set_null;
DROP TRIGGER visits_follows_id_set_null;
DROP TRIGGER visits_ward_id_set_null;
DROP TABLE visits;
DROP TABLE clients;
DROP TABLE wards;
DROP TABLE trail;
DROP TABLE staff_invites;
DROP TABLE staff;
DROP TABLE people;
DROP TABLE practices;

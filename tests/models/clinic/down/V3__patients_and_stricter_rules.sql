-- Patients become clients again, without relatives; the stricter rules go.

DROP TRIGGER patients_guardian_id_set_null;
DROP TRIGGER visits_follows_id_set_null;
DROP TRIGGER visits_ward_id_set_null;
DROP INDEX samples_taken_at_idx;

-- DATA LOSS: patient_relatives: dropped with all its rows
DROP TABLE patient_relatives;
ALTER TABLE patients RENAME COLUMN full_name TO name;
ALTER TABLE patients RENAME TO clients;

-- DATA LOSS: clients.is_private: dropped with its values
-- DATA LOSS: clients.weight_kg: rounded to whole kilograms
-- One row is one patient; deleting one hides the visits too.
CREATE TABLE _rebuild_clients (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT clients_id_uuid CHECK (length(id) = 36),
  chart_number TEXT
    CONSTRAINT clients_chart_number_length CHECK (length(chart_number) BETWEEN 1 AND 20),
  name TEXT NOT NULL
    CONSTRAINT clients_name_length CHECK (length(name) BETWEEN 1 AND 200),
  email TEXT
    CONSTRAINT clients_email_length CHECK (length(email) <= 254),
  born_on TEXT
    CONSTRAINT clients_born_on_date CHECK (born_on GLOB '????-??-??'),
  guardian_id TEXT,
  pin_hash TEXT
    CONSTRAINT clients_pin_hash_length CHECK (length(pin_hash) <= 255),
  photo BLOB
    CONSTRAINT clients_photo_length CHECK (length(photo) <= 65536),
  allergies TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT clients_allergies_array CHECK (json_valid(allergies) AND json_type(allergies) = 'array')
    CONSTRAINT clients_allergies_length CHECK (json_array_length(allergies) <= 30),
  notes TEXT NOT NULL DEFAULT '',
  extra TEXT
    CONSTRAINT clients_extra_json CHECK (json_valid(extra)),
  weight_kg INTEGER
    CONSTRAINT clients_weight_kg_integer CHECK (weight_kg BETWEEN 1 AND 700),
  created_at TEXT NOT NULL
    CONSTRAINT clients_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT clients_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT clients_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  insurance_number TEXT,
  findings TEXT,
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, guardian_id) REFERENCES clients (practice_ref, id),
  CONSTRAINT not_own_guardian CHECK (guardian_id IS NULL OR guardian_id <> id)
) STRICT;
INSERT INTO _rebuild_clients (
  practice_ref, id, chart_number, name, email, born_on, guardian_id, pin_hash, photo, allergies,
  notes, extra, weight_kg, created_at, updated_at, deleted_at, insurance_number, findings
)
SELECT
  practice_ref, id, chart_number, name, email, born_on, guardian_id, pin_hash, photo, allergies,
  notes, extra, max(1, CAST(round(weight_kg) AS INTEGER)), created_at, updated_at, deleted_at,
  insurance_number, findings
FROM clients;

DROP TABLE clients;
ALTER TABLE _rebuild_clients RENAME TO clients;

-- One row is one span in which a ward is open, keyed by ward, day and hour.
CREATE TABLE _rebuild_opening_hours (
  practice_ref TEXT NOT NULL,
  ward_id TEXT NOT NULL,
  weekday TEXT NOT NULL
    CONSTRAINT opening_hours_weekday_enum CHECK (weekday IN ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')),
  opens TEXT NOT NULL
    CONSTRAINT opening_hours_opens_time CHECK (opens GLOB '??:??:??.???'),
  closes TEXT
    CONSTRAINT opening_hours_closes_time CHECK (closes GLOB '??:??:??.???'),
  PRIMARY KEY (practice_ref, ward_id, weekday, opens),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, ward_id) REFERENCES wards (practice_ref, id) ON DELETE CASCADE,
  CONSTRAINT closes_after_opens CHECK (closes > opens)
) STRICT, WITHOUT ROWID;
INSERT INTO _rebuild_opening_hours (
  practice_ref, ward_id, weekday, opens, closes
)
SELECT
  practice_ref, ward_id, weekday, opens, closes
FROM opening_hours;

DROP TABLE opening_hours;
ALTER TABLE _rebuild_opening_hours RENAME TO opening_hours;

-- MAY FAIL: visits.state: where it breaks state IN ('booked', 'arrived', 'done', 'patient''s no-show')
-- One row is one visit of one patient.
CREATE TABLE _rebuild_visits (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT visits_id_uuid CHECK (length(id) = 36),
  patient_id TEXT NOT NULL,
  doctor_id TEXT NOT NULL,
  ward_id TEXT,
  follows_id TEXT,
  state TEXT NOT NULL DEFAULT 'booked'
    CONSTRAINT visits_state_enum CHECK (state IN ('booked', 'arrived', 'done', 'patient''s no-show')),
  starts_at TEXT NOT NULL
    CONSTRAINT visits_starts_at_timestamp CHECK (starts_at GLOB '????-??-??T??:??:??.???Z'),
  ends_at TEXT
    CONSTRAINT visits_ends_at_timestamp CHECK (ends_at GLOB '????-??-??T??:??:??.???Z'),
  bed INTEGER
    CONSTRAINT visits_bed_integer CHECK (bed BETWEEN 1 AND 9007199254740991),
  service TEXT
    CONSTRAINT visits_service_length CHECK (length(service) BETWEEN 1 AND 20),
  region TEXT
    CONSTRAINT visits_region_length CHECK (length(region) = 2),
  "order" INTEGER NOT NULL DEFAULT 0
    CONSTRAINT visits_order_integer CHECK ("order" BETWEEN -9007199254740991 AND 9007199254740991),
  legacy_code TEXT
    CONSTRAINT visits_legacy_code_length CHECK (length(legacy_code) <= 20),
  ip TEXT
    CONSTRAINT visits_ip_length CHECK (length(ip) <= 45),
  created_at TEXT NOT NULL
    CONSTRAINT visits_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT visits_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT visits_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, patient_id) REFERENCES clients (practice_ref, id) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, doctor_id) REFERENCES staff (practice_ref, user_id),
  FOREIGN KEY (practice_ref, ward_id) REFERENCES wards (practice_ref, id),
  FOREIGN KEY (practice_ref, follows_id) REFERENCES visits (practice_ref, id),
  FOREIGN KEY (service, region) REFERENCES tariffs (service, region),
  CONSTRAINT ends_after_start CHECK (ends_at IS NULL OR ends_at >= starts_at)
) STRICT, WITHOUT ROWID;
INSERT INTO _rebuild_visits (
  practice_ref, id, patient_id, doctor_id, ward_id, follows_id, state, starts_at, ends_at, bed,
  service, region, "order", ip, created_at, updated_at, deleted_at
)
SELECT
  practice_ref, id, patient_id, doctor_id, ward_id, follows_id, state, starts_at, ends_at, bed,
  service, region, "order", ip, created_at, updated_at, deleted_at
FROM visits;

DROP TABLE visits;
ALTER TABLE _rebuild_visits RENAME TO visits;

CREATE INDEX clients_born_on_name_idx
ON clients (practice_ref, born_on DESC, name);

CREATE UNIQUE INDEX clients_chart_number_key
ON clients (practice_ref, chart_number)
WHERE deleted_at IS NULL;

CREATE INDEX clients_insurance_number_blind_idx
ON clients (practice_ref, substr(insurance_number, 13, 20));

CREATE INDEX clients_guardian_id_idx
ON clients (practice_ref, guardian_id);

CREATE UNIQUE INDEX clients_name_born_on_key
ON clients (practice_ref, name, ifnull(born_on, x''))
WHERE deleted_at IS NULL;

CREATE INDEX samples_mime_type_idx
ON samples (practice_ref, mime_type);

CREATE INDEX samples_taken_at_idx
ON samples (practice_ref, taken_at);

CREATE INDEX visits_doctor_id_idx
ON visits (practice_ref, doctor_id);

CREATE UNIQUE INDEX visits_doctor_id_starts_at_key
ON visits (practice_ref, doctor_id, starts_at)
WHERE deleted_at IS NULL;

CREATE INDEX visits_follows_id_idx
ON visits (practice_ref, follows_id);

CREATE INDEX visits_patient_id_starts_at_idx
ON visits (practice_ref, patient_id, starts_at);

CREATE INDEX visits_service_region_cross_idx
ON visits (service, region);

CREATE INDEX visits_starts_at_idx
ON visits (practice_ref, starts_at DESC);

CREATE INDEX visits_state_starts_at_idx
ON visits (practice_ref, state, starts_at DESC);

CREATE INDEX visits_ward_id_idx
ON visits (practice_ref, ward_id);

CREATE TRIGGER clients_guardian_id_set_null
AFTER DELETE ON clients BEGIN
  UPDATE clients
  SET guardian_id = NULL
  WHERE practice_ref = OLD.practice_ref AND guardian_id = OLD.id;
END;

CREATE TRIGGER visits_follows_id_set_null
AFTER DELETE ON visits BEGIN
  UPDATE visits
  SET follows_id = NULL
  WHERE practice_ref = OLD.practice_ref AND follows_id = OLD.id;
END;

CREATE TRIGGER visits_ward_id_set_null
AFTER DELETE ON wards BEGIN
  UPDATE visits
  SET ward_id = NULL
  WHERE practice_ref = OLD.practice_ref AND ward_id = OLD.id;
END;

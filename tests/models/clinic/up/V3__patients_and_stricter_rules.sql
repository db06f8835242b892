-- Clients become patients, with relatives; several rules get stricter.

DROP TRIGGER clients_guardian_id_set_null;
DROP TRIGGER visits_follows_id_set_null;
DROP TRIGGER visits_ward_id_set_null;
DROP INDEX samples_mime_type_idx;
DROP INDEX samples_taken_at_idx;
ALTER TABLE clients RENAME COLUMN name TO full_name;
ALTER TABLE clients RENAME TO patients;

-- One row links one of patients with one of patients.
CREATE TABLE patient_relatives (
  practice_ref TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  relative_id TEXT NOT NULL,
  PRIMARY KEY (practice_ref, patient_id, relative_id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, patient_id) REFERENCES patients (practice_ref, id) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, relative_id) REFERENCES patients (practice_ref, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row is one span in which a ward is open, keyed by ward, day and hour.
CREATE TABLE _rebuild_opening_hours (
  practice_ref TEXT NOT NULL,
  ward_id TEXT NOT NULL,
  weekday TEXT NOT NULL
    CONSTRAINT opening_hours_weekday_enum CHECK (weekday IN ('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')),
  opens TEXT NOT NULL
    CONSTRAINT opening_hours_opens_time CHECK (opens GLOB '??:??:??.???'),
  closes TEXT NOT NULL DEFAULT '18:00:00.000'
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
  practice_ref, ward_id, weekday, opens, coalesce(closes, '18:00:00.000')
FROM opening_hours;

DROP TABLE opening_hours;
ALTER TABLE _rebuild_opening_hours RENAME TO opening_hours;

-- DATA LOSS: patients.weight_kg: whole numbers beyond 2^53 are rounded
-- One row is one patient; deleting one hides the visits too.
CREATE TABLE _rebuild_patients (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT patients_id_uuid CHECK (length(id) = 36),
  chart_number TEXT
    CONSTRAINT patients_chart_number_length CHECK (length(chart_number) BETWEEN 1 AND 20),
  full_name TEXT NOT NULL
    CONSTRAINT patients_full_name_length CHECK (length(full_name) BETWEEN 1 AND 200),
  email TEXT
    CONSTRAINT patients_email_length CHECK (length(email) <= 254),
  born_on TEXT
    CONSTRAINT patients_born_on_date CHECK (born_on GLOB '????-??-??'),
  guardian_id TEXT,
  insurance_number TEXT,
  findings TEXT,
  pin_hash TEXT
    CONSTRAINT patients_pin_hash_length CHECK (length(pin_hash) <= 255),
  photo BLOB
    CONSTRAINT patients_photo_length CHECK (length(photo) <= 65536),
  allergies TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT patients_allergies_array CHECK (json_valid(allergies) AND json_type(allergies) = 'array')
    CONSTRAINT patients_allergies_length CHECK (json_array_length(allergies) <= 30),
  notes TEXT NOT NULL DEFAULT '',
  extra TEXT
    CONSTRAINT patients_extra_json CHECK (json_valid(extra)),
  is_private INTEGER NOT NULL DEFAULT 0
    CONSTRAINT patients_is_private_boolean CHECK (is_private IN (0, 1)),
  weight_kg REAL
    CONSTRAINT patients_weight_kg_range CHECK (weight_kg BETWEEN 0.2 AND 700.0),
  created_at TEXT NOT NULL
    CONSTRAINT patients_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT patients_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  deleted_at TEXT
    CONSTRAINT patients_deleted_at_timestamp CHECK (deleted_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, guardian_id) REFERENCES patients (practice_ref, id),
  CONSTRAINT not_own_guardian CHECK (guardian_id IS NULL OR guardian_id <> id)
) STRICT;
INSERT INTO _rebuild_patients (
  practice_ref, id, chart_number, full_name, email, born_on, guardian_id, insurance_number,
  findings, pin_hash, photo, allergies, notes, extra, weight_kg, created_at, updated_at,
  deleted_at
)
SELECT
  practice_ref, id, chart_number, full_name, email, born_on, guardian_id, insurance_number,
  findings, pin_hash, photo, allergies, notes, extra, weight_kg, created_at, updated_at,
  deleted_at
FROM patients;

DROP TABLE patients;
ALTER TABLE _rebuild_patients RENAME TO patients;

-- DATA LOSS: visits.legacy_code: dropped with its values
-- MAY FAIL: visits: where it breaks state <> 'done' OR ends_at IS NOT NULL
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
    CONSTRAINT visits_state_enum CHECK (state IN ('booked', 'arrived', 'done', 'patient''s no-show', 'größer verschoben')),
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
  "order" INTEGER NOT NULL DEFAULT -1
    CONSTRAINT visits_order_integer CHECK ("order" BETWEEN -9007199254740991 AND 9007199254740991),
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
  FOREIGN KEY (practice_ref, patient_id) REFERENCES patients (practice_ref, id) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, doctor_id) REFERENCES staff (practice_ref, user_id),
  FOREIGN KEY (practice_ref, ward_id) REFERENCES wards (practice_ref, id),
  FOREIGN KEY (practice_ref, follows_id) REFERENCES visits (practice_ref, id),
  FOREIGN KEY (service, region) REFERENCES tariffs (service, region),
  CONSTRAINT ends_after_start CHECK (ends_at IS NULL OR ends_at >= starts_at),
  CONSTRAINT done_has_end CHECK (state <> 'done' OR ends_at IS NOT NULL)
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

CREATE INDEX patients_born_on_full_name_idx
ON patients (practice_ref, born_on DESC, full_name);

CREATE UNIQUE INDEX patients_chart_number_key
ON patients (practice_ref, chart_number)
WHERE deleted_at IS NULL;

CREATE UNIQUE INDEX patients_full_name_born_on_key
ON patients (practice_ref, full_name, ifnull(born_on, x''))
WHERE deleted_at IS NULL;

CREATE INDEX patients_guardian_id_idx
ON patients (practice_ref, guardian_id);

CREATE INDEX patients_insurance_number_blind_idx
ON patients (practice_ref, substr(insurance_number, 13, 20));

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

CREATE INDEX samples_taken_at_idx
ON samples (practice_ref, taken_at DESC);

CREATE INDEX patient_relatives_relative_id_idx
ON patient_relatives (practice_ref, relative_id);

CREATE TRIGGER patients_guardian_id_set_null
AFTER DELETE ON patients BEGIN
  UPDATE patients
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

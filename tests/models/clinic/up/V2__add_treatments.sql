-- Treatments, tariffs, samples and all that goes with them; staff get deputies.

DROP TRIGGER visits_follows_id_set_null;
DROP TRIGGER visits_ward_id_set_null;

-- One row is one thing that one person keeps at hand, in every practice.
CREATE TABLE favourites (
  person_id TEXT NOT NULL,
  key TEXT NOT NULL
    CONSTRAINT favourites_key_length CHECK (length(key) BETWEEN 1 AND 60),
  value TEXT NOT NULL
    CONSTRAINT favourites_value_json CHECK (json_valid(value)),
  PRIMARY KEY (person_id, key),
  FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row allows one person one action.
CREATE TABLE staff_grants (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT staff_grants_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  resource TEXT NOT NULL
    CONSTRAINT staff_grants_resource_length CHECK (length(resource) BETWEEN 1 AND 120),
  action TEXT NOT NULL
    CONSTRAINT staff_grants_action_length CHECK (length(action) BETWEEN 1 AND 120),
  created_at TEXT NOT NULL
    CONSTRAINT staff_grants_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES people (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row is one key of a device in the practice.
CREATE TABLE device_keys (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT device_keys_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT device_keys_name_length CHECK (length(name) BETWEEN 1 AND 120),
  key_prefix TEXT NOT NULL
    CONSTRAINT device_keys_key_prefix_length CHECK (length(key_prefix) BETWEEN 4 AND 32),
  key_hash TEXT NOT NULL
    CONSTRAINT device_keys_key_hash_length CHECK (length(key_hash) <= 255),
  rate_limit INTEGER
    CONSTRAINT device_keys_rate_limit_integer CHECK (rate_limit BETWEEN 1 AND 9007199254740991),
  last_used_at TEXT
    CONSTRAINT device_keys_last_used_at_timestamp CHECK (last_used_at GLOB '????-??-??T??:??:??.???Z'),
  expires_at TEXT
    CONSTRAINT device_keys_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  revoked_at TEXT
    CONSTRAINT device_keys_revoked_at_timestamp CHECK (revoked_at GLOB '????-??-??T??:??:??.???Z'),
  allowed TEXT NOT NULL DEFAULT '["mild"]'
    CONSTRAINT device_keys_allowed_array CHECK (json_valid(allowed) AND json_type(allowed) = 'array'),
  created_at TEXT NOT NULL
    CONSTRAINT device_keys_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE
) STRICT;

-- One row is one region, keyed by what people call it.
CREATE TABLE regions (
  code TEXT NOT NULL
    CONSTRAINT regions_code_length CHECK (length(code) = 2),
  label TEXT NOT NULL
    CONSTRAINT regions_label_length CHECK (length(label) <= 80),
  parent_code TEXT,
  PRIMARY KEY (code),
  FOREIGN KEY (parent_code) REFERENCES regions (code) ON DELETE SET NULL
) STRICT;

-- One row is the price of one service in one region, keyed by both.
CREATE TABLE tariffs (
  service TEXT NOT NULL
    CONSTRAINT tariffs_service_length CHECK (length(service) BETWEEN 1 AND 20),
  region TEXT NOT NULL,
  price INTEGER NOT NULL DEFAULT 0
    CONSTRAINT tariffs_price_decimal_10_3 CHECK (price BETWEEN -500 AND 99999999),
  barcode INTEGER,
  valid_from TEXT NOT NULL DEFAULT '2025-01-01'
    CONSTRAINT tariffs_valid_from_date CHECK (valid_from GLOB '????-??-??'),
  valid_until TEXT
    CONSTRAINT tariffs_valid_until_date CHECK (valid_until GLOB '????-??-??'),
  PRIMARY KEY (service, region),
  FOREIGN KEY (region) REFERENCES regions (code),
  CONSTRAINT until_after_from CHECK (valid_until IS NULL OR valid_until > valid_from)
) STRICT;

-- One row is one span in which a ward is open, keyed by ward, day and hour.
CREATE TABLE opening_hours (
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

-- One row is one version of a visit.
CREATE TABLE visit_history (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT visit_history_id_uuid CHECK (length(id) = 36),
  version INTEGER NOT NULL
    CONSTRAINT visit_history_version_integer CHECK (version BETWEEN 1 AND 9007199254740991),
  changes TEXT
    CONSTRAINT visit_history_changes_json CHECK (json_valid(changes)),
  visit_id TEXT NOT NULL,
  created_at TEXT NOT NULL
    CONSTRAINT visit_history_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, visit_id) REFERENCES visits (practice_ref, id) ON DELETE CASCADE
) STRICT;

-- One row is one step of a visit, keyed by its place in it.
CREATE TABLE treatments (
  practice_ref TEXT NOT NULL,
  visit_id TEXT NOT NULL,
  step INTEGER NOT NULL
    CONSTRAINT treatments_step_integer CHECK (step BETWEEN 1 AND 999),
  title TEXT NOT NULL
    CONSTRAINT treatments_title_length CHECK (length(title) BETWEEN 1 AND 120),
  severity TEXT
    CONSTRAINT treatments_severity_enum CHECK (severity IN ('mild', 'severe')),
  amount INTEGER NOT NULL DEFAULT 1000000
    CONSTRAINT treatments_amount_decimal_18_6 CHECK (amount BETWEEN -999999999999999999 AND 999999999999999999),
  counter INTEGER NOT NULL DEFAULT 0
    CONSTRAINT treatments_counter_bigint CHECK (counter >= 0),
  PRIMARY KEY (practice_ref, visit_id, step),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, visit_id) REFERENCES visits (practice_ref, id) ON DELETE CASCADE,
  CONSTRAINT severe_is_titled CHECK (coalesce(severity, 'mild') <> 'severe' OR lower(title) <> 'none')
) STRICT;

-- One row is one laboratory sample: arrays of every type.
CREATE TABLE samples (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT samples_id_uuid CHECK (length(id) = 36),
  patient_id TEXT NOT NULL,
  serial TEXT NOT NULL
    CONSTRAINT samples_serial_uuid CHECK (length(serial) = 36),
  texts TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_texts_array CHECK (json_valid(texts) AND json_type(texts) = 'array')
    CONSTRAINT samples_texts_length CHECK (json_array_length(texts) <= 10),
  integers TEXT
    CONSTRAINT samples_integers_array CHECK (json_valid(integers) AND json_type(integers) = 'array')
    CONSTRAINT samples_integers_length CHECK (json_array_length(integers) BETWEEN 1 AND 100),
  bigints TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_bigints_array CHECK (json_valid(bigints) AND json_type(bigints) = 'array'),
  decimals TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_decimals_array CHECK (json_valid(decimals) AND json_type(decimals) = 'array'),
  reals TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_reals_array CHECK (json_valid(reals) AND json_type(reals) = 'array'),
  booleans TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_booleans_array CHECK (json_valid(booleans) AND json_type(booleans) = 'array'),
  uuids TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_uuids_array CHECK (json_valid(uuids) AND json_type(uuids) = 'array'),
  timestamps TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_timestamps_array CHECK (json_valid(timestamps) AND json_type(timestamps) = 'array'),
  dates TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_dates_array CHECK (json_valid(dates) AND json_type(dates) = 'array'),
  times TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_times_array CHECK (json_valid(times) AND json_type(times) = 'array'),
  severities TEXT NOT NULL DEFAULT '["mild"]'
    CONSTRAINT samples_severities_array CHECK (json_valid(severities) AND json_type(severities) = 'array'),
  objects TEXT NOT NULL DEFAULT '{}'
    CONSTRAINT samples_objects_object CHECK (json_valid(objects) AND json_type(objects) = 'object'),
  list TEXT NOT NULL DEFAULT '[]'
    CONSTRAINT samples_list_list CHECK (json_valid(list) AND json_type(list) = 'array'),
  raw BLOB
    CONSTRAINT samples_raw_length CHECK (length(raw) >= 1),
  mime_type TEXT NOT NULL DEFAULT 'text/plain'
    CONSTRAINT samples_mime_type_length CHECK (length(mime_type) <= 255),
  taken_at TEXT NOT NULL
    CONSTRAINT samples_taken_at_timestamp CHECK (taken_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, patient_id) REFERENCES clients (practice_ref, id)
) STRICT;

-- One row links one of clients with one of wards.
CREATE TABLE patient_wards (
  practice_ref TEXT NOT NULL,
  patient_id TEXT NOT NULL,
  ward_id TEXT NOT NULL,
  PRIMARY KEY (practice_ref, patient_id, ward_id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, patient_id) REFERENCES clients (practice_ref, id) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, ward_id) REFERENCES wards (practice_ref, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- MAY FAIL: staff: where (practice_ref, deputy_id) names no row of staff
-- One row says that one person works in one practice.
CREATE TABLE _rebuild_staff (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT staff_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  rank TEXT NOT NULL DEFAULT 'nurse'
    CONSTRAINT staff_rank_enum CHECK (rank IN ('chief', 'doctor', 'nurse', 'front desk')),
  hourly_rate INTEGER
    CONSTRAINT staff_hourly_rate_decimal_8_2 CHECK (hourly_rate BETWEEN 0 AND 99999999),
  deputy_id TEXT,
  created_at TEXT NOT NULL
    CONSTRAINT staff_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES people (id) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, deputy_id) REFERENCES staff (practice_ref, id)
) STRICT, WITHOUT ROWID;
INSERT INTO _rebuild_staff (
  practice_ref, id, user_id, rank, hourly_rate, created_at
)
SELECT
  practice_ref, id, user_id, rank, hourly_rate, created_at
FROM staff;

DROP TABLE staff;
ALTER TABLE _rebuild_staff RENAME TO staff;

ALTER TABLE clients ADD COLUMN insurance_number TEXT;

ALTER TABLE clients ADD COLUMN findings TEXT;

-- MAY FAIL: visits.bed: where a value is no such number
-- MAY FAIL: visits.bed: where it breaks bed BETWEEN 1 AND 9007199254740991
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
  "order", legacy_code, ip, created_at, updated_at, deleted_at
)
SELECT
  practice_ref, id, patient_id, doctor_id, ward_id, follows_id, state, starts_at, ends_at, bed,
  "order", legacy_code, ip, created_at, updated_at, deleted_at
FROM visits;

DROP TABLE visits;
ALTER TABLE _rebuild_visits RENAME TO visits;

CREATE INDEX clients_insurance_number_blind_idx
ON clients (practice_ref, substr(insurance_number, 13, 20));

CREATE INDEX staff_deputy_id_idx
ON staff (practice_ref, deputy_id);

CREATE INDEX staff_user_id_cross_idx
ON staff (user_id);

CREATE UNIQUE INDEX staff_user_id_key
ON staff (practice_ref, user_id);

CREATE INDEX staff_grants_user_id_cross_idx
ON staff_grants (user_id);

CREATE UNIQUE INDEX staff_grants_user_id_resource_action_key
ON staff_grants (practice_ref, user_id, resource, action);

CREATE INDEX device_keys_key_prefix_cross_idx
ON device_keys (key_prefix);

CREATE INDEX regions_parent_code_idx
ON regions (parent_code);

CREATE UNIQUE INDEX tariffs_barcode_key
ON tariffs (barcode);

CREATE INDEX tariffs_region_idx
ON tariffs (region);

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

CREATE UNIQUE INDEX visit_history_visit_id_version_key
ON visit_history (practice_ref, visit_id, version);

CREATE INDEX samples_mime_type_idx
ON samples (practice_ref, mime_type);

CREATE INDEX samples_patient_id_idx
ON samples (practice_ref, patient_id);

CREATE UNIQUE INDEX samples_serial_key
ON samples (practice_ref, serial);

CREATE INDEX samples_taken_at_idx
ON samples (practice_ref, taken_at);

CREATE INDEX patient_wards_ward_id_idx
ON patient_wards (practice_ref, ward_id);

CREATE TRIGGER staff_deputy_id_set_null
AFTER DELETE ON staff BEGIN
  UPDATE staff
  SET deputy_id = NULL
  WHERE practice_ref = OLD.practice_ref AND deputy_id = OLD.id;
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

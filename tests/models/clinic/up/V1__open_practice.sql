-- The first schema: practices, their staff, clients and visits.

-- One row is one practice: a tenant whose key is not called id.
CREATE TABLE practices (
  name TEXT NOT NULL
    CONSTRAINT practices_name_length CHECK (length(name) BETWEEN 1 AND 120),
  ref TEXT NOT NULL
    CONSTRAINT practices_ref_uuid CHECK (length(ref) = 36),
  sign TEXT NOT NULL
    CONSTRAINT practices_sign_length CHECK (length(sign) BETWEEN 2 AND 40),
  founder_id TEXT NOT NULL,
  timezone TEXT NOT NULL DEFAULT 'Europe/Vienna'
    CONSTRAINT practices_timezone_length CHECK (length(timezone) <= 64),
  website TEXT
    CONSTRAINT practices_website_length CHECK (length(website) <= 1024),
  accent TEXT
    CONSTRAINT practices_accent_length CHECK (length(accent) <= 9),
  created_at TEXT NOT NULL
    CONSTRAINT practices_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT practices_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (ref),
  FOREIGN KEY (founder_id) REFERENCES people (id)
) STRICT, WITHOUT ROWID;

-- One row is one person who works anywhere.
CREATE TABLE people (
  id TEXT NOT NULL
    CONSTRAINT people_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT people_email_length CHECK (length(email) <= 254),
  name TEXT NOT NULL
    CONSTRAINT people_name_length CHECK (length(name) BETWEEN 1 AND 120),
  password_hash TEXT
    CONSTRAINT people_password_hash_length CHECK (length(password_hash) <= 255),
  phone TEXT
    CONSTRAINT people_phone_length CHECK (length(phone) <= 20),
  created_at TEXT NOT NULL
    CONSTRAINT people_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT people_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

-- One row says that one person works in one practice.
CREATE TABLE staff (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT staff_id_uuid CHECK (length(id) = 36),
  user_id TEXT NOT NULL,
  rank TEXT NOT NULL DEFAULT 'nurse'
    CONSTRAINT staff_rank_enum CHECK (rank IN ('chief', 'doctor', 'nurse', 'front desk')),
  hourly_rate INTEGER
    CONSTRAINT staff_hourly_rate_decimal_8_2 CHECK (hourly_rate BETWEEN 0 AND 99999999),
  created_at TEXT NOT NULL
    CONSTRAINT staff_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES people (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row invites one address to work in a practice.
CREATE TABLE staff_invites (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT staff_invites_id_uuid CHECK (length(id) = 36),
  email TEXT NOT NULL
    CONSTRAINT staff_invites_email_length CHECK (length(email) <= 254),
  token_hash TEXT NOT NULL
    CONSTRAINT staff_invites_token_hash_length CHECK (length(token_hash) <= 255),
  expires_at TEXT NOT NULL
    CONSTRAINT staff_invites_expires_at_timestamp CHECK (expires_at GLOB '????-??-??T??:??:??.???Z'),
  accepted_at TEXT
    CONSTRAINT staff_invites_accepted_at_timestamp CHECK (accepted_at GLOB '????-??-??T??:??:??.???Z'),
  rank TEXT NOT NULL DEFAULT 'front desk'
    CONSTRAINT staff_invites_rank_enum CHECK (rank IN ('chief', 'doctor', 'nurse', 'front desk')),
  created_at TEXT NOT NULL
    CONSTRAINT staff_invites_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- One row is one entry of the practice's audit trail.
CREATE TABLE trail (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT trail_id_uuid CHECK (length(id) = 36),
  user_id TEXT,
  action TEXT NOT NULL
    CONSTRAINT trail_action_length CHECK (length(action) BETWEEN 1 AND 120),
  resource_type TEXT NOT NULL
    CONSTRAINT trail_resource_type_length CHECK (length(resource_type) BETWEEN 1 AND 120),
  resource_id TEXT
    CONSTRAINT trail_resource_id_length CHECK (length(resource_id) <= 120),
  changes TEXT
    CONSTRAINT trail_changes_object CHECK (json_valid(changes) AND json_type(changes) = 'object'),
  ip_address TEXT
    CONSTRAINT trail_ip_address_length CHECK (length(ip_address) <= 45),
  user_agent TEXT
    CONSTRAINT trail_user_agent_length CHECK (length(user_agent) <= 512),
  created_at TEXT NOT NULL
    CONSTRAINT trail_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (user_id) REFERENCES people (id) ON DELETE SET NULL
) STRICT;

-- One row is one ward of a practice.
CREATE TABLE wards (
  practice_ref TEXT NOT NULL,
  id TEXT NOT NULL
    CONSTRAINT wards_id_uuid CHECK (length(id) = 36),
  name TEXT NOT NULL
    CONSTRAINT wards_name_length CHECK (length(name) BETWEEN 1 AND 120),
  slug TEXT NOT NULL
    CONSTRAINT wards_slug_length CHECK (length(slug) BETWEEN 1 AND 63),
  floor INTEGER NOT NULL DEFAULT 0
    CONSTRAINT wards_floor_integer CHECK (floor BETWEEN -3 AND 40),
  "group" TEXT
    CONSTRAINT wards_group_length CHECK (length("group") <= 40),
  host TEXT
    CONSTRAINT wards_host_length CHECK (length(host) <= 253),
  firmware TEXT
    CONSTRAINT wards_firmware_length CHECK (length(firmware) <= 64),
  created_at TEXT NOT NULL
    CONSTRAINT wards_created_at_timestamp CHECK (created_at GLOB '????-??-??T??:??:??.???Z'),
  updated_at TEXT NOT NULL
    CONSTRAINT wards_updated_at_timestamp CHECK (updated_at GLOB '????-??-??T??:??:??.???Z'),
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  CONSTRAINT host_is_another CHECK (NOT (lower(coalesce(host, '')) IN ('localhost', 'ip6-localhost')))
) STRICT, WITHOUT ROWID;

-- One row is one patient; deleting one hides the visits too.
CREATE TABLE clients (
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
  PRIMARY KEY (practice_ref, id),
  FOREIGN KEY (practice_ref) REFERENCES practices (ref) ON DELETE CASCADE,
  FOREIGN KEY (practice_ref, guardian_id) REFERENCES clients (practice_ref, id),
  CONSTRAINT not_own_guardian CHECK (guardian_id IS NULL OR guardian_id <> id)
) STRICT;

-- One row is one visit of one patient.
CREATE TABLE visits (
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
  bed TEXT
    CONSTRAINT visits_bed_length CHECK (length(bed) <= 10),
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
  CONSTRAINT ends_after_start CHECK (ends_at IS NULL OR ends_at >= starts_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX practices_founder_id_cross_idx
ON practices (founder_id);

CREATE UNIQUE INDEX practices_sign_key
ON practices (sign);

CREATE UNIQUE INDEX people_email_key
ON people (email);

CREATE INDEX staff_user_id_cross_idx
ON staff (user_id);

CREATE UNIQUE INDEX staff_user_id_key
ON staff (practice_ref, user_id);

CREATE INDEX trail_resource_type_resource_id_created_at_idx
ON trail (practice_ref, resource_type, resource_id, created_at DESC);

CREATE INDEX trail_user_id_cross_idx
ON trail (user_id);

CREATE UNIQUE INDEX wards_slug_key
ON wards (practice_ref, slug);

CREATE INDEX clients_born_on_name_idx
ON clients (practice_ref, born_on DESC, name);

CREATE UNIQUE INDEX clients_chart_number_key
ON clients (practice_ref, chart_number)
WHERE deleted_at IS NULL;

CREATE INDEX clients_guardian_id_idx
ON clients (practice_ref, guardian_id);

CREATE UNIQUE INDEX clients_name_born_on_key
ON clients (practice_ref, name, ifnull(born_on, x''))
WHERE deleted_at IS NULL;

CREATE INDEX visits_doctor_id_idx
ON visits (practice_ref, doctor_id);

CREATE UNIQUE INDEX visits_doctor_id_starts_at_key
ON visits (practice_ref, doctor_id, starts_at)
WHERE deleted_at IS NULL;

CREATE INDEX visits_follows_id_idx
ON visits (practice_ref, follows_id);

CREATE INDEX visits_patient_id_starts_at_idx
ON visits (practice_ref, patient_id, starts_at);

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

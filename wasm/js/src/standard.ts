/**
 * The columns of the standard tables, as far as types hang on them. `docs/model.md` lists them; a
 * test holds these against what the core generates.
 *
 * @packageDocumentation
 */

interface Id {
  readonly type: "uuid";
  readonly auto: "id";
}
interface Created {
  readonly type: "timestamp";
  readonly auto: "created";
}
interface Updated {
  readonly type: "timestamp";
  readonly auto: "updated";
}
interface Text {
  readonly type: "text";
}
interface OptionalText extends Text {
  readonly optional: true;
}
interface SecretText extends Text {
  readonly secret: true;
}
interface Time {
  readonly type: "timestamp";
}
interface OptionalTime extends Time {
  readonly optional: true;
}
interface Kept {
  readonly write: "never";
}
interface Person<U> {
  readonly type: "ref";
  readonly to: U;
}

/** Each template's columns. */
export interface Standard<U> {
  tenant: { id: Id; name: Text; slug: Text; created_at: Created; updated_at: Updated };
  user: {
    id: Id;
    email: Text;
    name: Text;
    password_hash: SecretText & OptionalText;
    created_at: Created;
    updated_at: Updated;
  };
  membership: { id: Id; user_id: Person<U>; created_at: Created };
  team: { id: Id; name: Text; slug: Text; created_at: Created; updated_at: Updated };
  invitation: {
    id: Id;
    email: Text;
    token_hash: SecretText;
    expires_at: Time;
    accepted_at: OptionalTime & Kept;
    created_at: Created;
  };
  api_key: {
    id: Id;
    name: Text;
    key_prefix: Text & Kept;
    key_hash: SecretText;
    rate_limit: { readonly type: "integer"; readonly optional: true };
    last_used_at: OptionalTime & Kept;
    expires_at: OptionalTime;
    revoked_at: OptionalTime;
    created_at: Created;
  };
  permission: { id: Id; user_id: Person<U>; resource: Text; action: Text; created_at: Created };
  audit_log: {
    id: Id;
    user_id: Person<U> & { readonly optional: true };
    action: Text;
    resource_type: Text;
    resource_id: OptionalText;
    changes: { readonly type: "json"; readonly shape: "object"; readonly optional: true };
    ip_address: OptionalText;
    user_agent: OptionalText;
    created_at: Created;
  };
  versions: {
    id: Id;
    version: { readonly type: "integer" };
    changes: { readonly type: "json"; readonly optional: true };
    created_at: Created;
  };
}

//! What a model calls for, made and used in SQLite.

use super::*;
use crate::Model;

#[test]
fn every_built_in_model_is_made_as_called_for() {
    for built_in in freehold_migrations::MODELS {
        let model = Model::from_toml(built_in.model).expect("a built-in model is right");
        let schema = Schema::from_model(&model);
        let sql = schema.create_sql();
        let connection = database(&sql.join("\n"));
        let live = Schema::read(&connection).expect("reads");
        assert_eq!(lines(&diff(&schema, &live)), [] as [&str; 0], "{}", built_in.name);
        let longest = schema.indexes.keys().chain(schema.triggers.keys()).map(String::len).max();
        assert!(longest <= Some(63), "{}", built_in.name);
        connection.execute_batch(&schema.drop_sql().join("\n")).expect("drops");
        assert!(Schema::read(&connection).expect("reads").is_empty());
    }
}

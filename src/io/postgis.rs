//! PostgreSQL with PostGIS: a table or a query, read within one read-only transaction. The address may hold
//! names and passwords, so nothing of it is ever in a message; what it leaves open is taken from the
//! environment as libpq does (PGHOST, PGPORT, PGDATABASE, PGUSER, PGPASSWORD, PGCONNECT_TIMEOUT).

use super::binding::HeaderNames;
use super::features::{Ask, FeatureFormat, PART_ROWS, Rows, Take};
use super::read::OwnedRow;
use super::shape::RawShape;
use super::source::Fault;
use super::values::{MAX_EXACT, Owned};
use super::wkb;
use crate::model::rules;
use crate::model::said::Said;
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Transaction};
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The format.
pub(super) struct PostGis;

/// What went wrong, in words that hold nothing of the address.
fn fault(e: &postgres::Error) -> Fault {
    let code = e.code();
    let refused = |c: &SqlState| {
        [SqlState::INVALID_PASSWORD, SqlState::INVALID_AUTHORIZATION_SPECIFICATION].contains(c)
    };
    let what: Said = match (code, e.as_db_error()) {
        (Some(c), _) if refused(c) => (
            "the database refused the name or the password (PGUSER, PGPASSWORD)",
            "数据库拒绝了用户名或密码（PGUSER、PGPASSWORD）",
        )
            .into(),
        (Some(c), _) if *c == SqlState::INVALID_CATALOG_NAME => {
            ("there is no database of that name (PGDATABASE)", "没有该名称的数据库（PGDATABASE）").into()
        }
        (Some(c), Some(db)) if is_about_the_query(c) => {
            let said = db.message();
            (format!("the database says: {said}"), format!("数据库报告：“{said}”")).into()
        }
        (Some(c), _) => {
            let code = c.code();
            (format!("the database refused (SQLSTATE {code})"), format!("数据库拒绝（SQLSTATE {code}）"))
                .into()
        }
        (None, _) => {
            ("the connection to the database failed (PGHOST, PGPORT)", "无法连接数据库（PGHOST、PGPORT）")
                .into()
        }
    };
    Fault::new(&rules::DATABASE_REFUSED, what)
}

/// Errors of syntax, names and rights, whose words come from the query and the tables alone.
fn is_about_the_query(code: &SqlState) -> bool {
    ["42", "22", "25"].iter().any(|class| code.code().starts_with(class))
}

/// The address with what it leaves open filled in.
fn config(address: &str) -> Result<Config, Fault> {
    // The library's words would repeat the address.
    let unfit = |en: &str, zh: &str| Fault::new(&rules::DATABASE_REFUSED, (en, zh));
    let mut config: Config = address.parse().map_err(|_| {
        unfit(
            "of databases, PostgreSQL alone is read: postgresql://[user@][host][:port][/database]",
            "数据库仅支持 PostgreSQL：postgresql://[user@][host][:port][/database]",
        )
    })?;
    let env = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if config.get_hosts().is_empty() {
        config.host(&env("PGHOST").unwrap_or_else(|| "localhost".to_owned()));
    }
    if config.get_ports().is_empty()
        && let Some(port) = env("PGPORT")
    {
        config.port(port.parse().map_err(|_| unfit("PGPORT isn't a number", "PGPORT 不是数字"))?);
    }
    let user = config.get_user().map(str::to_owned).or_else(|| env("PGUSER")).or_else(|| env("USER"));
    let Some(user) = user else {
        return Err(unfit("whose name to use isn't told: set PGUSER", "未给出用户名：请设置 PGUSER"));
    };
    config.user(&user);
    if config.get_dbname().is_none() {
        config.dbname(&env("PGDATABASE").unwrap_or(user));
    }
    if config.get_password().is_none()
        && let Some(password) = env("PGPASSWORD")
    {
        config.password(password);
    }
    if config.get_connect_timeout().is_none() {
        let seconds = env("PGCONNECT_TIMEOUT").and_then(|s| s.parse().ok()).filter(|s| *s > 0).unwrap_or(10);
        config.connect_timeout(Duration::from_secs(seconds));
    }
    let needs_tls = env("PGSSLMODE").is_some_and(|m| m == "require" || m.starts_with("verify"));
    if needs_tls || config.get_ssl_mode() == postgres::config::SslMode::Require {
        return Err(unfit(
            "encrypted connections aren't supported: use a local socket or a tunnel",
            "不支持加密连接：请使用本地套接字或隧道",
        ));
    }
    config.application_name("covplan");
    Ok(config)
}

/// Connects and begins a transaction that can't change anything.
fn with_transaction<T>(
    ask: &Ask<'_>,
    work: impl FnOnce(&mut Transaction<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let address = ask.spec.database.as_ref().map_or("postgresql://", |a| a.text());
    let mut client: Client = config(address)?.connect(NoTls).map_err(|e| fault(&e))?;
    let mut transaction = client.build_transaction().read_only(true).start().map_err(|e| fault(&e))?;
    work(&mut transaction)
}

/// A name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Tables and views, those of the schema `public` without its name; PostGIS's own are no data.
const TABLES: &str = "
    SELECT CASE table_schema WHEN 'public' THEN '' ELSE table_schema || '.' END || table_name
    FROM information_schema.tables
    WHERE table_schema NOT IN ('pg_catalog', 'information_schema', 'topology', 'tiger')
      AND table_name NOT IN ('spatial_ref_sys', 'geometry_columns', 'geography_columns',
                             'raster_columns', 'raster_overviews')
    ORDER BY 1";

/// Columns of a table's primary key, in its order.
const KEY: &str = "
    SELECT a.attname::text FROM pg_index i
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
    WHERE i.indrelid = to_regclass($1::text) AND i.indisprimary
    ORDER BY array_position(i.indkey::int2[], a.attnum)";

impl FeatureFormat for PostGis {
    fn layers(&self, ask: &Ask<'_>) -> Result<Vec<String>, Fault> {
        if ask.spec.query.is_some() {
            return Ok(Vec::new());
        }
        with_transaction(ask, |t| {
            let rows = t.query(TABLES, &[]).map_err(|e| fault(&e))?;
            rows.iter().map(|r| r.try_get(0).map_err(|e| fault(&e))).collect()
        })
    }

    fn read(&self, ask: &Ask<'_>, layer: Option<&str>, take: &mut Take<'_>) -> Result<(), Fault> {
        with_transaction(ask, |t| {
            let query = match (&ask.spec.query, layer) {
                (Some(query), _) => query.trim().trim_end_matches(';').to_owned(),
                (None, Some(table)) => whole_table(t, table)?,
                (None, None) => {
                    return Err(Fault::new(
                        &rules::LAYER_MISSING,
                        ("the database has no table to read", "数据库中没有可读的表"),
                    ));
                }
            };
            rows(t, &query, take)
        })
    }

    /// A database is no file: what was read is told by the digest of its rows.
    fn parts(&self, _path: &Path) -> Vec<PathBuf> {
        Vec::new()
    }
}

/// All rows of a table, in the order of its key, so that the same rows come in the same order.
fn whole_table(t: &mut Transaction<'_>, table: &str) -> Result<String, Fault> {
    let (schema, name) = table.split_once('.').unwrap_or(("public", table));
    let table = format!("{}.{}", quoted(schema), quoted(name));
    let key = t.query(KEY, &[&table]).map_err(|e| fault(&e))?;
    let key: Vec<String> = key
        .iter()
        .map(|r| r.try_get::<_, String>(0).map(|n| quoted(&n)).map_err(|e| fault(&e)))
        .collect::<Result<_, _>>()?;
    let order = if key.is_empty() { String::new() } else { format!(" ORDER BY {}", key.join(", ")) };
    Ok(format!("SELECT * FROM {table}{order}"))
}

/// How a column's text is taken.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Geometry,
    Number,
    Flag,
    Text,
}

fn kind_of(name: &str) -> Kind {
    match name {
        "geometry" | "geography" => Kind::Geometry,
        "int2" | "int4" | "int8" | "float4" | "float8" | "numeric" | "oid" => Kind::Number,
        "bool" => Kind::Flag,
        _ => Kind::Text,
    }
}

fn rows(t: &mut Transaction<'_>, query: &str, take: &mut Take<'_>) -> Result<(), Fault> {
    let looked = t.prepare(&format!("SELECT * FROM ({query}\n) AS q")).map_err(|e| fault(&e))?;
    let all: Vec<(String, Kind)> =
        looked.columns().iter().map(|c| (c.name().to_owned(), kind_of(c.type_().name()))).collect();
    // Of several geometries the first is the row's place.
    let shape_at = all.iter().position(|c| c.1 == Kind::Geometry);
    let columns: Vec<&(String, Kind)> = all
        .iter()
        .enumerate()
        .filter(|(i, c)| Some(*i) == shape_at || c.1 != Kind::Geometry)
        .map(|(_, c)| c)
        .collect();
    let shape_at = columns.iter().position(|c| c.1 == Kind::Geometry);
    let list: Vec<String> = columns
        .iter()
        .map(|(name, kind)| {
            let how = if *kind == Kind::Geometry { "bytea" } else { "text" };
            format!("q.{}::{how}", quoted(name))
        })
        .collect();
    let names: Vec<HeaderNames> =
        columns.iter().filter(|c| c.1 != Kind::Geometry).map(|c| vec![c.0.clone()]).collect();
    let statement =
        t.prepare(&format!("SELECT {} FROM ({query}\n) AS q", list.join(", "))).map_err(|e| fault(&e))?;
    let portal = t.bind(&statement, &[]).map_err(|e| fault(&e))?;
    let mut crs: Option<u32> = None;
    let mut number = 0u32;
    loop {
        let part = t.query_portal(&portal, PART_ROWS as i32).map_err(|e| fault(&e))?;
        let last = part.len() < PART_ROWS;
        let first = number;
        number = number.saturating_add(part.len() as u32);
        let made = part
            .par_iter()
            .enumerate()
            .map(|(i, row)| {
                let mut values = Vec::with_capacity(names.len());
                let mut shape = None;
                for (c, (_, kind)) in columns.iter().enumerate() {
                    if Some(c) == shape_at {
                        let bytes: Option<&[u8]> = row.try_get(c)?;
                        shape = bytes.map(wkb::parse);
                    } else {
                        values.push(own(row.try_get(c)?, *kind));
                    }
                }
                Ok((first.saturating_add(i as u32).saturating_add(1), values, shape))
            })
            .collect::<Result<Vec<_>, postgres::Error>>()
            .map_err(|e| fault(&e))?;
        crs = crs.or_else(|| made.iter().find_map(|(_, _, s)| s.as_ref()?.srid));
        let rows = made
            .into_iter()
            .map(|(number, values, wkb)| OwnedRow {
                number,
                values,
                shape: wkb.and_then(|w| in_system(w, crs)),
            })
            .collect();
        let system = crs.filter(|n| *n > 0).map(|n| format!("EPSG:{n}"));
        if take(Rows { names: &names, crs: system.as_deref(), rows })?.is_break() || last {
            return Ok(());
        }
    }
}

/// A geometry in the system of the first; one column may hold several systems.
fn in_system(w: wkb::Wkb, crs: Option<u32>) -> Option<RawShape> {
    if w.shape.is_some() && w.srid != crs {
        let told = |n: Option<u32>, none: &str| n.map_or_else(|| none.to_owned(), |n| n.to_string());
        let why = (
            format!("its system is {}, and the first row's {}", told(w.srid, "none"), told(crs, "none")),
            format!("坐标系为 {}，而首行为 {}", told(w.srid, "无"), told(crs, "无")),
        );
        return Some(RawShape::Broken(why.into()));
    }
    w.shape
}

fn own(text: Option<&str>, kind: Kind) -> Owned {
    match (text, kind) {
        (None, _) => Owned::Blank,
        (Some(t), Kind::Flag) => Owned::Flag(t == "true"),
        (Some(t), Kind::Number) => match t.parse::<f64>() {
            // Whole numbers beyond 2^53 keep their digits as text.
            Ok(n) if n.abs() < MAX_EXACT || t.contains(['.', 'e']) => Owned::Number(n),
            _ => Owned::Text(t.to_owned()),
        },
        (Some(t), _) => Owned::Text(t.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_never_in_a_message() {
        for address in [
            "postgresql://secret@host:port/x",
            "postgresql://secret:secret@[::1",
            "postgresql://secret?sslmode=require",
            "mysql://secret:secret@host/x",
            "jdbc:oracle:thin:secret/secret@host",
        ] {
            let said = config(address).err().map(|f| f.message.en).unwrap_or_default();
            assert!(!said.is_empty() && !said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn cells_keep_their_digits() {
        assert_eq!(own(Some("9007199254740993"), Kind::Number), Owned::Text("9007199254740993".into()));
        assert_eq!(own(Some("1.5"), Kind::Number), Owned::Number(1.5));
        assert_eq!(own(Some("007"), Kind::Text), Owned::Text("007".into()));
        assert_eq!(own(Some("true"), Kind::Flag), Owned::Flag(true));
        assert_eq!(own(None, Kind::Text), Owned::Blank);
    }
}

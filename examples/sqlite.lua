-- SQLite: a database in memory, prepared statements, a callback, 64-bit integers and blobs.
local ffi = require("ffi")
ffi.cdef [[
typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
#define SQLITE_OK 0
#define SQLITE_ROW 100
#define SQLITE_DONE 101
const char *sqlite3_libversion(void);
int sqlite3_open(const char *filename, sqlite3 **db);
int sqlite3_close(sqlite3 *);
const char *sqlite3_errmsg(sqlite3 *);
int sqlite3_exec(sqlite3 *, const char *sql, int (*callback)(void *, int, char **, char **), void *, char **errmsg);
int sqlite3_prepare_v2(sqlite3 *, const char *sql, int n, sqlite3_stmt **stmt, const char **tail);
int sqlite3_bind_int64(sqlite3_stmt *, int, int64_t);
int sqlite3_bind_double(sqlite3_stmt *, int, double);
#define SQLITE_TRANSIENT ((void (*)(void *))-1)
int sqlite3_bind_blob(sqlite3_stmt *, int, const void *, int n, void (*)(void *));
int sqlite3_step(sqlite3_stmt *);
int sqlite3_reset(sqlite3_stmt *);
int64_t sqlite3_column_int64(sqlite3_stmt *, int);
double sqlite3_column_double(sqlite3_stmt *, int);
const void *sqlite3_column_blob(sqlite3_stmt *, int);
int sqlite3_column_bytes(sqlite3_stmt *, int);
int sqlite3_finalize(sqlite3_stmt *);
]]
local sqlite = ffi.load("sqlite3")
local OK, ROW, DONE = sqlite.SQLITE_OK, sqlite.SQLITE_ROW, sqlite.SQLITE_DONE
local TRANSIENT = sqlite.SQLITE_TRANSIENT

local out = ffi.new("sqlite3 *[1]")
assert(sqlite.sqlite3_open(":memory:", out) == OK)
local db = ffi.gc(out[0], sqlite.sqlite3_close)
local function check(code)
  if code ~= OK then error(ffi.string(sqlite.sqlite3_errmsg(db)), 2) end
end
local function prepare(sql)
  local stmt = ffi.new("sqlite3_stmt *[1]")
  check(sqlite.sqlite3_prepare_v2(db, sql, #sql, stmt, nil))
  return ffi.gc(stmt[0], sqlite.sqlite3_finalize)
end

check(sqlite.sqlite3_exec(db, "create table t (id integer, weight real, data blob)", nil, nil, nil))
local insert = prepare("insert into t values (?, ?, ?)")
for i = 1, 100 do
  check(sqlite.sqlite3_bind_int64(insert, 1, math.maxinteger - i))
  check(sqlite.sqlite3_bind_double(insert, 2, i / 4))
  local blob = ("\0\1\2"):rep(i)
  check(sqlite.sqlite3_bind_blob(insert, 3, blob, #blob, TRANSIENT))
  assert(sqlite.sqlite3_step(insert) == DONE)
  check(sqlite.sqlite3_reset(insert))
end

local select = prepare("select id, weight, data from t order by id desc limit 3")
while sqlite.sqlite3_step(select) == ROW do
  local n = sqlite.sqlite3_column_bytes(select, 2)
  local blob = ffi.string(sqlite.sqlite3_column_blob(select, 2), n)
  print("row", sqlite.sqlite3_column_int64(select, 0), sqlite.sqlite3_column_double(select, 1), #blob, (blob:gsub("%z", "0"):byte(3)))
end

local seen = 0
check(sqlite.sqlite3_exec(db, "select count(*) as n, sum(weight) as total from t", function(_, n, values, names)
  for i = 0, n - 1 do print(ffi.string(names[i]), ffi.string(values[i])) end
  seen = seen + 1
  return 0
end, nil, nil))
assert(seen == 1)
local ok, err = pcall(check, sqlite.sqlite3_exec(db, "select nonsense", nil, nil, nil))
print("an error of SQLite's:", ok, err)
assert(not ok)
print("SQLite", ffi.string(sqlite.sqlite3_libversion()))
-- Statements first, then the database: finalizers run when the state closes, in this order if asked for here.
sqlite.sqlite3_finalize(ffi.gc(insert, nil))
sqlite.sqlite3_finalize(ffi.gc(select, nil))
assert(sqlite.sqlite3_close(ffi.gc(db, nil)) == OK)

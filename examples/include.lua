-- A whole header with its constants, by way of the C compiler: SQLite's, and a query. (`cdata-freeze` writes a header's
-- declarations into a file, for programs that run where there is no compiler.)
local ffi = require("ffi")
ffi.include("sqlite3.h")
local sqlite = ffi.load("sqlite3")

local out = ffi.new("sqlite3 *[1]")
local flags = sqlite.SQLITE_OPEN_READWRITE | sqlite.SQLITE_OPEN_MEMORY
assert(sqlite.sqlite3_open_v2(":memory:", out, flags, nil) == sqlite.SQLITE_OK)
local db = out[0]

local statement = ffi.new("sqlite3_stmt *[1]")
local sql = "select value, typeof(value) from json_each('[1, 2.5, \"three\", null]')"
assert(sqlite.sqlite3_prepare_v2(db, sql, -1, statement, nil) == sqlite.SQLITE_OK, ffi.string(sqlite.sqlite3_errmsg(db)))
local row = statement[0]
local kinds = {
  [sqlite.SQLITE_INTEGER] = function(i) return sqlite.sqlite3_column_int64(row, i) end,
  [sqlite.SQLITE_FLOAT] = function(i) return sqlite.sqlite3_column_double(row, i) end,
  [sqlite.SQLITE_TEXT] = function(i) return ffi.string(sqlite.sqlite3_column_text(row, i)) end,
  [sqlite.SQLITE_NULL] = function() return nil end,
}
while sqlite.sqlite3_step(row) == sqlite.SQLITE_ROW do
  print(ffi.string(sqlite.sqlite3_column_text(row, 1)), kinds[sqlite.sqlite3_column_type(row, 0)](0))
end
assert(sqlite.sqlite3_finalize(row) == sqlite.SQLITE_OK)
assert(sqlite.sqlite3_close(db) == sqlite.SQLITE_OK)
print("SQLite " .. sqlite.SQLITE_VERSION .. ", of which " .. sqlite.SQLITE_VERSION_NUMBER .. " is the number")

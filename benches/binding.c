/* What a C programmer would write by hand for library.c with Lua's C API: the floor that our rows are measured against. */

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <string.h>

struct point { double x, y; };
struct segment { int id; struct point from, to; };
struct big { int64_t at[6]; };

void nothing(void);
int add(int, int);
double scale(double, double);
int64_t add6(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int first_byte(const char *);
struct point mirror(struct point);
struct big next(struct big);
double length(const struct point *);
int divide(int, int, int *);
const char *name(void);
extern int counter;
int sum_of(int, ...);
int call_often(int (*)(int, int), int);
double scale_often(double (*)(double), int);

static int l_nothing(lua_State *L) { (void)L; nothing(); return 0; }
static int l_add(lua_State *L) {
  lua_pushinteger(L, add((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2)));
  return 1;
}
static int l_scale(lua_State *L) {
  lua_pushnumber(L, scale(luaL_checknumber(L, 1), luaL_checknumber(L, 2)));
  return 1;
}
static int l_add6(lua_State *L) {
  lua_pushinteger(L, add6(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2), luaL_checkinteger(L, 3),
                          luaL_checkinteger(L, 4), luaL_checkinteger(L, 5), luaL_checkinteger(L, 6)));
  return 1;
}
static int l_first_byte(lua_State *L) { lua_pushinteger(L, first_byte(luaL_checkstring(L, 1))); return 1; }
static int l_sum3(lua_State *L) {
  lua_pushinteger(L, sum_of(3, (int)luaL_checkinteger(L, 2), (int)luaL_checkinteger(L, 3),
                            (int)luaL_checkinteger(L, 4)));
  return 1;
}

static const char POINT[] = "bench point", INTS[] = "bench ints", BIG[] = "bench big";

static struct point *new_point(lua_State *L) {
  struct point *p = lua_newuserdatauv(L, sizeof *p, 0);
  luaL_setmetatable(L, POINT);
  return p;
}
static int l_point(lua_State *L) {
  lua_Number x = luaL_optnumber(L, 1, 0), y = luaL_optnumber(L, 2, 0);
  struct point *p = new_point(L);
  p->x = x;
  p->y = y;
  return 1;
}
static int l_mirror(lua_State *L) {
  struct point q = mirror(*(struct point *)luaL_checkudata(L, 1, POINT));
  *new_point(L) = q;
  return 1;
}
static int l_length(lua_State *L) {
  lua_pushnumber(L, length(luaL_checkudata(L, 1, POINT)));
  return 1;
}
static int l_big(lua_State *L) {
  memset(lua_newuserdatauv(L, sizeof(struct big), 0), 0, sizeof(struct big));
  luaL_setmetatable(L, BIG);
  return 1;
}
static int l_next(lua_State *L) {
  struct big b = next(*(struct big *)luaL_checkudata(L, 1, BIG));
  l_big(L);
  *(struct big *)lua_touserdata(L, -1) = b;
  return 1;
}
static int l_divide(lua_State *L) {
  int rest;
  lua_pushinteger(L, divide((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2), &rest));
  lua_pushinteger(L, rest);
  return 2;
}
static int l_name(lua_State *L) { lua_pushstring(L, name()); return 1; }
static int point_add(lua_State *L) {
  struct point *a = luaL_checkudata(L, 1, POINT), *b = luaL_checkudata(L, 2, POINT), *c = new_point(L);
  c->x = a->x + b->x;
  c->y = a->y + b->y;
  return 1;
}
static int point_get(lua_State *L) {
  lua_pushnumber(L, ((struct point *)luaL_checkudata(L, 1, POINT))->x);
  return 1;
}
static int point_index(lua_State *L) {
  struct point *p = luaL_checkudata(L, 1, POINT);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) lua_pushnumber(L, p->x);
  else if (strcmp(key, "y") == 0) lua_pushnumber(L, p->y);
  else if (strcmp(key, "get") == 0) lua_pushcfunction(L, point_get);
  else return luaL_error(L, "no member '%s'", key);
  return 1;
}
static int point_newindex(lua_State *L) {
  struct point *p = luaL_checkudata(L, 1, POINT);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) p->x = luaL_checknumber(L, 3);
  else if (strcmp(key, "y") == 0) p->y = luaL_checknumber(L, 3);
  else return luaL_error(L, "no member '%s'", key);
  return 0;
}

struct ints { lua_Integer count; int at[]; };
static int l_ints(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n < 1 << 20, 1, "size");
  struct ints *a = lua_newuserdatauv(L, sizeof *a + (size_t)n * sizeof(int), 0);
  memset(a->at, 0, (size_t)n * sizeof(int));
  a->count = n;
  luaL_setmetatable(L, INTS);
  return 1;
}
static int *element(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 0 && i < a->count, 2, "out of range");
  return a->at + i;
}
static int ints_index(lua_State *L) { lua_pushinteger(L, *element(L)); return 1; }
static int ints_newindex(lua_State *L) { *element(L) = (int)luaL_checkinteger(L, 3); return 0; }
static int ints_string(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  lua_pushlstring(L, (const char *)a->at, (size_t)luaL_checkinteger(L, 2));
  return 1;
}

static int l_copy(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  size_t length;
  const char *text = luaL_checklstring(L, 2, &length);
  size_t n = (size_t)luaL_checkinteger(L, 3);
  luaL_argcheck(L, n <= (size_t)a->count * sizeof(int) && n <= length + 1, 3, "size");
  memcpy(a->at, text, n);
  return 0;
}
static int l_fill(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  size_t n = (size_t)luaL_checkinteger(L, 2);
  luaL_argcheck(L, n <= (size_t)a->count * sizeof(int), 2, "size");
  memset(a->at, (int)luaL_optinteger(L, 3, 0), n);
  return 0;
}
static int l_counter(lua_State *L) { lua_pushinteger(L, counter); return 1; }

static lua_State *calling;
static int call_lua(int a, int b) {
  lua_pushvalue(calling, 1);
  lua_pushinteger(calling, a);
  lua_pushinteger(calling, b);
  lua_call(calling, 2, 1);
  int result = (int)lua_tointeger(calling, -1);
  lua_pop(calling, 1);
  return result;
}
/* As one has to write it if an error must not jump over the frames of `call_often`. */
static int call_lua_protected(int a, int b) {
  lua_pushvalue(calling, 1);
  lua_pushinteger(calling, a);
  lua_pushinteger(calling, b);
  int result = lua_pcall(calling, 2, 1, 0) == LUA_OK ? (int)lua_tointeger(calling, -1) : 0;
  lua_pop(calling, 1);
  return result;
}
static double scale_lua(double x) {
  lua_pushvalue(calling, 1);
  lua_pushnumber(calling, x);
  lua_call(calling, 1, 1);
  double result = lua_tonumber(calling, -1);
  lua_pop(calling, 1);
  return result;
}
/* The number of calls, once the function to be called is known to be one. */
static int times(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  calling = L;
  return (int)luaL_checkinteger(L, 2);
}
static int l_call_often(lua_State *L) { lua_pushinteger(L, call_often(call_lua, times(L))); return 1; }
static int l_call_protected(lua_State *L) { lua_pushinteger(L, call_often(call_lua_protected, times(L))); return 1; }
static int l_scale_often(lua_State *L) { lua_pushnumber(L, scale_often(scale_lua, times(L))); return 1; }

int luaopen_bench_binding(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"nothing", l_nothing}, {"add", l_add}, {"scale", l_scale}, {"add6", l_add6}, {"first_byte", l_first_byte},
    {"sum3", l_sum3}, {"point", l_point}, {"mirror", l_mirror}, {"ints", l_ints}, {"string", ints_string},
    {"call_often", l_call_often}, {"call_protected", l_call_protected}, {"scale_often", l_scale_often},
    {"length", l_length}, {"big", l_big}, {"next", l_next}, {"divide", l_divide},
    {"name", l_name}, {"copy", l_copy}, {"fill", l_fill}, {"counter", l_counter}, {NULL, NULL}};
  static const luaL_Reg point[] = {{"__index", point_index}, {"__newindex", point_newindex}, {"__add", point_add},
                                    {NULL, NULL}};
  static const luaL_Reg ints[] = {{"__index", ints_index}, {"__newindex", ints_newindex}, {NULL, NULL}};
  luaL_newmetatable(L, POINT);
  luaL_setfuncs(L, point, 0);
  luaL_newmetatable(L, BIG);
  luaL_newmetatable(L, INTS);
  luaL_setfuncs(L, ints, 0);
  luaL_newlib(L, functions);
  return 1;
}

/* A program with Lua inside, for what no script can show: memory that runs out, several states, several threads.
 *
 *     host memory SCRIPT          runs the script with the n-th request refused, for every n until one run needs no more
 *     host states SCRIPT          opens and closes states in different orders
 *     host threads SCRIPT COUNT   runs the script in COUNT threads at once, each with states of its own
 *
 * Prints what it did; ends with 1 where something other than success or "not enough memory" was seen.
 */

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct budget { long requests, limit, live; };

/* Refuses every request from the limit on, as a machine without memory would. */
static void *allocate(void *data, void *block, size_t old_size, size_t size) {
  struct budget *budget = data;
  if (size == 0) {
    if (block) budget->live--;
    free(block);
    return NULL;
  }
  if ((!block || size > old_size) && budget->limit && ++budget->requests >= budget->limit) return NULL;
  void *made = realloc(block, size);
  if (made && !block) budget->live++;
  return made;
}

static int protected_run(lua_State *L) {
  const char *script = lua_touserdata(L, 1);
  luaL_openlibs(L);
  if (luaL_loadfile(L, script) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

/* 0: done; 1: out of memory; 2: something else, printed. */
static int run(lua_State *L, const char *script) {
  lua_pushcfunction(L, protected_run);
  lua_pushlightuserdata(L, (void *)script);
  int status = lua_pcall(L, 1, 0, 0);
  if (status == LUA_OK) return 0;
  const char *message = lua_tostring(L, -1);
  if (status == LUA_ERRMEM || (message && strstr(message, "not enough memory"))) return 1;
  /* What `require` says of a module that it could not read for want of memory. */
  if (message && strstr(message, "cannot open")) return 1;
  printf("status %d: %s\n", status, message ? message : "(no message)");
  return 2;
}

static int memory(const char *script, long step) {
  long n = 1;
  for (;; n += step) {
    struct budget budget = {0, n, 0};
    lua_State *L = lua_newstate(allocate, &budget);
    if (!L) continue;
    int outcome = run(L, script);
    if (outcome == 2) printf("at request %ld\n", n);
    /* Closing needs none, but finalizers may ask. */
    lua_close(L);
    if (budget.live != 0) {
      printf("%ld blocks left behind at request %ld\n", budget.live, n);
      return 1;
    }
    if (outcome == 2) return 1;
    if (outcome == 0) break;
  }
  printf("every request up to %ld was refused once\n", n);
  return 0;
}

static int states(const char *script) {
  lua_State *L[8];
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 8; i++) {
      L[i] = luaL_newstate();
      if (!L[i] || run(L[i], script) != 0) return 1;
    }
    for (int i = 0; i < 8; i++) lua_close(L[(i * 3 + round) % 8]);
  }
  puts("160 states opened and closed");
  return 0;
}

static void *thread(void *script) {
  for (int i = 0; i < 20; i++) {
    lua_State *L = luaL_newstate();
    if (!L || run(L, script) != 0) return "failed";
    lua_close(L);
  }
  return NULL;
}

static int threads(char *script, int count) {
  pthread_t running[64];
  int failed = 0;
  if (count > 64) count = 64;
  for (int i = 0; i < count; i++) pthread_create(&running[i], NULL, thread, script);
  for (int i = 0; i < count; i++) {
    void *result;
    pthread_join(running[i], &result);
    failed |= result != NULL;
  }
  printf("%d threads with 20 states each\n", count);
  return failed;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "memory") == 0) return memory(argv[2], argc > 3 ? atol(argv[3]) : 1);
  if (argc > 2 && strcmp(argv[1], "states") == 0) return states(argv[2]);
  if (argc > 3 && strcmp(argv[1], "threads") == 0) return threads(argv[2], atoi(argv[3]));
  fputs("usage: host memory|states|threads SCRIPT [STEP or COUNT]\n", stderr);
  return 2;
}
